"""EMG of a trial: channels by muscle in volts, offset removed, system delay applied."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from heelraise.kinematics.arrays import bridge
from heelraise.labelled.emg_reference import normalised
from heelraise.labelled.model import EmgSeries
from heelraise.labelled.rails import on_a_limit
from heelraise.labels import EmgChannel, identify_muscles
from heelraise.notes import Note
from heelraise.signal.filters import bandpass, highpass, notch
from heelraise.stats.emg import emg_quality
from heelraise.stats.emg.band import HIGHEST

if TYPE_CHECKING:
    from heelraise.protocol.schema import Protocol
    from heelraise.trial import Trial

Array = NDArray[np.float64]
PREFIXES = {"": 1.0, "m": 1e-3, "milli": 1e-3, "u": 1e-6, "μ": 1e-6, "micro": 1e-6, "n": 1e-9, "nano": 1e-9}
# A micro sign in UTF-8 that was taken for Latin-1 comes with an Â in front.
#: Share of the rate: the high-pass from which nothing is left to filter.
LOWEST_OPEN = 0.4
_STRAY = str.maketrans("", "", " \t._-[]()Â\0")
FLAG_WORDS = {
    "clipped": "rests on its largest or smallest value",
    "dead": "hardly changes",
    "mains": "carries mains hum",
}


def read_emg(trial: Trial, protocol: Protocol) -> tuple[tuple[EmgSeries, ...], dict[str, Any], tuple[Note, ...]]:
    """All channels that belong to a known muscle, with a description for the summary."""
    if not trial.analogs.size or trial.analog_rate <= 0:
        return (), {"channels": [], "reason": "the file has no analog samples"}, ()
    channels, notes = _channels(trial, protocol.emg.muscles)
    if not channels:
        return (), {"channels": [], "reason": "no channel is named after a muscle and its side"}, ()
    found: list[EmgSeries] = []
    records: list[dict[str, Any]] = []
    rate = trial.analog_rate
    raw = trial.analogs[:, [channel.column for channel in channels]]
    known = np.isfinite(raw)
    missing = 1.0 - known.mean(axis=0)
    for column in np.flatnonzero(missing):
        raw[:, column] = bridge(raw[:, column])
    flags = _flags(raw, rate)
    bands = np.where(known, _band(raw, rate, protocol), np.nan)
    if protocol.emg.delay_ms:
        bands = advance(bands, protocol.emg.delay_ms / 1000.0 * rate)
    for k, channel in enumerate(channels):
        assert channel.muscle is not None
        unit = trial.analog_units[channel.column].strip()
        factor = volts(unit)
        if factor is None:
            said = f"is in '{unit}', which is no voltage" if unit else "has no unit"
            notes.append(Note("emg_unit_unknown", f"EMG '{channel.label}' {said}; kept as it is."))
        if missing[k]:
            text = f"EMG '{channel.label}' lacks {100 * missing[k]:.2g} % of its samples, which are left out."
            if missing[k] == 1.0:
                text = f"EMG '{channel.label}' has no finite sample."
            notes.append(Note("emg_missing", text))
        for flag in flags[k]:
            notes.append(
                Note(
                    f"emg_{flag}",
                    f"EMG '{channel.label}' {FLAG_WORDS[flag]}; its values are given all the same.",
                )
            )
        values = bands[:, k] * (factor if factor is not None else 1.0)
        shown = "V" if factor is not None else (unit or "as stored")
        found.append(
            EmgSeries(
                channel.muscle,
                channel.code,
                channel.side,
                channel.label,
                rate,
                values,
                flags[k],
                shown,
                delay_ms=protocol.emg.delay_ms,
                band_hz=(protocol.emg.highpass_hz, protocol.emg.lowpass_hz),
            )
        )
        records.append(
            {"name": channel.label, "muscle": channel.muscle, "side": channel.side, "rule": channel.rule}
            | ({"flags": list(flags[k])} if flags[k] else {})
            | ({"missing": float(missing[k])} if missing[k] else {})
        )
    description: dict[str, Any] = {"channels": records, **_filter(rate, protocol)}
    description["delay_ms"] = protocol.emg.delay_ms if protocol.emg.delay_ms is not None else "unset"
    if protocol.emg.delay_ms is None and records:
        notes.append(
            Note(
                "emg_delay_unset",
                "emg.delay_ms is not set: delays and phases between EMG and markers are not corrected.",
            )
        )
    if protocol.emg.normalisation != "none":
        found, told, more = normalised(found, trial, protocol, read_emg)
        description["normalisation"] = told
        notes += more
    return tuple(found), description, tuple(notes)


def _channels(trial: Trial, overrides: Mapping[str, str]) -> tuple[list[EmgChannel], list[Note]]:
    """One channel for every muscle and side; a dead one gives way to a live one, unless the protocol names it."""

    def identified(labels: Sequence[str]) -> dict[tuple[str, str], EmgChannel]:
        return {
            (channel.muscle, channel.side): channel
            for channel in identify_muscles(labels, trial.analog_units, overrides=overrides or None)
            if channel.muscle is not None and channel.side in ("left", "right")
        }

    labels, notes = list(trial.analog_labels), []
    found = candidates = identified(labels)
    while True:
        dead = [c for key, c in candidates.items() if f"{key[1]}.{key[0]}" not in overrides and _is_dead(trial, c)]
        if not dead:
            break
        for channel in dead:
            labels[channel.column] = ""
        candidates = {key: c for key, c in identified(labels).items() if any(key == (d.muscle, d.side) for d in dead)}
        for key, channel in candidates.items():
            if not _is_dead(trial, channel):
                text = f"EMG '{found[key].label}' hardly changes; '{channel.label}' of the same muscle takes its place."
                notes.append(Note("emg_replaced", text))
                found[key] = channel
    return sorted(found.values(), key=lambda channel: channel.column), notes


def _is_dead(trial: Trial, channel: EmgChannel) -> bool:
    values = trial.analogs[:, channel.column]
    known = values[np.isfinite(values)]
    # A channel with noise has as many levels in a thousand samples as it ever has.
    return np.unique(known[:: max(1, known.size // 1000)]).size < 8


def _filter(rate: float, protocol: Protocol) -> dict[str, Any]:
    """What `_band` does, for the summary: both passes are counted in the cut-offs."""
    setting = protocol.emg
    if setting.highpass_hz >= LOWEST_OPEN * rate:
        return {"filter": "offset removed"}
    low, high = setting.highpass_hz, min(setting.lowpass_hz, HIGHEST * rate)
    text = "Butterworth of order 4, zero phase; -3 dB at the band's edges after both passes"
    if high <= low:
        text, high = f"{text}; no low-pass, which would lie below the high-pass", 0.5 * rate
    elif high < setting.lowpass_hz:
        text = f"{text}; the low-pass of {setting.lowpass_hz:g} Hz is lowered to {HIGHEST:g} of the rate"
    description: dict[str, Any] = {"band_hz": [low, high], "filter": text}
    if setting.notch_hz is not None:
        description["notch_hz"] = setting.notch_hz
    return description


def volts(unit: str) -> float | None:
    """Volts in one unit of that name, None where it names no voltage.

    Parameters
    ----------
    unit : str
        ANALOG:UNITS as stored: ``V``, ``mV``, ``uV``, ``µV``, ``Microvolts`` ...

    Returns
    -------
    float or None
    """
    # Files hold the micro sign and the Greek letter; NFKC makes one of them.
    plain = unicodedata.normalize("NFKC", unit.translate(_STRAY)).lower()
    match = re.fullmatch(r"(.*?)v(?:olts?)?", plain)
    return PREFIXES.get(match[1]) if match else None


def _flags(raw: Array, rate: float) -> list[tuple[str, ...]]:
    quality = emg_quality(raw, rate)
    flags = {
        "clipped": (quality.clipped | on_a_limit(raw)) & ~quality.dead,
        "dead": quality.dead,
        "mains": quality.mains,
    }
    return [tuple(name for name, flag in flags.items() if flag[column]) for column in range(raw.shape[1])]


def _band(values: Array, rate: float, protocol: Protocol) -> Array:
    """The protocol's EMG band, zero phase; a rate too low for it leaves what lies above the high-pass."""
    setting = protocol.emg
    high = min(setting.lowpass_hz, HIGHEST * rate)
    if setting.highpass_hz >= LOWEST_OPEN * rate:
        return np.asarray(values - values.mean(axis=0))
    if high > setting.highpass_hz:
        band = bandpass(values, rate, setting.highpass_hz, high)
    else:
        band = highpass(values, rate, setting.highpass_hz)
    if setting.notch_hz is None:
        return band
    return notch(band, rate, float(setting.notch_hz))


def advance(values: Array, samples: float) -> Array:
    """Shift records (n, C) earlier by a fractional number of samples; NaN where that leads beyond their ends."""
    index = np.arange(values.shape[0])
    moved = [np.interp(index + samples, index, column, left=np.nan, right=np.nan) for column in values.T]
    return np.stack(moved, axis=1)

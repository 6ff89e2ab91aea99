"""EMG of a trial: channels by muscle in volts, offset removed, system delay applied."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from heelraise.labelled.model import EmgSeries
from heelraise.labels import identify_muscles
from heelraise.notes import Note
from heelraise.signal.filters import bandpass, highpass, notch
from heelraise.stats.emg import emg_quality

if TYPE_CHECKING:
    from heelraise.protocol.schema import Protocol
    from heelraise.trial import Trial

Array = NDArray[np.float64]
VOLTS = {"v": 1.0, "volt": 1.0, "volts": 1.0, "mv": 1e-3, "uv": 1e-6, "µv": 1e-6, "μv": 1e-6, "microv": 1e-6}
FLAG_WORDS = {
    "clipped": "rests on its largest or smallest value",
    "dead": "hardly changes",
    "mains": "carries mains hum",
}


def read_emg(trial: Trial, protocol: Protocol) -> tuple[tuple[EmgSeries, ...], dict[str, Any], tuple[Note, ...]]:
    """All channels that belong to a known muscle, with a description for the summary."""
    if not trial.analogs.size or trial.analog_rate <= 0:
        return (), {"channels": [], "reason": "the file has no analog samples"}, ()
    channels = [
        channel
        for channel in identify_muscles(trial.analog_labels, trial.analog_units, overrides=protocol.emg.muscles or None)
        if channel.muscle is not None and channel.side in ("left", "right")
    ]
    if not channels:
        return (), {"channels": [], "reason": "no channel is named after a muscle and its side"}, ()
    notes: list[Note] = []
    found: list[EmgSeries] = []
    records: list[dict[str, Any]] = []
    rate = trial.analog_rate
    raw = trial.analogs[:, [channel.column for channel in channels]]
    raw = np.where(np.isfinite(raw), raw, 0.0)
    flags = _flags(raw, rate)
    bands = _band(raw, rate, protocol)
    if protocol.emg.delay_ms:
        bands = advance(bands, protocol.emg.delay_ms / 1000.0 * rate)
    seen: set[tuple[str, str]] = set()
    for k, channel in enumerate(channels):
        assert channel.muscle is not None
        if (channel.muscle, channel.side) in seen:
            text = f"EMG '{channel.label}' is a second one of the {channel.side} {channel.muscle} and is not used."
            notes.append(Note("emg_duplicate", text))
            continue
        seen.add((channel.muscle, channel.side))
        unit = trial.analog_units[channel.column].strip()
        factor = VOLTS.get(unit.lower())
        if factor is None:
            notes.append(
                Note(
                    "emg_unit_unknown",
                    f"EMG '{channel.label}' is in '{unit}', which is no voltage; kept as it is.",
                )
            )
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
            EmgSeries(channel.muscle, channel.code, channel.side, channel.label, rate, values, flags[k], shown)
        )
        records.append(
            {"name": channel.label, "muscle": channel.muscle, "side": channel.side, "rule": channel.rule}
            | ({"flags": list(flags[k])} if flags[k] else {})
        )
    description: dict[str, Any] = {"channels": records}
    description["delay_ms"] = protocol.emg.delay_ms if protocol.emg.delay_ms is not None else "unset"
    if protocol.emg.delay_ms is None and records:
        notes.append(
            Note(
                "emg_delay_unset",
                "emg.delay_ms is not set: delays and phases between EMG and markers are not corrected.",
            )
        )
    return tuple(found), description, tuple(notes)


def _flags(raw: Array, rate: float) -> list[tuple[str, ...]]:
    quality = emg_quality(raw, rate)
    names = ("clipped", "dead", "mains")
    return [tuple(name for name in names if getattr(quality, name)[column]) for column in range(raw.shape[1])]


def _band(values: Array, rate: float, protocol: Protocol) -> Array:
    """The protocol's EMG band, zero phase; a rate too low for it leaves what lies above the high-pass."""
    setting = protocol.emg
    high = min(setting.lowpass_hz, 0.45 * rate)
    if setting.highpass_hz >= 0.4 * rate:
        return np.asarray(values - values.mean(axis=0))
    if high < 0.45 * rate and high > setting.highpass_hz:
        band = bandpass(values, rate, setting.highpass_hz, high)
    else:
        band = highpass(values, rate, setting.highpass_hz)
    if setting.notch_hz is None:
        return band
    return notch(band, rate, float(setting.notch_hz))


def advance(values: Array, samples: float) -> Array:
    """Shift records (n, C) earlier by a fractional number of samples, holding their ends."""
    index = np.arange(values.shape[0])
    return np.stack([np.interp(index + samples, index, column) for column in values.T], axis=1)

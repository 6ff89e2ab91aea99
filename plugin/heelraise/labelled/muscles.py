"""EMG of a trial: channels by muscle in volts, offset removed, system delay applied."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from heelraise.labelled.model import EmgSeries
from heelraise.labels import identify_muscles
from heelraise.notes import Note

if TYPE_CHECKING:
    from heelraise.protocol.schema import Protocol
    from heelraise.trial import Trial

Array = NDArray[np.float64]
VOLTS = {"v": 1.0, "volt": 1.0, "volts": 1.0, "mv": 1e-3, "uv": 1e-6, "µv": 1e-6, "μv": 1e-6, "microv": 1e-6}
#: A channel that sits on its extreme value for this share of the trial is clipped.
CLIPPED_SHARE = 0.001


def read_emg(trial: Trial, protocol: Protocol) -> tuple[tuple[EmgSeries, ...], dict[str, Any], tuple[Note, ...]]:
    """All channels that belong to a known muscle, with a description for the summary."""
    if not trial.analogs.size or trial.analog_rate <= 0:
        return (), {"channels": [], "reason": "the file has no analog samples"}, ()
    channels = identify_muscles(trial.analog_labels, trial.analog_units, overrides=protocol.emg.muscles or None)
    notes: list[Note] = []
    found: list[EmgSeries] = []
    records: list[dict[str, Any]] = []
    delay_ms = protocol.emg.delay_ms or 0.0
    for channel in channels:
        if channel.muscle is None or channel.side not in ("left", "right"):
            continue
        unit = trial.analog_units[channel.column].strip()
        factor = VOLTS.get(unit.lower())
        raw = trial.analogs[:, channel.column]
        flags = quality_flags(raw)
        known = np.isfinite(raw)
        values = np.where(known, raw, 0.0) * (factor if factor is not None else 1.0)
        values = values - float(values.mean())
        if delay_ms:
            values = advance(values, delay_ms / 1000.0 * trial.analog_rate)
        shown = "V" if factor is not None else (unit or "as stored")
        if factor is None:
            notes.append(
                Note("emg_unit_unknown", f"EMG '{channel.label}' is in '{unit}', which is no voltage; kept as it is.")
            )
        for flag in flags:
            notes.append(Note(f"emg_{flag}", f"EMG '{channel.label}' looks {flag}; its values are given all the same."))
        found.append(
            EmgSeries(channel.muscle, channel.code, channel.side, channel.label, trial.analog_rate, values, flags, shown)
        )
        records.append(
            {"name": channel.label, "muscle": channel.muscle, "side": channel.side, "rule": channel.rule}
            | ({"flags": list(flags)} if flags else {})
        )
    description: dict[str, Any] = {"channels": records}
    description["delay_ms"] = protocol.emg.delay_ms if protocol.emg.delay_ms is not None else "unset"
    if protocol.emg.delay_ms is None and records:
        notes.append(
            Note("emg_delay_unset", "emg.delay_ms is not set: delays and phases between EMG and markers are not corrected.")
        )
    return tuple(found), description, tuple(notes)


def quality_flags(raw: Array) -> tuple[str, ...]:
    """``dead`` where a channel hardly changes, ``clipped`` where it rests on an extreme value."""
    known = raw[np.isfinite(raw)]
    if known.size < 8 or float(np.ptp(known)) == 0.0:
        return ("dead",)
    top, bottom = float(known.max()), float(known.min())
    # A converter's rail is met in runs; one sample at the maximum is only the maximum.
    at_rail = (known == top) | (known == bottom)
    repeated = at_rail[1:] & at_rail[:-1] & (np.diff(known) == 0)
    return ("clipped",) if float(repeated.mean()) > CLIPPED_SHARE else ()


def advance(values: Array, samples: float) -> Array:
    """Shift a record earlier by a fractional number of samples, holding its ends."""
    position = np.arange(values.size) + samples
    return np.interp(position, np.arange(values.size), values)

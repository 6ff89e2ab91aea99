"""The time series that go into the C3D copy."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from heelraise.kinematics.arrays import bridge
from heelraise.labelled.model import CopSeries, EmgSeries, Signals
from heelraise.phases.model import PHASE_CODES, Phase
from heelraise.result import Channel
from heelraise.signal.filters import TREMOR_BAND_HZ, bandpass, envelope, lowpass, tremor_stream

Array = NDArray[np.float64]
Band = tuple[float, float]
QC_GOOD, QC_FILLED, QC_MASKED, QC_EMG = 0, 1, 2, 3
SHORT = {"left": "L", "right": "R"}
#: Cut-off of the EMG's activation envelope, Hz.
ACTIVATION_HZ = 6.0


def build_channels(signals: Signals, phases: Sequence[Phase], band: Band) -> tuple[Channel, ...]:
    """All channels that the signals allow, in their fixed order."""
    found: list[Channel] = []
    for side in ("left", "right"):
        found += _ankle(signals, side, band)
    if signals.rate > 0 and signals.frames:
        for side in ("left", "right"):
            if signals.find("heel_vertical", side) is not None or signals.find("ankle_plantarflexion", side):
                found += [_phase_code(signals, phases, side), _quality(signals, side)]
    if "both" in signals.cops:
        found += _cop(signals.cops["both"])
    names: set[str] = {channel.label for channel in found}
    for emg in signals.emg:
        found += [channel for channel in _emg(emg, band) if channel.label not in names]
        names = {channel.label for channel in found}
    return tuple(found)


def _ankle(signals: Signals, side: str, band: Band) -> list[Channel]:
    s = SHORT[side]
    found = []
    low, high = band
    for name, short, osc in (("ankle_plantarflexion", "PF", "OSC"), ("ankle_inversion", "INV", "OSCI")):
        series = signals.find(name, side)
        if series is None or not np.isfinite(series.values).any():
            continue
        what = f"{side} ankle {'plantarflexion' if short == 'PF' else 'inversion'}"
        values = held(series.values)
        found.append(Channel(f"HR_{short}_{s}", "deg", f"{what}, zero at quiet stance, positive as named", values))
        if series.rate > 2.2 * high:
            oscillation = bandpass(values, series.rate, low, high)
            text = f"{what}, zero-phase {low:g} to {high:g} Hz"
            found.append(Channel(f"HR_{osc}_{s}", "deg", text, oscillation))
            if short == "PF":
                found.append(
                    Channel(
                        f"HR_ENV_{s}",
                        "deg",
                        f"amplitude (Hilbert) of HR_OSC_{s}",
                        envelope(oscillation, series.rate, 2.0),
                    )
                )
    heel = signals.find("heel_vertical", side)
    if heel is not None and np.isfinite(heel.values).any():
        found.append(Channel(f"HR_HEEL_{s}", "mm", f"{side} heel above its flat level", held(heel.values)))
    for name, short, text in (
        ("ankle_moment", "MOM", "ankle moment, plantarflexion positive"),
        ("ankle_power", "POW", "ankle power, positive where the ankle gives energy"),
    ):
        series = signals.find(name, side)
        if series is not None and np.isfinite(series.values).any():
            text = f"{side} {text}, inverse dynamics"
            found.append(Channel(f"HR_{short}_{s}", series.unit, text, held(series.values)))
    return found


def held(values: Array) -> Array:
    """Masked samples repeat the last known one (the first known one at the start)."""
    known = np.isfinite(values)
    if known.all():
        return values
    last = np.maximum.accumulate(np.where(known, np.arange(values.size), -1))
    return values[np.where(last < 0, int(np.argmax(known)), last)]


def _phase_code(signals: Signals, phases: Iterable[Phase], side: str) -> Channel:
    codes = np.zeros(signals.frames)
    for phase in phases:
        if phase.side in (side, "both"):
            codes[phase.frames(signals.rate, signals.frames)] = PHASE_CODES[phase.phase]
    key = ", ".join(f"{code} {name}" for name, code in PHASE_CODES.items())
    return Channel(f"HR_PHASE_{SHORT[side]}", "", f"{side} phase code: 0 none, {key}", codes, held=True)


def _quality(signals: Signals, side: str) -> Channel:
    codes = np.full(signals.frames, float(QC_GOOD))
    ankle, heel = signals.ankles[side], signals.heels[side]
    roles = set(ankle.solution.roles) if ankle.solution is not None else set()
    for role in roles | set(heel.roles):
        key = f"{side}.{role}"
        if key in signals.filled:
            codes[signals.filled[key]] = np.maximum(codes[signals.filled[key]], QC_FILLED)
            codes[signals.missing[key]] = QC_MASKED
    for emg in signals.emg:
        if emg.side == side and "dead" not in emg.flags:
            lost = np.flatnonzero(~np.isfinite(emg.values))
            frames = np.unique((lost * (signals.rate / emg.rate)).astype(int).clip(max=signals.frames - 1))
            codes[frames[codes[frames] < QC_MASKED]] = QC_EMG
    text = f"{side} quality code: 0 measured, 1 gap filled, 2 markers masked, 3 EMG masked; masked values are held"
    return Channel(f"HR_QC_{SHORT[side]}", "", text, codes, held=True)


def _cop(cop: CopSeries) -> list[Channel]:
    n = cop.tremor.shape[0]
    at = np.arange(n) * (cop.sway_rate / cop.rate)
    ways = (("AP", "to the front"), ("ML", "to the subject's right"))
    found = []
    for k, (axis, way) in enumerate(ways):
        if np.isfinite(cop.sway[:, k]).any():
            sway = np.interp(at, np.arange(cop.sway.shape[0]), held(cop.sway[:, k]))
            text = f"centre of pressure {way}, 10 Hz low-pass, held where unloaded"
            found.append(Channel(f"HR_COP_{axis}", "mm", text, sway, True))
    for k, (axis, way) in enumerate(ways):
        # A damaged header may give a rate at which the stream's band lies above the Nyquist frequency.
        if np.isfinite(cop.tremor[:, k]).any() and cop.rate > 2 * TREMOR_BAND_HZ[0]:
            fast = tremor_stream(held(cop.tremor[:, k]), cop.rate)
            found.append(Channel(f"HR_COPT_{axis}", "mm", f"centre of pressure {way}, tremor stream", fast, True))
    return found


def _emg(emg: EmgSeries, band: Band) -> list[Channel]:
    if emg.rate < 200 or "dead" in emg.flags:
        return []
    s = SHORT[emg.side]
    rectified = np.abs(emg.values)
    known = np.isfinite(rectified)
    if not known.any():
        return []
    # Filters need every sample; what was missing is held in the result like any other masked sample.
    whole = bridge(rectified)
    activation = held(np.where(known, np.maximum(lowpass(whole, emg.rate, ACTIVATION_HZ), 0.0), np.nan))
    tremor = held(np.where(known, bandpass(whole, emg.rate, *band), np.nan))
    return [
        Channel(
            f"HR_E_{emg.code}_{s}",
            emg.unit,
            f"{emg.side} {emg.muscle}: rectified EMG, {ACTIVATION_HZ:g} Hz low-pass",
            activation,
            True,
        ),
        Channel(
            f"HR_T_{emg.code}_{s}",
            emg.unit,
            f"{emg.side} {emg.muscle}: rectified EMG, {band[0]:g} to {band[1]:g} Hz",
            tremor,
            True,
        ),
    ]

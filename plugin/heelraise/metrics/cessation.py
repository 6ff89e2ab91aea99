"""How soon the tremor stops after the foot is down."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from heelraise.kinematics.arrays import runs as runs_of
from heelraise.labelled.model import EmgSeries, Series, Signals
from heelraise.metrics.model import Metric
from heelraise.metrics.windows import SETTLE_S, bridge
from heelraise.phases.model import Phase
from heelraise.signal.filters import bandpass, envelope
from heelraise.stats.emg import rectified

if TYPE_CHECKING:
    from heelraise.protocol.screening import Cessation

Array = NDArray[np.float64]
Band = tuple[float, float]
MIN_AFTER_S = 1.5
#: The envelope is smoothed so that single cycles neither end nor prolong a tremor.
SMOOTH_HZ = 2.0
#: Half a period of the smoothing: what the envelope cannot tell apart in time, s. One stop is one event and has no
#: spread of its own, so that this resolution stands in for an interval.
RESOLVED_S = 0.5 / SMOOTH_HZ


def cessation_metrics(
    signals: Signals, phases: Sequence[Phase], metrics: Sequence[Metric], band: Band, setting: Cessation
) -> list[Metric]:
    """Latency of every repetition of both sides, on the primary signal, the pressure and every muscle's rectified EMG.

    With the heel down the ground holds the ankle: a drive of the calf that goes on then moves the angle by thousandths
    of a degree, and the centre of pressure below the foot by a millimetre.

    EMG is demodulated (`heelraise.stats.emg.rectified`); the envelope of its band is that of the modulation, which
    falls with the muscle's activity and with the tremor in it.

    A latency's detail holds ``resolved_s``, half a period of the 2 Hz smoothing to either side. ``at_least`` marks the
    time that a tremor lasted for certain where the stance ends before it has stopped, ``censored`` a latency that is at
    most its value.
    """
    called = {
        (m.signal, m.side, m.repetition)
        for m in metrics
        if m.name == "tremor_frequency" and m.phase == "hold" and m.value is not None
    }
    found = []
    for side in ("left", "right"):
        own = {(p.phase, p.repetition): p for p in phases if p.side == side and p.excluded is None}
        before = next((p for (name, _), p in own.items() if name == "stand_before"), None)
        pairs = [
            (own["hold", number], after)
            for (name, number), after in own.items()
            if name == "stand_after" and ("hold", number) in own
        ]
        primary = signals.find(signals.primary, side)
        pressed = signals.find("cop_ap", side)
        sources = [one for one in (primary, pressed) if one is not None]
        if pairs:
            sources += [
                _demodulated(one, called) for one in signals.emg if one.side == side and "dead" not in one.flags
            ]
        for series in sources:
            for hold, after in pairs:
                detected = (series.name, side, hold.repetition) in called
                found.append(_one(series, before, hold, after, band, setting, detected))
    return found


def _demodulated(one: EmgSeries, called: set[tuple[str, str, int | None]]) -> Series:
    """The rectified EMG as a signal; without samples where no tremor was called in any hold."""
    name = f"emg_{one.muscle}"
    if not any((signal, side) == (name, one.side) for signal, side, _ in called):
        return Series(name, one.side, one.unit, one.rate, one.values[:0])
    values, rate = rectified(one.values, one.rate)
    return Series(name, one.side, one.unit, rate, values)


def _one(
    series: Series,
    before: Phase | None,
    hold: Phase,
    after: Phase,
    band: Band,
    setting: Cessation,
    detected: bool,
) -> Metric:
    def record(status: str, reason: str = "", value: float | None = None, **detail: object) -> Metric:
        return Metric(
            "tremor_cessation_latency",
            series.name,
            series.side,
            "stand_after",
            "s",
            value=value,
            repetition=after.repetition,
            band=band,
            status=status,
            reason=reason,
            detail=detail,
        )

    if not detected:
        return record("not_available", "no tremor is called in the hold")
    landing = after.start_s + 0.5 * setting.landing_s
    stop = after.stop_s
    if stop - landing < MIN_AFTER_S:
        return record("too_short", f"{stop - landing:.2g} s of stance after landing")
    tail, masked = _amplitude(series, landing, stop, band)
    inside, masked_hold = _amplitude(series, hold.start_s, hold.stop_s, band)
    if masked > 0.05 or masked_hold > 0.05 or not tail.size or not inside.size:
        return record("masked", "the signal is not there throughout")
    level = setting.hold_fraction * float(np.median(inside))
    if before is not None and before.duration_s >= MIN_AFTER_S:
        rest, _ = _amplitude(series, before.start_s, before.stop_s - SETTLE_S, band)
        if rest.size:
            # Noise and sway are there after landing as before: a tremor at the level adds to them as powers do.
            level = math.hypot(level, float(np.percentile(rest, 95)))
    need = max(round(setting.settled_s * series.rate), 1)
    low = list(runs_of(tail < level))
    quiet = [run for run in low if run[1] - run[0] >= need]
    if not quiet:
        # What fell below the level just before the end may have ended there: only the time until then is certain.
        last = landing + low[-1][0] / series.rate if low and low[-1][1] == tail.size else stop
        return record("ok", value=last - after.start_s, at_least=True, level=level)
    latency = landing - after.start_s + quiet[0][0] / series.rate
    if latency <= setting.censored_s:
        return record("ok", value=setting.censored_s, censored=True, level=level)
    return record("ok", value=latency, level=level, resolved_s=[latency - RESOLVED_S, latency + RESOLVED_S])


def _amplitude(series: Series, start_s: float, stop_s: float, band: Band) -> tuple[Array, float]:
    """Envelope in the band over a stretch that is filtered on its own: a landing must not ring into it."""
    rows = slice(max(round(start_s * series.rate), 0), max(round(stop_s * series.rate), 0))
    window, masked = bridge(series.values[rows])
    if window.size < series.rate or masked >= 1 or series.rate < 2.2 * band[1]:
        return window[:0], masked
    return envelope(bandpass(window, series.rate, *band), series.rate, SMOOTH_HZ), masked

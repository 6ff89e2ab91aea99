"""How soon the tremor stops after the foot is down."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from heelraise.kinematics.arrays import runs as runs_of
from heelraise.labelled.model import EmgSeries, Series, Signals
from heelraise.metrics.model import Metric
from heelraise.metrics.windows import SETTLE_S, bridge
from heelraise.phases.model import Phase
from heelraise.signal.filters import bandpass, envelope
from heelraise.stats.emg import rectified
from heelraise.stats.moments import band_dof, sharp_spectrum
from heelraise.stats.quantiles import f_tail

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
#: A tremor outlasts where its power is surely more than twice that of the stand before (as a peak counts against
#: noise), at this chance. The time that is tested ends where the envelope fell, which favours large powers, and a trial
#: has two signals on two sides: simulated stance tremors of 0.8 Hz and more, alike before and after, pass for more than
#: 2 s in less than 1 of 1000 signals beside a stand of 4 s and more, and in 2 of 1000 beside one of 2 s.
BEYOND_RATIO = 2.0
BEYOND_ALPHA = 0.001
#: Envelope of noise of unit power that is exceeded in a twentieth of the time: Rayleigh's, ``sqrt(2 ln 20)``.
_RAYLEIGH_95 = 2.448
#: Samples in a period of the band's upper end that its filter needs.
_SAMPLES_A_PERIOD = 2.2


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
    most its value: below what can be resolved; where the power until then is not surely more than twice that of the
    stand before (an F test: what shakes in stance crosses any level by chance); or where there was no stand before to
    compare with. Then the level knows nothing of sway, which can only delay the end; a tremor that does not fall below
    it is ``not_available``. ``open`` marks a record that says neither that the tremor stopped nor that it went on.
    """
    # The envelope is that of the band: it does not hold a peak that was found beyond it.
    within = {
        (m.signal, m.side, m.repetition): band[0] <= m.value <= band[1]
        for m in metrics
        if m.name == "tremor_frequency" and m.phase == "hold" and m.value is not None
    }
    called = {key for key, inside in within.items() if inside}
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
                detected = within.get((series.name, side, hold.repetition))
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
    detected: bool | None,
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
        outside = f"the hold's peak lies beyond the band of {band[0]:g} to {band[1]:g} Hz"
        return record("not_available", "no tremor is called in the hold" if detected is None else outside)
    landing = after.start_s + 0.5 * setting.landing_s
    stop = after.stop_s
    if stop - landing < MIN_AFTER_S:
        return record("too_short", f"{stop - landing:.2g} s of stance after landing")
    if series.rate < _SAMPLES_A_PERIOD * band[1]:
        return record("not_available", f"{series.rate:g} samples a second do not hold the band")
    tail, masked = _amplitude(series, landing, stop, band)
    inside, masked_hold = _amplitude(series, hold.start_s, hold.stop_s, band)
    if masked > 0.05 or masked_hold > 0.05 or not tail.size or not inside.size:
        return record("masked", "the signal is not there throughout")
    level = setting.hold_fraction * float(np.median(inside))
    rest = _stance(series, before, band)
    if rest is None:
        level = math.hypot(level, _RAYLEIGH_95 * math.sqrt(series.noise.power(*band) if series.noise else 0.0))
    else:
        # Noise and sway are there after landing as before: a tremor at the level adds to them as powers do.
        level = math.hypot(level, float(np.percentile(rest.envelope, 95)))
    need = max(round(setting.settled_s * series.rate), 1)
    low = list(runs_of(tail < level))
    quiet = [run for run in low if run[1] - run[0] >= need]
    found: dict[str, Any] = {"level": level}
    if rest is None:
        if not quiet:
            return record("not_available", "no stand before to compare with", open=True)
        found["compared_with"] = "hold"
    stopped = quiet[0][0] if quiet else tail.size
    beyond = rest is not None and rest.exceeded_by(tail[:stopped])
    if not quiet:
        if not beyond:
            return record(
                "not_available", "the tremor after landing is neither less nor surely more than before", open=True
            )
        # What fell below the level just before the end may have ended there: only the time until then is certain.
        last = landing + low[-1][0] / series.rate if low and low[-1][1] == tail.size else stop
        return record("ok", value=last - after.start_s, at_least=True, **found)
    latency = landing - after.start_s + stopped / series.rate
    if latency <= setting.censored_s:
        return record("ok", value=setting.censored_s, censored=True, **found)
    if not beyond:
        return record("ok", value=latency, censored=True, **found)
    return record("ok", value=latency, **found, resolved_s=[latency - RESOLVED_S, latency + RESOLVED_S])


@dataclass(frozen=True, eq=False)
class _Stance:
    """The stand before: its envelope in the band (n,) and the degrees of freedom of its power."""

    envelope: Array
    dof: float

    def exceeded_by(self, tail: Array) -> bool:
        """Whether an envelope after landing has surely more than twice the power, by F of the mean powers."""
        if not tail.size:
            return False
        before, after = float(np.mean(self.envelope**2)), float(np.mean(tail**2))
        # A tremor as wide as that before has as many degrees of freedom in a second.
        dof = max(self.dof * tail.size / self.envelope.size, 2.0)
        return before <= 0 or f_tail(after / before / BEYOND_RATIO, dof, max(self.dof, 2.0)) < BEYOND_ALPHA


def _stance(series: Series, before: Phase | None, band: Band) -> _Stance | None:
    """What the stand before shows; None where there was none, or it is too short or masked."""
    if before is None or before.duration_s < MIN_AFTER_S:
        return None
    start, stop = before.start_s, before.stop_s - SETTLE_S
    level, masked = _amplitude(series, start, stop, band)
    if not level.size or masked > 0.05:
        return None
    return _Stance(level, band_dof(sharp_spectrum([_window(series, start, stop)[0]], series.rate), band))


def _window(series: Series, start_s: float, stop_s: float) -> tuple[Array, float]:
    rows = slice(max(round(start_s * series.rate), 0), max(round(stop_s * series.rate), 0))
    return bridge(series.values[rows])


def _amplitude(series: Series, start_s: float, stop_s: float, band: Band) -> tuple[Array, float]:
    """Envelope in the band over a stretch that is filtered on its own: a landing must not ring into it."""
    window, masked = _window(series, start_s, stop_s)
    if window.size < series.rate or masked >= 1 or series.rate < _SAMPLES_A_PERIOD * band[1]:
        return window[:0], masked
    return envelope(bandpass(window, series.rate, *band), series.rate, SMOOTH_HZ), masked

"""Coherence of muscles with each other, with the ankle and with the centre of pressure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from heelraise.labelled.model import EmgSeries, Signals
from heelraise.metrics.coherence_pairs import Column, across_pairs, leg_pairs, movement_columns, muscle_columns
from heelraise.metrics.model import Metric
from heelraise.metrics.windows import MAX_MASKED, body_phases, bridge, frames_of, steady_phases
from heelraise.phases.model import Phase
from heelraise.stats.coherence import (
    band_limit,
    broadband_coherence,
    coherence_interval,
    coherence_limit,
    delay,
    phase_margin,
)
from heelraise.stats.cross_spectra import CrossSpectra, stretch_spectra

Array = NDArray[np.float64]
Band = tuple[float, float]

PHASES = ("hold", "stance", "supported_rest")
#: A stretch must hold two segments at least, s.
MIN_S = 2.0
#: Rectified EMG is brought to the markers' rate, which must leave the tremor band whole, Hz.
MIN_RATE_HZ = 60.0
#: Raw EMG has no common drive here that surface electrodes could see: what is common is the same source heard twice.
CROSSTALK_HZ = (60.0, 200.0)
#: Coherence of two electrodes of which one hears 17 % of the other's amplitude (De Luca and Merletti 1988).
CROSSTALK_COHERENCE = 0.17**2 / (1 + 0.17**2)
_CROSSTALK_S = 10.0


def coherence_metrics(signals: Signals, phases: Sequence[Phase], band: Band, confidence: float = 0.95) -> list[Metric]:
    """Peak of the coherence in the band, its frequency, limit and phase; all repetitions of a phase pooled.

    Parameters
    ----------
    signals : Signals
    phases : sequence of Phase
    band : tuple of float
        Search band, Hz.
    confidence : float
        Of the limit, over the whole band of one pair.
    """
    rate = signals.rate
    emg = [
        one
        for one in signals.emg
        if "dead" not in one.flags and one.rate >= MIN_RATE_HZ and round(one.rate / rate) * rate == one.rate
    ]
    if rate < MIN_RATE_HZ or not emg:
        return []
    columns = {
        side: [*muscle_columns([one for one in emg if one.side == side], rate), *movement_columns(signals, side)]
        for side in ("left", "right")
    }
    found: list[Metric] = []
    for name in PHASES:
        for side in ("left", "right"):
            own = [p for p in steady_phases(phases, (name,)) if p.side in (side, "both")]
            found += _Group(columns[side], own, name, side, rate, band, confidence).metrics(leg_pairs(columns[side]))
    whole = [*columns["left"], *columns["right"]]
    for name in PHASES:
        group = _Group(whole, body_phases(phases, (name,)), name, "both", rate, band, confidence)
        found += group.metrics(across_pairs(whole))
    return found


@dataclass(frozen=True, eq=False)
class _Group:
    """Signals of one side (or both) over the repetitions of one phase."""

    columns: Sequence[Column]
    phases: Sequence[Phase]
    name: str
    side: str
    rate: float
    band: Band
    confidence: float

    def metrics(self, pairs: Iterable[tuple[int, int]]) -> list[Metric]:
        """Records of all pairs that have samples."""
        pairs = list(pairs)
        used = sorted({k for pair in pairs for k in pair})
        parts = [part for phase in self.phases if (part := self._part(phase, used)) is not None]
        kept = [k for k in used if parts and all(np.isfinite(part[:, used.index(k)]).all() for part in parts)]
        if len(kept) < 2:
            return []
        rows = [used.index(k) for k in kept]
        spectra, method = stretch_spectra([part[:, rows] for part in parts], self.rate, self.band[1] + 5.0)
        place = {k: row for row, k in enumerate(kept)}
        heard = self._crosstalk(kept)
        detail = {
            "segments": spectra.segments,
            "estimator": method,
            "stretches": len(parts),
            "duration_s": sum(len(part) for part in parts) / self.rate,
            "rectified": True,
        }
        found: list[Metric] = []
        for a, b in pairs:
            if a in place and b in place:
                more = {**detail, **self._shared(heard, kept, a, b)}
                records = self._pair(spectra, (a, b), (place[a], place[b]), more)
                # Which signal it was holds for every record of the pair.
                named = {**self.columns[a].detail, **self.columns[b].detail}
                found += [replace(m, detail={**m.detail, **named}) for m in records] if named else records
        return found

    def _part(self, phase: Phase, used: Sequence[int]) -> Array | None:
        """Increments (n, used) of the signals in a phase; NaN columns where too much is missing."""
        rows = [frames_of(phase, self.rate, self.columns[k].values.size) for k in used]
        size = min((r.stop - r.start for r in rows), default=0)
        if size < MIN_S * self.rate + 1:
            return None
        windows = []
        for k, r in zip(used, rows, strict=True):
            window, masked = bridge(self.columns[k].values[r.start : r.start + size])
            windows.append(window if masked <= MAX_MASKED and np.ptp(window) > 0 else np.full(size, np.nan))
        # Both signals of a pair are differenced alike: sway leaks no more, coherence and phase stay as they are.
        return np.diff(np.stack(windows, axis=1), axis=0)

    def _crosstalk(self, kept: Sequence[int]) -> tuple[Array, list[int]] | None:
        """Broadband coherence of the raw EMG of a leg, over its longest stretch."""
        muscles = [k for k in kept if self.columns[k].emg is not None]
        if self.side == "both" or len(muscles) < 2:
            return None
        first = self.columns[muscles[0]].emg
        assert first is not None
        if first.rate < 2.5 * CROSSTALK_HZ[1]:
            return None
        longest = max(self.phases, key=lambda p: p.duration_s)
        rows = frames_of(longest, first.rate, first.values.size)
        rows = slice(rows.start, min(rows.stop, rows.start + round(_CROSSTALK_S * first.rate)))
        raw = np.stack([one.values[rows] for k in muscles if (one := self.columns[k].emg) is not None], axis=1)
        return broadband_coherence(np.nan_to_num(raw), first.rate, CROSSTALK_HZ), muscles

    def _shared(self, heard: tuple[Array, list[int]] | None, kept: Sequence[int], a: int, b: int) -> Mapping[str, Any]:
        if heard is None or a not in heard[1] or b not in heard[1]:
            return {}
        value = float(heard[0][heard[1].index(a), heard[1].index(b)])
        if not math.isfinite(value):
            return {}
        detail: dict[str, Any] = {"broadband_coherence": value}
        if value > CROSSTALK_COHERENCE:
            detail["flags"] = ["possible_crosstalk"]
        return detail

    def _pair(
        self, spectra: CrossSpectra, pair: tuple[int, int], rows: tuple[int, int], detail: Mapping[str, Any]
    ) -> list[Metric]:
        one, other = (self.columns[k] for k in pair)
        base: dict[str, Any] = {
            "signal": f"{one.name}~{other.name}",
            "side": self.side,
            "phase": self.name,
            "band": self.band,
        }
        limit = band_limit(spectra, self.band, self.confidence)
        more = {"pointwise_limit": coherence_limit(spectra.segments, self.confidence)}
        found = [Metric("coherence_limit", unit="1", value=limit, detail=more, **base)]
        inside = np.flatnonzero((spectra.freq >= self.band[0]) & (spectra.freq <= self.band[1]))
        value = spectra.coherence(*rows)
        at = int(inside[np.argmax(value[inside])])
        peak, frequency = float(value[at]), float(spectra.freq[at])
        interval = coherence_interval(peak, spectra.segments)
        if peak <= limit:
            reason = "no coherence stands above what independent signals show"
            absent: dict[str, Any] = {"status": "not_detected", "reason": reason}
            return [
                *found,
                Metric("coherence_peak", unit="1", upper_limit=interval[1], detail=detail, **absent, **base),
                Metric("coherence_frequency", unit="Hz", **absent, **base),
            ]
        half = 0.5 * spectra.resolution_hz
        edges = (max(frequency - half, 0.0), frequency + half)
        return [
            *found,
            Metric("coherence_peak", unit="1", value=peak, ci95=interval, detail=detail, **base),
            Metric("coherence_frequency", unit="Hz", value=frequency, detail={"resolved_hz": list(edges)}, **base),
            self._phase(spectra, rows, other, base, at, limit, one.emg),
        ]

    def _phase(
        self,
        spectra: CrossSpectra,
        rows: tuple[int, int],
        other: Column,
        base: Mapping[str, Any],
        at: int,
        limit: float,
        emg: EmgSeries | None,
    ) -> Metric:
        """Phase of the second signal against the first; of one recording system, or of two whose delay is known."""
        name = "coherence_phase"
        offset = 0.0
        if other.emg is None and emg is not None:
            if emg.delay_ms is None:
                reason = "emg.delay_ms is not set: the phase between EMG and movement is unknown"
                return Metric(name, unit="deg", status="not_available", reason=reason, **base)
            # A block's mean stands for its middle, half a frame after the marker's sample.
            offset = 0.5 * (1.0 / self.rate - 1.0 / emg.rate)
        frequency = float(spectra.freq[at])
        angle = float(spectra.phase(*rows)[at]) + 2 * math.pi * frequency * offset
        angle = math.remainder(angle, 2 * math.pi)
        half = phase_margin(float(spectra.coherence(*rows)[at]), spectra.segments)
        detail: dict[str, Any] = {"at_hz": frequency, "sign": "negative where the second signal is late"}
        found = delay(spectra, *rows, frequency, limit, self.band)
        if found is not None:
            detail["delay_s"] = found[0] - offset
            detail["delay_ci95"] = [edge - offset for edge in found[1]]
        degrees = math.degrees(angle)
        ci = (degrees - math.degrees(half), degrees + math.degrees(half))
        return Metric(name, unit="deg", value=degrees, ci95=ci, detail=detail, **base)

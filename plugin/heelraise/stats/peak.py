"""Is there a peak above the aperiodic background? A test with calibrated false-alarm rates.

The statistic is the largest ratio of spectrum to fitted background over the local maxima in the band. Without
a peak its distribution depends on the estimator's resolution, on its degrees of freedom and on how far up the
background could be fitted, hardly on the slope of the background. Quantiles from simulation, the worst over
slopes of 0 to 4 and several white floors, are in ``peak_quantiles.csv``
(made by ``python -m heelraise.stats.calibrate``).
"""

from __future__ import annotations

import csv
import math
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources

import numpy as np
from numpy.typing import NDArray

from heelraise.errors import InputError
from heelraise.signal.spectrum import Spectrum
from heelraise.stats.background import Background

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

SEARCH_HZ = (4.0, 15.0)
MIN_DURATION_S = 3.0
TABLE = "peak_quantiles.csv"
_SMALLEST_P = 1e-6


@dataclass(frozen=True)
class PeakTest:
    """Outcome of the peak test.

    Attributes
    ----------
    found : bool
        Whether the largest ratio passes the threshold.
    frequency : float or None
        Where the strongest significant peak stands (largest density above background), Hz; without one, where
        the largest ratio does. None without any local maximum.
    ratio : float
        Largest ratio of spectrum to background over the local maxima.
    prominence_db : float
        Ten times the decimal logarithm of the ratio at ``frequency``.
    p_value : float
        Probability of such a ratio without a peak, not below 1e-6.
    threshold : float
        Ratio at which the p-value equals alpha.
    """

    found: bool
    frequency: float | None
    ratio: float
    prominence_db: float
    p_value: float
    threshold: float


def local_maxima(ratio: Array, freq: Array, search_hz: tuple[float, float]) -> Mask:
    """Grid points in [low, high) that exceed both neighbours; shape as ``ratio``, axis 0 is frequency."""
    peak = np.zeros(ratio.shape, dtype=bool)
    peak[1:-1] = (ratio[1:-1] > ratio[:-2]) & (ratio[1:-1] >= ratio[2:])
    peak[(freq < search_hz[0]) | (freq >= search_hz[1])] = False
    return peak


def peak_statistic(spectrum: Spectrum, background: Background, search_hz: tuple[float, float] = SEARCH_HZ) -> Array:
    """Largest spectrum-to-background ratio over local maxima in the band; 0 where there is none."""
    ratio = spectrum.psd / background.level
    return np.asarray(np.where(local_maxima(ratio, spectrum.freq, search_hz), ratio, 0.0).max(axis=0))


def test_peak(
    spectrum: Spectrum,
    background: Background,
    search_hz: tuple[float, float] = SEARCH_HZ,  # noqa: PT028
    alpha: float = 0.01,  # noqa: PT028
) -> PeakTest:
    """Test one spectrum for a peak.

    Parameters
    ----------
    spectrum : Spectrum
        Single spectrum (``psd`` of shape (F,)).
    background : Background
        Its fitted background.
    search_hz : tuple of float
        Band searched, half open. The table holds for 11 Hz; other widths change the number of independent
        chances in proportion.
    alpha : float
        False-alarm rate of this one test. For m tests in a family give alpha / m.
    """
    if spectrum.psd.ndim != 1:
        raise InputError("the peak test takes one spectrum at a time")
    if spectrum.method != "sine":
        raise InputError(f"the peak test is calibrated for sine tapers, not for '{spectrum.method}'")
    null = null_quantiles(spectrum.resolution_hz, spectrum.dof, background.fit_hz[1])
    cells = (search_hz[1] - search_hz[0]) / (SEARCH_HZ[1] - SEARCH_HZ[0])
    threshold = null.ratio(_per_cell(alpha, cells))
    ratio = spectrum.psd / background.level
    rows = np.flatnonzero(local_maxima(ratio, spectrum.freq, search_hz))
    if len(rows) == 0:
        return PeakTest(False, None, 0.0, 0.0, 1.0, threshold)
    largest = float(ratio[rows].max())
    p = max(_SMALLEST_P, -math.expm1(cells * math.log1p(-min(null.p_value(largest), 1 - 1e-12))))
    passing = rows[ratio[rows] >= threshold]
    if len(passing):
        # Over a steep background a harmonic can stand out more than the tremor itself: power decides.
        best = int(passing[np.argmax((spectrum.psd - background.level)[passing])])
    else:
        best = int(rows[np.argmax(ratio[rows])])
    return PeakTest(
        bool(len(passing)),
        _vertex(spectrum.freq, np.log(np.maximum(ratio, 1e-300)), best),
        largest,
        10 * math.log10(ratio[best]),
        p,
        threshold,
    )


test_peak.__test__ = False  # type: ignore[attr-defined]  # pytest would collect it by its name


@dataclass(frozen=True)
class NullQuantiles:
    """Quantiles of the statistic when there is no peak.

    Attributes
    ----------
    log_tail : ndarray
        Logarithms of tail probabilities, falling.
    ratios : ndarray
        Ratios exceeded with these probabilities, rising.
    """

    log_tail: Array
    ratios: Array

    def ratio(self, p: float) -> float:
        """Ratio exceeded with probability ``p``; beyond the table an exponential tail continues it."""
        log_p = math.log(p)
        if log_p < self.log_tail[-1]:
            return float(self.ratios[-1] + (self.log_tail[-1] - log_p) * self._scale())
        return float(np.interp(-log_p, -self.log_tail, self.ratios))

    def p_value(self, ratio: float) -> float:
        """Probability that the statistic exceeds ``ratio``."""
        if ratio > self.ratios[-1]:
            return float(np.exp(self.log_tail[-1] - (ratio - self.ratios[-1]) / self._scale()))
        if ratio < self.ratios[0]:
            # Below the median nobody needs an exact p-value.
            share = ratio / self.ratios[0]
            return float(1 - share * (1 - np.exp(self.log_tail[0])))
        return float(np.exp(np.interp(ratio, self.ratios, self.log_tail)))

    def _scale(self) -> float:
        # The last decade gives a steadier slope than the last two entries.
        from_p = int(np.argmin(np.abs(self.log_tail - (self.log_tail[-1] + math.log(10)))))
        return float((self.ratios[-1] - self.ratios[from_p]) / (self.log_tail[from_p] - self.log_tail[-1]))


@lru_cache(maxsize=256)
def null_quantiles(resolution_hz: float, dof: float, fit_top_hz: float) -> NullQuantiles:
    """Quantiles for a resolution, the degrees of freedom and the upper edge of the background fit.

    The nearest resolution in the table holds, and the table for the fit that reaches less far. Log ratios are
    interpolated in log dof; outside the table the nearest entry holds (towards few degrees of freedom that
    would be too lax: the minimum duration prevents it).
    """
    tails, rows = _table()
    widths = {row[0] for row in rows}
    width = min(widths, key=lambda w: abs(math.log(w / resolution_hz)))
    mine = [row for row in rows if row[0] == width]
    tops = sorted({row[2] for row in mine})
    top = max([t for t in tops if t <= fit_top_hz + 1e-6], default=tops[0])
    chosen = sorted((row for row in mine if row[2] == top), key=lambda row: row[1])
    log_dof = np.log([row[1] for row in chosen])
    logs = np.log(np.array([row[3] for row in chosen]))
    at = math.log(dof)
    ratios = np.exp([np.interp(at, log_dof, column) for column in logs.T])
    return NullQuantiles(np.log(np.asarray(tails)), ratios)


@lru_cache(maxsize=1)
def _table() -> tuple[tuple[float, ...], tuple[tuple[float, float, float, tuple[float, ...]], ...]]:
    text = (resources.files(__package__) / TABLE).read_text(encoding="utf-8")
    lines = csv.reader(line for line in text.splitlines() if line and not line.startswith("#"))
    header = next(lines)
    tails = tuple(float(name.removeprefix("p")) for name in header[3:])
    rows = tuple((_width(line[0]), float(line[1]), float(line[2]), tuple(float(v) for v in line[3:])) for line in lines)
    return tails, rows


def _width(text: str) -> float:
    # The number of tapers is whole, so that the resolution scatters a little about 1 and 2 Hz.
    return 2.0 ** round(math.log2(float(text)))


def _per_cell(alpha: float, cells: float) -> float:
    return -math.expm1(math.log1p(-alpha) / cells)


def _vertex(freq: Array, log_ratio: Array, row: int) -> float:
    """Frequency of a peak by the parabola through three points of the logarithm."""
    left, middle, right = log_ratio[row - 1 : row + 2]
    bend = left - 2 * middle + right
    shift = 0.5 * (left - right) / bend if bend < 0 else 0.0
    return float(freq[row] + np.clip(shift, -0.5, 0.5) * (freq[1] - freq[0]))

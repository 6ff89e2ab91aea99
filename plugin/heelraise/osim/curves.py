"""Functions of a coordinate that move a joint's axis, with their first two derivatives."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
#: Value, slope and curvature; slope and curvature are plain numbers where they do not depend on the argument.
Evaluated = tuple[Floats, "Floats | float", "Floats | float"]


@dataclass(frozen=True)
class Polynomial:
    """A polynomial; constants and straight lines are polynomials too.

    Attributes
    ----------
    coefficients : tuple of float
        Highest power first.
    """

    coefficients: tuple[float, ...]

    @property
    def constant(self) -> float | None:
        """The value of a constant, None for everything else."""
        lead = self.coefficients[:-1]
        return self.coefficients[-1] if not any(lead) else None

    @property
    def line(self) -> tuple[float, float] | None:
        """Slope and offset of a straight line, None for everything else."""
        if any(self.coefficients[:-2]):
            return None
        slope = self.coefficients[-2] if len(self.coefficients) > 1 else 0.0
        return slope, self.coefficients[-1]

    def evaluate(self, x: Floats) -> Evaluated:
        """Value, slope and curvature at `x`."""
        line = self.line
        if line is not None:
            slope, offset = line
            return (x if line == (1.0, 0.0) else slope * x + offset), slope, 0.0
        value, first, second = np.zeros_like(x), np.zeros_like(x), np.zeros_like(x)
        for c in self.coefficients:
            second = second * x + 2.0 * first
            first = first * x + value
            value = value * x + c
        return value, first, second

    def scaled(self, factor: float) -> Polynomial:
        """`factor` times this function."""
        return Polynomial(tuple(factor * c for c in self.coefficients))


@dataclass(frozen=True)
class Cubic:
    """Cubic pieces between knots, and straight on with the end's slope beyond them.

    Attributes
    ----------
    knots : ndarray (K,)
        Increasing.
    pieces : ndarray (K - 1, 4)
        Coefficients of each piece about its left knot, lowest power first.
    """

    knots: Floats
    pieces: Floats

    constant = None
    line = None

    def evaluate(self, x: Floats) -> Evaluated:
        """Value, slope and curvature at `x`."""
        inside = np.clip(x, self.knots[0], self.knots[-1])
        piece = np.searchsorted(self.knots[1:-1], inside, side="right")
        a, b, c, d = self.pieces[piece].T
        h = inside - self.knots[piece]
        slope = b + h * (2.0 * c + h * (3.0 * d))
        value = a + h * (b + h * (c + h * d)) + slope * (x - inside)
        return value, slope, np.where(inside == x, 2.0 * c + 6.0 * d * h, 0.0)

    def scaled(self, factor: float) -> Cubic:
        """`factor` times this function."""
        return replace(self, pieces=factor * self.pieces)


@dataclass(frozen=True)
class Sine:
    """``amplitude sin(omega x + phase) + offset``."""

    amplitude: float
    omega: float
    phase: float
    offset: float

    constant = None
    line = None

    def evaluate(self, x: Floats) -> Evaluated:
        """Value, slope and curvature at `x`."""
        angle = self.omega * x + self.phase
        wave = self.amplitude * np.sin(angle)
        return wave + self.offset, self.amplitude * self.omega * np.cos(angle), -(self.omega**2) * wave

    def scaled(self, factor: float) -> Sine:
        """`factor` times this function."""
        return replace(self, amplitude=factor * self.amplitude, offset=factor * self.offset)


Curve = Polynomial | Cubic | Sine

IDENTITY = Polynomial((1.0, 0.0))


def hermite(knots: Floats, values: Floats, slopes: Floats) -> Cubic:
    """The cubic pieces with given values and slopes at the knots."""
    h = np.diff(knots)
    rise = np.diff(values) / h
    c = (3.0 * rise - 2.0 * slopes[:-1] - slopes[1:]) / h
    d = (slopes[:-1] + slopes[1:] - 2.0 * rise) / h**2
    return Cubic(knots, np.stack([values[:-1], slopes[:-1], c, d], axis=1))


def straight(knots: Floats, values: Floats) -> Cubic:
    """Straight lines between knots."""
    rise = np.diff(values) / np.diff(knots)
    zero = np.zeros_like(rise)
    return Cubic(knots, np.stack([values[:-1], rise, zero, zero], axis=1))

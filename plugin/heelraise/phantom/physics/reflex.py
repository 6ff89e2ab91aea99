"""Loops through the spinal cord and above: stretch reflex, balance, height of the heel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

#: Excitation (of maximal) per optimal length of stretch at a gain of 1: our choice of unit. At 6 Hz the lead below
#: multiplies it by 5: a stretch of 1 % then adds 1.4 % of maximal excitation.
LENGTH_GAIN = 0.27
#: The spindle's lead: (s + 11.3) (s + 44) of the primary ending's transfer function (Poppele and Bowman 1970,
#: J Neurophysiol 33:59), here as 1 + s (1 / 11.3 + 1 / 44) + s^2 / (11.3 * 44).
SPEED_S, PUSH_S2 = 1.0 / 11.3 + 1.0 / 44.0, 1.0 / (11.3 * 44.0)
#: The ending's own low-pass on the speed's derivative, seconds.
_SMOOTH_S = 0.004
#: The spindle's reference follows the fibre's length with this time constant, seconds: slower stretches belong to
#: posture, which has its own loop.
SETTING_S = 0.15
#: Bounds of what the reflex may add or take, of maximal excitation.
MOST, LEAST = 0.25, -0.25


class Reflex:
    """A delayed stretch reflex of one muscle. Mutable.

    Parameters
    ----------
    gain : float
    delay_s, step_s : float
        Loop delay from stretch to the motor neurones' output, and the time step, seconds.
    """

    __slots__ = ("_delay", "_gain", "_keep", "_place", "_push", "_reference", "_ring", "_smooth", "_speed", "_step")

    def __init__(self, gain: float, delay_s: float, step_s: float, length: float) -> None:
        self._gain = gain
        self._delay = max(round(delay_s / step_s), 1)
        self._ring = [0.0] * self._delay
        self._place = 0
        self._reference = length
        self._keep = step_s / SETTING_S
        self._speed, self._push, self._step, self._smooth = 0.0, 0.0, step_s, step_s / _SMOOTH_S

    def step(self, length: float, speed: float) -> float:
        """Take this step's fibre length and speed; give the excitation that arrives now."""
        stretch = length - self._reference
        self._reference += self._keep * stretch
        speed -= stretch / SETTING_S
        place = self._place
        out = self._ring[place]
        self._push += self._smooth * ((speed - self._speed) / self._step - self._push)
        self._speed = speed
        self._ring[place] = self._gain * LENGTH_GAIN * (stretch + SPEED_S * speed + PUSH_S2 * self._push)
        self._place = place + 1 if place + 1 < self._delay else 0
        return MOST if out > MOST else LEAST if out < LEAST else out


class Delay:
    """A pure delay of rows of numbers. Mutable."""

    __slots__ = ("_place", "_ring")

    def __init__(self, delay_s: float, step_s: float, start: Sequence[float]) -> None:
        self._ring = [start] * max(round(delay_s / step_s), 1)
        self._place = 0

    def step(self, value: Sequence[float]) -> Sequence[float]:
        """Put a value in; take out the one that went in a delay ago."""
        place = self._place
        out = self._ring[place]
        self._ring[place] = value
        self._place = place + 1 if place + 1 < len(self._ring) else 0
        return out


@dataclass(frozen=True)
class HeightLoop:
    """The slow loop on the height of the heel: N m per rad, per rad/s, per rad s, and the integral's limit in N m."""

    stiffness: float = 30.0
    damping: float = 1.0
    integral: float = 8.0
    limit: float = 25.0

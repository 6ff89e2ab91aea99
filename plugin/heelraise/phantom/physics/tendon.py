"""Muscle-tendon units: contractile force from the pools, series elasticity, force-velocity relation."""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, log

from heelraise.phantom.physics.anatomy import MuscleData

#: Short-range stiffness of the fibres: 23.4 times force over optimal length (Cui, Perreault, Maas and Sandercock
#: 2008, J Biomech 41:1945).
SHORT_RANGE = 23.4
#: Width of the force-length relation (Thelen 2003, J Biomech Eng 125:70, gamma).
WIDTH = 0.45
#: Greatest speed of shortening, optimal lengths per second; Hill's curvature; ceiling of the lengthening force
#: (Thelen 2003, young adults).
SPEED = 10.0
CURVATURE = 0.25
LENGTHENING = 1.4
_SHAPE_PASSIVE, _STRAIN_PASSIVE = 4.0, 1.0
_PASSIVE = 1.0 / (exp(_SHAPE_PASSIVE) - 1.0)
_REST_FORCE = 0.05
_TOE = 0.06
_SLACK = 0.01
_FLOOR = 0.005


@dataclass(frozen=True)
class Unit:
    """A muscle-tendon unit in units of maximal force and optimal fibre length."""

    data: MuscleData
    force: float
    straight: float  # extension per unit force of the tendon at high force
    bent: float  # toe of the tendon and short-range spring: coefficient of the logarithm
    origin: float  # fibre length plus extension at the neutral ankle

    def extension(self, force: float) -> float:
        """Extension of tendon and cross-bridges, optimal lengths.

        A tendon of stiffness k (f + a) / (f + b) in series with cross-bridges of stiffness in proportion to force:
        both integrate to a straight line plus a logarithm.
        """
        return force * self.straight + self.bent * log((force + _SLACK) / _SLACK)

    def compliance(self, force: float) -> float:
        """Derivative of `extension`."""
        return self.straight + self.bent / (force + _SLACK)


def unit_of(data: MuscleData, strength: float) -> Unit:
    """The unit of a muscle whose force is `strength` times the healthy one's."""
    force = data.force * strength
    straight = force / (data.tendon * data.fibre)
    blank = Unit(data, force, straight, _TOE * straight + 1.0 / SHORT_RANGE, 0.0)
    return Unit(data, force, straight, blank.bent, data.rest + blank.extension(_REST_FORCE))


def force_length(length: float) -> float:
    """Active force over its greatest at a fibre length over optimal (Thelen 2003, equation 4)."""
    return exp(-((length - 1.0) ** 2) / WIDTH)


def passive(length: float) -> float:
    """Force of the resting fibres over maximal (Thelen 2003, equation 3, with a strain of 1 at maximal force)."""
    if length <= 1.0:
        return 0.0
    return (exp(_SHAPE_PASSIVE * (length - 1.0) / _STRAIN_PASSIVE) - 1.0) * _PASSIVE


def speed_of(ratio: float) -> tuple[float, float]:
    """Fibre speed (optimal lengths per second, lengthening positive) at an active force over the isometric one.

    Hill's hyperbola, continued into lengthening with the same slope at rest and a ceiling of `LENGTHENING`;
    returned with its derivative.
    """
    if ratio < 1.0:
        if ratio < -0.2:
            ratio = -0.2
        low = 1.0 + ratio / CURVATURE
        return SPEED * (ratio - 1.0) / low, SPEED * (1.0 + 1.0 / CURVATURE) / (low * low)
    room = LENGTHENING - 1.0
    # Slope at rest: SPEED / (1 + 1 / CURVATURE) on both sides.
    start = SPEED / (1.0 + 1.0 / CURVATURE)
    left = max(1.0 - (ratio - 1.0) / room, 0.02)
    return start * (ratio - 1.0) / left, start / (left * left)


def advance(
    unit: Unit, force: float, active: float, path: float, path_speed: float, step: float
) -> tuple[float, float, float]:
    """One step of the force in the tendon.

    Parameters
    ----------
    unit : Unit
    force : float
        Tendon force over maximal.
    active : float
        Force of the pools over their maximum.
    path, path_speed : float
        Lengthening of the whole unit from the neutral ankle, optimal lengths, and its rate per second.
    step : float
        Seconds.

    Returns
    -------
    tuple of 3 floats
        New force, fibre length and fibre speed (optimal lengths; per second).

    Notes
    -----
    compliance(F) dF/dt = path speed - fibre speed, with the fibre's speed from its force. The step is linearly
    implicit (Rosenbrock), stable for any activation; a floor of 0.005 on the activation stands for the cross-bridges
    of a resting muscle.
    """
    # `extension`, `compliance`, `force_length` and `passive` written out: this runs six thousand times a second.
    near = force + _SLACK
    straight, bent = unit.straight, unit.bent
    length = unit.origin + path - (force * straight + bent * log(near / _SLACK))
    away = length - 1.0
    if active < _FLOOR:
        active = _FLOOR
    # Fibres torn far beyond their range, as in a fall, still need a number to divide by.
    isometric = active * exp(-away * away / WIDTH)
    if isometric < 1e-6:
        isometric = 1e-6
    held = force - passive(length) if away > 0.0 else force
    speed, slope = speed_of(held / isometric)
    give = straight + bent / near
    new = force + step * (path_speed - speed) / (give + step * slope / isometric)
    if new < 0.0:
        new = 0.0
    # The fibre's speed over this step follows from the force that was reached.
    return new, length, path_speed - give * (new - force) / step


def demand(unit: Unit, force: float, path: float, path_speed: float) -> tuple[float, float]:
    """Activation that holds a tendon force (over maximal) at a length and speed of the unit: the inverse model.

    Where the passive force alone is more than that, the activation is 0 and the surplus is returned beside it.
    """
    length = unit.origin + path - unit.extension(max(force, 0.0))
    if path_speed < 0:
        ratio = max((1.0 + path_speed / SPEED) / (1.0 - path_speed / (SPEED * CURVATURE)), 0.3)
    else:
        start = SPEED / (1.0 + 1.0 / CURVATURE)
        ratio = 1.0 + path_speed / (start + path_speed / (LENGTHENING - 1.0))
    active = force - passive(length)
    if active < 0.0:
        return 0.0, -active
    return active / (force_length(length) * ratio), 0.0

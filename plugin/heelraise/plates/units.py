"""What the unit strings of ANALOG:UNITS and POINT:UNITS mean for a force platform."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["force", "moment", "length", "volt", "count", "none", "unknown"]

# Four letters are all that some files have room for, hence "newt" and "mete".
_FORCES = {
    **dict.fromkeys(("n", "nt", "newt", "newton", "newtons"), 1.0),
    **dict.fromkeys(("kn", "kilonewton", "kilonewtons"), 1000.0),
    **dict.fromkeys(("lbf", "lb", "lbs"), 4.4482216152605),
    **dict.fromkeys(("kgf", "kp"), 9.80665),
}
_LENGTHS = {
    **dict.fromkeys(("mm", "millimeter", "millimeters", "millimetre", "millimetres"), 1.0),
    **dict.fromkeys(("cm", "centimeter", "centimeters", "centimetre", "centimetres"), 10.0),
    **dict.fromkeys(("dm", "decimeter", "decimeters", "decimetre", "decimetres"), 100.0),
    **dict.fromkeys(("m", "mete", "metr", "meter", "meters", "metre", "metres"), 1000.0),
    **dict.fromkeys(("in", "inch", "inches"), 25.4),
    **dict.fromkeys(("ft", "foot", "feet"), 304.8),
}
_MOMENTS = {
    force + length: per_force * per_length
    for force, per_force in _FORCES.items()
    for length, per_length in _LENGTHS.items()
}
_VOLTS = frozenset({"v", "volt", "volts", "mv", "millivolt", "millivolts", "uv", "µv", "μv", "microvolts"})
_COUNTS = frozenset({"bit", "bits", "count", "counts", "adu", "adc", "lsb", "raw", "digit", "digits"})
_SEPARATORS = str.maketrans("", "", " \t.,*·×⋅-_^()/\0")


@dataclass(frozen=True)
class Unit:
    """What a unit string says.

    Attributes
    ----------
    kind : str
        ``force``, ``moment``, ``length``, ``volt``, ``count``, ``none`` (empty) or ``unknown``.
    factor : float
        Multiplies a stored value to give N, N mm or mm; 1 for the other kinds.
    """

    kind: Kind
    factor: float = 1.0


def parse_unit(text: str) -> Unit:
    """Interpret a unit string of an analog channel.

    Parameters
    ----------
    text : str
        As stored: ``N``, ``kN``, ``N.m``, ``N*mm``, ``ntmm``, ``Newtons``, ``V``, ``bits`` ...

    Returns
    -------
    Unit
    """
    plain = text.casefold().translate(_SEPARATORS)
    if not plain:
        return Unit("none")
    if plain in _FORCES:
        return Unit("force", _FORCES[plain])
    if plain in _LENGTHS:
        return Unit("length", _LENGTHS[plain])
    if plain in _MOMENTS:
        return Unit("moment", _MOMENTS[plain])
    if plain in _VOLTS:
        return Unit("volt")
    if plain in _COUNTS:
        return Unit("count")
    return Unit("unknown")


def length_in_mm(text: str) -> float | None:
    """Millimetres in one unit of length, None when the string names none.

    Parameters
    ----------
    text : str
        POINT:UNITS as stored.

    Returns
    -------
    float or None
    """
    unit = parse_unit(text)
    return unit.factor if unit.kind == "length" else None

"""OpenSim's functions of one variable as curves of ours."""

from __future__ import annotations

from typing import Any

import numpy as np

from heelraise.errors import InputError
from heelraise.osim.curves import Curve, Polynomial, Sine, hermite, straight
from heelraise.osim.library import load_opensim
from heelraise.osim.skeleton import Floats

#: A spline rebuilt from its values and slopes at the knots must agree with OpenSim's to this, relative to its size.
SPLINE_TOLERANCE = 1e-11


def read_curve(function: Any, owner: str) -> Curve:
    """Read a function of one variable.

    Parameters
    ----------
    function : opensim.Function
    owner : str
        Whose it is, for the message.

    Raises
    ------
    InputError
        Its kind is not supported.
    """
    opensim = load_opensim()
    kind = str(function.getConcreteClassName())
    if kind == "MultiplierFunction":
        outer = opensim.MultiplierFunction.safeDownCast(function)
        return read_curve(outer.getFunction(), owner).scaled(float(outer.getScale()))
    if kind == "Constant":
        return Polynomial((float(function.calcValue(opensim.Vector(1, 0.0))),))
    if kind in ("LinearFunction", "PolynomialFunction"):
        # These keep their coefficients with the highest power first, a straight line slope and offset.
        cast = getattr(opensim, kind).safeDownCast(function).getCoefficients()
        numbers = [cast.get(k) for k in range(cast.size() if kind == "PolynomialFunction" else cast.getSize())]
        if kind == "PolynomialFunction" or len(numbers) == 2:
            return _checked(Polynomial(tuple(float(c) for c in numbers)), function, owner, np.array([-1.0, 1.0]))
    if kind == "Sine":
        names = ("amplitude", "omega", "phase", "offset")
        value = opensim.PropertyHelper.getValueDouble
        return Sine(*(float(value(function.getPropertyByName(name))) for name in names))
    if kind in ("SimmSpline", "NaturalCubicSpline", "GCVSpline", "PiecewiseLinearFunction"):
        return _spline(function, kind, owner)
    raise InputError(f"{owner} is driven by a {kind}", why="that kind of function is not supported")


def _spline(function: Any, kind: str, owner: str) -> Curve:
    opensim = load_opensim()
    table = function.getPropertyByName("x")
    value = opensim.PropertyHelper.getValueDouble
    knots = np.array([value(table, k) for k in range(table.size())], dtype=np.float64)
    if knots.size < 2 or np.any(np.diff(knots) <= 0.0):
        raise InputError(f"{owner} is driven by a {kind} whose x values do not increase")
    values = _values(function, knots)
    if kind == "PiecewiseLinearFunction":
        return _checked(straight(knots, values), function, owner, knots)
    first = opensim.StdVectorInt()
    first.append(0)
    slopes = np.array([function.calcDerivative(first, opensim.Vector(1, float(x))) for x in knots])
    return _checked(hermite(knots, values, slopes), function, owner, knots)


def _checked(curve: Curve, function: Any, owner: str, knots: Floats) -> Curve:
    """The curve, when it agrees with OpenSim's between and beyond the knots."""
    span = knots[-1] - knots[0]
    middle = 0.5 * (knots[1:] + knots[:-1])
    x = np.concatenate([knots, middle, [knots[0] - 0.3 * span, knots[-1] + 0.3 * span]])
    theirs = _values(function, x)
    size = max(1.0, float(np.max(np.abs(theirs))))
    if np.max(np.abs(curve.evaluate(x)[0] - theirs)) > SPLINE_TOLERANCE * size:
        kind = str(function.getConcreteClassName())
        raise InputError(f"{owner} is driven by a {kind} of another shape than cubic pieces", why="unsupported")
    return curve


def _values(function: Any, x: Floats) -> Floats:
    opensim = load_opensim()
    return np.array([function.calcValue(opensim.Vector(1, float(v))) for v in x], dtype=np.float64)

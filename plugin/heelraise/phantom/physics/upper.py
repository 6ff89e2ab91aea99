"""Equations of motion of what the legs carry: the trunk's skeleton, and particles hung from it."""

from __future__ import annotations

from math import cos, sin

from heelraise.phantom.physics.anatomy import GRAVITY, Upper

Three = tuple[float, float, float]
Six = tuple[float, float, float, float, float, float]


def turn(pitch: float, roll: float, yaw: float) -> tuple[Three, Three, Three]:
    """Columns of Ry(pitch) Rx(roll) Rz(yaw): the trunk's axes in the laboratory."""
    s, c = sin(pitch), cos(pitch)
    sr, cr = sin(roll), cos(roll)
    sw, cw = sin(yaw), cos(yaw)
    x, y, z = (c, 0.0, -s), (s * sr, cr, c * sr), (s * cr, -sr, c * cr)
    return (
        (cw * x[0] + sw * y[0], sw * y[1], cw * x[2] + sw * y[2]),
        (cw * y[0] - sw * x[0], cw * y[1], cw * y[2] - sw * x[2]),
        z,
    )


def spin(q: Six, v: Six) -> Three:
    """Angular velocity in the laboratory's axes."""
    s, c = sin(q[3]), cos(q[3])
    sr, cr = sin(q[4]), cos(q[4])
    return c * v[4] + s * cr * v[5], v[3] - sr * v[5], c * cr * v[5] - s * v[4]


def trunk_acceleration(upper: Upper, q: Six, v: Six, force: Three, moment: Three) -> Six:
    """Accelerations of x, y, z (m/s^2), pitch, roll and yaw (rad/s^2) of the trunk.

    Parameters
    ----------
    upper : Upper
    q, v : tuple of 6 floats
        Position of the centre of mass, pitch, roll and yaw, and their rates.
    force, moment : tuple of 3 floats
        Sum of the outer forces without weight, and of their moments about the centre of mass, laboratory axes.

    Notes
    -----
    Euler's equations in the trunk's axes; their angular acceleration is then expressed in the axes before the yaw, A,
    where it is (r'' + w' p' cos r, p'' cos r - p' r' sin r - w' r', w'' - p'' sin r - p' r' cos r).
    """
    i1, i2, i3 = upper.inertia
    p, r, w = v[3], v[4], v[5]
    s, c = sin(q[3]), cos(q[3])
    sr, cr = sin(q[4]), cos(q[4])
    sw, cw = sin(q[5]), cos(q[5])
    # Moment and angular velocity in A, then in the trunk.
    level = s * moment[0] + c * moment[2]
    mx, my, mz = c * moment[0] - s * moment[2], cr * moment[1] + sr * level, cr * level - sr * moment[1]
    ox, oy, oz = r, p * cr, w - p * sr
    bx, by = cw * ox + sw * oy, cw * oy - sw * ox
    ax = (cw * mx + sw * my + (i2 - i3) * by * oz) / i1
    ay = (cw * my - sw * mx + (i3 - i1) * oz * bx) / i2
    az = (mz + (i1 - i2) * bx * by) / i3
    roll = cw * ax - sw * ay - w * p * cr
    pitch = (sw * ax + cw * ay + p * r * sr + w * r) / cr
    yaw = az + pitch * sr + p * r * cr
    m = upper.mass
    return force[0] / m, force[1] / m, force[2] / m - GRAVITY, pitch, roll, yaw

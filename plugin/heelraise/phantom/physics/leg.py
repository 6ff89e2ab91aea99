"""Equations of motion of one leg: foot on the ground, shank and thigh on the ankle.

Coordinates q = (pitch, roll, tilt, flexion): the foot's orientation is Ry(pitch) Rx(roll), that of the leg above the
ankle Ry(pitch) Rx(tilt) Ry(flexion). The subtalar angle is tilt - roll (talus against calcaneus), the talocrural
angle is flexion, dorsiflexion positive; heel up is a positive pitch. All vectors below are in the frame
B = Ry(pitch), in which every Jacobian is short. Newton and Euler for each body, projected on the coordinates (Kane's
form); no small-angle term is dropped.
"""

from __future__ import annotations

from math import cos, sin

from heelraise.phantom.physics.anatomy import GRAVITY, Foot, Leg

Four = tuple[float, float, float, float]
Matrix = tuple[float, float, float, float, float, float, float, float, float, float]


def leg_system(foot: Foot, leg: Leg, q: Four, v: Four) -> tuple[Matrix, Four]:
    """Mass matrix and bias with gravity: M qdd + bias = generalised forces.

    Parameters
    ----------
    foot, leg : Foot, Leg
    q, v : tuple of 4 floats
        Coordinates (rad) and their rates (rad/s).

    Returns
    -------
    tuple of 10 floats
        Upper triangle of the mass matrix, row by row (kg m^2).
    tuple of 4 floats
        Coriolis, centrifugal and gravity terms (N m).
    """
    theta, psi, gamma, a = q
    w, p, g, f = v
    st, ct = sin(theta), cos(theta)
    sp, cp = sin(psi), cos(psi)
    sg, cg = sin(gamma), cos(gamma)
    sa, ca = sin(a), cos(a)
    gx, gz = GRAVITY * st, -GRAVITY * ct  # gravity in B
    w2, p2 = w * w, p * p
    # Foot: centre of mass (cx, 0, cz).
    m = foot.mass
    ix, iy, iz = foot.inertia
    ux, uy, uz = foot.com_x, -foot.com_z * sp, foot.com_z * cp
    m00 = m * (uz * uz + ux * ux) + iy * cp * cp + iz * sp * sp
    m01 = -m * ux * uy
    m11 = m * foot.com_z * foot.com_z + ix
    # Acceleration at zero coordinate accelerations, less gravity.
    vz = uy * p
    ax = 2.0 * w * vz - w2 * ux - gx
    ay = -uy * p2
    az = -uz * p2 - w2 * uz - gz
    slope = 2.0 * (iz - iy) * sp * cp
    b0 = m * (uz * ax - ux * az) + slope * p * w
    b1 = m * (uy * az - uz * ay) - 0.5 * slope * w2
    # Leg: centre of mass h above the ankle, ankle at (dx, 0, dz) of the foot.
    m = leg.mass
    i1, i2, i3 = leg.inertia
    h = leg.com_z
    dy, dz = -foot.ankle_z * sp, foot.ankle_z * cp
    hs, hc = h * sa, h * ca
    ey, ez = -hc * sg, hc * cg
    ux, uy, uz = foot.ankle_x + hs, dy + ey, dz + ez
    # Columns of the Jacobian: pitch (uz, 0, -ux), roll (0, -dz, dy), tilt (0, -ez, ey), flexion (hc, hs sg, -hs cg).
    fy, fz = hs * sg, -hs * cg
    # Columns of the body's angular velocity: pitch (sa sg, cg, -ca sg), tilt (ca, 0, sa), flexion (0, 1, 0).
    r0, r2 = sa * sg, -ca * sg
    m00 += m * (uz * uz + ux * ux) + i1 * r0 * r0 + i2 * cg * cg + i3 * r2 * r2
    m01 -= m * ux * dy
    m02 = -m * ux * ey + i1 * r0 * ca + i3 * r2 * sa
    m03 = m * (uz * hc - ux * fz) + i2 * cg
    m11 += m * (dz * dz + dy * dy)
    m12 = m * (dz * ez + dy * ey)
    m13 = m * (-dz * fy + dy * fz)
    m22 = m * (ez * ez + ey * ey) + i1 * ca * ca + i3 * sa * sa
    m23 = m * (-ez * fy + ey * fz)
    m33 = m * h * h + i2
    # Velocity in B of the centre of mass, and its acceleration at zero coordinate accelerations.
    vx = hc * f
    vz = dy * p + ey * g + fz * f
    g2, f2 = g * g, f * f
    ddx = -hs * f2
    ddy = -dy * p2 - ey * (g2 + f2) + 2.0 * hs * cg * g * f
    ddz = -dz * p2 - ez * (g2 + f2) + 2.0 * hs * sg * g * f
    ax = ddx + 2.0 * w * vz - w2 * ux - gx
    ay = ddy
    az = ddz - 2.0 * w * vx - w2 * uz - gz
    # Angular velocity and its derivative at zero coordinate accelerations, in the leg's axes.
    o1 = ca * g + r0 * w
    o2 = cg * w + f
    o3 = sa * g + r2 * w
    n1 = i1 * (-sa * f * g + (ca * f * sg + sa * cg * g) * w) + (i3 - i2) * o2 * o3
    n2 = -i2 * sg * g * w + (i1 - i3) * o3 * o1
    n3 = i3 * (ca * f * g + (sa * f * sg - ca * cg * g) * w) + (i2 - i1) * o1 * o2
    b0 += m * (uz * ax - ux * az) + r0 * n1 + cg * n2 + r2 * n3
    b1 += m * (dy * az - dz * ay)
    b2 = m * (ey * az - ez * ay) + ca * n1 + sa * n3
    b3 = m * (hc * ax + fy * ay + fz * az) + n2
    return (m00, m01, m02, m03, m11, m12, m13, m22, m23, m33), (b0, b1, b2, b3)


def solve_four(matrix: Matrix, right: Four) -> Four:
    """Solve the symmetric positive definite 4 x 4 system by an unrolled L D L^T factorisation."""
    m00, m01, m02, m03, m11, m12, m13, m22, m23, m33 = matrix
    r0, r1, r2, r3 = right
    l10, l20, l30 = m01 / m00, m02 / m00, m03 / m00
    d1 = m11 - l10 * m01
    e12, e13 = m12 - l10 * m02, m13 - l10 * m03
    l21, l31 = e12 / d1, e13 / d1
    d2 = m22 - l20 * m02 - l21 * e12
    e23 = m23 - l20 * m03 - l21 * e13
    l32 = e23 / d2
    d3 = m33 - l30 * m03 - l31 * e13 - l32 * e23
    r1 -= l10 * r0
    r2 -= l20 * r0 + l21 * r1
    r3 -= l30 * r0 + l31 * r1 + l32 * r2
    x3 = r3 / d3
    x2 = r2 / d2 - l32 * x3
    x1 = r1 / d1 - l21 * x2 - l31 * x3
    x0 = r0 / m00 - l10 * x1 - l20 * x2 - l30 * x3
    return x0, x1, x2, x3


def hip_point(foot: Foot, leg: Leg, q: Four, v: Four) -> tuple[float, float, float, float, float, float]:
    """Position (m, from the foot's origin) and velocity (m/s) of the hip, laboratory axes."""
    theta, psi, gamma, a = q
    w, p, g, f = v
    st, ct = sin(theta), cos(theta)
    dy, dz = -foot.ankle_z * sin(psi), foot.ankle_z * cos(psi)
    hs, hc = leg.hip_z * sin(a), leg.hip_z * cos(a)
    sg, cg = sin(gamma), cos(gamma)
    ey, ez = -hc * sg, hc * cg
    ux, uy, uz = foot.ankle_x + hs, dy + ey, dz + ez
    vx = w * uz + hc * f
    vy = -dz * p - ez * g + hs * sg * f
    vz = -w * ux + dy * p + ey * g - hs * cg * f
    return ct * ux + st * uz, uy, ct * uz - st * ux, ct * vx + st * vz, vy, ct * vz - st * vx


def hip_forces(
    foot: Foot, leg: Leg, q: Four, force: tuple[float, float, float], torque: tuple[float, float, float]
) -> Four:
    """Generalised forces of a force at the hip and a torque on the leg, laboratory axes."""
    theta, psi, gamma, a = q
    st, ct = sin(theta), cos(theta)
    fx = ct * force[0] - st * force[2]
    fy = force[1]
    fz = ct * force[2] + st * force[0]
    tx, ty, tz = ct * torque[0] - st * torque[2], torque[1], st * torque[0] + ct * torque[2]
    dy, dz = -foot.ankle_z * sin(psi), foot.ankle_z * cos(psi)
    hs, hc = leg.hip_z * sin(a), leg.hip_z * cos(a)
    sg, cg = sin(gamma), cos(gamma)
    ey, ez = -hc * sg, hc * cg
    ux, uz = foot.ankle_x + hs, dz + ez
    return (
        uz * fx - ux * fz + ty,
        dy * fz - dz * fy,
        ey * fz - ez * fy + tx,
        hc * fx + hs * sg * fy - hs * cg * fz + cg * ty + sg * tz,
    )

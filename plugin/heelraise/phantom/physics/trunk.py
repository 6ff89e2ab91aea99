"""What the legs carry, in the loop: hips, soft tissue, hands and the frame of supported rest."""

from __future__ import annotations

from heelraise.phantom.physics.anatomy import GRAVITY, Anatomy
from heelraise.phantom.physics.leg import hip_point
from heelraise.phantom.physics.legsim import LegSim
from heelraise.phantom.physics.upper import Six, Three, spin, trunk_acceleration, turn

#: Share of the weight above the legs that the frame of `supported` carries, its stiffness and damping.
_CARRIED, _FRAME_K, _FRAME_C = 0.9, 2.0e4, 2.0e3


class Trunk:
    """State and forces of what the legs carry. Mutable."""

    def __init__(self, anatomy: Anatomy, legs: list[LegSim], supported: bool, step_s: float) -> None:
        self.anatomy, self.step_s, self.supported = anatomy, step_s, supported
        upper = anatomy.upper
        hips = self.hips = [hip_point(anatomy.foot, anatomy.leg, leg.q, leg.v) for leg in legs]
        above = (upper.mass + sum(p.mass for p in upper.hang)) * GRAVITY
        sag = (1.0 - _CARRIED * supported) * above / (len(legs) * anatomy.joints.hip_k)
        x = sum(h[0] for h in hips) / len(hips)
        z = sum(h[2] for h in hips) / len(hips) - upper.hip_z - sag
        y = 0.0
        if len(legs) == 1:
            y = hips[0][1] - (upper.hip_half if legs[0].side == "left" else -upper.hip_half)
        self.q: Six = (x, y, z, 0.0, 0.0, 0.0)
        self.v: Six = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
        self.home = self.q
        self.above = above
        self.points = [[self.q[k] + p.at[k] for k in range(3)] for p in upper.hang]
        for point, p in zip(self.points, upper.hang, strict=True):
            point[2] -= p.mass * GRAVITY / p.stiffness[2]
        self.speeds = [[0.0, 0.0, 0.0] for _ in upper.hang]
        self.accelerations = [[0.0, 0.0, 0.0] for _ in upper.hang]
        self.frame: tuple[float, ...] = (0.0, 0.0, 0.0, 0.0, 0.0)
        self.given: list[tuple[Three, Three]] = []
        # Unrolled for the loop, which runs a thousand times a second.
        self._sockets = [upper.hip_half if leg.side == "left" else -upper.hip_half for leg in legs]
        self._hang = [(p.mass, *p.at, *p.stiffness, *p.damping) for p in upper.hang]
        self._part = anatomy.leg.com_z / anatomy.leg.hip_z
        #: On one leg the abductors of the hip carry the rest of the body at half the hips' distance.
        self.abduction = 0.0
        if len(legs) == 1:
            self.abduction = -above * upper.hip_half * (1.0 if legs[0].side == "left" else -1.0)

    def step(self, legs: list[LegSim], hands: tuple[float, float], lean: float) -> tuple[list[float], Six]:
        """One step: the wrench that each leg got, and the trunk's accelerations."""
        anatomy, q, v = self.anatomy, self.q, self.v
        upper, joints = anatomy.upper, anatomy.joints
        x, y, z, pitch, roll, yaw = q
        ax, ay, az = turn(pitch, roll, yaw)
        wx, wy, wz = spin(q, v)
        vx, vy, vz = v[0], v[1], v[2]
        sum_x = sum_y = sum_z = mom_x = mom_y = mom_z = 0.0
        wrenches: list[float] = []
        given = []
        hip_z = upper.hip_z
        k, c = joints.hip_k, joints.hip_c
        k_pitch, c_pitch = joints.hip_pitch
        k_roll, c_roll = joints.hip_roll
        k_yaw, c_yaw = joints.hip_yaw
        tz = -k_yaw * yaw - c_yaw * v[5]
        for leg, (px, py, pz, pu, pv, pw), half in zip(legs, self.hips, self._sockets, strict=True):
            ox, oy, oz = half * ay[0] + hip_z * az[0], half * ay[1] + hip_z * az[1], half * ay[2] + hip_z * az[2]
            rx, ry, rz = px - x, py + leg.lateral - y, pz - z
            fx = k * (rx - ox) + c * (pu - vx - wy * oz + wz * oy)
            fy = k * (ry - oy) + c * (pv - vy - wz * ox + wx * oz)
            fz = k * (rz - oz) + c * (pw - vz - wx * oy + wy * ox)
            lq, lv = leg.q, leg.v
            ty = -k_pitch * (pitch - lq[0] - lq[3] + lean) - c_pitch * (v[3] - lv[0] - lv[3])
            tx = -k_roll * (roll - lq[2] + leg.tilt) - c_roll * (v[4] - lv[2]) + self.abduction
            sum_x += fx
            sum_y += fy
            sum_z += fz
            mom_x += ry * fz - rz * fy + tx
            mom_y += rz * fx - rx * fz + ty
            mom_z += rx * fy - ry * fx + tz
            wrenches += (-fx, -fy, -fz, -tx, -ty, -tz)
            given.append(((-fx, -fy, -fz), (-tx, -ty, -tz)))
        accelerations = self.accelerations
        for n, (m, bx, by, bz, kx, ky, kz, cx, cy, cz) in enumerate(self._hang):
            point, speed = self.points[n], self.speeds[n]
            ox = bx * ax[0] + by * ay[0] + bz * az[0]
            oy = bx * ax[1] + by * ay[1] + bz * az[1]
            oz = bx * ax[2] + by * ay[2] + bz * az[2]
            rx, ry, rz = point[0] - x, point[1] - y, point[2] - z
            fx = kx * (rx - ox) + cx * (speed[0] - vx - wy * oz + wz * oy)
            fy = ky * (ry - oy) + cy * (speed[1] - vy - wz * ox + wx * oz)
            fz = kz * (rz - oz) + cz * (speed[2] - vz - wx * oy + wy * ox)
            if n > 0:
                fz -= hands[n - 1]
            sum_x += fx
            sum_y += fy
            sum_z += fz
            mom_x += ry * fz - rz * fy
            mom_y += rz * fx - rx * fz
            mom_z += rx * fy - ry * fx
            accelerations[n] = [-fx / m, -fy / m, -fz / m - GRAVITY]
        if self.supported:
            fx, fy, fz, tx, ty = self.frame = self._support()
            sum_x, sum_y, sum_z = sum_x + fx, sum_y + fy, sum_z + fz
            mom_x, mom_y = mom_x + tx, mom_y + ty
        self.given = given
        return wrenches, trunk_acceleration(upper, q, v, (sum_x, sum_y, sum_z), (mom_x, mom_y, mom_z))

    def _support(self) -> tuple[float, float, float, float, float]:
        q, v, home = self.q, self.v, self.home
        fx, fy, fz = (-_FRAME_K * (q[k] - home[k]) - _FRAME_C * v[k] for k in range(3))
        return fx, fy, fz + _CARRIED * self.above, -500.0 * q[4] - 50.0 * v[4], -500.0 * q[3] - 50.0 * v[3]

    def move(self, a: Six) -> None:
        """Semi-implicit Euler of the trunk and the particles."""
        h = self.step_s
        self.v = (
            self.v[0] + h * a[0],
            self.v[1] + h * a[1],
            self.v[2] + h * a[2],
            self.v[3] + h * a[3],
            self.v[4] + h * a[4],
            self.v[5] + h * a[5],
        )
        q, v = self.q, self.v
        self.q = (
            q[0] + h * v[0],
            q[1] + h * v[1],
            q[2] + h * v[2],
            q[3] + h * v[3],
            q[4] + h * v[4],
            q[5] + h * v[5],
        )
        for point, speed, own in zip(self.points, self.speeds, self.accelerations, strict=True):
            u, v1, w = speed[0] + h * own[0], speed[1] + h * own[1], speed[2] + h * own[2]
            speed[0], speed[1], speed[2] = u, v1, w
            point[0] += h * u
            point[1] += h * v1
            point[2] += h * w

    def felt(self, legs: list[LegSim]) -> tuple[float, float, float, float]:
        """Centre of mass of all (x, y) and its velocity; the legs' on the line from ankle to hip.

        Called before `step`, for which it leaves the places of the hips.
        """
        anatomy = self.anatomy
        self.hips = [hip_point(anatomy.foot, anatomy.leg, leg.q, leg.v) for leg in legs]
        upper, leg_data = anatomy.upper, anatomy.leg
        m = upper.mass
        x, y, vx, vy = m * self.q[0], m * self.q[1], m * self.v[0], m * self.v[1]
        part = self._part
        for leg, (hx, hy, _, hu, hv, _) in zip(legs, self.hips, strict=True):
            m = leg_data.mass
            x += m * (part * hx + (1.0 - part) * anatomy.foot.ankle_x)
            y += m * (part * hy + leg.lateral)
            vx += m * part * hu
            vy += m * part * hv
        for point, speed, hung in zip(self.points, self.speeds, self._hang, strict=True):
            m = hung[0]
            x += m * point[0]
            y += m * point[1]
            vx += m * speed[0]
            vy += m * speed[1]
        whole = anatomy.total_mass
        return x / whole, y / whole, vx / whole, vy / whole

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
        total = [0.0, 0.0, 0.0]
        moment = [0.0, 0.0, 0.0]

        def push(fx: float, fy: float, fz: float, rx: float, ry: float, rz: float) -> None:
            total[0] += fx
            total[1] += fy
            total[2] += fz
            moment[0] += ry * fz - rz * fy
            moment[1] += rz * fx - rx * fz
            moment[2] += rx * fy - ry * fx

        wrenches: list[float] = []
        given = []
        for leg, hip in zip(legs, self.hips, strict=True):
            px, py, pz, pu, pv, pw = hip
            half = upper.hip_half if leg.side == "left" else -upper.hip_half
            ox, oy, oz = (half * ay[k] + upper.hip_z * az[k] for k in range(3))
            rx, ry, rz = px - x, py + leg.lateral - y, pz - z
            k, c = joints.hip_k, joints.hip_c
            fx = k * (rx - ox) + c * (pu - v[0] - wy * oz + wz * oy)
            fy = k * (ry - oy) + c * (pv - v[1] - wz * ox + wx * oz)
            fz = k * (rz - oz) + c * (pw - v[2] - wx * oy + wy * ox)
            push(fx, fy, fz, rx, ry, rz)
            lq, lv = leg.q, leg.v
            k, c = joints.hip_pitch
            ty = -k * (pitch - lq[0] - lq[3] + lean) - c * (v[3] - lv[0] - lv[3])
            k, c = joints.hip_roll
            tx = -k * (roll - lq[2] + leg.tilt) - c * (v[4] - lv[2]) + self.abduction
            k, c = joints.hip_yaw
            tz = -k * yaw - c * v[5]
            moment[0] += tx
            moment[1] += ty
            moment[2] += tz
            wrenches += [-fx, -fy, -fz, -tx, -ty, -tz]
            given.append(((-fx, -fy, -fz), (-tx, -ty, -tz)))
        for n, p in enumerate(upper.hang):
            point, speed = self.points[n], self.speeds[n]
            ox, oy, oz = (p.at[0] * ax[k] + p.at[1] * ay[k] + p.at[2] * az[k] for k in range(3))
            fx = p.stiffness[0] * (point[0] - x - ox) + p.damping[0] * (speed[0] - v[0] - wy * oz + wz * oy)
            fy = p.stiffness[1] * (point[1] - y - oy) + p.damping[1] * (speed[1] - v[1] - wz * ox + wx * oz)
            fz = p.stiffness[2] * (point[2] - z - oz) + p.damping[2] * (speed[2] - v[2] - wx * oy + wy * ox)
            if n > 0:
                fz -= hands[n - 1]
            push(fx, fy, fz, point[0] - x, point[1] - y, point[2] - z)
            self.accelerations[n] = [-fx / p.mass, -fy / p.mass, -fz / p.mass - GRAVITY]
        if self.supported:
            self.frame = self._support()
            push(self.frame[0], self.frame[1], self.frame[2], 0.0, 0.0, 0.0)
            moment[0] += self.frame[3]
            moment[1] += self.frame[4]
        force: Three = (total[0], total[1], total[2])
        a = trunk_acceleration(upper, q, v, force, (moment[0], moment[1], moment[2]))
        self.given = given
        return wrenches, a

    def _support(self) -> tuple[float, ...]:
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
            for k in range(3):
                speed[k] += h * own[k]
                point[k] += h * speed[k]

    def felt(self, legs: list[LegSim]) -> tuple[float, float, float, float]:
        """Centre of mass of all (x, y) and its velocity; the legs' on the line from ankle to hip.

        Called before `step`, for which it leaves the places of the hips.
        """
        anatomy = self.anatomy
        self.hips = [hip_point(anatomy.foot, anatomy.leg, leg.q, leg.v) for leg in legs]
        upper, leg_data = anatomy.upper, anatomy.leg
        m = upper.mass
        x, y, vx, vy = m * self.q[0], m * self.q[1], m * self.v[0], m * self.v[1]
        part = leg_data.com_z / leg_data.hip_z
        for leg, (hx, hy, _, hu, hv, _) in zip(legs, self.hips, strict=True):
            m = leg_data.mass
            x += m * (part * hx + (1.0 - part) * anatomy.foot.ankle_x)
            y += m * (part * hy + leg.lateral)
            vx += m * part * hu
            vy += m * part * hv
        for point, speed, p in zip(self.points, self.speeds, upper.hang, strict=True):
            m = p.mass
            x += m * point[0]
            y += m * point[1]
            vx += m * speed[0]
            vy += m * speed[1]
        whole = anatomy.total_mass
        return x / whole, y / whole, vx / whole, vy / whole

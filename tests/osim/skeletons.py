"""A small leg written by hand, so that its laws need no OpenSim."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from heelraise.osim.curves import IDENTITY, Polynomial, hermite
from heelraise.osim.skeleton import Axis, Coordinate, Coupling, Joint, Marker, Skeleton


def tilted(seed: int) -> np.ndarray:
    """Some rotation."""
    q, r = np.linalg.qr(np.random.default_rng(seed).normal(size=(3, 3)))
    q = q * np.sign(np.diag(r))
    return q if np.linalg.det(q) > 0 else -q


def unit(*v: float) -> np.ndarray:
    return np.array(v) / np.linalg.norm(v)


def joint(name: str, parent: int, child: int, at: tuple[float, float, float], *axes: Axis, turned: int = 0) -> Joint:
    rotation = tilted(turned) if turned else np.eye(3)
    return Joint(name, "CustomJoint", parent, child, rotation, np.array(at), rotation, np.zeros(3), axes)


def leg() -> Skeleton:
    """Thigh free in space, a knee whose one coordinate also slides, ankle, subtalar and mtp, a coupled patella."""
    eye = np.eye(3)
    free = [Axis(False, eye[k], k, IDENTITY) for k in range(3)]
    free += [Axis(True, eye[a], 3 + n, IDENTITY) for n, a in enumerate((1, 0, 2))]
    slide = hermite(np.array([-2.0, -1.0, 0.0]), np.array([0.01, 0.02, 0.0]), np.array([0.0, 0.01, -0.03]))
    arch = hermite(np.array([-2.0, -0.8, 0.3]), np.array([-0.4, -0.41, -0.4]), np.array([0.0, 0.01, 0.02]))
    knee = [Axis(False, eye[0], 6, slide), Axis(False, eye[1], 6, arch), Axis(True, eye[2], 6, IDENTITY)]
    knee.append(Axis(True, eye[0], -1, Polynomial((0.03,))))
    joints = (
        joint("hip_r", 0, 1, (0.0, 0.0, 0.0), *free),
        joint("knee_r", 1, 2, (0.0, 0.0, 0.0), *knee),
        joint("ankle_r", 2, 3, (0.0, -0.43, 0.0), Axis(True, unit(-0.1, -0.17, 0.98), 7, IDENTITY), turned=3),
        joint("subtalar_r", 3, 4, (-0.05, -0.04, 0.01), Axis(True, unit(0.79, 0.6, -0.12), 8, IDENTITY)),
        joint("mtp_r", 4, 5, (0.18, 0.0, 0.0), Axis(True, unit(-0.58, 0.0, 0.81), 9, IDENTITY), turned=5),
        joint("patella_r", 1, 6, (0.05, -0.38, 0.0), Axis(True, eye[2], 10, IDENTITY)),
    )
    names = ("hip_tx", "hip_ty", "hip_tz", "hip_yaw_r", "hip_list_r", "hip_flexion_r", "knee_angle_r")
    names += ("ankle_angle_r", "subtalar_angle_r", "mtp_angle_r", "patella_angle_r")
    owners = ("hip_r",) * 6 + ("knee_r", "ankle_r", "subtalar_r", "mtp_r", "patella_r")
    coordinates = [
        Coordinate(n, j, "translational" if "_t" in n and "mtp" not in n else "rotational", 0.0, -2.0, 2.0)
        for n, j in zip(names, owners, strict=True)
    ]
    coordinates[10] = replace(coordinates[10], coupled=Coupling(6, Polynomial((0.1, 0.5, 0.02))))
    rng = np.random.default_rng(11)
    markers = [
        Marker(f"{body}{k}", body_index, rng.normal(0.0, 0.08, 3))
        for body, body_index, count in (("thigh", 1, 3), ("shank", 2, 3), ("heel", 4, 3), ("toe", 5, 2), ("knee", 6, 1))
        for k in range(count)
    ]
    bodies = ("ground", "femur_r", "tibia_r", "talus_r", "calcn_r", "toes_r", "patella_r")
    return Skeleton("leg", bodies, joints, tuple(coordinates), tuple(markers))


def walk(skeleton: Skeleton, frames: int, rate: float = 100.0) -> np.ndarray:
    """A smooth motion (T, C) with coupled coordinates in place."""
    from heelraise.osim.skeleton import completed

    t = np.arange(frames) / rate
    k = np.arange(len(skeleton.coordinates))
    q = 0.3 * np.sin(2 * np.pi * (0.4 + 0.05 * k) * t[:, None] + k) - 0.05 * k / 10
    return completed(skeleton, q)

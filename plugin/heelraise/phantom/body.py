"""Where the phantom's landmarks are, given the poses of its legs.

Coordinates: X to the front, Y to the left, Z up, millimetres. The foot turns about its metatarsal heads; the
shank stands on the ankle; everything above rides on the ankles' mean, or where it is put.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from heelraise.phantom.motion import SIDES, SideMotion
from heelraise.phantom.scenario import Body

Array = NDArray[np.float64]

#: Landmarks in the foot's frame for a foot of unit length heel to metatarsal heads: forward of the heel,
#: to the lateral side, up from the sole.
FOOT = {
    "heel": (0.0, 0.0, 0.20),
    "mt1": (1.02, -0.25, 0.16),
    "mt2": (1.05, -0.05, 0.20),
    "mt5": (0.90, 0.27, 0.11),
    "calcaneus_medial": (0.10, -0.17, 0.17),
    "calcaneus_lateral": (0.10, 0.17, 0.17),
}
PIVOT = np.array([1.0, 0.0, 0.0])
ANKLE = np.array([0.27, 0.0, 0.45])
#: Landmarks in the shank's frame, mm for a 400 mm shank: forward, lateral, up from the ankle. The axis about which
#: the foot turns runs through both malleoli, so that the anatomical axes are the phantom's own.
SHANK = {
    "lateral_malleolus": (0.0, 36.0, 0.0),
    "medial_malleolus": (0.0, -36.0, 0.0),
    "lateral_epicondyle": (0.0, 52.0, 395.0),
    "medial_epicondyle": (0.0, -52.0, 395.0),
    "tibial_tuberosity": (45.0, 0.0, 335.0),
    "fibular_head": (-5.0, 50.0, 360.0),
    "shank_1": (10.0, 62.0, 190.0),
    "shank_2": (48.0, 12.0, 220.0),
    "shank_3": (30.0, 40.0, 120.0),
    "shank_4": (-30.0, 45.0, 230.0),
}
#: Landmarks of the body above the shanks, mm from the mean of both ankles: forward, left, up.
UPPER = {
    "left.asis": (95.0, 120.0, 880.0),
    "right.asis": (95.0, -120.0, 880.0),
    "left.psis": (-75.0, 45.0, 895.0),
    "right.psis": (-75.0, -45.0, 895.0),
    "sacrum": (-80.0, 0.0, 895.0),
    "c7": (-60.0, 0.0, 1400.0),
    "head_1": (80.0, 70.0, 1610.0),
    "head_2": (80.0, -70.0, 1610.0),
    "head_3": (-90.0, 70.0, 1600.0),
    "head_4": (-90.0, -70.0, 1600.0),
    "left.hand": (70.0, 260.0, 720.0),
    "right.hand": (70.0, -260.0, 720.0),
    "left.thigh_1": (10.0, 190.0, 600.0),
    "right.thigh_1": (10.0, -190.0, 600.0),
}
#: Further landmarks of the foot, in the frame of `FOOT`.
FOOT_EXTRA = {
    "navicular": (0.50, -0.25, 0.30),
    "mt1_base": (0.70, -0.20, 0.33),
    "mt2_base": (0.68, -0.05, 0.40),
    "mt5_base": (0.52, 0.26, 0.14),
    "midfoot_dorsal": (0.62, -0.03, 0.42),
    "midfoot_lateral": (0.60, 0.26, 0.18),
    "calcaneus_upper": (0.00, 0.00, 0.38),
    "calcaneus_peg": (-0.18, 0.00, 0.24),
}
#: Landmarks before the metatarsal heads, in the same frame: toes lie flat while the heel rises.
TOES = {"hallux": (1.22, -0.20, 0.12), "toe_tip": (1.42, -0.05, 0.12)}
#: Further landmarks above the shanks, in the frame of `UPPER`.
UPPER_EXTRA = {
    f"{side}.{role}": (x, sign * y, z)
    for side, sign in (("left", 1.0), ("right", -1.0))
    for role, (x, y, z) in {
        "thigh_2": (65.0, 150.0, 660.0),
        "thigh_3": (40.0, 185.0, 540.0),
        "thigh_4": (-45.0, 165.0, 620.0),
        "greater_trochanter": (0.0, 175.0, 800.0),
        "shoulder": (-15.0, 190.0, 1380.0),
        "wrist": (60.0, 255.0, 790.0),
    }.items()
} | {"t10": (-75.0, 0.0, 1170.0), "clavicle": (50.0, 0.0, 1375.0), "sternum": (75.0, 0.0, 1240.0)}
STANCE_HALF_WIDTH = 110.0
#: Height (mm) of a shank's top above its ankle.
SHANK_MM = 395.0
HANDS = ("left.hand", "right.hand")
TRUNK = (*(role for role in (*UPPER, *UPPER_EXTRA) if "thigh" not in role),)


@dataclass(frozen=True, eq=False)
class LegPose:
    """Where one leg is.

    Attributes
    ----------
    foot, shank : ndarray (T, 3, 3)
        Rotations in the laboratory.
    pivot : ndarray (3,) or (T, 3)
        Middle of the metatarsal heads on the sole, mm.
    """

    foot: Array
    shank: Array
    pivot: Array


def rotation_y(deg: Array) -> Array:
    """Rotations (T, 3, 3) that pitch the nose of a body down by `deg` (heel up)."""
    a = np.radians(deg)
    c, s, z, o = np.cos(a), np.sin(a), np.zeros_like(a), np.ones_like(a)
    return np.stack([c, z, s, z, o, z, -s, z, c], axis=-1).reshape(-1, 3, 3)


def rotation_x(deg: Array) -> Array:
    """Rotations (T, 3, 3) about the forward axis by `deg`, left side up positive."""
    a = np.radians(deg)
    c, s, z, o = np.cos(a), np.sin(a), np.zeros_like(a), np.ones_like(a)
    return np.stack([o, z, z, z, c, -s, z, s, c], axis=-1).reshape(-1, 3, 3)


def leg_rotations(pitch: Array, roll: Array, lean: Array, side: str) -> tuple[Array, Array]:
    """Rotations (T, 3, 3) of shank and foot from angles in deg (T,)."""
    # Inversion lifts the medial border: the left side of a right foot, the right side of a left one.
    sign = 1.0 if side == "right" else -1.0
    foot: Array = rotation_y(pitch) @ rotation_x(sign * roll)
    return rotation_y(lean), foot


def leg_pose(motion: SideMotion, side: str) -> tuple[Array, Array]:
    """Rotations (T, 3, 3) of shank and foot in the laboratory."""
    return leg_rotations(motion.pitch, motion.roll, motion.lean, side)


def true_angles(motion: SideMotion, side: str) -> tuple[Array, Array]:
    """Plantarflexion and inversion (deg, both (T,)) of foot against shank; see `relative_angles`."""
    shank, foot = leg_pose(motion, side)
    return relative_angles(shank, foot, side)


def relative_angles(shank: Array, foot: Array, side: str) -> tuple[Array, Array]:
    """Plantarflexion and inversion (deg, both (T,)) from rotations (T, 3, 3) of shank and foot.

    Cardan sequence mediolateral, forward, long axis (Grood and Suntay 1983), written for this frame:
    with R the foot in the shank, -R[1, 2] is the sine of the turn about the floating axis.
    """
    relative = np.swapaxes(shank, 1, 2) @ foot
    turn = np.degrees(np.arcsin(-relative[:, 1, 2]))
    plantarflexion = np.degrees(np.arctan2(relative[:, 0, 2], relative[:, 2, 2]))
    return plantarflexion, turn if side == "right" else -turn


def standing_pivot(side: str, body: Body) -> Array:
    """Metatarsal heads (3,) of a foot that stands where the phantom stands."""
    lateral = 1.0 if side == "left" else -1.0
    return np.asarray(np.array([0.0, lateral * STANCE_HALF_WIDTH, 0.0]) + PIVOT * body.foot_length_mm)


def ankle_arm(side: str, body: Body) -> Array:
    """Ankle from the metatarsal heads, in the foot's frame (3,), mm."""
    return np.asarray((ANKLE - PIVOT) * _mirror(side) * body.foot_length_mm)


def _mirror(side: str) -> Array:
    return np.array([1.0, 1.0 if side == "left" else -1.0, 1.0])


def ankle_of(pose: LegPose, side: str, body: Body) -> Array:
    """Centre of the ankle (T, 3), mm."""
    return np.asarray(pose.pivot + pose.foot @ ankle_arm(side, body))


def phantom_roles() -> frozenset[str]:
    """Every role that the phantom's body has."""
    sided = (*FOOT, *FOOT_EXTRA, *TOES, *SHANK)
    return frozenset(f"{side}.{role}" for side in SIDES for role in sided) | UPPER.keys() | UPPER_EXTRA.keys()


def leg_landmarks(poses: Mapping[str, LegPose], body: Body, roles: Collection[str] | None = None) -> dict[str, Array]:
    """Landmarks of feet and shanks, role to (T, 3) in mm; all of them, or only those named."""
    points: dict[str, Array] = {}
    for side in SIDES:
        pose, mirror = poses[side], _mirror(side)
        ankle = ankle_of(pose, side, body)
        for role, local in (FOOT | FOOT_EXTRA).items():
            if roles is None or f"{side}.{role}" in roles:
                arm = (np.asarray(local) - PIVOT) * mirror * body.foot_length_mm
                points[f"{side}.{role}"] = pose.pivot + pose.foot @ arm
        if roles is None or any(f"{side}.{role}" in roles for role in TOES):
            level = rotation_y(np.minimum(np.degrees(np.arctan2(pose.foot[:, 0, 2], pose.foot[:, 2, 2])), 0.0))
            for role, local in TOES.items():
                arm = (np.asarray(local) - PIVOT) * mirror * body.foot_length_mm
                points[f"{side}.{role}"] = pose.pivot + level @ arm
        for role, local in SHANK.items():
            if roles is None or f"{side}.{role}" in roles:
                points[f"{side}.{role}"] = ankle + pose.shank @ (np.asarray(local) * mirror)
    return points


def upper_landmarks(anchor: Array, lean: Array, roles: Collection[str] | None = None) -> dict[str, Array]:
    """Landmarks above the shanks on an anchor (T, 3), moved with the top of shanks that lean by `lean` deg (T,)."""
    top = np.tan(np.radians(lean))[:, None] * np.array([SHANK_MM, 0.0, 0.0])
    return {
        role: anchor + top + np.asarray(local)
        for role, local in (UPPER | UPPER_EXTRA).items()
        if roles is None or role in roles
    }


def ankle_anchor(poses: Mapping[str, LegPose], body: Body, rate: float, sides: Collection[str] = SIDES) -> Array:
    """What a heavy body follows of the ankles that bear it (T, 3): their mean's slow path, hardly any tremor."""
    ankles = [ankle_of(poses[side], side, body) for side in SIDES if side in sides]
    return slow_path(0.5 * (ankles[0] + ankles[1]) if len(ankles) == 2 else ankles[0], rate)


def slow_path(path: Array, rate: float) -> Array:
    """Moving average over 0.3 s with held ends: what a heavy body follows of a path (T, 3) at `rate` Hz."""
    half = round(0.15 * rate)
    width = 2 * half + 1
    padded = np.concatenate([np.repeat(path[:1], half, 0), path, np.repeat(path[-1:], half, 0)])
    total = np.cumsum(np.concatenate([np.zeros((1, path.shape[1])), padded]), axis=0)
    mean: Array = (total[width:] - total[:-width]) / width
    return mean

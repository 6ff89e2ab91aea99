"""Where the phantom's landmarks are, given its joint angles.

Coordinates: X to the front, Y to the left, Z up, millimetres. The foot turns about its metatarsal heads,
which stay on the ground; the shank stands on the ankle; everything above rides on the ankles' mean.
"""

from __future__ import annotations

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
STANCE_HALF_WIDTH = 110.0


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


def leg_pose(motion: SideMotion, side: str) -> tuple[Array, Array]:
    """Rotations (T, 3, 3) of shank and foot in the laboratory."""
    # Inversion lifts the medial border: the left side of a right foot, the right side of a left one.
    sign = 1.0 if side == "right" else -1.0
    foot = rotation_y(motion.pitch) @ rotation_x(sign * motion.roll)
    return rotation_y(motion.lean), foot


def true_angles(motion: SideMotion, side: str) -> tuple[Array, Array]:
    """Plantarflexion and inversion (deg, both (T,)) of foot against shank.

    Cardan sequence mediolateral, forward, long axis (Grood and Suntay 1983), written for this frame:
    with R the foot in the shank, -R[1, 2] is the sine of the turn about the floating axis.
    """
    shank, foot = leg_pose(motion, side)
    relative = np.swapaxes(shank, 1, 2) @ foot
    turn = np.degrees(np.arcsin(-relative[:, 1, 2]))
    plantarflexion = np.degrees(np.arctan2(relative[:, 0, 2], relative[:, 2, 2]))
    return plantarflexion, turn if side == "right" else -turn


def landmarks(motion: dict[str, SideMotion], body: Body) -> dict[str, Array]:
    """All landmarks, role to (T, 3) in mm."""
    points: dict[str, Array] = {}
    ankles = []
    length = body.foot_length_mm
    for side in SIDES:
        shank, foot = leg_pose(motion[side], side)
        lateral = 1.0 if side == "left" else -1.0
        mirror = np.array([1.0, lateral, 1.0])
        ground = np.array([0.0, lateral * STANCE_HALF_WIDTH, 0.0]) + PIVOT * length
        for role, local in FOOT.items():
            arm = (np.asarray(local) - PIVOT) * mirror * length
            points[f"{side}.{role}"] = ground + foot @ arm
        ankle = ground + foot @ ((ANKLE - PIVOT) * mirror * length)
        ankles.append(ankle)
        for role, local in SHANK.items():
            points[f"{side}.{role}"] = ankle + shank @ (np.asarray(local) * mirror)
    middle = 0.5 * (ankles[0] + ankles[1])
    # Above the knees the body translates with the ankles and leans with the shank's top.
    top = np.tan(np.radians(motion["left"].lean))[:, None] * np.array([395.0, 0.0, 0.0])
    # A body of this mass hardly follows the tremor: it sees the ankles' slow path only.
    slow = slow_path(middle)
    for role, local in UPPER.items():
        points[role] = slow + top + np.asarray(local)
    return points


def slow_path(path: Array, width: int = 31) -> Array:
    """Moving average over `width` frames with held ends: what a heavy body follows."""
    half = width // 2
    padded = np.concatenate([np.repeat(path[:1], half, 0), path, np.repeat(path[-1:], half, 0)])
    total = np.cumsum(np.concatenate([np.zeros((1, path.shape[1])), padded]), axis=0)
    mean: Array = (total[width:] - total[:-width]) / width
    return mean

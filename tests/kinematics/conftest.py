"""A leg with known joint rotations."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

# Right leg in its own ISB axes (X forward, Y up, Z right), millimetres, ankle centre at the origin.
SHANK = {
    "medial_malleolus": (0, 0, -38),
    "lateral_malleolus": (0, 0, 38),
    "medial_epicondyle": (0, 400, -50),
    "lateral_epicondyle": (0, 400, 38),
    "tibial_tuberosity": (45, 350, 5),
    "fibular_head": (-20, 360, 40),
    "shank_1": (40, 250, 25),
    "shank_2": (-30, 200, 45),
    "shank_3": (35, 120, -20),
    "shank_4": (20, 90, 30),
}
FOOT = {
    "heel": (-55, -45, 5),
    "calcaneus_medial": (-30, -50, -28),
    "calcaneus_lateral": (-28, -52, 33),
    "mt1": (125, -60, -42),
    "mt2": (140, -48, 5),
    "mt5": (95, -65, 50),
    "hallux": (190, -65, -40),
}
# Shank axes of a person who faces +X in the lab (Y left, Z up).
FACING_X = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, -1.0], [0.0, 1.0, 0.0]])

Leg = Callable[..., dict[str, np.ndarray]]


def build_leg(
    plantarflexion: object,
    inversion: object = 0.0,
    internal: object = 0.0,
    *,
    side: str = "right",
    shank_turn: Rotation | None = None,
    origin: object = (100.0, -120.0, 90.0),
) -> dict[str, np.ndarray]:
    """Markers of one leg whose ankle angles (deg) are given per frame; the shank stays where it is."""
    angles = np.array(np.broadcast_arrays(*np.atleast_1d(plantarflexion, inversion, internal)), dtype=float)
    joint = Rotation.from_euler("ZXY", (angles * [[-1.0], [1.0], [1.0]]).T, degrees=True).as_matrix()
    shank = FACING_X if shank_turn is None else FACING_X @ shank_turn.as_matrix()
    frames = joint.shape[0]
    leg = {role: np.tile(shank @ np.array(place, float), (frames, 1)) for role, place in SHANK.items()}
    leg |= {role: (shank @ joint) @ np.array(place, float) for role, place in FOOT.items()}
    mirror = np.array([1.0, -1.0, 1.0]) if side == "left" else np.ones(3)
    return {f"{side}.{role}": (points + np.asarray(origin)) * mirror for role, points in leg.items()}


@pytest.fixture(scope="session")
def leg() -> Leg:
    return build_leg

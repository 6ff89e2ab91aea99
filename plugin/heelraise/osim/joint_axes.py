"""Axes and places of the ankle's joints, and the masses of shank and foot: published numbers and their sources.

Frames as OpenSim's models have them: X forward, Y up, Z to the right, metres, for a right leg. A left leg is the
mirror image in the X-Y plane.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from heelraise.kinematics.arrays import Floats

#: Directions of the joint axes of a right foot. The talocrural axis points to the right, downward and backward: 80 deg
#: to the shank and 84 deg to the foot's midline, the means of Isman and Inman (1969, Bull Prosthet Res 10-11:97) and
#: Inman (1976, The joints of the ankle). The subtalar axis points forward, upward and medially: 37 deg to the
#: ground and 9 deg to the midline; theirs had means of 41 and 23 deg with standard deviations of 9 and 11 deg. The
#: toes bend about the oblique metatarsal break. The numbers are those of Delp et al. (1990, IEEE Trans Biomed Eng
#: 37:757), so that angles mean what they mean in gait2392.
AXES: Final[dict[str, tuple[float, float, float]]] = {
    "ankle": (-0.10501355, -0.17402245, 0.97912632),
    "subtalar": (0.78717961, 0.60474746, -0.12094949),
    "mtp": (-0.58095440, 0.0, 0.81393611),
}
#: Centres in the parent's frame of the unscaled adult (Delp 1990): ankle in tibia, subtalar in talus, mtp in calcaneus.
CENTRES: Final[dict[str, tuple[float, float, float]]] = {
    "ankle": (0.0, -0.43, 0.0),
    "subtalar": (-0.04877, -0.04195, 0.00792),
    "mtp": (0.1788, -0.002, 0.00108),
}
#: Length of the unscaled shank between the joint centres, m.
SHANK_M: Final = -CENTRES["ankle"][1]
#: From a marker on the heel's skin to the metatarsal heads along the unscaled foot, m.
HEEL_TO_HEADS_M: Final = 0.20
#: Breadth over both malleoli as a part of the shank's length, where only the lateral one is marked (gait2392's
#: scaled example: 0.074 m over 0.425 m without the markers' own radius).
ANKLE_BREADTH: Final = 0.175
#: Angles of a coordinate, rad: what a joint can do, and not a limit that a solution is forced into.
RANGES: Final[dict[str, tuple[float, float]]] = {
    "ankle": (-np.pi / 2, np.pi / 2),
    "subtalar": (-np.pi / 2, np.pi / 2),
    "mtp": (-np.pi / 2, np.pi / 2),
}

#: Mass as a part of the body's, centre of mass from the proximal end (knee; heel) as a part of the length, and radii
#: of gyration (sagittal, transverse, longitudinal) as parts of the length: de Leva (1996, J Biomech 29:1223), table 4.
SEGMENTS: Final[dict[str, dict[str, tuple[float, float, tuple[float, float, float]]]]] = {
    "female": {
        "shank": (0.0481, 0.4416, (0.271, 0.267, 0.093)),
        "foot": (0.0129, 0.4014, (0.299, 0.279, 0.139)),
    },
    "male": {
        "shank": (0.0433, 0.4459, (0.255, 0.249, 0.103)),
        "foot": (0.0137, 0.4415, (0.257, 0.245, 0.124)),
    },
}
#: How the foot's mass is shared by its bodies (the shares of gait2392, Delp et al. 1990).
FOOT_SHARES: Final[dict[str, float]] = {"talus": 0.064, "calcn": 0.798, "toes": 0.138}
#: Length of the unscaled foot from heel to toe tip, m, and where it begins in the calcaneus' frame.
FOOT_M: Final = 0.27
#: Mass of the unscaled adult, kg.
MASS_KG: Final = 75.0


def segment_numbers(segment: str, sex: str | None) -> tuple[float, float, tuple[float, float, float]]:
    """Mass share, centre and radii of gyration of ``shank`` or ``foot``; the mean of both sexes where it is unknown."""
    if sex in SEGMENTS:
        return SEGMENTS[sex][segment]
    a, b = (SEGMENTS[one][segment] for one in ("female", "male"))
    radii = tuple(0.5 * (x + y) for x, y in zip(a[2], b[2], strict=True))
    return 0.5 * (a[0] + b[0]), 0.5 * (a[1] + b[1]), (radii[0], radii[1], radii[2])


def mirrored_axis(axis: tuple[float, float, float], side: str) -> Floats:
    """Axis (3,) of a side such that the same sign means the same movement: an axis is no arrow, its mirror turns."""
    x, y, z = axis
    turned = np.array([x, y, z]) if side == "right" else np.array([-x, -y, z])
    return np.asarray(turned / np.linalg.norm(turned))


def mirrored_place(place: Floats, side: str) -> Floats:
    """Place (3,) in a right leg's body as the same place of `side`."""
    own: Floats = np.asarray(place, dtype=np.float64) * np.array([1.0, 1.0, 1.0 if side == "right" else -1.0])
    return own

"""Landmarks that only a static trial shows, carried into the moving trial."""

from __future__ import annotations

import numpy as np

from heelraise.kinematics.angle_model import EPICONDYLES, MIDFOOT, PEDAL, TIBIAL
from heelraise.kinematics.arrays import Floats, Markers, mean_position, side_markers
from heelraise.kinematics.frames import rigid_rotation, spread_ratio


def carry_landmarks(markers: Markers, static: Markers, side: str) -> tuple[dict[str, Floats], tuple[str, ...]]:
    """Rebuild landmarks that only the static trial shows from the cluster of their segment.

    The calibrated anatomical system technique (Cappozzo et al. 1995): the cluster's least-squares pose
    moves the landmark's place in the mean static configuration into every frame.

    Parameters
    ----------
    markers, static : mapping of str to (T, 3) array
    side : str

    Returns
    -------
    markers : dict
        With the rebuilt landmarks added.
    carried : tuple of str
        Roles (without side) that were added.
    """
    own, still = side_markers(markers, side), side_markers(static, side)
    means = {role: mean_position(points) for role, points in still.items()}
    complete = dict(markers)
    carried: list[str] = []
    for segment in ((*TIBIAL, *EPICONDYLES), (*PEDAL, *MIDFOOT)):
        lost = [role for role in segment if role in means and role not in own]
        cluster = [role for role in segment if role in means and role in own]
        template = np.array([means[role] for role in cluster])
        if not lost or spread_ratio(template) <= 0.0:
            continue
        points = np.stack([own[role] for role in cluster], axis=1)
        visible = np.isfinite(points.sum(axis=(1, 2)))
        rotation = rigid_rotation(template, points)
        centre = np.where(visible[:, np.newaxis], points.mean(axis=1), np.nan)
        for role in lost:
            complete[f"{side}.{role}"] = centre + rotation @ (means[role] - template.mean(axis=0))
            carried.append(role)
    return complete, tuple(carried)

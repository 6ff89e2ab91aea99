"""A model with a trial's markers on it, and what there is to say about how well they fit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from heelraise.errors import InputError
from heelraise.kinematics.arrays import SIDES, Floats
from heelraise.notes import Note
from heelraise.osim.chains import ankle_names
from heelraise.osim.leg_pose import beyond
from heelraise.osim.listing import listed
from heelraise.osim.skeleton import Skeleton

#: Distances beyond this are rarely markers' noise; OpenSim's guide asks for less.
FAR_M = 0.03
#: A root that is at its limit in more than this share of frames is told.
LIMITED = 0.05
#: Names that a note shows at most.
MAX_LISTED = 12


@dataclass(frozen=True, eq=False)
class MarkedModel:
    """A model and the trial's markers that are on it.

    Attributes
    ----------
    file : Path
    name : str
        What sentences call it.
    skeleton : Skeleton
    targets : mapping of str to ndarray (T, 3)
        By the model's name of the marker, m, in OpenSim's ground; NaN where unseen.
    weights : mapping of str to float
        Those that are not 1.
    """

    file: Path
    name: str
    skeleton: Skeleton
    targets: Mapping[str, Floats] = field(repr=False)
    weights: Mapping[str, float] = field(default_factory=dict)


def untold(model: MarkedModel) -> list[Note]:
    """Coordinates that no marker of the trial tells."""
    skeleton = model.skeleton
    marked = {m.body for m in skeleton.find_markers(tuple(model.targets)) if model.weights.get(m.name, 1.0) > 0.0}
    seen = {j.name: bool(beyond(skeleton, j.name) & marked) for j in skeleton.joints}
    free = [c for c in skeleton.coordinates if not (c.locked or c.prescribed) and c.coupled is None]
    names = [c.name for c in free if not seen[c.joint]]
    if not names:
        return []
    text = f"No marker tells {listed(names, MAX_LISTED)}: held at the model's defaults."
    return [Note("opensim_coordinates_held", text)]


def no_ankle(model: MarkedModel) -> list[Note]:
    """A word where the model has no ankle that could be found by its name."""
    reasons = []
    for side in SIDES:
        try:
            ankle_names(model.skeleton, side)
        except InputError as error:
            reasons.append(error)
    if len(reasons) < len(SIDES):
        return []
    return [Note("opensim_no_ankle", f"{model.name} has no ankle on either side: {reasons[0].why}.")]


def at_limits(skeleton: Skeleton, q: Floats) -> list[Note]:
    """A word where the model's own limits keep its root from turning as the person does."""
    rows = q[np.isfinite(q).all(axis=1)]
    roots = {j.name for j in skeleton.joints if j.parent == 0}
    found = []
    for k, c in enumerate(skeleton.coordinates):
        if c.joint in roots and c.clamped and not c.locked and rows.size:
            # Where a limit is met the solver stops on it.
            share = float(np.mean((rows[:, k] <= c.low + 1e-6) | (rows[:, k] >= c.high - 1e-6)))
            if share > LIMITED:
                text = f"{c.name} is at the model's limit in {100 * share:.0f} % of the frames"
                found.append(Note("opensim_root_limited", f"{text}: --forward turns the trial to where models look."))
    return found


def distances(model: MarkedModel, q: Floats) -> list[Note]:
    """A word where the markers stay far from the model's."""
    from heelraise.osim.forward import marker_positions

    names = tuple(model.targets)
    rows = np.flatnonzero(np.isfinite(q).all(axis=1))
    gap = marker_positions(model.skeleton, q[rows], names) - np.stack([model.targets[n][rows] for n in names], axis=1)
    each = np.sqrt(np.nanmean((gap**2).sum(axis=2), axis=0))
    rms = float(np.sqrt(np.nanmean(each**2)))
    if not rms > FAR_M:
        return []
    worst = [names[k] for k in np.argsort(-each)[:3]]
    text = (
        f"The markers lie {1e3 * rms:.0f} mm (rms) from those of {model.name}, most of all {', '.join(worst)}: the "
        "model is not scaled to this subject, or names stand for other places."
    )
    return [Note("opensim_far_markers", text)]

"""A model's coordinates over a trial: of the whole model where its markers tell them, else of the legs they show."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import numpy as np

from heelraise.errors import InputError
from heelraise.kinematics.arrays import SIDES, Bools, Floats
from heelraise.notes import Note
from heelraise.osim.chains import leg_chain
from heelraise.osim.leg_angles import LegFit
from heelraise.osim.leg_pose import leg_poses
from heelraise.osim.marked_model import MarkedModel, at_limits, distances, no_ankle, untold
from heelraise.osim.user_model import TRIED, leg_of

if TYPE_CHECKING:
    from heelraise.protocol.opensim_section import OpenSim

#: A part of the model is taken as seen from this share of frames on.
MIN_KNOWN = 0.5
Scope = Literal["model", "legs"]


@dataclass(frozen=True, eq=False)
class ModelMotion:
    """What the markers say of the model's coordinates.

    Attributes
    ----------
    scope : {'model', 'legs'}
    names : tuple of str
        Coordinates that are known, in the model's order.
    q : ndarray (T, C)
        All coordinates of the model, rad and m; NaN where not known.
    poses : mapping of str to ndarray (T, C)
        Poses of the whole model for inverse dynamics: one under ``model``, or one a leg by side.
    notes : tuple of Note
    """

    scope: Scope
    names: tuple[str, ...]
    q: Floats = field(repr=False)
    poses: Mapping[str, Floats] = field(repr=False)
    notes: tuple[Note, ...] = ()

    @property
    def rows(self) -> Bools:
        """Frames (T,) in which anything is known."""
        return np.asarray(np.isfinite(self.q).any(axis=1))


def solve_motion(model: MarkedModel, settings: OpenSim, rate: float) -> tuple[ModelMotion | None, tuple[Note, ...]]:
    """Coordinates of a model over a trial.

    Parameters
    ----------
    model : MarkedModel
    settings : OpenSim
        Solver and accuracy.
    rate : float
        Frames a second.

    Returns
    -------
    motion : ModelMotion or None
        None where the markers determine neither the model nor a leg of it.
    notes : tuple of Note
        What the reader should know, and why there is nothing.

    Notes
    -----
    The whole model is taken where its pose is determined in half of the frames, with equal weights but for those given;
    coordinates that no marker tells stay at their defaults, as in OpenSim. Else each leg below the knee is.
    """
    whole, why = _whole(model)
    known = 0.0 if whole is None else float(np.isfinite(whole).all(axis=1).mean())
    legs: dict[str, Floats] = {}
    reasons: list[str] = []
    if known < MIN_KNOWN:
        legs, reasons = _legs(model)
    better = max((float(np.isfinite(q).all(axis=1).mean()) for q in legs.values()), default=0.0)
    if whole is not None and known > 0.0 and (known >= MIN_KNOWN or known >= better):
        notes = [*no_ankle(model), *untold(model)]
        q = whole
        if settings.solver == "opensim_tool":
            q, said = _by_tool(model, settings, rate, q)
            notes += said
        notes += at_limits(model.skeleton, q)
        notes += distances(model, q)
        return ModelMotion("model", model.skeleton.coordinate_names, q, {"model": q}), tuple(notes)
    if not legs:
        told = "; ".join(dict.fromkeys([why, *reasons]))
        text = f"No coordinates are written: {len(model.targets)} markers of {model.name} do not determine it: {told}."
        return None, (Note("opensim_no_coordinates", text),)
    count = len(next(iter(model.targets.values())))
    q = np.full((count, len(model.skeleton.coordinates)), np.nan)
    for side, poses in legs.items():
        own = [model.skeleton.index(n) for n in leg_chain(model.skeleton, side).coordinate_names[6:]]
        q[:, own] = poses[:, own]
    notes = []
    if settings.solver == "opensim_tool":
        q, said = _by_tool(model, settings, rate, q)
        notes += said
    names = tuple(n for k, n in enumerate(model.skeleton.coordinate_names) if np.isfinite(q[:, k]).any())
    told = "; ".join(dict.fromkeys([why, *reasons]))
    text = f"The markers do not determine the whole of {model.name} ({told}): only {', '.join(names)} are written."
    notes.append(Note("opensim_legs_only", text))
    return ModelMotion("legs", names, q, legs), tuple(notes)


def _whole(model: MarkedModel) -> tuple[Floats | None, str]:
    """Poses (T, C) of the whole model; what hinders."""
    from heelraise.osim.solve import REASONS, solve_ik

    names = [n for n in model.targets if model.weights.get(n, 1.0) > 0.0]
    if len(names) < 3:
        return None, f"{len(names)} markers of the model are in the trial"
    targets = np.stack([model.targets[n] for n in names], axis=1)
    weights = np.array([model.weights.get(n, 1.0) for n in names])
    # A few frames tell whether these markers determine the model at all, which is slow to find out in every frame.
    visible = np.flatnonzero(np.isfinite(targets).all(axis=(1, 2)))
    if visible.size > TRIED:
        found = solve_ik(model.skeleton, names, targets[visible[:: visible.size // TRIED]], weights)
        if not found.converged.any():
            return None, REASONS[int(np.bincount(found.status).argmax())]
    found = solve_ik(model.skeleton, names, targets, weights)
    q = np.where(found.converged[:, None], found.q, np.nan)
    failed = found.status[~found.converged]
    why = REASONS[int(np.bincount(failed).argmax())] if failed.size else ""
    return q, why or "some coordinates are not seen in most frames"


def _legs(model: MarkedModel) -> tuple[dict[str, Floats], list[str]]:
    found, reasons = {}, []
    names = {name: name for name in model.targets}
    for side in SIDES:
        try:
            leg = leg_of(LegFit(leg_chain(model.skeleton, side), side, model.weights), names, model.targets)
            if leg.fit is None:
                reasons.append(f"{side} leg: {leg.reason}")
                continue
            q = leg_poses(model.skeleton, leg.fit, leg.paths).q
        except InputError as error:
            reasons.append(str(error))
            continue
        if np.isfinite(q).any():
            found[side] = q
        else:
            reasons.append(f"{side} leg: no frame shows enough of its markers, or they lie on a line")
    return found, reasons


def _by_tool(model: MarkedModel, settings: OpenSim, rate: float, ours: Floats) -> tuple[Floats, list[Note]]:
    """The same coordinates by OpenSim's InverseKinematicsTool, in the frames and columns that are known."""
    from heelraise.osim.ik_tool import fit_targets

    names = tuple(n for n in model.targets if model.weights.get(n, 1.0) > 0.0)
    known = np.isfinite(ours)
    rows = np.flatnonzero(known.any(axis=1))
    targets = np.stack([model.targets[n][rows] for n in names], axis=1)
    weights = {n: model.weights.get(n, 1.0) for n in names}
    motion = fit_targets(model.file, weights, targets, rate, settings.accuracy)
    q = np.full_like(ours, np.nan)
    for k, name in enumerate(model.skeleton.coordinate_names):
        if name in motion.names:
            q[rows, k] = motion.column(name)
    return np.where(known, q, np.nan), [Note("opensim_solver", text) for text in motion.notes]

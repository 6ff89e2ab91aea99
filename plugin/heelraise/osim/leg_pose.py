"""Poses of a whole model that show one leg as its markers do, for what only needs this leg."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from heelraise.errors import InputError
from heelraise.kinematics.arrays import Bools, Floats, bridge
from heelraise.osim.chains import ankle_names
from heelraise.osim.leg_angles import LegFit
from heelraise.osim.skeleton import Skeleton


@dataclass(frozen=True, eq=False)
class LegPoses:
    """Poses of the whole model.

    Attributes
    ----------
    q : ndarray (T, C)
        rad and m, NaN in frames that do not show the leg.
    rms : ndarray (T,)
        Root mean square distance of the leg's markers, m.
    """

    q: Floats = field(repr=False)
    rms: Floats = field(repr=False)


def leg_poses(skeleton: Skeleton, fit: LegFit, targets: Mapping[str, Floats]) -> LegPoses:
    """Move the whole model until one leg below the knee is where its markers are; what lies between stays at default.

    The body above the shank then moves stiffly with it. So the shank, the ankle and the foot are those of the
    leg's own chain, and everything beyond the ankle has its true motion: enough for the ankle's moment by inverse
    dynamics, and for nothing above it.

    Parameters
    ----------
    skeleton : Skeleton
        Of the whole model.
    fit : LegFit
        The leg's chain and weights.
    targets : mapping of str to ndarray (T, 3)
        Markers of the leg by the model's name, m, ground.

    Raises
    ------
    InputError
        The model's root does not move freely.
    """
    from heelraise.osim.solve import solve_ik

    root = _root(skeleton, fit)
    names = fit.used(targets)
    places = np.stack([targets[name] for name in names], axis=1)
    rows = np.flatnonzero(fit.determined(names, places))
    count = len(skeleton.coordinates)
    q, rms = np.full((len(places), count), np.nan), np.full(len(places), np.nan)
    if not rows.size:
        return LegPoses(q, rms)
    moving = set(fit.chain.coordinate_names) | set(root)
    held = {
        c.name: float(skeleton.defaults[k])
        for k, c in enumerate(skeleton.coordinates)
        if c.name not in moving and c.coupled is None
    }
    weights = np.array([fit.weight(name) for name in names])
    found = solve_ik(skeleton, names, places[rows], weights, held=held)
    q[rows], rms[rows] = np.where(found.converged[:, None], found.q, np.nan), found.rms
    # Toes that no marker shows stay as they are by default.
    toes = fit.names.mtp
    if toes is not None and np.isnan(q[rows, skeleton.index(toes)]).any():
        column = skeleton.index(toes)
        q[rows, column] = np.where(found.converged, skeleton.defaults[column], np.nan)
    return LegPoses(q, rms)


def foot_body(skeleton: Skeleton, side: str) -> str:
    """The body that the ground's force on a foot acts on: beyond the subtalar joint, else beyond the ankle.

    Raises
    ------
    InputError
        The model has no ankle on that side.
    """
    names = ankle_names(skeleton, side)
    coordinate = names.subtalar if names.subtalar is not None else names.ankle
    joint = skeleton.coordinates[skeleton.index(coordinate)].joint
    return skeleton.bodies[next(j.child for j in skeleton.joints if j.name == joint)]


def beyond(skeleton: Skeleton, joint: str) -> frozenset[int]:
    """Indices of the bodies that a joint moves."""
    found: set[int] = set()
    for one in skeleton.joints:
        if one.name == joint or one.parent in found:
            found.add(one.child)
    return frozenset(found)


def without_gaps(skeleton: Skeleton, q: Floats) -> Floats:
    """Coordinates (T, C) with gaps bridged by straight lines and turns unwrapped; the caller masks the gaps again."""
    whole = np.stack([bridge(column) for column in q.T], axis=1)
    turns = [k for k, c in enumerate(skeleton.coordinates) if c.motion == "rotational"]
    whole[:, turns] = np.unwrap(whole[:, turns], axis=0)
    return whole


def known_rows(q: Floats) -> Bools:
    """Frames (T,) of which every coordinate is known."""
    return np.asarray(np.isfinite(q).all(axis=1))


def _root(skeleton: Skeleton, fit: LegFit) -> Sequence[str]:
    """Coordinates of the joint that carries the leg's whole body on the ground."""
    tibia = skeleton.bodies.index(fit.chain.bodies[fit.tibia])
    joint = next(j for j in skeleton.joints if j.parent == 0 and tibia in beyond(skeleton, j.name))
    names = [c.name for c in skeleton.coordinates if c.joint == joint.name and not (c.locked or c.prescribed)]
    if len(names) < 6:
        raise InputError(
            f"the model {skeleton.name} does not move freely in the ground",
            why=f"its joint {joint.name} has {len(names)} free coordinates, 6 are needed",
        )
    return names

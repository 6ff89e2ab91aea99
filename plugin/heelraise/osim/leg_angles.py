"""Ankle angles of one leg chain from its markers, by either solver."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from heelraise.kinematics.arrays import Bools, Floats, seen
from heelraise.osim.chains import AnkleNames, ankle_names
from heelraise.osim.files.axes import Y_UP
from heelraise.osim.skeleton import Skeleton

#: Markers that a frame must show on the shank and on the foot for its angles to be determined.
SHANK_SEEN, FOOT_SEEN = 3, 2
#: Weight of markers on the toes: they tell the metatarsophalangeal angle and hardly touch the ankle's.
TOE_WEIGHT = 0.01


@dataclass(frozen=True, eq=False)
class LegAngles:
    """Angles of one leg in our sense (rad) over frames, NaN where they are not determined.

    Attributes
    ----------
    plantarflexion : ndarray (T,)
    inversion : ndarray (T,) or None
        None where the chain has no movable subtalar joint.
    residual_m : ndarray (T,)
        Root mean square distance of the chain's markers from the trial's.
    notes : tuple of str
    q : ndarray (T, C) or None
        All coordinates of the chain, rad and m; NaN where they are not determined.
    """

    plantarflexion: Floats = field(repr=False)
    inversion: Floats | None = field(repr=False)
    residual_m: Floats = field(repr=False)
    notes: tuple[str, ...] = ()
    q: Floats | None = field(default=None, repr=False)


@dataclass(frozen=True, eq=False)
class LegFit:
    """What is fitted to what.

    Attributes
    ----------
    chain : Skeleton
        Shank free in space, and everything distal.
    side : str
        Of the chain's coordinates.
    weights : mapping of str to float
        By marker; others weigh 1, toes `TOE_WEIGHT`.
    whole : bool
        The chain is the whole model: all its markers, all of weight 1, tell the leg together.
    """

    chain: Skeleton
    side: str
    weights: Mapping[str, float]
    whole: bool = False

    @property
    def names(self) -> AnkleNames:
        """What the chain calls its coordinates."""
        return ankle_names(self.chain, self.side)

    @property
    def tibia(self) -> int:
        """Index of the shank's body."""
        return next(j.parent for j in self.chain.joints if j.name == self.names.joint)

    @property
    def toes(self) -> frozenset[int]:
        """Indices of the bodies beyond the metatarsophalangeal joint."""
        joint = next((c.joint for c in self.chain.coordinates if c.name == self.names.mtp), "")
        found: set[int] = set()
        for one in self.chain.joints:
            if one.name == joint or one.parent in found:
                found.add(one.child)
        return frozenset(found)

    def used(self, available: Mapping[str, object]) -> tuple[str, ...]:
        """Markers of the chain that are there and weigh something."""
        return tuple(m.name for m in self.chain.markers if m.name in available and self.weight(m.name) > 0.0)

    def weight(self, name: str) -> float:
        """Weight of a marker."""
        usual = TOE_WEIGHT if not self.whole and self.chain.find_markers([name])[0].body in self.toes else 1.0
        return float(self.weights.get(name, usual))

    def determined(self, names: tuple[str, ...], targets: Floats) -> Bools:
        """Frames (T,) of targets (T, M, 3) that show enough of shank and foot."""
        visible = seen(targets)
        if self.whole:
            # Which of the others are needed only the solver can tell.
            return np.asarray(visible.sum(axis=1) >= SHANK_SEEN)
        bodies = np.array([m.body for m in self.chain.find_markers(names)])
        shank = visible[:, bodies == self.tibia].sum(axis=1)
        foot = visible[:, (bodies != self.tibia) & ~np.isin(bodies, list(self.toes))].sum(axis=1)
        enough: Bools = (shank >= SHANK_SEEN) & (foot >= FOOT_SEEN)
        return enough


def ground_targets(paths: Mapping[str, Floats], names: tuple[str, ...]) -> Floats:
    """Markers (T, M, 3) in OpenSim's ground (m, Y up) from canonical ones (mm, Z up)."""
    return np.stack([1e-3 * (paths[name] @ Y_UP.T) for name in names], axis=1)


def solve_batched(fit: LegFit, paths: Mapping[str, Floats]) -> LegAngles:
    """Angles by the batched solver.

    Parameters
    ----------
    fit : LegFit
    paths : mapping of str to ndarray (T, 3)
        Markers of the chain by name; mm, Z up, NaN where unseen.
    """
    from heelraise.osim.solve import REASONS, solve_ik

    names = fit.used(paths)
    targets = ground_targets(paths, names)
    weights = np.array([fit.weight(name) for name in names])
    determined = fit.determined(names, targets)
    if not determined.any():
        return _angles(fit, np.full((len(targets), len(fit.chain.coordinates)), np.nan), targets[:, 0, 0] * np.nan)
    rows = np.flatnonzero(determined)
    solution = solve_ik(fit.chain, names, targets[rows], weights)
    q = np.full((len(targets), len(fit.chain.coordinates)), np.nan)
    residual = np.full(len(targets), np.nan)
    q[rows], residual[rows] = solution.q, _rms(solution.residual, weights)
    q[rows[~solution.converged]] = np.nan
    lost, counts = np.unique(solution.status[~solution.converged], return_counts=True)
    notes = [f"{REASONS[int(k)]} in {n} frames, which are left out" for k, n in zip(lost, counts, strict=True)]
    return _angles(fit, q, residual, tuple(notes))


def solve_by_tool(fit: LegFit, paths: Mapping[str, Floats], model: Path, accuracy: float, rate: float) -> LegAngles:
    """Angles by OpenSim's InverseKinematicsTool; parameters as for `solve_batched`.

    Parameters
    ----------
    model : Path
        File with the chain's markers and coordinates.
    accuracy : float
    rate : float
        Frames per second.
    """
    from heelraise.osim.ik_tool import fit_targets

    names = fit.used(paths)
    targets = ground_targets(paths, names)
    rows = np.flatnonzero(fit.determined(names, targets))
    angles = np.full((len(targets), len(fit.chain.coordinates)), np.nan)
    if rows.size < 2:
        return _angles(fit, angles, angles[:, 0])
    # Only frames that determine the pose go to the tool.
    motion = fit_targets(model, {name: fit.weight(name) for name in names}, targets[rows], rate, accuracy)
    for k, name in enumerate(fit.chain.coordinate_names):
        if name in motion.names:
            angles[rows, k] = motion.column(name)
    residual = np.full(len(targets), np.nan)
    if set(fit.chain.coordinate_names) <= set(motion.names):
        from heelraise.osim.forward import marker_positions

        distance = np.linalg.norm(marker_positions(fit.chain, angles[rows], names) - targets[rows], axis=2)
        residual[rows] = _rms(distance, np.array([fit.weight(name) for name in names]))
    return _angles(fit, angles, residual, motion.notes)


def _rms(residual: Floats, weights: Floats) -> Floats:
    """Weighted root mean square over the markers of each frame, of lengths (T, M)."""
    weighed = np.where(np.isfinite(residual), weights, 0.0)
    squares = np.where(np.isfinite(residual), residual, 0.0) ** 2
    rms: Floats = np.sqrt((weighed * squares).sum(axis=1) / weighed.sum(axis=1))
    return rms


def _angles(fit: LegFit, q: Floats, residual: Floats, notes: tuple[str, ...] = ()) -> LegAngles:
    names = fit.names
    inversion = None
    if names.subtalar is not None and not fit.chain.coordinates[fit.chain.index(names.subtalar)].locked:
        inversion = q[:, fit.chain.index(names.subtalar)]
    return LegAngles(-q[:, fit.chain.index(names.ankle)], inversion, residual, notes, q)

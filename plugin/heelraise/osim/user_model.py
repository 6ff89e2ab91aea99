"""The user's own model: found, scaled if asked for, and its markers matched with the trial's by name."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from heelraise.errors import InputError, ProtocolError
from heelraise.kinematics.arrays import SIDES, Floats, Markers
from heelraise.kinematics.gaps import fill_gaps
from heelraise.labels.text import split_subjects
from heelraise.osim.files.axes import Y_UP
from heelraise.osim.leg_angles import FOOT_SEEN, SHANK_SEEN, LegFit
from heelraise.osim.leg_pose import beyond
from heelraise.osim.listing import listed

if TYPE_CHECKING:
    from heelraise.kinematics.axes import LabAxes
    from heelraise.labelled.body import BodyMarkers
    from heelraise.osim.scaling import ScaledModel
    from heelraise.osim.skeleton import Skeleton
    from heelraise.protocol.schema import Protocol
    from heelraise.trial import Trial

MAX_LISTED = 40
#: Frames on which it is tried whether markers determine a model.
TRIED = 20


@dataclass(frozen=True, eq=False)
class UserLeg:
    """One leg chain of the user's model; `fit` is None where `reason` says why."""

    fit: LegFit | None
    reason: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    paths: Mapping[str, Floats] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, eq=False)
class UserModel:
    """The model, ready to be fitted.

    Attributes
    ----------
    file : Path
        As given, or the scaled one.
    skeleton : Skeleton
        Of the whole model.
    legs : mapping of side to UserLeg
    markers : mapping of str to ndarray (T, 3)
        ``<side>.<marker of the model>``, mm, Z up.
    description : mapping
        Name, sha256 and scale, for the summary.
    """

    file: Path
    skeleton: Skeleton
    legs: Mapping[str, UserLeg]
    markers: Markers = field(repr=False)
    description: Mapping[str, Any]


def open_user_model(
    trial: Trial, protocol: Protocol, body: BodyMarkers, still: Markers | None, static: Trial | None, scratch: Path
) -> UserModel:
    """Find, scale and match the model that the protocol names.

    Raises
    ------
    ProtocolError
        The file is not there, or scaling needs a static trial that is not given.
    InputError
        The model cannot be read, has no leg, or shares too few markers with the trial; both sides are listed.
    """
    from heelraise.osim.chains import leg_chain
    from heelraise.osim.reading import read_skeleton

    settings = protocol.opensim
    source = find_model(settings.model, trial.container.path.parent)
    file = source
    skeleton = read_skeleton(file)
    description: dict[str, Any] = {"model": source.name, "sha256": hashlib.sha256(source.read_bytes()).hexdigest()}
    description["scale"] = "static" if settings.scale == "static" else "none"
    if settings.scale == "static":
        scaled, skeleton = scaled_skeleton(source, skeleton, protocol, still, static, scratch)
        file, description["scale_factors"] = scaled.file, {k: list(v) for k, v in scaled.factors.items()}
    labels = match_markers(skeleton.marker_names, trial.point_labels, settings.markers)
    paths = marker_paths(trial, body.axes, labels, protocol.markers.max_gap_s)
    legs: dict[str, UserLeg] = {}
    chains: dict[str, Skeleton] = {}
    for side in SIDES:
        try:
            chains[side] = leg_chain(skeleton, side)
            legs[side] = leg_of(LegFit(chains[side], side, settings.weights), labels, paths)
        except InputError as error:
            legs[side] = UserLeg(None, str(error))
    if not chains:
        raise InputError("the model has no leg that could be fitted", where=source.name, why=legs["right"].reason)
    if all(leg.fit is None for leg in legs.values()):
        legs = {side: whole_leg(skeleton, side, settings.weights, labels, paths) for side in chains} | {
            side: leg for side, leg in legs.items() if side not in chains
        }
    if all(leg.fit is None for leg in legs.values()):
        own = [name for chain in chains.values() for name in chain.marker_names]
        raise InputError(
            "the model and the trial share too few markers of shank and foot",
            where=source.name,
            why=f"the model has {_named(own)}; the trial has {_named(trial.point_labels)}",
            todo="name the trial's labels under opensim.markers, such as R.Heel: RHEE",
        )
    markers = {f"{side}.{name}": path for side, leg in legs.items() for name, path in leg.paths.items()}
    return UserModel(file, skeleton, legs, markers, description)


def scaled_skeleton(
    model: Path, skeleton: Skeleton, protocol: Protocol, still: Markers | None, static: Trial | None, scratch: Path
) -> tuple[ScaledModel, Skeleton]:
    """The model scaled with the static trial, in the folder `scratch`.

    Raises
    ------
    ProtocolError
        There is no static trial.
    InputError
        The model cannot be scaled with it.
    """
    from heelraise.osim.reading import read_skeleton
    from heelraise.osim.scaling import scale_with_trial

    if static is None:
        raise ProtocolError(
            "scaling needs a static trial",
            where="opensim.scale",
            why="none is given",
            todo="use --static FILE, or static: in the protocol",
        )
    labels = match_markers(skeleton.marker_names, static.point_labels, protocol.opensim.markers)
    scaled = scale_with_trial(model, static, protocol, labels, still, scratch / "scaled.osim")
    return scaled, read_skeleton(scaled.file)


def find_model(name: str, beside: Path) -> Path:
    """The model's file: at that path, beside the trial, or in the working directory.

    Raises
    ------
    ProtocolError
        It is at none of these places.
    """
    for place in (beside / name, Path(name)):
        if place.is_file():
            return place
    raise ProtocolError(
        f"the model '{Path(name).name}' is not there",
        where="opensim.model",
        why="it was sought beside the trial and in the working directory",
        todo="name an .osim file, or built_in",
    )


def match_markers(model: Sequence[str], trial: Sequence[str], names: Mapping[str, str]) -> dict[str, str]:
    """The trial's label for each marker of the model.

    A label is equal to the marker's name, after its subject's prefix is taken off and without regard to case, or
    is named by the user.

    Raises
    ------
    ProtocolError
        The user names a marker or a label that does not exist.
    """
    exact = set(trial)
    bare = {core.lower(): label for label, (_, core) in reversed(list(zip(trial, split_subjects(trial), strict=True)))}
    for marker, label in names.items():
        if marker not in model:
            raise ProtocolError(
                f"the model has no marker '{marker}'", where="opensim.markers", why=f"it has {_named(model)}"
            )
        if label not in exact and label.lower() not in bare:
            raise ProtocolError(
                f"the trial has no label '{label}'", where=f"opensim.markers.{marker}", why=f"it has {_named(trial)}"
            )
    found = {}
    for marker in model:
        wanted = names.get(marker, marker)
        known = wanted if wanted in exact else bare.get(wanted.lower())
        if known is not None:
            found[marker] = known
    return found


def marker_paths(trial: Trial, axes: LabAxes, labels: Mapping[str, str], max_gap_s: float) -> dict[str, Floats]:
    """Paths (T, 3) of the model's markers, mm, Z up, with gaps filled to the limit; unseen ones are left out."""
    import numpy as np

    found: dict[str, Floats] = {}
    for marker, label in labels.items():
        raw = trial.points[:, trial.point_labels.index(label)]
        if np.isfinite(raw).any():
            found[marker] = fill_gaps(axes.points(raw), trial.point_rate, max_gap_s)[0]
    return found


def leg_of(fit: LegFit, labels: Mapping[str, str], paths: Mapping[str, Floats]) -> UserLeg:
    """One leg with those of the trial's markers that are on it; a reason where they are too few."""
    used = fit.used(paths)
    bodies = [m.body for m in fit.chain.find_markers(used)]
    shank = sum(body == fit.tibia for body in bodies)
    foot = sum(body != fit.tibia and body not in fit.toes for body in bodies)
    if shank < SHANK_SEEN or foot < FOOT_SEEN:
        why = f"the trial has {shank} of the model's markers on the shank and {foot} on the foot"
        return UserLeg(None, f"{why}, at least {SHANK_SEEN} and {FOOT_SEEN} are needed")
    return UserLeg(fit, "", {name: labels[name] for name in used}, {name: paths[name] for name in used})


def whole_leg(
    skeleton: Skeleton, side: str, weights: Mapping[str, float], labels: Mapping[str, str], paths: Mapping[str, Floats]
) -> UserLeg:
    """One leg by the whole model, where its own markers are too few: thigh, pelvis and the other leg tell the rest."""
    import numpy as np

    from heelraise.osim.solve import solve_ik

    fit = LegFit(skeleton, side, weights, whole=True)
    used = fit.used(paths)
    on_foot = sum(m.body in beyond(skeleton, fit.names.joint) for m in skeleton.find_markers(used))
    if len(used) < SHANK_SEEN or not on_foot:
        return UserLeg(None, f"the trial has {len(used)} of the model's markers, {on_foot} of them on the {side} foot")
    # A few frames tell whether these markers determine the model at all.
    targets = np.stack([1e-3 * (paths[name] @ Y_UP.T) for name in used], axis=1)
    visible = np.flatnonzero(np.isfinite(targets).all(axis=(1, 2)))
    some = visible[:: max(visible.size // TRIED, 1)]
    column = skeleton.index(fit.names.ankle)
    if not some.size or not (found := solve_ik(skeleton, used, targets[some])).converged.any():
        return UserLeg(None, "the markers that the trial shares with the model do not determine its pose")
    if not np.isfinite(found.q[:, column]).any():
        return UserLeg(None, f"no marker tells the {side} ankle")
    return UserLeg(fit, "", {name: labels[name] for name in used}, {name: paths[name] for name in used})


def _named(names: Sequence[str]) -> str:
    return listed(names, MAX_LISTED) or "none"

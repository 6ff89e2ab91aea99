"""The angle model ``opensim``: ankle and subtalar angles of a kinematic model that is fitted to the markers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from heelraise.kinematics.angle_model import AngleModel, Requirement
from heelraise.kinematics.ankle import Reference
from heelraise.kinematics.arrays import SIDES, Bools, Markers
from heelraise.kinematics.model_choice import OPENSIM
from heelraise.osim.built_in_angles import solve_built_in
from heelraise.osim.leg_angles import solve_batched, solve_by_tool
from heelraise.osim.solved import (
    LegCalibration,
    ModelText,
    SolvedAnkle,
    ankle_of,
    fitted_angles,
    no_ankle,
    notes_of,
    residual_of,
)

if TYPE_CHECKING:
    from heelraise.labelled.body import BodyMarkers
    from heelraise.osim.user_model import UserModel
    from heelraise.protocol.opensim_section import OpenSim
    from heelraise.protocol.schema import Protocol
    from heelraise.trial import Trial


def solve_ankles(
    trial: Trial,
    protocol: Protocol,
    body: BodyMarkers,
    quiet: Bools | None,
    *,
    still: Markers | None = None,
    static: Trial | None = None,
) -> tuple[dict[str, SolvedAnkle], dict[str, Any]]:
    """Angles of both ankles by the model of the protocol's section ``opensim``.

    Parameters
    ----------
    trial : Trial
    protocol : Protocol
    body : BodyMarkers
        The trial's markers by role.
    quiet : (T,) bool array, optional
        Frames of quiet stance.
    still : mapping of str to ndarray (T, 3), optional
        Markers of the static trial by role.
    static : Trial, optional
        The static trial itself, from which a model file is scaled.

    Returns
    -------
    solved : dict of side to SolvedAnkle
    description : dict
        Model, its sha256, solver, scale, and residuals, for the summary.

    Raises
    ------
    InputError, ProtocolError
        The model cannot be used.
    """
    settings = protocol.opensim
    description: dict[str, Any] = {"model": settings.model, "solver": settings.solver}
    if settings.solver == "opensim_tool":
        description["accuracy"] = settings.accuracy
    if settings.built_in:
        description["scale"] = "own"
        solved = {side: solve_built_in(body.markers, side, quiet, still, settings, trial.point_rate) for side in SIDES}
    else:
        from heelraise.osim.user_model import open_user_model

        with TemporaryDirectory() as scratch:
            user = open_user_model(trial, protocol, body, still, static, Path(scratch))
            description |= user.description
            # The file may be a scaled one in a folder that goes.
            source = ModelText(user.file.read_text(encoding="utf-8", errors="replace"), user.skeleton)
            solved = {side: solve_user_side(user, side, settings, trial.point_rate) for side in SIDES}
            solved = {side: replace(one, source=source) for side, one in solved.items()}
    for side, one in solved.items():
        if one.description:
            description[side] = dict(one.description)
    return solved, description


def solve_user_side(user: UserModel, side: str, settings: OpenSim, rate: float) -> SolvedAnkle:
    """Angles of one ankle by the model of a file; zero is the model's own."""
    leg = user.legs[side]
    if leg.fit is None:
        return SolvedAnkle(no_ankle(side, f"{OPENSIM}: {leg.reason}"), user.markers, ())
    model = AngleModel(
        name=OPENSIM,
        description=f"the OpenSim model {user.description['model']}, fitted to its markers",
        source="the model's author",
        requirements=(Requirement("the model's markers", among=tuple(leg.paths), at_least=1),),
        gives=("plantarflexion", "inversion"),
        calibrate=lambda _: LegCalibration(fit=leg.fit),
        angles=fitted_angles,
    )
    if settings.solver == "opensim_tool":
        angles = solve_by_tool(leg.fit, leg.paths, user.file, settings.accuracy, rate)
    else:
        angles = solve_batched(leg.fit, leg.paths)
    reference = Reference(OPENSIM, side, "model", frozenset(leg.paths), LegCalibration(fit=leg.fit), 0)
    ankle = ankle_of(side, angles, reference, notes_of(side, angles, reference, ""))
    if angles.inversion is None:
        ankle = replace(ankle, reason="the model's subtalar joint is missing or locked")
    facts = {"markers": dict(leg.labels), "chain": "model" if leg.fit.whole else "leg", **residual_of(angles)}
    return SolvedAnkle(ankle, user.markers, (model,), facts, angles.q)

"""Ankle angles by the built-in model, made to the size of the subject from the markers themselves."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from heelraise.kinematics.angle_model import (
    EPICONDYLES,
    MIDFOOT,
    PEDAL,
    TIBIAL,
    AngleModel,
    Calibration,
    Requirement,
    RightMarkers,
)
from heelraise.kinematics.ankle import find_reference, reference_from_static
from heelraise.kinematics.arrays import Bools, Markers, mean_position, side_markers
from heelraise.kinematics.model_choice import OPENSIM
from heelraise.osim.built_in import leg_skeleton
from heelraise.osim.chains import leg_chain
from heelraise.osim.leg_angles import LegFit, solve_batched, solve_by_tool
from heelraise.osim.own_scaling import TOE_ROLES, scale_from_stance
from heelraise.osim.shank_foot import write_shank_foot_model
from heelraise.osim.solved import LegCalibration, SolvedAnkle, ankle_of, fitted_angles, no_ankle, notes_of, residual_of

if TYPE_CHECKING:
    from heelraise.protocol.opensim_section import OpenSim

SHANK_ROLES, FOOT_ROLES = (*TIBIAL, *EPICONDYLES), (*PEDAL, *MIDFOOT)


def solve_built_in(
    markers: Markers,
    side: str,
    quiet: Bools | None,
    static: Markers | None,
    settings: OpenSim,
    rate: float,
) -> SolvedAnkle:
    """Angles of one ankle by the built-in model, made to size in the static trial or in quiet stance."""
    own = side_markers(markers, side, mirrored=True)
    model = built_in_model(settings, frozenset(own))
    lacking = model.missing(own)
    if lacking:
        return SolvedAnkle(no_ankle(side, f"{OPENSIM} needs {'; '.join(lacking)}"), markers, (model,))
    reference = None
    if static is not None:
        # Landmarks that only the static trial has set the joint's centre; they are not needed afterwards.
        reference = reference_from_static(static, side, model)
    failed = "" if reference is None else reference.problem
    if reference is None or reference.problem:
        reference = find_reference(markers, side, model, quiet, None, set(own))
    calibration = reference.calibration
    if not isinstance(calibration, LegCalibration) or calibration.fit is None or calibration.shape is None:
        return SolvedAnkle(no_ankle(side, f"{OPENSIM}: {reference.problem}"), markers, (model,))
    tracked = frozenset(calibration.fit.used(own))
    reference = replace(reference, roles=tracked)
    paths = {role: own[role] for role in tracked}
    if settings.solver == "opensim_tool":
        with TemporaryDirectory() as folder:
            file = Path(folder) / "leg.osim"
            names = {f"right.{role}": role for role in calibration.shape.markers}
            write_shank_foot_model(file, {"right": calibration.shape}, names=names)
            angles = solve_by_tool(calibration.fit, paths, file, settings.accuracy, rate)
    else:
        angles = solve_batched(calibration.fit, paths)
    notes = notes_of(side, angles, reference, failed)
    facts = {
        "shank_mm": 1e3 * calibration.shape.shank_m,
        "foot_scale": calibration.shape.foot_scale,
        "markers": sorted(tracked),
        **residual_of(angles),
    }
    return SolvedAnkle(ankle_of(side, angles, reference, notes), markers, (model,), facts, angles.q)


def built_in_model(settings: OpenSim, tracked: frozenset[str]) -> AngleModel:
    """The built-in model of one leg as an angle model.

    Parameters
    ----------
    settings : OpenSim
    tracked : frozenset of str
        Roles (without side) that the trial to be measured has.
    """

    def calibrate(markers: RightMarkers) -> Calibration:
        scaled = scale_from_stance({role: mean_position(path) for role, path in markers.items()}, tracked)
        if scaled.shape is None:
            return LegCalibration(problem=scaled.problem)
        fit = LegFit(leg_chain(leg_skeleton(scaled.shape), "right"), "right", settings.weights)
        return LegCalibration(note=scaled.note, shape=scaled.shape, fit=fit)

    return AngleModel(
        name=OPENSIM,
        description="shank and foot of an OpenSim model with oblique ankle and subtalar axes, fitted to all markers",
        source="Delp et al. 1990, IEEE Trans Biomed Eng 37:757; Isman and Inman 1969, Bull Prosthet Res 10-11:97",
        requirements=(
            Requirement("a shank cluster", among=SHANK_ROLES, at_least=3),
            Requirement("markers on the foot", among=FOOT_ROLES, at_least=2),
            Requirement("markers on the toes", among=TOE_ROLES, at_least=0),
        ),
        gives=("plantarflexion", "inversion"),
        calibrate=calibrate,
        angles=fitted_angles,
    )

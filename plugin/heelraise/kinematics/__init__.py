"""From marker positions by anatomical role to ankle angles, heel height and their noise."""

from heelraise.kinematics.angle_model import AngleModel
from heelraise.kinematics.ankle import (
    AnkleAngles,
    Reference,
    ankle_angles,
    reference_from_frames,
    reference_from_static,
    solve_ankle,
)
from heelraise.kinematics.ankle_models import MODELS
from heelraise.kinematics.axes import LabAxes, find_lab_axes, plate_normals
from heelraise.kinematics.bandwidth import effective_bandwidth
from heelraise.kinematics.gaps import FilledGaps, fill_gaps
from heelraise.kinematics.heel import HeelHeight, heel_height, quiet_frames
from heelraise.kinematics.model_choice import ModelChoice, choose_model
from heelraise.kinematics.noise import distance_noise, propagate
from heelraise.kinematics.subject_axes import SubjectAxes, subject_axes

__all__ = [
    "MODELS",
    "AngleModel",
    "AnkleAngles",
    "FilledGaps",
    "HeelHeight",
    "LabAxes",
    "ModelChoice",
    "Reference",
    "SubjectAxes",
    "ankle_angles",
    "choose_model",
    "distance_noise",
    "effective_bandwidth",
    "fill_gaps",
    "find_lab_axes",
    "heel_height",
    "plate_normals",
    "propagate",
    "quiet_frames",
    "reference_from_frames",
    "reference_from_static",
    "solve_ankle",
    "subject_axes",
]

"""From the labels of a laboratory to anatomical roles and muscles."""

from __future__ import annotations

from heelraise.labels.describe import LabelRow, describe_labels
from heelraise.labels.identification import MarkerIdentification, MissingRole, RoleMatch
from heelraise.labels.marker_sets import MarkerSet, marker_set, marker_set_names
from heelraise.labels.markers import identify_markers
from heelraise.labels.muscle_names import Muscle, muscle_table
from heelraise.labels.muscles import EmgChannel, identify_muscles
from heelraise.labels.roles import ROLES, SIDES, Role, role_key
from heelraise.labels.text import near_matches, not_in_file

__all__ = [
    "ROLES",
    "SIDES",
    "EmgChannel",
    "LabelRow",
    "MarkerIdentification",
    "MarkerSet",
    "MissingRole",
    "Muscle",
    "Role",
    "RoleMatch",
    "describe_labels",
    "identify_markers",
    "identify_muscles",
    "marker_set",
    "marker_set_names",
    "muscle_table",
    "near_matches",
    "not_in_file",
    "role_key",
]

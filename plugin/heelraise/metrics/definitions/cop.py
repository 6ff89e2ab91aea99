"""Declarations: sway of the centre of pressure.

The table of Quijoux et al. 2021 under our names: `quijoux` is theirs, `from_s` the duration from which a value is
given. What has no interval says why.
"""

from __future__ import annotations

from dataclasses import dataclass

from heelraise.metrics.definitions import cop_axes as axes
from heelraise.metrics.definitions.cop_axes import (
    EXTREME,
    HERTEL,
    JACONO,
    LONG_S,
    PRIETO,
    QUIJOUX,
    SCHUBERT,
    SHORT_S,
    Row,
)
from heelraise.metrics.model import Definition

_AXIS = {"ap": "to the front", "ml": "to the right"}


@dataclass(frozen=True)
class CopDefinition(Definition):
    """A declaration with its name in Quijoux et al. 2021 and the duration from which it is valid, s."""

    quijoux: str = ""
    from_s: float = LONG_S


_PLANAR: tuple[Row, ...] = (
    ("cop_path", "mm", "Sum of the CoP's steps, 10 Hz low-pass, 100 Hz.", PRIETO, "", SHORT_S),
    ("cop_mean_velocity", "mm/s", "cop_path over the duration N/fs.", PRIETO, "mean_velocity_ML_AND_AP", SHORT_S),
    ("cop_rms_radius", "mm", "Root mean square distance from the mean CoP.", PRIETO, "rms_Radius", SHORT_S),
    (
        "cop_range_planar",
        "mm",
        "Largest distance between two positions." + EXTREME,
        QUIJOUX,
        "range_ML_AND_AP",
        SHORT_S,
    ),
    ("cop_ellipse_area", "mm^2", "Area of the 95 % prediction ellipse.", SCHUBERT, "confidence_ellipse_area", SHORT_S),
    ("cop_mean_distance_radius", "mm", "Mean distance from the mean CoP.", PRIETO, "mean_distance_Radius", LONG_S),
    (
        "cop_max_distance_radius",
        "mm",
        "Largest distance from the mean CoP." + EXTREME,
        QUIJOUX,
        "maximal_distance_Radius",
        LONG_S,
    ),
    ("cop_range_ratio", "1", "Range to the right over range to the front." + EXTREME, QUIJOUX, "range_ratio", LONG_S),
    (
        "cop_planar_deviation",
        "mm",
        "Root of the sum of both variances; equals cop_rms_radius.",
        QUIJOUX,
        "planar_deviation",
        LONG_S,
    ),
    (
        "cop_sway_correlation",
        "1",
        "Correlation of the CoP's two coordinates.",
        QUIJOUX,
        "coefficient_sway_direction",
        LONG_S,
    ),
    (
        "cop_principal_direction",
        "deg",
        "Direction of the ellipse's larger axis from the front towards the right, in (-90, 90].",
        QUIJOUX,
        "principal_sway_direction",
        LONG_S,
    ),
    (
        "cop_sway_area_rate",
        "mm^2/s",
        "Area swept about the mean CoP per second.",
        PRIETO,
        "sway_area_per_second",
        LONG_S,
    ),
    (
        "cop_length_over_area",
        "1/mm",
        "cop_path over cop_ellipse_area (LFS); grows with the duration.",
        QUIJOUX,
        "LFS",
        LONG_S,
    ),
    (
        "cop_fractal_dimension",
        "1",
        "ln N / ln(N d / path), d the diameter of the circle of the ellipse's area.",
        PRIETO,
        "fractal_dimension",
        LONG_S,
    ),
    (
        "cop_sway_density_peak",
        "s",
        "Mean peak of the time within 3 mm (at 25 Hz, low-passed at 2.5 Hz).",
        JACONO,
        "mean_peak",
        LONG_S,
    ),
    (
        "cop_sway_density_distance",
        "mm",
        "Mean distance between the places of successive peaks of the time within 3 mm.",
        JACONO,
        "mean_distance_peak",
        LONG_S,
    ),
    (
        "cop_mean_frequency",
        "Hz",
        "Mean velocity over 2 pi times the mean distance.",
        PRIETO,
        "mean_frequency_ML_AND_AP",
        LONG_S,
    ),
    (
        "cop_ttb_min",
        "s",
        "Least time to the markers' polygon along the current velocity; corners without a marker (metatarsal heads, "
        "hallux) are those of an average foot on its heel and second metatarsal head, and named (assumed)." + EXTREME,
        HERTEL,
        "",
        LONG_S,
    ),
    ("cop_ttb_mean", "s", "Mean of the minima of the time to the markers' polygon.", HERTEL, "", LONG_S),
    ("cop_ttb_sd", "s", "Standard deviation of the minima of the time to the markers' polygon.", HERTEL, "", LONG_S),
)
_NEEDS = {"cop_rambling_rms": ("force",), "cop_trembling_rms": ("force",)} | dict.fromkeys(
    ("cop_ttb_min", "cop_ttb_mean", "cop_ttb_sd"), ("mt1", "mt5", "hallux")
)


def _define(row: Row, axis: str = "") -> CopDefinition:
    name, unit, formula, reference, quijoux, from_s = row
    full = f"{name}_{axis}" if axis else name
    theirs = f"{quijoux}_{axis.upper()}" if axis and quijoux else quijoux
    words = formula.format(axis=_AXIS[axis]) if axis else formula
    return CopDefinition(full, unit, words, reference, ("cop", *_NEEDS.get(name, ())), theirs, from_s)


_AXES = (
    *axes.SHORT_AXES,
    *axes.POSITION_AXES,
    *axes.DYNAMIC_AXES,
    *axes.SPECTRUM_AXES,
    *axes.DIFFUSION_AXES,
    *axes.OTHER_AXES,
)
COP: tuple[CopDefinition, ...] = (
    *(_define(row) for row in _PLANAR),
    *(_define(row, axis) for row in _AXES for axis in _AXIS),
)

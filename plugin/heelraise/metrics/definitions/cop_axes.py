"""Declarations of sway that are the same to the front and to the right; `cop` completes them."""

from __future__ import annotations

#: A record under this gives only what can be had from `SHORT_S` on.
LONG_S = 20.0
#: Below this a record gives nothing.
SHORT_S = 1.0
#: Diffusion and entropy need this much.
DIFFUSION_S = 30.0

PRIETO = "Prieto et al. 1996"
QUIJOUX = "Quijoux et al. 2021, doi:10.14814/phy2.15067"
SCHUBERT = "Schubert and Kirchner 2014, doi:10.1016/j.gaitpost.2013.09.001"
COLLINS = "Collins and De Luca 1993"
JACONO = "Jacono et al. 2004"
ZATSIORSKY = "Zatsiorsky and Duarte 1999"
HERTEL = "Hertel et al. 2006"
EXTREME = " No interval: an extreme of the record cannot be resampled."
_NO_TRIALS = " No interval: neighbouring times share their samples, and one trial has no spread."
_BAND = "in 0.15 to 5 Hz (Welch, 10 s Hann, half overlap, straight line off each segment)"

#: Name without the axis, unit, formula with {axis}, reference, Quijoux's name, valid from.
Row = tuple[str, str, str, str, str, float]
SHORT_AXES: tuple[Row, ...] = (
    ("cop_mean_velocity", "mm/s", "Path {axis} over the duration N/fs.", PRIETO, "mean_velocity", SHORT_S),
    ("cop_rms", "mm", "Standard deviation of the CoP {axis}.", PRIETO, "rms", SHORT_S),
    ("cop_range", "mm", "Range of the CoP {axis}." + EXTREME, PRIETO, "range", SHORT_S),
)
POSITION_AXES: tuple[Row, ...] = (
    ("cop_mean", "mm", "Mean CoP {axis} from the laboratory's origin: a place, no sway.", PRIETO, "mean_value", LONG_S),
    ("cop_mean_distance", "mm", "Mean distance from the mean CoP {axis}.", PRIETO, "mean_distance", LONG_S),
    (
        "cop_max_distance",
        "mm",
        "Largest distance from the mean CoP {axis}." + EXTREME,
        QUIJOUX,
        "maximal_distance",
        LONG_S,
    ),
)
DYNAMIC_AXES: tuple[Row, ...] = (
    (
        "cop_mean_frequency",
        "Hz",
        "Mean velocity {axis} over 4 sqrt(2) times the mean distance.",
        PRIETO,
        "mean_frequency",
        LONG_S,
    ),
    (
        "cop_phase_plane",
        "mm",
        "Root of the variances of position (mm) and velocity (mm/s times 1 s) {axis}; velocity by a cubic over 0.16 s.",
        "Riley et al. 1995",
        "phase_plane_parameter",
        LONG_S,
    ),
    (
        "cop_velocity_crossings",
        "Hz",
        "Changes of sign of the velocity {axis} per second.",
        QUIJOUX,
        "zero_crossing",
        LONG_S,
    ),
    (
        "cop_peak_velocity_pos",
        "mm/s",
        "Mean of the peaks of positive velocity {axis}, one between two changes of sign.",
        QUIJOUX,
        "peak_velocity_pos",
        LONG_S,
    ),
    (
        "cop_peak_velocity_neg",
        "mm/s",
        "Mean size of the peaks of negative velocity {axis}.",
        QUIJOUX,
        "peak_velocity_neg",
        LONG_S,
    ),
    (
        "cop_peak_velocity",
        "mm/s",
        "Mean size of all peaks of the velocity {axis}.",
        QUIJOUX,
        "peak_velocity_all",
        LONG_S,
    ),
)
SPECTRUM_AXES: tuple[Row, ...] = (
    (
        "cop_power_total",
        "mm^2",
        f"Power of the CoP {{axis}} {_BAND}: the density's integral.",
        PRIETO,
        "total_power",
        LONG_S,
    ),
    (
        "cop_f50",
        "Hz",
        f"Frequency below which half of the power {{axis}} lies, {_BAND}.",
        PRIETO,
        "power_frequency_50",
        LONG_S,
    ),
    (
        "cop_f95",
        "Hz",
        f"Frequency below which 95 % of the power {{axis}} lies, {_BAND}.",
        PRIETO,
        "power_frequency_95",
        LONG_S,
    ),
    (
        "cop_mode_frequency",
        "Hz",
        f"Frequency of the largest density {{axis}} {_BAND}. No interval: it jumps between peaks; resolved to 0.15 Hz.",
        QUIJOUX,
        "frequency_mode",
        LONG_S,
    ),
    (
        "cop_centroid_frequency",
        "Hz",
        f"Root of the second over the zeroth spectral moment {{axis}}, {_BAND}.",
        PRIETO,
        "centroid_frequency",
        LONG_S,
    ),
    (
        "cop_frequency_dispersion",
        "1",
        f"sqrt(1 - m1^2 / (m0 m2)) of the spectral moments {{axis}}, {_BAND}.",
        PRIETO,
        "frequency_dispersion",
        LONG_S,
    ),
    ("cop_power_low", "mm^2", "Power {axis} in 0.15 to 0.5 Hz.", QUIJOUX, "energy_content_0_05", LONG_S),
    ("cop_power_mid", "mm^2", "Power {axis} in 0.5 to 2 Hz.", QUIJOUX, "energy_content_05_2", LONG_S),
    ("cop_power_high", "mm^2", "Power {axis} in 2 to 5 Hz.", QUIJOUX, "energy_content_2_inf", LONG_S),
    (
        "cop_power_quotient",
        "1",
        "Power {axis} in 2 to 5 Hz over that in 0.15 to 2 Hz.",
        QUIJOUX,
        "frequency_quotient",
        LONG_S,
    ),
)
_LINES = "of the stabilogram diffusion plot {axis} (0.1 s to the lesser of 10 s and a third of the record)"
DIFFUSION_AXES: tuple[Row, ...] = (
    (
        "cop_diffusion_short",
        "mm^2/s",
        f"Half the slope of the short line {_LINES}." + _NO_TRIALS,
        COLLINS,
        "short_time_diffusion",
        DIFFUSION_S,
    ),
    (
        "cop_diffusion_long",
        "mm^2/s",
        f"Half the slope of the long line {_LINES}; negative where the CoP returns." + _NO_TRIALS,
        COLLINS,
        "long_time_diffusion",
        DIFFUSION_S,
    ),
    (
        "cop_critical_time",
        "s",
        f"Where the two lines cross {_LINES}, if within the fitted times." + _NO_TRIALS,
        COLLINS,
        "critical_time",
        DIFFUSION_S,
    ),
    (
        "cop_critical_displacement",
        "mm^2",
        f"Mean square displacement where the two lines cross {_LINES}." + _NO_TRIALS,
        COLLINS,
        "critical_displacement",
        DIFFUSION_S,
    ),
    (
        "cop_hurst_short",
        "1",
        f"Half the slope, on logarithmic axes, of the short part {_LINES}." + _NO_TRIALS,
        COLLINS,
        "short_time_scaling",
        DIFFUSION_S,
    ),
    (
        "cop_hurst_long",
        "1",
        f"Half the slope, on logarithmic axes, of the long part {_LINES}." + _NO_TRIALS,
        COLLINS,
        "long_time_scaling",
        DIFFUSION_S,
    ),
)
_FEW_WINDOWS = " No interval: the long scales have too few windows."
OTHER_AXES: tuple[Row, ...] = (
    (
        "cop_dfa",
        "1",
        "Exponent of first-order detrended fluctuation analysis of the CoP {axis}, 0.1 s to a quarter of the record, "
        "8 scales a decade." + _FEW_WINDOWS,
        "Peng et al. 1994; Delignieres et al. 2003",
        "",
        LONG_S,
    ),
    (
        "cop_dfa_increments",
        "1",
        "The same of the CoP's steps {axis}." + _FEW_WINDOWS,
        "Peng et al. 1994; Delignieres et al. 2003",
        "",
        LONG_S,
    ),
    (
        "cop_sample_entropy",
        "1",
        "-ln(A/B) of the CoP {axis} at 20 Hz, m = 4, r = 0.3 standard deviations. No interval: pairs share samples.",
        "Richman and Moorman 2000; Montesinos et al. 2018, doi:10.1186/s12984-018-0465-9",
        "",
        DIFFUSION_S,
    ),
    (
        "cop_rambling_rms",
        "mm",
        "Standard deviation {axis} of the spline through the CoP at instants without horizontal force (its mean "
        "taken off); of the whole body, and of each foot by the force on its own plate.",
        ZATSIORSKY,
        "",
        LONG_S,
    ),
    (
        "cop_trembling_rms",
        "mm",
        "Standard deviation {axis} of the CoP about its rambling; whole body and each foot.",
        ZATSIORSKY,
        "",
        LONG_S,
    ),
)

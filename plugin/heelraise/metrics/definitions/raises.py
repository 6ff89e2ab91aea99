"""Declarations: The heel raise: repetitions, durations, heights, angles, alignment, work, force."""

from __future__ import annotations

from heelraise.metrics.model import Definition

_PROFILE = "bell-shaped or trapezoidal velocity, fitted with its edges; minimum jerk: Flash and Hogan 1985"
_HEEL = ("heel_vertical",)
_INVERSION = ("ankle_inversion",)
_WU = "ISB, Wu et al. 2002"
_TEST = "heel-rise test: Silbernagel et al. 2010, doi:10.1007/s00167-009-0889-7"
_CAVAGNA = "Cavagna 1975, J Appl Physiol 39:174; legs: Donelan et al. 2002, doi:10.1016/S0021-9290(01)00169-5"
_WORK = f"{_TEST}; by force: {_CAVAGNA}"

RAISES: tuple[Definition, ...] = (
    Definition(
        "repetitions",
        "1",
        "Number of whole raises. One that the trial begins or ends within is named (cut), gives no duration, height, "
        "velocity or work, and is left out of everything across repetitions.",
        "heelraise",
        _HEEL,
    ),
    Definition("rise_duration", "s", "Duration of the fitted rise profile.", _PROFILE, _HEEL),
    Definition(
        "hold_duration",
        "s",
        "From the end of the rise to the start of the lowering; a plateau shorter than {phases.min_hold_s} "
        "is no hold and belongs to no phase.",
        "heelraise",
        _HEEL,
    ),
    Definition("lower_duration", "s", "Duration of the fitted lowering profile.", _PROFILE, _HEEL),
    Definition(
        "tempo_compliance",
        "1",
        "Share of repetitions whose lowering lasts between the protocol's limits ({tempo.lower_s}), both included, "
        "with the Wilson interval. The task repetitions_to_fatigue has a pace instead (cadence): not_available without "
        "limits of its own.",
        "Wilson 1927; limits: tempo.lower_s of the protocol",
        _HEEL,
    ),
    Definition(
        "cadence",
        "1/min",
        "Raises per minute, from the median interval between rises; interval between order statistics, from six "
        "intervals on.",
        "heelraise; interval: Thompson 1936",
        _HEEL,
    ),
    Definition(
        "heel_height_peak",
        "mm",
        "Largest heel height of the repetition, {phases.lowpass_hz} low-pass.",
        "heelraise",
        _HEEL,
    ),
    Definition(
        "heel_height_decline",
        "%/repetition",
        "Least-squares loss of peak height a repetition, over the line's height at the first; positive is a loss.",
        "heelraise",
        _HEEL,
    ),
    Definition(
        "heel_height_fatigue_index",
        "%",
        "Mean peak height of the first k repetitions less that of the last k, over the first; k is the smaller of 3 "
        "and a third of the repetitions.",
        "heelraise",
        _HEEL,
    ),
    Definition(
        "plantarflexion_peak",
        "deg",
        "Largest plantarflexion of the repetition, {phases.lowpass_hz} low-pass.",
        _WU,
        ("ankle_plantarflexion",),
    ),
    Definition(
        "plantarflexion_range",
        "deg",
        "Largest less smallest plantarflexion from the start of the rise to the end of the lowering, "
        "{phases.lowpass_hz} low-pass.",
        _WU,
        ("ankle_plantarflexion",),
    ),
    Definition("rise_velocity_mean", "mm/s", "Height gained in the rise over its duration.", "heelraise", _HEEL),
    Definition(
        "rise_velocity_peak", "mm/s", "Largest upward heel speed, {phases.lowpass_hz} low-pass.", "heelraise", _HEEL
    ),
    Definition("lower_velocity_mean", "mm/s", "Height lost in the lowering over its duration.", "heelraise", _HEEL),
    Definition(
        "lower_velocity_peak", "mm/s", "Largest downward heel speed, {phases.lowpass_hz} low-pass.", "heelraise", _HEEL
    ),
    Definition(
        "work_positive",
        "J",
        "m g dh of the rise: dh of the heel marker (signal heel_vertical, heel_marker convention) or of the pelvis "
        "(signal pelvis_vertical, centre_of_mass convention); m is the body mass times the leg's share of the "
        "vertical force in the rise, 1 where the other foot is off the ground; without plates that tell it, "
        "not_available. The interval holds the markers' noise alone: mass and share are taken as exact, so it tells "
        "how well this convention's number is known. By force (centre_of_mass convention, method force_integration): "
        "integral over the rise of the positive part of F v, vertical (signal grf_vertical) or of all components "
        "(signal grf); v integrates F/m - g, m is the mean vertical force between the rests before and behind the rise "
        "(stand; hold from 0.5 s, else the stand after, else the turning point) over g, and a straight line brings the "
        "mean velocity of both rests to zero. The drift of the plates, the line through the weights of all stands and "
        "holds, is taken off. All load must be on plates; not_available where the weights before and behind differ by "
        "2 %, or where the drift feigns a quarter of the height. A leg's work is that of its own force. The interval "
        "holds the plates' noise, where an unloaded stretch tells it, the drift's error (0.25 N/s where no two rests "
        "tell it), how far the rests are from rest, and a speed of 1.5 mm/s that breath may have there; an offset of a "
        "plate moves no work, its gain is taken as exact. Without a repetition it is that of the mean over three or "
        "more.",
        _WORK,
        ("heel_vertical or grf_vertical", "body mass"),
    ),
    Definition(
        "power_positive_mean",
        "W",
        "work_positive over rise_duration, by the same conventions.",
        _WORK,
        ("heel_vertical or grf_vertical", "body mass"),
    ),
    Definition(
        "power_positive_peak",
        "W",
        "Largest power of the ground reaction on the centre of mass in the rise, by force alone.",
        _CAVAGNA,
        ("grf_vertical",),
    ),
    Definition(
        "work_fatigue_index",
        "%",
        "As heel_height_fatigue_index, of the work by the heel-marker convention.",
        "heelraise",
        ("heel_vertical", "body mass"),
    ),
    Definition(
        "limb_symmetry_index",
        "%",
        "Mean of the involved leg over that of the other (without an involved leg, of the non-dominant over the "
        "dominant), of repetitions, peak height and work; interval across three or more repetitions a side, none of "
        "the count.",
        "Robinson et al. 1987",
        _HEEL,
    ),
    Definition(
        "repetitions_norm",
        "1",
        "Published count of single-leg repetitions to fatigue for that age and sex; context, not a limit.",
        "Hébert-Losier et al. 2017, doi:10.1016/j.physio.2017.03.002; Lunsford and Perry 1995",
        ("subject.age_years", "subject.sex"),
    ),
    Definition(
        "rearfoot_inversion_mean",
        "deg",
        "Mean inversion in the hold, against quiet stance. Interval from the scatter about the straight line through "
        "the hold: a drift is told by rearfoot_inversion_drift.",
        _WU,
        _INVERSION,
    ),
    Definition("rearfoot_inversion_sd", "deg", "Standard deviation of inversion in the hold.", _WU, _INVERSION),
    Definition(
        "rearfoot_inversion_drift", "deg/s", "Least-squares slope of inversion over the hold.", "heelraise", _INVERSION
    ),
    Definition(
        "rearfoot_inversion_deviation_max",
        "deg",
        "Largest distance of inversion from its mean in the hold, {phases.lowpass_hz} low-pass.",
        "heelraise",
        _INVERSION,
    ),
    Definition(
        "rearfoot_inversion_change",
        "deg",
        "Mean inversion of the last k holds less that of the first k; k is the smaller of 3 and a third of the holds, "
        "one at least. Interval from the spread across three or more holds about a straight line.",
        "heelraise",
        _INVERSION,
    ),
    Definition("grf_vertical_mean", "N", "Mean vertical ground reaction.", "heelraise", ("grf_vertical",)),
)

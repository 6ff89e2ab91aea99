"""Every metric that heelraise reports, declared as data."""

from __future__ import annotations

from heelraise.metrics.model import Definition

_PSD = "multitaper (under 10 s) or Welch (from 10 s) density of the detrended signal"

DEFINITIONS: tuple[Definition, ...] = (
    Definition(
        "tremor_frequency",
        "Hz",
        "Power-weighted mean frequency of the part of the peak above the aperiodic background, where a "
        f"peak is called; {_PSD}.",
        "Elble and McNames 2016, doi:10.7916/D8DR2VCC; peak test: heelraise",
    ),
    Definition(
        "tremor_rms",
        "signal",
        "Square root of the power in 4 to 15 Hz less the noise power in it.",
        "Elble and McNames 2016, doi:10.7916/D8DR2VCC",
    ),
    Definition(
        "tremor_peak_rms",
        "signal",
        "Square root of the power in 4 to 15 Hz above the fitted aperiodic background.",
        "heelraise; background as in Donoghue et al. 2020, doi:10.1038/s41593-020-00744-x",
    ),
    Definition(
        "tremor_peak_to_peak",
        "signal",
        "Sinusoid equivalent, 2 sqrt(2) times tremor_rms.",
        "Elble and McNames 2016, doi:10.7916/D8DR2VCC",
    ),
    Definition(
        "tremor_bandwidth",
        "Hz",
        "Half-power width of the peak, linearly interpolated; resolution_limited where the estimator's own "
        "width decides it.",
        "doi:10.5334/tohm.238",
    ),
    Definition("tremor_prominence", "dB", "Peak density over the background's at the same frequency.", "heelraise"),
    Definition(
        "tremor_power_fraction",
        "1",
        "Power in 4 to 15 Hz over power in 2 to 25 Hz.",
        "Luft et al. 2019, doi:10.3390/s19194301",
    ),
    Definition(
        "band_rms",
        "signal",
        "Square root of the power in the band, noise included.",
        "science of the band in the protocol",
    ),
    Definition(
        "tremor_cessation_latency",
        "s",
        "Time from landing until the 4 to 15 Hz envelope stays for 0.5 s below the larger of the 95th "
        "percentile before the raise and a tenth of the hold's median; 0.2 s around landing is left out, "
        "and a latency up to 0.2 s is censored.",
        "heelraise",
    ),
    Definition("repetitions", "1", "Number of raises found.", "heelraise"),
    Definition("rise_duration", "s", "Duration of the fitted rise profile.", "minimum jerk: Flash and Hogan 1985"),
    Definition("hold_duration", "s", "From the end of the rise to the start of the lowering.", "heelraise"),
    Definition(
        "lower_duration",
        "s",
        "Duration of the fitted lowering profile.",
        "minimum jerk: Flash and Hogan 1985",
    ),
    Definition("cadence", "1/min", "Raises per minute, from the median interval between rises.", "heelraise"),
    Definition("heel_height_peak", "mm", "Largest heel height of the repetition, 2.5 Hz low-pass.", "heelraise"),
    Definition(
        "plantarflexion_peak",
        "deg",
        "Largest plantarflexion of the repetition, 2.5 Hz low-pass.",
        "ISB, Wu et al. 2002",
    ),
    Definition(
        "rearfoot_inversion_mean",
        "deg",
        "Mean inversion in the hold, against quiet stance.",
        "ISB, Wu et al. 2002",
    ),
    Definition("rearfoot_inversion_sd", "deg", "Standard deviation of inversion in the hold.", "ISB, Wu et al. 2002"),
    Definition("rearfoot_inversion_drift", "deg/s", "Least-squares slope of inversion over the hold.", "heelraise"),
    Definition("grf_vertical_mean", "N", "Mean vertical ground reaction.", "heelraise"),
    Definition("cop_path", "mm", "Sum of the CoP's steps, 10 Hz low-pass, 100 Hz.", "Prieto et al. 1996"),
    Definition("cop_mean_velocity", "mm/s", "cop_path over the duration N/fs.", "Prieto et al. 1996"),
    Definition("cop_rms_ap", "mm", "Standard deviation of the CoP to the front.", "Prieto et al. 1996"),
    Definition("cop_rms_ml", "mm", "Standard deviation of the CoP to the side.", "Prieto et al. 1996"),
    Definition("cop_rms_radius", "mm", "Root mean square distance from the mean CoP.", "Prieto et al. 1996"),
    Definition("cop_range_ap", "mm", "Range of the CoP to the front.", "Prieto et al. 1996"),
    Definition("cop_range_ml", "mm", "Range of the CoP to the side.", "Prieto et al. 1996"),
    Definition(
        "cop_ellipse_area",
        "mm^2",
        "Area of the 95 % prediction ellipse.",
        "Schubert and Kirchner 2014, doi:10.1016/j.gaitpost.2013.09.001",
    ),
    Definition(
        "cop_mean_frequency",
        "Hz",
        "Mean velocity over 2 pi times the mean distance; from 20 s.",
        "Prieto et al. 1996",
    ),
    Definition("emg_rms", "V", "Root mean square of the 20 to 450 Hz EMG.", "SENIAM; ISEK"),
    Definition(
        "emg_median_frequency",
        "Hz",
        "Frequency that halves the power of the EMG, mean of 1 s epochs.",
        "SENIAM",
    ),
    Definition(
        "emg_median_frequency_slope",
        "%/s",
        "Slope of the epochs' median frequency over its intercept, Newey-West interval.",
        "Newey and West 1987",
    ),
    Definition(
        "asymmetry_log_ratio",
        "1",
        "ln(right/left) over windows matched in ankle angle and vertical force.",
        "heelraise; delta method or t interval across repetitions",
    ),
    Definition("symmetry_angle", "%", "(45 deg - atan2(left, right)) / 90 deg.", "Zifchock et al. 2008"),
    Definition("asymmetry_difference", "signal", "Right less left, for signed metrics.", "heelraise"),
)

BY_NAME = {definition.name: definition for definition in DEFINITIONS}

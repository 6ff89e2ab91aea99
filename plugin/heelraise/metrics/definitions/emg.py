"""Declarations: Amplitude, spectrum, fatigue, timing and coherence of the EMG."""

from __future__ import annotations

from heelraise.metrics.model import Definition

_RATE = "EMG at 1000 Hz or more"
_PAIR = (
    "rectified EMG (or a movement) in block means at the markers' rate; Hann segments of 1 s, half overlapped, or sine "
    "tapers of 1 Hz half-bandwidth below 10 s; all repetitions of a phase pooled"
)

EMG: tuple[Definition, ...] = (
    Definition(
        "emg_rms",
        "signal",
        "Root mean square of the {emg.band} EMG over 1 s epochs (rise and lower: the whole movement); in % of the "
        "largest 500 ms rms of the reference contraction where the protocol names one. Interval across epochs; of one "
        "movement by chi-square with the degrees of freedom of its spectrum and course of amplitude.",
        "SENIAM; ISEK; Besomi et al. 2020 (CEDE); interval: Bendat and Piersol, Random Data",
        ("emg",),
    ),
    Definition(
        "emg_rms_slope",
        "%/s",
        "Slope of the epochs' rms over its intercept, Newey-West interval; Theil-Sen slope beside it.",
        "Newey and West 1987; small samples: Bell and McCaffrey 2002",
        ("emg",),
    ),
    Definition(
        "emg_median_frequency",
        "Hz",
        "Frequency that halves the power of the EMG in {emg.band}, mean of 1 s epochs.",
        "SENIAM",
        (_RATE,),
    ),
    Definition(
        "emg_mean_frequency",
        "Hz",
        "Power-weighted mean of the frequencies in {emg.band}, mean of 1 s epochs.",
        "SENIAM",
        (_RATE,),
    ),
    Definition(
        "emg_median_frequency_slope",
        "%/s",
        "Slope of the epochs' median frequency over its intercept, Newey-West interval; over rises or lowerings one "
        "epoch a repetition. A soleus whose frequency rises is no error.",
        "Newey and West 1987; small samples: Bell and McCaffrey 2002; doi:10.1016/j.jelekin.2011.03.010",
        (_RATE,),
    ),
    Definition(
        "emg_fatigue_index",
        "1",
        "FInsm5 = int P/f df / int P f^5 df, {emg.band}: its value at the last epoch over that at the first, on the "
        "line through the logarithms of all epochs.",
        "Dimitrov et al. 2006, doi:10.1249/01.mss.0000233794.31659.6d",
        (_RATE,),
    ),
    Definition(
        "emg_fatigue_quadrant",
        "1",
        "Signs of the slopes of amplitude and median frequency: 1 fatigue (up, down), 2 force_increase (up, up), "
        "3 force_decrease (down, down), 4 recovery (down, up); the word is in `quadrant`. Not detected, indeterminate, "
        "where either interval holds zero.",
        "Luttmann et al. 1996, 2000",
        (_RATE,),
    ),
    Definition(
        "emg_onset",
        "s",
        "First time, from 1 s before the rise, from which the rectified 50 Hz low-passed Teager-Kaiser energy stays "
        "25 ms above the mean of quiet stance plus 8 standard deviations; less the rise's start. One onset "
        "has no interval; the record without a repetition is the mean of three or more, with Student's.",
        "Solnik et al. 2010",
        ("emg", "quiet stance"),
    ),
    Definition(
        "cocontraction_index",
        "%",
        "2 int min(a, b) / int (a + b) of the 5 Hz rms envelopes, each over its reference contraction's rms; "
        "`rudolph` is the mean of min/max (min + max).",
        "Falconer and Winter 1985; Rudolph et al. 2000",
        ("emg.normalisation",),
    ),
    Definition(
        "coherence_peak",
        "1",
        f"Largest |Sxy|^2 / (Sxx Syy) in {{tremor.search}}; {_PAIR}. Interval by atanh of its root. "
        "`centre_of_pressure` says whose cop_ml is: the foot's, or, of a leg without a plate of its own, the body's.",
        "Rosenberg et al. 1989; Amjad et al. 1997",
        ("emg",),
    ),
    Definition("coherence_frequency", "Hz", "Frequency of coherence_peak.", "Rosenberg et al. 1989", ("emg",)),
    Definition(
        "coherence_limit",
        "1",
        "Coherence that independent signals exceed nowhere in {tremor.search} with 95 % confidence: 1 - a^(1/(L-1)), L "
        "the effective number of overlapped segments (Welch 1967) or of tapers, a by Sidak's correction for the band.",
        "Rosenberg et al. 1989",
        ("emg",),
    ),
    Definition(
        "coherence_phase",
        "deg",
        "Phase of the second signal less the first's at coherence_frequency, negative where the second is late; "
        "`delay_s` is the slope of the phase over neighbouring coherent frequencies.",
        "Rosenberg et al. 1989",
        ("emg", "emg.delay_ms for movements"),
    ),
)

"""Declarations: Tremor of angles, heel, force, centre of pressure and EMG envelopes."""

from __future__ import annotations

from heelraise.metrics.model import Definition

_PSD = (
    "sine multitaper density of the detrended signal, half-bandwidth 1 Hz under 10 s and 0.5 Hz from there (by the "
    "shortest of the stretches that are pooled)"
)

TREMOR: tuple[Definition, ...] = (
    Definition(
        "tremor_frequency",
        "Hz",
        "Power-weighted mean frequency of the part of the peak above the aperiodic background, where a "
        f"peak is called in {{tremor.search}}; {_PSD}. "
        "`at_search_edge` where the end of the searched band cuts the peak's half-power band or the interval: "
        "the peak may stand beyond. Not told where the interval is wider than 4 Hz.",
        "Elble and McNames 2016, doi:10.7916/D8DR2VCC; peak test: heelraise",
    ),
    Definition(
        "tremor_rms",
        "signal",
        "Square root of the power in {tremor.band} (three sine tapers) less the noise power in it. Of EMG the "
        "modulation depth, sqrt(2) times "
        "the rms over the mean of the rectified EMG, within 0.5 Hz of tremor_frequency (see `band`) and less the power "
        "of phase-randomised surrogates there. Without a peak `upper_limit` is the rms that a narrow tremor does not "
        "exceed: of what would stand out of 1 Hz (2 Hz in records under 10 s), whereas `noise_floor` is the "
        "noise of the whole band; a limit below the floor means that a line would be seen that is weaker than all "
        "of the noise together. Not available where the peak was found outside the protocol's tremor.band. Of a rise "
        "or lowering (pozos1982), from which a polynomial of degree 7 is taken off, the noise floor holds what the "
        "voluntary movement leaves in the band (`leakage_rms`): the rms there of the record low-passed at 2.5 Hz, less "
        "its own polynomial.",
        "Elble and McNames 2016, doi:10.7916/D8DR2VCC",
    ),
    Definition(
        "tremor_peak_rms",
        "signal",
        "Square root of the power in {tremor.band} above the fitted aperiodic background, which is taken for no less "
        "than "
        "the noise and, beside the peak, for no more than the spectrum there; of EMG as modulation depth, in the band "
        "of its tremor_rms. `band` ends where the signal does: at half its rate or at an upstream low-pass.",
        "heelraise; background as in Donoghue et al. 2020, doi:10.1038/s41593-020-00744-x",
    ),
    Definition(
        "tremor_peak_to_peak",
        "signal",
        "Sinusoid equivalent, 2 sqrt(2) times tremor_rms, and so is its noise floor.",
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
        "Power in {tremor.band} over power in 2 to 25 Hz.",
        "Luft et al. 2019, doi:10.3390/s19194301",
    ),
    Definition(
        "band_rms",
        "signal",
        "Square root of the power in the band, noise included; below_noise_floor where that power is less than twice "
        "the noise's.",
        "heelraise",
    ),
    Definition(
        "tremor_occurrence",
        "1",
        "Share of windows of 3 s in which a peak within 1 Hz of the hold's stands above the window's own background at "
        "a false-alarm rate of 5 %; Wilson's interval; not below 3 windows.",
        "windows and specificity as in Luft et al. 2019, doi:10.3390/s19194301; test: heelraise",
    ),
    Definition(
        "tremor_burst_mean",
        "signal",
        "Mean over windows of 3 s of the rms in {tremor.band} less the noise power in it.",
        "Elble 2017, doi:10.1002/mdc3.12379",
    ),
    Definition(
        "tremor_burst_max",
        "signal",
        "Largest rms of the windows of 3 s.",
        "Elble 2017, doi:10.1002/mdc3.12379",
    ),
    Definition(
        "tremor_stability_index",
        "Hz",
        "Interquartile range of the change of frequency from cycle to cycle: band-pass of the peak's frequency +- 2 "
        "Hz, rising zero crossings interpolated. Only where a peak is called that is not below the noise floor; 10 s "
        "and more are preferred.",
        "di Biase et al. 2017, doi:10.1093/brain/awx104 (hand tremor; here a descriptor, never a class)",
    ),
    Definition(
        "tremor_waveform_asymmetry",
        "1",
        "Duration of the plantarflexing over that of the dorsiflexing part of the mean cycle, each from 10 to 90 % of "
        "the range; fundamental and two harmonics.",
        "heelraise; 0.81 in clonus, 1 of a sinusoid",
        ("ankle_plantarflexion", "heel_vertical"),
    ),
    Definition(
        "tremor_waveform_skewness",
        "1",
        "Third moment over the 1.5th power of the second, of the fundamental and two harmonics.",
        "heelraise",
        ("ankle_plantarflexion", "heel_vertical"),
    ),
    Definition(
        "tremor_trend",
        "%/s",
        "100 times the slope of the logarithm of the rms in {tremor.band}, over blocks of 1 s of the hold; the wider "
        "of the intervals of Newey and West and of blocks that follow a first-order autoregression.",
        "heelraise; amplitudes are log-distributed: Elble 2017, doi:10.1002/mdc3.12379",
        ("ankle_plantarflexion", "heel_acceleration"),
    ),
    Definition(
        "tremor_movement_ratio",
        "1",
        "Rms in {tremor.band} of a rise or lowering of 1 s and more, less a polynomial of degree 5 to 7, over "
        "tremor_rms "
        "of the hold; the floor holds the noise and what a low-pass of 2.5 Hz leaves in the band.",
        "Pozos, Iaizzo and Petry 1982; estimator: heelraise",
        ("ankle_plantarflexion", "heel_acceleration"),
    ),
    Definition(
        "tremor_cessation_latency",
        "s",
        "Time from landing until the {tremor.band} envelope stays for {screening.cessation.settled_s} below the root "
        "of the squares of its 95th "
        "percentile before the raise and of {screening.cessation.hold_fraction} of the hold's median; of the ankle, "
        "the pressure below the foot "
        "(the ground holds a foot whose heel is down), or the rectified EMG; {screening.cessation.landing_s} around "
        "landing is left out. "
        "`censored`, at most its value: up to {screening.cessation.censored_s}, and where the power until then is not "
        "more than twice that of the "
        "stand before (F test at 0.1 %), or where no stand before of 1.5 s is there and the noise takes its place. One "
        "event has no confidence interval: `resolved_s` is the latency +- 0.25 s, half a period of the envelope's 2 Hz "
        "low-pass; a stop in one instant reads about 0.12 s late. `at_least`: still shaking when the stance ends.",
        "heelraise",
    ),
)

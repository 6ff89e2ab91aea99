"""The schema ``heelraise-truth/1``: which tables there are and what their entries mean."""

from __future__ import annotations

TRUTH_SCHEMA = "heelraise-truth/1"
#: The tremor's band, Hz.
BAND_HZ = (4.0, 15.0)
#: Windows shorter than this have no tremor, CoP or EMG truth, s.
MIN_WINDOW_S = 1.0

FIELDS: dict[str, dict[str, str]] = {
    "phases": {
        "rise_s, hold_s, lower_s, down_s": "Onsets of rise, hold, lowering and stance, s. Kinematic: as intended; "
        "physiological: as they came out, which is `edges`.",
    },
    "edges": {
        "rise_s, hold_s, lower_s, down_s": "Edges that the analysis's own definition (a fitted movement) "
        "gives on the noise-free heel height, tremor and sway included, s. From hold_s to lower_s "
        "is the plateau; one shorter than a hold belongs to no phase, in the truth as in the analysis.",
        "height_mm": "Peak of the noise-free heel height against the forefoot marker, on which raises are sought, "
        "low-passed at 2.5 Hz, mm. A forefoot marker sinks as the foot pitches: the metric `heel_height_peak` is the "
        "heel marker's own rise, and less.",
    },
    "tremor": {
        "start_s, stop_s": "The window, s.",
        "rms_deg": "Root mean square of the tremor put into the ankle (kinematic), or of the noise-free plantarflexion "
        "from 2 Hz on (physiological: that model has no tremor apart from the body's other movement).",
        "rms_2_4_hz_deg, rms_4_15_hz_deg": "The same in these bands. Kinematic: of the whole trial's tremor within the "
        "band, over the window. Physiological: by the three-taper spectrum of the window from which the analysis takes "
        "powers, so that slow swing does not leak into the band.",
        "frequency_hz": "Kinematic: mean instantaneous frequency, weighted by power (from the analytic signal). "
        "Physiological: of the peak that the analysis's own test calls on the noise-free plantarflexion; absent where "
        "it calls none, for nothing of known frequency is put into the ankle.",
        "centroid_hz": "Mean frequency of the tremor's windowed power spectrum in 2 to 20 Hz (kinematic), or of the "
        "three-taper spectrum of plantarflexion in 4 to 15 Hz (physiological).",
        "spread_hz": "Standard deviation of that spectrum about its mean.",
        "half_power_bandwidth_hz": "Width of the tremor's power spectrum at half of its peak, as the process has it "
        "before any window; only where the model sets it.",
        "plantarflexion_mean_deg, inversion_mean_deg": "Mean true angles.",
        "inversion_drift_deg_s": "Slope of the true inversion.",
    },
    "tremor_rms_in_flat_stance_deg": {
        "left, right": "Root mean square of the tremor put in (kinematic), or of what a low-pass that passes 2 Hz and "
        "stops 4 Hz leaves of plantarflexion (physiological), over all stretches of 0.5 s and more of stance from "
        "1.5 s after a landing until 0.5 s before a rise, less the trial's first and last 0.5 s; absent where a leg "
        "has none.",
    },
    "cessation": {
        "stopped_s": "First time after landing at which the tremor's envelope (4 to 15 Hz, smoothed at 2 Hz) stays for "
        "0.5 s below a tenth of the hold's median, or the 95th percentile of the stance before if that is more, s.",
        "latency_s": "That time less the landing.",
    },
    "cop": {
        "mean_velocity_mm_s, rms_ap_mm, rms_ml_mm, range_ap_mm, range_ml_mm, ellipse_area_mm2": "Of the noise-free "
        "centre of pressure, low-passed at 10 Hz, at 100 Hz.",
        "force_mean_n": "Mean vertical force.",
    },
    "emg": {
        "modulation_depth": "sqrt(2) times the rms of the noise-free amplitude between 4 and 15 Hz, over its mean. The "
        "amplitude is the carrier's (kinematic), or the pool's excitation (physiological).",
        "modulation_depth_at_peak": "The same within 0.5 Hz of the tremor's frequency, where there is one.",
        "median_frequency_hz, median_frequency_slope_percent_s": "Level at the window's start and slope of a straight "
        "line through the median frequency of each second: of the spectrum that was put in (kinematic), or of the EMG "
        "before hum, cross-talk and amplifiers (physiological).",
    },
    "capacity": {
        "force_left": "Physiological: force that the muscle could still give at the end of the trial, over that of the "
        "fresh one.",
    },
    "noise": {
        "marker_mm, marker_4_15_hz_mm": "Realised rms per coordinate of the cameras' noise, and its part in the band "
        "before an upstream filter.",
        "wobble_mm": "Realised rms per coordinate of soft tissue on feet and shanks.",
        "force_n, emg_v, hum_v": "Noise per force channel and EMG amplifier, and the amplitude of mains hum.",
    },
}

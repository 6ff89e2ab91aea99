"""Screening checks from metrics, and the verdict."""

from __future__ import annotations

import math

import pytest

from heelraise.metrics.model import Metric
from heelraise.protocol.schema import Protocol
from heelraise.screening.checks import Findings, run_checks, shown_in_holds, verdict_of
from heelraise.screening.model import CHECK_NAMES

PRIMARY = "ankle_plantarflexion"


def record(name, phase, *, signal=PRIMARY, side="left", repetition=1, **rest):
    return Metric(name, signal, side, phase, rest.pop("unit", "1"), repetition=repetition, **rest)


def peak(phase, frequency, rms=0.3, floor=0.01, signal=PRIMARY, side="left", repetition=1, **detail):
    where = {"signal": signal, "side": side, "repetition": repetition}
    return [
        record("tremor_frequency", phase, value=frequency, detail={"duration_s": 20.0, **detail}, **where),
        record("tremor_peak_rms", phase, value=rms, noise_floor=floor, **where),
    ]


def none(phase, signal=PRIMARY, side="left", repetition=1, duration=20.0):
    detail = {"duration_s": duration}
    where = {"signal": signal, "side": side, "repetition": repetition}
    return [record("tremor_frequency", phase, status="not_detected", detail=detail, **where)]


def checks(metrics, **protocol):
    found = run_checks(Findings(tuple(metrics), PRIMARY, frozenset()), Protocol(**protocol))
    return {check.check: check for check in found}


def test_all_eight_checks_are_always_reported_in_order():
    found = run_checks(Findings((), PRIMARY, frozenset()), Protocol())
    assert tuple(check.check for check in found) == CHECK_NAMES
    assert all(check.status == "not_assessable" for check in found)
    assert all(check.evidence["reason"] and check.meaning and check.reference for check in found)


@pytest.mark.parametrize(
    ("metrics", "status"),
    [
        (peak("stand_before", 7.0), "observed"),
        (none("stand_before"), "not_observed"),
        (peak("stance", 7.0, rms=0.015), "not_observed"),
        (peak("stance", 7.0, floor=None), "not_assessable"),
        (none("stand_before", duration=1.0), "not_assessable"),
        (peak("hold", 7.0), "not_assessable"),
    ],
)
def test_flat_stance(metrics, status):
    assert checks(metrics)["flat_stance_tremor"].status == status


@pytest.mark.parametrize(("latency", "status"), [(0.2, "not_observed"), (2.5, "observed")])
def test_cessation(latency, status):
    after = record("tremor_cessation_latency", "stand_after", value=latency)
    assert checks([*peak("hold", 7.0), after])["cessation"].status == status


@pytest.mark.parametrize(
    ("latency", "bound", "status"),
    [
        (1.65, "at_least", "not_assessable"),
        (1.9, "at_least", "not_assessable"),
        (2.0, "at_least", "not_assessable"),
        (2.1, "at_least", "observed"),
        (0.2, "censored", "not_observed"),
        (3.0, "censored", "not_assessable"),
    ],
)
def test_a_bound_of_the_latency_is_no_latency(latency, bound, status):
    after = record("tremor_cessation_latency", "stand_after", value=latency, detail={bound: True})
    found = checks([*peak("hold", 7.0), after])["cessation"]
    assert found.status == status
    assert found.evidence[bound] is True


@pytest.mark.parametrize(("other", "status"), [(0.3, "not_assessable"), (2.5, "observed")])
def test_an_open_latency_is_answered_only_by_one_beyond_the_limit(other, status):
    open_one = record("tremor_cessation_latency", "stand_after", value=1.9, detail={"at_least": True})
    second = record("tremor_cessation_latency", "stand_after", value=other, side="right")
    metrics = [*peak("hold", 7.0), *peak("hold", 7.0, side="right"), open_one, second]
    found = checks(metrics)["cessation"]
    assert found.status == status
    assert found.evidence["latency_s"] == (1.9 if status == "not_assessable" else 2.5)


@pytest.mark.parametrize(("ankle", "status"), [(0.2, "not_assessable"), (3.0, "observed")])
def test_a_pressure_without_a_stand_before_leaves_a_still_ankle_open(ankle, status):
    own = record("tremor_cessation_latency", "stand_after", value=ankle)
    reason = "no stand before to compare with"
    pressed = record(
        "tremor_cessation_latency",
        "stand_after",
        signal="cop_ap",
        status="not_available",
        reason=reason,
        detail={"open": True},
    )
    found = checks([*peak("hold", 7.0), own, pressed])["cessation"]
    assert found.status == status
    assert (found.evidence.get("reason") == reason) == (status == "not_assessable")


def test_a_bound_of_the_latency_is_no_outlasting_clonus():
    latencies = [
        record("tremor_cessation_latency", "stand_after", value=3.0, detail=detail)
        for detail in ({}, {"censored": True}, {"at_least": True})
    ]
    found = [checks([*peak("hold", 6.0), one])["clonus_like"] for one in latencies]
    outlasts = [one.evidence["conditions"].get("outlasts_effort") for one in found]
    assert outlasts == [True, None, True]


def test_a_trial_that_contradicts_itself_is_not_cleared_by_another():
    small = ratio(0.1, (0.0, 0.2))
    detail = {"of": "tremor_rms", "contradicted": True, "pairs": 2, "pairs_total": 3}
    open_one = record(
        "asymmetry_log_ratio",
        "hold",
        side="both",
        repetition=None,
        status="not_available",
        reason="a repetition contradicts the others",
        detail=detail,
    )
    assert checks([small])["asymmetry"].status == "not_observed"
    found = checks([small, open_one])["asymmetry"]
    assert found.status == "not_assessable"
    assert found.evidence["undetermined"] == "a repetition contradicts the others"
    assert checks([ratio(2.0, (1.5, 2.5)), open_one])["asymmetry"].status == "observed"


def test_cessation_needs_a_tremor_in_the_hold():
    after = record("tremor_cessation_latency", "stand_after", status="not_available")
    assert checks([*none("hold"), after])["cessation"].status == "not_observed"


def ratio(value, ci, load="matched"):
    detail = {"of": "tremor_rms", "load": load}
    return record("asymmetry_log_ratio", "hold", side="both", repetition=None, value=value, ci95=ci, detail=detail)


@pytest.mark.parametrize(
    ("metric", "status"),
    [
        (ratio(math.log(5), (0.5, 2.5)), "observed"),
        (ratio(-math.log(5), (-2.5, -0.5)), "observed"),
        (ratio(math.log(5), (-0.5, 2.5)), "not_observed"),
        (ratio(math.log(2), (0.5, 0.9)), "not_observed"),
        (ratio(math.log(5), (0.5, 2.5), load="load_unmatched"), "not_assessable"),
        (ratio(math.log(5), (0.5, 2.5), load="unknown"), "not_assessable"),
    ],
)
def test_asymmetry(metric, status):
    assert checks([metric])["asymmetry"].status == status


@pytest.mark.parametrize(
    ("value", "bound95", "bound", "status"),
    [
        (math.log(10), math.log(9), "at_least", "observed"),
        (-math.log(10), -math.log(9), "at_most", "observed"),
        (math.log(2), math.log(1.8), "at_least", "not_assessable"),
        (math.log(5), math.log(5.5), "at_most", "not_assessable"),
        (-math.log(5), -math.log(5.5), "at_least", "not_assessable"),
    ],
)
def test_a_bound_counts_only_where_it_points_away_from_one(value, bound95, bound, status):
    metric = ratio(value, None)
    metric.detail.update({"bound": bound, "bound95": bound95})
    assert checks([metric])["asymmetry"].status == status


def test_a_hold_that_cannot_be_judged_clears_nothing():
    for status in ("prefiltered", "too_short", "masked"):
        hold = record("tremor_frequency", "hold", status=status)
        after = record("tremor_cessation_latency", "stand_after", status="not_available")
        found = checks([hold, after])
        assert found["cessation"].status == found["clonus_like"].status == "not_assessable"


def test_hands_that_shake_without_a_raise():
    metrics = [*peak("stance", 5.0, signal="hand_vertical"), *none("hold")]
    assert checks(metrics)["other_body_parts"].status == "observed"


def test_hands_shaken_by_the_calf():
    quiet = none("stand_before", signal="hand_vertical")
    carried = peak("hold", 7.1, signal="hand_vertical", coherent_with_ankle=True)
    assert checks([*quiet, *carried, *peak("hold", 7.0)])["other_body_parts"].status == "not_observed"
    own = peak("hold", 5.0, signal="hand_vertical", coherent_with_ankle=False)
    assert checks([*quiet, *own, *peak("hold", 7.0)])["other_body_parts"].status == "observed"


@pytest.mark.parametrize(("half_width", "status"), [(0.2, "observed"), (0.99, "observed"), (3.8, "not_observed")])
@pytest.mark.parametrize("phase", ["hold", "stand_after"])
def test_a_hump_of_unknown_frequency_is_no_rhythm_of_the_hands(phase, half_width, status):
    """A hand that swings on its arm after a landing, on one leg on foam: 2.5 to 10 Hz."""
    interval = (6.25 - half_width, 6.25 + half_width)
    where = {"signal": "hand_vertical", "detail": {"duration_s": 8.3, "coherent_with_ankle": False}}
    hump = record("tremor_frequency", phase, value=6.25, ci95=interval, **where)
    rest = [*none("stand_before", signal="hand_vertical"), *none("stand_after"), *peak("hold", 9.0)]
    assert checks([*rest, hump])["other_body_parts"].status == status


@pytest.mark.parametrize(
    ("symptoms", "status"), [(None, "not_assessable"), ((), "not_observed"), (("numbness",), "observed")]
)
def test_reported_symptoms(symptoms, status):
    subject = {} if symptoms is None else {"symptoms": symptoms}
    assert checks([], subject=subject)["reported_symptoms"].status == status


def test_rest_tremor_only_in_supported_rest():
    assert checks(peak("supported_rest", 5.0))["rest_tremor"].status == "observed"
    assert checks(peak("stance", 5.0))["rest_tremor"].status == "not_assessable"


def test_clonus_is_ruled_out_by_its_band_alone():
    assert checks(peak("hold", 10.0))["clonus_like"].status == "not_observed"
    assert checks(peak("hold", 6.0))["clonus_like"].status == "not_assessable"


def test_the_verdict_takes_the_first_rule_that_holds():
    quiet = run_checks(Findings((), PRIMARY, frozenset()), Protocol())
    loud = run_checks(Findings(tuple(peak("stance", 7.0)), PRIMARY, frozenset()), Protocol())
    assert verdict_of(loud, usable_hold=False, peak=False) == "review_suggested"
    assert verdict_of(quiet, usable_hold=False, peak=True) == "not_assessable"
    assert verdict_of(quiet, usable_hold=True, peak=True) == "action_tremor_no_flags"
    assert verdict_of(quiet, usable_hold=True, peak=False) == "no_tremor_detected"


def test_nothing_said_is_a_diagnosis():
    words = ("disease", "disorder", "patient", "diagnos", "parkinson", "patholog")
    for check in run_checks(Findings((), PRIMARY, frozenset()), Protocol()):
        assert not any(word in check.meaning.lower() for word in words)


def calf(burst, wave=0.8, frequency=6.0, side="left", width=0.9, latency=None):
    """A hold with a called peak and what is known of its bursts, wave, width and end."""
    found = peak("hold", frequency, side=side)
    found.append(record("tremor_bandwidth", "hold", value=width, side=side))
    if burst is not None:
        ci = (0.9 * burst, 1.1 * burst)
        found.append(record("emg_burst_ratio", "hold", signal="emg_soleus", value=burst, ci95=ci, side=side))
    if wave is not None:
        ci = (wave - 0.03, wave + 0.03)
        found.append(record("tremor_waveform_asymmetry", "hold", value=wave, ci95=ci, side=side))
    if latency is not None:
        found.append(record("tremor_cessation_latency", "stand_after", value=latency, side=side))
    return found


@pytest.mark.parametrize(
    ("metrics", "status"),
    [
        (calf(15.0), "observed"),
        (calf(15.0, frequency=10.0), "not_observed"),
        (calf(2.0), "not_observed"),
        (calf(4.2), "not_observed"),
        (calf(15.0, wave=1.0), "not_observed"),
        (calf(15.0, wave=1.25), "not_observed"),
        (calf(None), "not_assessable"),
        (calf(15.0, wave=None), "not_assessable"),
        (calf(15.0, width=2.0), "not_assessable"),
        (calf(15.0, width=2.0, latency=4.0), "observed"),
        (calf(15.0, width=2.0, latency=0.2), "not_observed"),
        # Bursts of one leg and a skewed wave of the other are no clonus of either.
        ([*calf(15.0, wave=1.0), *calf(1.5, wave=0.8, side="right")], "not_observed"),
        ([*calf(1.5, wave=1.0), *calf(15.0, side="right")], "observed"),
    ],
)
def test_clonus_needs_all_of_it_in_one_leg(metrics, status):
    assert checks(metrics)["clonus_like"].status == status


def test_a_width_that_the_record_limits_leaves_the_rule_open():
    metrics = calf(15.0, width=2.0, latency=0.2)
    next(m for m in metrics if m.name == "tremor_bandwidth").detail["resolution_limited"] = True
    assert checks(metrics)["clonus_like"].status == "not_assessable"


def fast(phase, duration, bins=3, frequency=15.0, muscle="emg_soleus"):
    """Both legs' EMG in one phase; no peak where the frequency is None."""
    detail = {"duration_s": duration}
    rest = {"value": frequency} if frequency else {"status": "not_detected", "reason": "no peak is called"}
    found = [
        record("emg_fast_frequency", phase, signal=muscle, side=side, detail=dict(detail), **rest)
        for side in ("left", "right")
    ]
    if frequency:
        shared = {"bins_above": bins, "limit": 0.2, **detail}
        found.append(record("emg_fast_coherence", phase, signal=muscle, side="both", value=0.8, detail=shared))
    return found


@pytest.mark.parametrize(
    ("metrics", "status"),
    [
        (fast("stance", 25.0), "observed"),
        (fast("stance", 25.0, bins=1), "not_observed"),
        (fast("stance", 25.0, frequency=None), "not_observed"),
        (fast("hold", 10.0), "not_assessable"),
        ([*fast("hold", 10.0), *fast("stance", 25.0, frequency=None)], "not_observed"),
        (fast("hold", 10.0, frequency=None), "not_observed"),
        ([*fast("stance", 25.0, frequency=None), *fast("stance", 25.0, muscle="emg_tibialis_anterior")], "observed"),
    ],
)
def test_a_fast_rhythm_must_be_shared_and_there_in_flat_stance(metrics, status):
    assert checks(metrics)["orthostatic_range"].status == status


def test_a_filter_anywhere_in_the_trial_closes_the_stance_check_and_the_verdict():
    filtered = record("tremor_frequency", "hold", side="right", status="prefiltered")
    findings = Findings((*peak("stand_after", 4.8), *peak("hold", 7.0), filtered), PRIMARY, frozenset({"hold"}))
    found = {check.check: check.status for check in run_checks(findings, Protocol())}
    assert found["flat_stance_tremor"] == "not_assessable"
    assert shown_in_holds(findings) == (False, False)


@pytest.mark.parametrize(
    ("half_width", "status"), [(0.1, "observed"), (0.39, "observed"), (0.6, "not_assessable"), (1.1, "not_observed")]
)
def test_a_frequency_that_may_be_the_ankles_leaves_the_hands_open(half_width, status):
    interval = (8.2 - half_width, 8.2 + half_width)
    detail = {"duration_s": 10.8, "coherent_with_ankle": False}
    hand = record("tremor_frequency", "stand_before", signal="hand_vertical", value=8.2, ci95=interval, detail=detail)
    found = checks([hand, *peak("stand_before", 6.8), *peak("hold", 6.8)])["other_body_parts"]
    assert found.status == status
    assert ("interval" in found.evidence.get("reason", "")) == (status == "not_assessable")


def test_hands_at_the_ankles_frequency_have_no_tremor_of_their_own():
    carried = peak("stance", 6.2, signal="hand_vertical", coherent_with_ankle=False)
    assert checks([*carried, *peak("stance", 6.3)])["other_body_parts"].status == "not_observed"
    assert checks([*carried, *peak("stance", 9.0)])["other_body_parts"].status == "observed"
    # One hand apart in frequency and another incoherent are not one hand that is both.
    apart = peak("hold", 5.0, signal="hand_vertical", coherent_with_ankle=True)
    near = peak("hold", 7.1, signal="hand_vertical", side="right", coherent_with_ankle=False)
    quiet = none("stand_before", signal="hand_vertical")
    assert checks([*quiet, *apart, *near, *peak("hold", 7.0)])["other_body_parts"].status == "not_observed"


def test_what_is_pooled_over_holds_is_no_hold_of_its_own():
    after = record("tremor_cessation_latency", "stand_after", value=0.2)
    pooled = peak("hold", 7.0, repetition=None)
    assert checks([*peak("hold", 7.0), *pooled, after])["cessation"].status == "not_observed"


def test_what_a_rule_asks_and_nothing_decides_is_named():
    found = checks(peak("hold", 7.0))
    for name, check in found.items():
        asked = getattr(Protocol().screening, name).logic.conditions()
        decided, undecided = check.evidence["conditions"], check.evidence.get("undecided", [])
        assert set(asked) <= set(decided) | set(undecided)
        assert not set(decided) & set(undecided)
        assert all(value is not None for value in decided.values())
    assert "narrow_peak" in found["clonus_like"].evidence["undecided"]
    # The rule of a check that is decided may leave some of its conditions open: they are named all the same.
    flat = checks(none("stand_before"))["flat_stance_tremor"].evidence
    assert set(flat.get("undecided", ())) == {"above_floor"} - set(flat["conditions"])

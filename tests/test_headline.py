"""Where the headline's tremor comes from."""

from __future__ import annotations

from types import MappingProxyType, SimpleNamespace

import pytest

from heelraise.cli.show import VERDICTS, verdict_words
from heelraise.headline import build_headline, tremor_phase, unassessed_cause
from heelraise.metrics.model import Metric
from heelraise.phases.model import Phase

ANKLE = "ankle_plantarflexion"


def tremor(phase, side="left", frequency=5.0, rms=0.3, limit=None):
    number = 1 if phase == "hold" else None
    status = "ok" if frequency else "not_detected"
    return [
        Metric("tremor_frequency", ANKLE, side, phase, "Hz", value=frequency, repetition=number, status=status),
        Metric("tremor_rms", ANKLE, side, phase, "deg", rms, number, upper_limit=limit, status=status),
    ]


@pytest.mark.parametrize("phase", ["supported_rest", "stance"])
def test_without_a_hold_it_is_that_of_rest_or_stance_and_says_so(phase):
    metrics = [*tremor(phase), *tremor(phase, "right", None, None, 0.01)]
    assert build_headline(metrics, ANKLE, [Phase("both", None, phase, 0.0, 20.0, "protocol")]) == {
        "left": {"phase": phase, "tremor_frequency_hz": 5.0, "tremor_rms_deg": 0.3},
        "right": {"phase": phase, "detection_limit_deg": 0.01},
    }


def test_what_is_beside_a_hold_never_stands_in_for_it():
    hold = Phase("left", 1, "hold", 5.0, 15.0, "heel_height")
    metrics = [*tremor("hold", "left", None, None, 0.02), *tremor("stance", "right"), *tremor("stand_before")]
    assert build_headline(metrics, ANKLE, [hold]) == {
        "left": {"hold_s": 10.0, "repetitions": 1, "detection_limit_deg": 0.02}
    }
    assert tremor_phase(tremor("stand_before"), ANKLE) is None


class Trial:
    protocol = MappingProxyType({"resolved": {"tremor": {"band": [4.0, 15.0]}}})
    trial = SimpleNamespace(point_rate=100.0)

    def __init__(self, *phases):
        self.signals = {"primary": ANKLE}
        self.metrics = [record for phase in phases for record in tremor(phase)]


@pytest.mark.parametrize(
    ("trials", "words"),
    [
        ([Trial("hold")], "no tremor detected in the hold"),
        ([Trial("supported_rest")], "no tremor detected in supported rest"),
        ([Trial("stance"), Trial("supported_rest"), Trial("stand_before", "hold")], "no tremor detected in the hold"),
    ],
)
def test_no_tremor_names_the_phase_that_was_judged(trials, words):
    assert verdict_words("no_tremor_detected", trials) == words
    assert verdict_words("review_suggested", trials) == VERDICTS["review_suggested"]


def unjudged(status, reason, *names, told=("hold",), lengths=(10.0,)):
    trial = Trial()
    trial.phases = [Phase("left", 1, name, 0.0, 1.0, "heel_height") for name in names]
    trial.metrics = [
        Metric(
            "tremor_frequency",
            ANKLE,
            "left",
            phase,
            "Hz",
            repetition=number,
            status=status,
            reason=reason,
            detail={"duration_s": length},
        )
        for phase in told
        for number, length in enumerate(lengths, 1)
    ]
    return trial


@pytest.mark.parametrize(
    ("trials", "cause"),
    [
        ([unjudged("", "", "stance", told=())], "there is no hold"),
        ([unjudged("", "", "locomotion", told=())], "there is no hold but walking"),
        # The hold itself may have shown a tremor: the stand beside it shows that the trial is low-passed.
        (
            [unjudged("prefiltered", "low-passed near 10 Hz", "stand_before", "hold", told=("stand_before",))],
            "the ankle was low-passed near 10 Hz",
        ),
        (
            [unjudged("too_short", "0.8 s", "hold", lengths=(0.8,))],
            "a hold of 0.8 s is too short for a spectrum of tremor (3 s)",
        ),
        # The ankle was shown well, every hold has its own length, and a session says it once.
        (
            [
                unjudged("too_short", "a", "hold", lengths=(0.93, 1.11)),
                unjudged("too_short", "b", "hold", lengths=(0.89, 1.0)),
            ],
            "holds of 0.9 to 1.1 s are too short for a spectrum of tremor (3 s)",
        ),
        (
            [unjudged("too_short", "2.97 s", "hold", lengths=(2.97, 2.98))],
            "holds of 2.9 s are too short for a spectrum of tremor (3 s)",
        ),
        (
            [unjudged("too_short", "", "supported_rest", told=("supported_rest",), lengths=(2.0, 2.0))],
            "supported rest of 2 s is too short for a spectrum of tremor (3 s)",
        ),
        (
            [unjudged("too_short", "1 s", "hold", lengths=(1.0,)), unjudged("masked", "gaps", "hold")],
            "a hold of 1 s is too short for a spectrum of tremor (3 s); the hold does not show the ankle (gaps)",
        ),
        # A record that is long enough, and a peak in it that lies anywhere.
        (
            [unjudged("too_short", "lies between 4 and 9 Hz", "hold")],
            "the hold does not show the ankle (lies between 4 and 9 Hz)",
        ),
        ([unjudged("", "", "hold", told=())], "the hold does not show the ankle"),
        (
            [unjudged("", "", "stance", told=()), unjudged("masked", "gaps", "hold")],
            "the hold does not show the ankle (gaps)",
        ),
    ],
)
def test_what_cannot_be_assessed_says_for_want_of_what(trials, cause):
    assert unassessed_cause(trials) == cause
    assert verdict_words("not_assessable", trials).endswith(f"cannot be assessed: {cause}")


def test_a_camera_that_is_too_slow_is_called_so():
    trial = unjudged("prefiltered", "low-passed near 10 Hz", "hold")
    trial.trial = SimpleNamespace(point_rate=20.0)
    assert unassessed_cause([trial]) == "markers at 20 Hz end at 10 Hz, within the tremor band (to 15 Hz)"

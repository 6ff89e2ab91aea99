"""Where the headline's tremor comes from."""

from __future__ import annotations

import pytest

from heelraise.cli.show import VERDICTS, verdict_words
from heelraise.headline import build_headline, tremor_phase
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

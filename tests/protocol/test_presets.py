"""Presets: each is valid, says what it is for, and asks for its own task."""

from __future__ import annotations

import pytest

from heelraise.protocol import load_protocol
from heelraise.protocol.presets import check_protocol, list_protocols
from heelraise.protocol.sources import preset_names

TASKS = ("repetitions_to_fatigue", "slow_eccentric", "single_leg_stance", "supported_rest")


@pytest.mark.parametrize("name", preset_names())
def test_a_preset_is_valid_and_says_what_it_is(name):
    assert check_protocol(name) == []
    protocol = load_protocol(name).protocol
    assert protocol.name == name
    assert protocol.title
    assert len(protocol.description) > 80
    assert protocol.reference


@pytest.mark.parametrize("name", TASKS)
def test_a_preset_of_a_task_is_listed_and_asks_for_it(name):
    assert name in dict(list_protocols())
    assert load_protocol(name).protocol.task == name


def test_the_heel_rise_test_says_its_pace_and_when_it_ends():
    protocol = load_protocol("repetitions_to_fatigue").protocol
    assert protocol.tempo.repetitions_per_min == 30
    for rule in ("no longer leaves the floor", "pace", "knee", "fingertips", "Two prompts"):
        assert rule in protocol.description


def test_slow_eccentric_lowers_in_three_to_four_seconds():
    assert load_protocol("slow_eccentric").protocol.tempo.lower_s == (3.0, 4.0)


def test_a_foam_pad_is_one_line(tmp_path):
    path = tmp_path / "foam.yaml"
    path.write_text("extends: single_leg_stance\nside: left\nsurface_height_mm: 60\n")
    protocol = load_protocol(path).protocol
    assert (protocol.task, protocol.side, protocol.surface_height_mm) == ("single_leg_stance", "left", 60.0)


@pytest.mark.parametrize("text", ["[4, 3]", "[3, 3]", "[-1, 4]", "[3, 90]"])
def test_impossible_durations_are_errors_with_their_place(tmp_path, text):
    path = tmp_path / "p.yaml"
    path.write_text(f"extends: slow_eccentric\ntempo:\n  lower_s: {text}\n")
    (problem,) = check_protocol(path)
    assert "tempo.lower_s" in str(problem)
    assert ":3:" in str(problem)

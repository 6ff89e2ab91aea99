"""The table of phases: stands, stance, locomotion, events, protocol times, exclusions."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from heelraise.phases.find import FootTrack, PhaseInputs, find_phases
from heelraise.phases.model import PhaseSettings
from heelraise.phases.profile import minimum_jerk
from heelraise.phases.travel import mean_speed

RATE = 100.0


def foot(raises, duration=20.0, forefoot=None):
    time = np.arange(0, duration, 1 / RATE)
    height = np.zeros_like(time)
    for rise, hold, lower, down in raises:
        up, fall = minimum_jerk((time - rise) / (hold - rise)), minimum_jerk((time - lower) / (down - lower))
        height += 90 * (up - fall)
    path = np.zeros((time.size, 3)) if forefoot is None else forefoot
    speed = np.linalg.norm(np.gradient(path, 1 / RATE, axis=0), axis=1)
    return FootTrack(height, path[:, 2], speed, path)


def find(feet, **changes):
    frames = next(iter(feet.values())).height.size if feet else changes.pop("frames", 0)
    inputs = PhaseInputs(rate=RATE, frames=frames, feet=feet, **changes)
    return find_phases(inputs, PhaseSettings())


ONE = [(4.0, 5.0, 12.0, 13.0)]


def names(phases, side):
    return [p.phase for p in phases if p.side == side]


def test_a_bilateral_hold_has_five_phases_on_each_side():
    phases, notes = find({"left": foot(ONE), "right": foot(ONE)})
    for side in ("left", "right"):
        assert names(phases, side) == ["stand_before", "rise", "hold", "lower", "stand_after"]
    assert notes == ()
    assert [p.start_s for p in phases] == sorted(p.start_s for p in phases)


def test_phases_of_a_side_follow_each_other_without_overlap():
    phases, _ = find({"left": foot([(2, 3, 6, 7), (9, 10, 14, 15)])})
    for a, b in itertools.pairwise(phases):
        assert b.start_s == pytest.approx(a.stop_s, abs=0.35)
        assert b.start_s >= a.stop_s - 1e-9
    assert [p.phase for p in phases].count("stand_before") == 1
    assert [p.phase for p in phases].count("stand_after") == 2


def test_one_sided_raise_leaves_the_other_side_without_phases():
    phases, _ = find({"left": foot(ONE), "right": foot([])})
    assert names(phases, "right") == []
    assert "hold" in names(phases, "left")


def test_without_a_raise_there_is_one_stance():
    phases, _ = find({"left": foot([]), "right": foot([])})
    assert [(p.side, p.repetition, p.phase) for p in phases] == [("both", None, "stance")]
    assert phases[0].duration_s > 19


def test_quiet_stance_seeks_no_raise():
    phases, _ = find({"left": foot(ONE), "right": foot(ONE)}, seek_raises=False)
    assert {p.phase for p in phases} == {"stance"}
    assert all(p.stop_s <= 5 or p.start_s >= 12 for p in phases)


def test_walking_is_locomotion_and_no_raise():
    time = np.arange(0, 10, 1 / RATE)
    travel = np.stack([1000 * time, np.zeros_like(time), np.zeros_like(time)], axis=1)
    step = travel + np.stack([200 * np.sin(2 * np.pi * time), 0 * time, 20 * np.abs(np.sin(np.pi * time))], axis=1)
    feet = {"left": foot([(2, 3, 4, 5)], 10, step), "right": foot([], 10, travel)}
    phases, _ = find(feet, pelvis=travel)
    assert {p.phase for p in phases} == {"locomotion"}


def test_loaded_plates_alone_give_a_stance():
    loaded = np.ones(800, dtype=bool)
    phases, _ = find({}, frames=1000, loaded=np.concatenate([loaded, np.zeros(200, dtype=bool)]))
    assert [(p.phase, p.source) for p in phases] == [("stance", "force_plates")]
    assert phases[0].stop_s == pytest.approx(8.0)


def test_events_override_the_height():
    events = [
        ("HR_RISE", "Left", 3.0),
        ("HR_HOLD", "Left", 4.5),
        ("HR_LOWER", "Left", 11.0),
        ("HR_DOWN", "Left", 12.5),
    ]
    phases, _ = find({"left": foot(ONE)}, events=events)
    hold = next(p for p in phases if p.phase == "hold")
    assert (hold.start_s, hold.stop_s, hold.source) == (4.5, 11.0, "events")


def test_incomplete_events_are_named_and_ignored():
    phases, notes = find({"left": foot(ONE)}, events=[("HR_RISE", "Left", 3.0)])
    assert [note.code for note in notes] == ["events_ignored"]
    assert next(p for p in phases if p.phase == "hold").source == "heel_height"


def test_protocol_times_replace_a_phase():
    times = [{"side": "left", "repetition": 1, "phase": "hold", "start_s": 6.0, "stop_s": 9.0}]
    phases, _ = find({"left": foot(ONE)}, overrides=times)
    holds = [p for p in phases if p.phase == "hold"]
    assert [(p.start_s, p.stop_s, p.source) for p in holds] == [(6.0, 9.0, "protocol")]


def test_protocol_times_outside_the_trial_are_named():
    times = [{"side": "left", "repetition": 1, "phase": "hold", "start_s": 60.0, "stop_s": 90.0}]
    phases, notes = find({"left": foot(ONE)}, overrides=times)
    assert "phase_outside" in {note.code for note in notes}
    assert next(p for p in phases if p.phase == "hold").source == "heel_height"


def test_an_excluded_repetition_is_kept_with_its_reason():
    phases, notes = find({"left": foot(ONE)}, exclude=[{"side": "left", "repetition": 1, "reason": "touched the wall"}])
    assert {p.excluded for p in phases} == {"touched the wall"}
    assert notes == ()


def test_an_exclusion_of_what_is_not_there_is_named():
    _, notes = find({"left": foot(ONE)}, exclude=[{"side": "left", "repetition": 7, "reason": "x"}])
    assert [note.code for note in notes] == ["exclusion_unused"]


def test_no_frames_no_phases():
    phases, notes = find({}, frames=0)
    assert phases == ()
    assert [note.code for note in notes] == ["no_frames"]


@pytest.mark.parametrize(
    "times",
    [
        (102.0, 103.0, 108.0, 109.0),
        (-3.0, 4.5, 11.0, 12.5),
        (3.0, 4.5, 11.0, 99.0),
        (5.0, 4.5, 11.0, 12.5),
    ],
)
def test_events_outside_the_trial_or_out_of_order_are_ignored(times):
    labels = ("HR_RISE", "HR_HOLD", "HR_LOWER", "HR_DOWN")
    events = [(label, "Left", time) for label, time in zip(labels, times, strict=True)]
    phases, notes = find({"left": foot(ONE)}, events=events)
    assert [note.code for note in notes] == ["events_ignored"]
    assert {p.source for p in phases} == {"heel_height"}


def test_a_cut_raise_has_no_rise_and_says_so():
    phases, notes = find({"left": foot([(-2.0, -1.0, 8.0, 9.0)])})
    assert [p.phase for p in phases] == ["hold", "lower", "stand_after"]
    assert [note.code for note in notes] == ["raise_cut"]
    assert {p.cut for p in phases if p.phase in ("rise", "hold", "lower")} == {"the trial begins within this raise"}


@pytest.mark.parametrize("frames", [2600, 2640, 2650, 2665, 2850, 3010, 3050])
def test_a_raise_that_the_trial_ends_within_is_marked_at_every_stage(frames):
    # Third rise: 26 s to 27 s; lowering: 29.5 s to 31 s. Nothing yet, too little, half way up, hold, two of lowering.
    track = foot([(2.0, 3.0, 5.5, 7.0), (14.0, 15.0, 17.5, 19.0), (26.0, 27.0, 29.5, 31.0)], duration=40.0)
    short = {k: getattr(track, k)[:frames] for k in ("height", "forefoot_height", "forefoot_speed", "forefoot")}
    phases, _ = find({"left": FootTrack(**short)})
    cut = {p.repetition for p in phases if p.cut}
    assert cut == ({3} if frames > 2650 else set())
    assert {p.repetition for p in phases if p.phase == "lower"} == {1, 2}


def test_a_raise_with_all_its_edges_is_whole_and_ends_with_the_trial():
    track = foot([(2.0, 3.0, 5.5, 7.0)], duration=7.0)
    phases, notes = find({"left": track})
    assert [p.phase for p in phases] == ["stand_before", "rise", "hold", "lower"]
    assert {p.cut for p in phases} == {None}
    assert notes == ()


def test_a_hold_of_the_protocol_takes_the_place_of_stance():
    times = [{"side": "left", "repetition": 1, "phase": "hold", "start_s": 6.0, "stop_s": 9.0}]
    phases, _ = find({"left": foot([]), "right": foot([])}, overrides=times)
    assert [p.phase for p in phases] == ["hold"]


def test_a_marker_that_swings_is_planted_and_one_that_steps_is_not():
    time = np.arange(0, 10, 1 / RATE)
    swing = np.stack([15 * np.sin(2 * np.pi * 0.7 * time), 0 * time, 0 * time], axis=1)
    assert mean_speed(swing, RATE).max() < 50
    step = np.stack([300 * (time > 5), 0 * time, 0 * time], axis=1)
    assert mean_speed(step, RATE).max() > 200
    assert mean_speed(step, RATE)[:400].max() == 0


def test_a_partial_rise_is_named_and_counted():
    raised = foot([(2, 3, 5, 6), (8, 9, 11, 12)])
    low = foot([(14, 15, 16, 17)])
    both = FootTrack(raised.height + 0.4 * low.height, raised.forefoot_height, raised.forefoot_speed, raised.forefoot)
    phases, notes = find({"left": both})
    assert {p.repetition for p in phases if p.phase == "rise"} == {1, 2}
    (note,) = notes
    assert note.code == "raise_partial"
    assert note.message.startswith("1 movement of the left heel (at 15.5 s, 36 mm) is lower than half of the median")


def test_a_raise_of_a_forefoot_that_slips_is_named():
    path = np.zeros((2000, 3))
    raised = foot([(2, 3, 6, 7), (10, 11, 14, 15)], forefoot=path)
    # For 1.2 s of the second raise the forefoot goes somewhere: too long for a raise, too short for a step.
    speed = raised.forefoot_speed.copy()
    speed[1150:1270] = 200.0
    phases, notes = find({"right": FootTrack(raised.height, raised.forefoot_height, speed, path)})
    assert {p.repetition for p in phases if p.phase == "rise"} == {1}
    assert [note.code for note in notes] == ["raise_not_planted"]
    assert "the right heel (at" in notes[0].message

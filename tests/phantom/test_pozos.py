"""The comparison with Pozos, Iaizzo and Petry (1982): its measures find what is put in, and its scenarios are fair."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from heelraise.phantom import load_scenario, simulate
from heelraise.phantom.scenario import Scenario

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))
import pozos

RATE, EMG_RATE = 200.0, 1000.0
HOLD_HZ, MOVE_HZ, TIMES = 7.5, 5.5, 3.0


def made_up(seed: int = 3) -> pozos.Measured:
    """The paper's findings put in: 7.5 Hz in the hold; 5.5 Hz of three times the acceleration in the movement."""
    rng = np.random.default_rng(seed)
    time = np.arange(0, 28, 1 / RATE)
    place = np.clip((time - 3) / 5, 0, 1) - np.clip((time - 18) / 6, 0, 1)
    slow = 90.0 * (10 * place**3 - 15 * place**4 + 6 * place**5)
    moving = ((time >= 3) & (time < 8)) | ((time >= 18) & (time < 24))
    holding = (time >= 8) & (time < 18)
    size = 0.05 * 1000 / (2 * np.pi) ** 2
    hold = np.where(holding, size / HOLD_HZ**2 * np.sin(2 * np.pi * HOLD_HZ * time), 0.0)
    move = np.where(moving, TIMES * size / MOVE_HZ**2 * np.sin(2 * np.pi * MOVE_HZ * time), 0.0)
    at = np.arange(0, 28, 1 / EMG_RATE)
    wave = np.where((at >= 8) & (at < 18), np.sin(2 * np.pi * HOLD_HZ * at), np.sin(2 * np.pi * MOVE_HZ * at))
    emg = {
        (muscle, side): rng.standard_normal(at.size) * (1 + 0.6 * wave)
        for muscle in pozos.MUSCLES
        for side in ("left", "right")
    }
    windows = {
        phase: [(side, *span) for side in ("left", "right")]
        for phase, span in (("hold", (8.5, 17.5)), ("rise", (4.0, 8.0)), ("lower", (18.0, 22.5)))
    }
    walk = np.cumsum(rng.standard_normal(time.size)) * 1e-3
    heel = dict.fromkeys(("left", "right"), slow + hold + move + walk)
    return pozos.Measured(RATE, heel, EMG_RATE, emg, windows)


@pytest.fixture(scope="module")
def found():
    return pozos.measure(made_up())


def test_the_papers_findings_are_seen_where_they_are_put_in(found):
    assert found["hold_peak"] == pytest.approx(HOLD_HZ, abs=0.3)
    assert found["movement_peak"] == pytest.approx(MOVE_HZ, abs=0.3)
    assert found["hold_called"] == pytest.approx(HOLD_HZ, abs=0.3)
    assert found["movement_called"] == pytest.approx(MOVE_HZ, abs=0.3)
    for muscle in pozos.MUSCLES:
        assert found[f"hold_{muscle}_called"] == pytest.approx(HOLD_HZ, abs=0.3)
        assert found[f"movement_{muscle}_called"] == pytest.approx(MOVE_HZ, abs=0.3)
    assert found["hold_rms"] == pytest.approx(0.05 / np.sqrt(2), rel=0.1)
    assert found["movement_rms_ratio"] == pytest.approx(TIMES, rel=0.1)
    assert found["hold_share"] > 0.8
    assert found["movement_share"] > 0.8


def test_second_difference_of_a_tone():
    time = np.arange(0, 2, 1 / RATE)
    for frequency in (4.0, 9.0):
        wave = np.sin(2 * np.pi * frequency * time)
        given = pozos.ideal_acceleration(wave, RATE)[1:-1]
        exact = -((2 * np.pi * frequency) ** 2) * wave[1:-1] / 1000.0
        assert np.std(given) == pytest.approx(np.std(exact), rel=0.015)
        assert np.corrcoef(given, exact)[0, 1] > 0.999


def test_intervals_of_means():
    middle, low, high = pozos.mean_interval([1.0, 2.0, 4.0], logarithmic=True)
    assert middle == pytest.approx(2.0)
    assert low * high == pytest.approx(4.0)
    assert low < 1.0
    # t of 0.975 with two degrees of freedom is 4.3027.
    middle, low, high = pozos.mean_interval([1.0, 2.0, 3.0])
    assert (middle, high - low) == (pytest.approx(2.0), pytest.approx(2 * 4.3027 / 3**0.5, rel=1e-3))


def test_scenarios_do_the_papers_task_and_only_the_second_is_told_to_shake():
    told, untold = load_scenario("pozos1982_drive"), load_scenario("pozos1982")
    for scenario in (told, untold):
        assert scenario.model == "physiological"
        assert scenario.task.hold_s >= 10
        assert min(scenario.task.rise_s, scenario.task.lower_s) >= 4
    for side in (untold.physiology.left, untold.physiology.right):
        assert (side.common.share, side.rest.level, side.outlast.share, side.outlast.level) == (0, 0, 0, 0)
        assert side.reflex_gain == 1
    assert untold.physiology.orthostatic.share == 0
    assert told.physiology.left.common.share > 0
    assert "put in" in told.title


def test_a_run_goes_on_where_it_stopped(tmp_path, monkeypatch, found):
    made: list[int] = []

    def fake(scenario: Scenario) -> int:
        made.append(scenario.seed)
        return scenario.seed

    seen = {"verdict": "x"} | {
        f"{phase}_{signal}": [None, 8.0]
        for phase in ("hold", "rise", "lower")
        for signal in ("heel_acceleration", *(f"emg_{m}" for m in pozos.MUSCLES))
    }
    seen |= {f"{phase}_{key}": [0.1] for phase in ("hold", "rise", "lower") for key in ("limit", "floor")}
    monkeypatch.setattr(pozos, "simulate", fake)
    monkeypatch.setattr(pozos, "from_world", lambda _: None)
    monkeypatch.setattr(pozos, "measure", lambda _: found)
    monkeypatch.setattr(pozos, "seen_by_analysis", lambda _: seen)
    lines = tmp_path / "lines.jsonl"
    assert len(pozos.run(["pozos1982"], 2, lines)) == 2
    rows = pozos.run(["pozos1982", "pozos1982_drive"], 3, lines)
    assert made == [60000, 60001, 61000, 61001, 60002, 61002]
    assert len(rows) == 6
    assert [json.loads(line)["seed"] for line in lines.read_text(encoding="utf-8").splitlines()] == made
    # Rows of another model are not counted.
    monkeypatch.setattr(pozos, "code_of_phantom", lambda: "another")
    assert len(pozos.run(["pozos1982"], 2, lines)) == 2
    assert made[6:] == [60000, 60001]
    text = pozos.table(rows)
    assert "6 to 9 Hz" in text
    assert "3 of 3 (0.44 to 1.00)" in text
    assert len({line.count("|") for line in text.splitlines()}) == 1


def test_a_simulated_trial_gives_the_windows_and_all_numbers():
    base = load_scenario("pozos1982").model_dump()
    base["model"] = "kinematic"
    del base["physiology"]
    scenario = Scenario.model_validate(base)
    trial = pozos.from_world(simulate(scenario))
    assert {phase: len(windows) for phase, windows in trial.windows.items()} == {"hold": 4, "rise": 4, "lower": 4}
    for start, stop in (span[1:] for span in trial.windows["hold"]):
        assert stop - start > 8
    assert all(np.isfinite(v) for v in pozos.measure(trial).values() if v is not None)

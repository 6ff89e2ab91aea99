"""What is put into a trial is observed in it, and nothing else."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from heelraise import analyze, read_c3d
from heelraise.phantom import build_scenario, load_scenario, simulate, write_trial
from heelraise.screening.model import CHECK_NAMES

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))
from accuracy_grid.goals import MISSED, OPEN, REACHED, judged_share
from screening_grid.design import Design, scenario_of
from screening_grid.document import hits


@pytest.mark.parametrize(
    ("scenario", "must", "may"),
    [
        ("clonus_like", {"clonus_like"}, {"cessation", "flat_stance_tremor", "asymmetry"}),
        ("orthostatic", {"orthostatic_range"}, set()),
        ("normal_hold", set(), set()),
        ("quiet_stance", set(), set()),
        ("flat_stance_tremor", {"flat_stance_tremor"}, set()),
        ("prefiltered_archive", set(), set()),
    ],
)
def test_scenarios(scenario, must, may, tmp_path):
    path = tmp_path / f"{scenario}.c3d"
    write_trial(simulate(load_scenario(scenario)), path)
    result = analyze(read_c3d(path))
    observed = {check.check for check in result.checks if check.status == "observed"}
    assert must <= observed <= must | may
    assert (result.verdict == "review_suggested") == bool(observed)
    if scenario == "prefiltered_archive":
        assert result.verdict == "not_assessable"


def rows(kind, count, seen, check):
    return [
        {
            "kind": kind,
            "checks": {name: "observed" if name == check and k < seen else "not_observed" for name in CHECK_NAMES},
        }
        for k in range(count)
    ]


@pytest.mark.parametrize(
    ("kind", "count", "seen", "word"),
    [
        ("clonus_like", 3, 3, OPEN),
        ("clonus_like", 3, 2, MISSED),
        ("clonus_like", 100, 100, REACHED),
        ("clonus_like", 100, 96, MISSED),
        ("normal_hold", 54, 0, OPEN),
        ("normal_hold", 54, 8, MISSED),
        ("normal_hold", 200, 0, REACHED),
    ],
)
def test_agreement_is_judged_by_its_whole_interval(kind, count, seen, word):
    table = hits(rows(kind, count, seen, "clonus_like"))
    (line,) = [one for one in table if one.startswith("| clonus_like")]
    assert line.endswith(f"{seen} of {count} | {word} |")


def test_the_words_of_the_committed_table_are_those_of_its_counts():
    text = (Path(__file__).parents[2] / "plugin" / "docs" / "screening.md").read_text(encoding="utf-8")
    found = re.findall(r"^\| .*: at (least 95|most 2) % \| .*, (\d+) of (\d+) \| (.*) \|$", text, re.MULTILINE)
    assert {limit for limit, *_ in found} == {"least 95", "most 2"}
    for limit, seen, count, word in found:
        low, high = (0.95, 1.0) if limit == "least 95" else (0.0, 0.02)
        assert word == judged_share(int(seen), int(count), low, high)


@pytest.mark.parametrize("kind", Design().kinds())
def test_every_trial_of_the_design_is_one_that_the_simulator_takes(kind):
    for index in range(4):
        build_scenario(scenario_of(Design(), kind, index))

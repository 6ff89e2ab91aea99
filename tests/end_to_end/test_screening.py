"""What is put into a trial is observed in it, and nothing else."""

from __future__ import annotations

import pytest

from heelraise import analyze, read_c3d
from heelraise.phantom import load_scenario, simulate, write_trial


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

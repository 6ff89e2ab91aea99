"""A trial in memory is the trial that its file would give."""

from __future__ import annotations

import numpy as np
import pytest

from heelraise.analysis import analyze
from heelraise.errors import InputError
from heelraise.phantom import simulate_trial, trial_of, write_trial
from heelraise.trial import read_c3d


@pytest.mark.parametrize(
    "lab",
    [
        {"storage": "int16"},
        {"storage": "float", "processor": "dec"},
        {"storage": "float", "processor": "mips", "gaps": 2},
    ],
)
def test_memory_and_file_hold_the_same_bytes(short, tmp_path, lab):
    simulated = short(lab=lab)
    write_trial(simulated, tmp_path / "short.c3d")
    kept, made = read_c3d(tmp_path / "short.c3d"), trial_of(simulated)
    assert made.container.sha256 == kept.container.sha256
    assert made.name == kept.name
    assert np.array_equal(made.points, kept.points, equal_nan=True)
    assert np.array_equal(made.analogs, kept.analogs)
    assert made.events == kept.events


def test_a_trial_in_memory_can_be_analysed_and_copied(short, tmp_path):
    simulated = short()
    result = analyze(simulate_trial(simulated.scenario))
    write_trial(simulated, tmp_path / "short.c3d")
    other = analyze(read_c3d(tmp_path / "short.c3d"))
    assert result.metrics == other.metrics
    result.write_c3d(tmp_path / "copy.c3d")
    other.write_c3d(tmp_path / "other.c3d")
    assert (tmp_path / "copy.c3d").read_bytes() == (tmp_path / "other.c3d").read_bytes()


def test_bytes_that_are_no_c3d_are_refused():
    from heelraise.c3d.memory import container_from_bytes

    with pytest.raises(InputError, match="not a C3D file"):
        container_from_bytes(b"no such thing" * 100)

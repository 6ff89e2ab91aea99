"""Damaged and real files through the whole route, in process."""

from __future__ import annotations

import contextlib

import numpy as np
import pytest
import yaml

from heelraise.c3d import NewC3D, read_container, write_c3d
from heelraise.errors import InputError
from heelraise.metrics.definitions import BY_NAME
from heelraise.pipeline import analyze_file
from heelraise.screening.model import CHECK_NAMES


def check_outputs(published, original):
    """What every readable file must give: a lossless copy, and a summary in which nothing is unknown."""
    summary = yaml.safe_load(published.summary.read_text(encoding="utf-8"))
    text = published.summary.read_text(encoding="utf-8")
    assert ".nan" not in text
    assert ".inf" not in text
    assert "null" not in text.replace("nullify", "")
    assert tuple(check["check"] for check in summary["screening"]) == CHECK_NAMES
    assert {metric["name"] for metric in summary["metrics"]} <= set(BY_NAME)
    for metric in summary["metrics"]:
        assert "value" in metric or metric["status"] != "ok", metric
    before, after = read_container(original), read_container(published.c3d)
    assert np.array_equal(before.points(), after.points(), equal_nan=True)
    assert np.array_equal(before.analogs(), after.analogs()[:, : before.analog_count], equal_nan=True)
    return summary


@pytest.mark.parametrize("seed", range(40))
def test_a_damaged_trial_gives_one_sentence_or_a_result(hold, tmp_path, seed):
    data = bytearray(hold.read_bytes()[:400_000])
    rng = np.random.default_rng(seed)
    section = 512 * (1 + data[512 + 2])
    for place in rng.integers(0, section, rng.integers(1, 12)):
        data[place] = rng.integers(256)
    path = tmp_path / "damaged.c3d"
    path.write_bytes(data)
    sentence, left = "", []
    with contextlib.suppress(InputError):
        analyze_file(path, None, tmp_path / "out", ezc3d=False)
        left = ["damaged_heelraise.c3d", "damaged_heelraise.yaml"]
    if not left:
        with pytest.raises(InputError) as caught:
            analyze_file(path, None, tmp_path / "out", ezc3d=False)
        sentence = str(caught.value)
    assert "\n" not in sentence
    assert bool(sentence) != bool(left)
    assert sorted(p.name for p in (tmp_path / "out").glob("*")) == left


ODD = {
    "no points": {"points": np.empty((500, 0, 3)), "analogs": np.ones((5000, 2)), "analog_labels": ["a", "b"]},
    "no analogs": {"points": np.ones((500, 1, 3)), "point_labels": ["LHEE"]},
    "one frame": {"points": np.ones((1, 2, 3)), "point_labels": ["LHEE", "RHEE"]},
    "never seen": {"points": np.full((300, 2, 3), np.nan), "point_labels": ["LHEE", "LTOE"]},
    "equal labels": {"points": np.ones((300, 3, 3)), "point_labels": ["LHEE", "LHEE", ""]},
    "huge": {"points": np.full((300, 2, 3), 1e30), "point_labels": ["LHEE", "LTOE"]},
    "slow": {"points": np.ones((60, 2, 3)), "point_labels": ["LHEE", "LTOE"], "point_rate": 2.0},
    "a frame in a thousand seconds": {
        "points": np.random.default_rng(0).normal(size=(1000, 3, 3)),
        "point_labels": ["LHEE", "LTOE", "LANK"],
        "point_rate": 0.001,
    },
    "our own label": {
        "points": np.ones((300, 1, 3)),
        "point_labels": ["LHEE"],
        "analogs": np.ones((300, 1)),
        "analog_labels": ["HR_HEEL_L"],
        "analog_per_frame": 1,
    },
}


@pytest.mark.parametrize("name", ODD)
def test_odd_but_readable_files_give_a_copy_and_a_summary(tmp_path, name):
    content = {"point_rate": 100.0, "point_labels": [], "analog_per_frame": 10, **ODD[name]}
    path = tmp_path / "odd.c3d"
    write_c3d(path, NewC3D(**content))
    summary = check_outputs(analyze_file(path, None, tmp_path / "out", ezc3d=False), path)
    assert summary["headline"]["verdict"] == "not_assessable"


@pytest.mark.corpus
def test_every_real_file_gives_a_copy_and_a_summary(corpus, tmp_path):
    files = sorted(p for p in (corpus / "real_c3d").rglob("*") if p.suffix.lower() == ".c3d")
    assert len(files) > 50
    for number, path in enumerate(files):
        summary = check_outputs(analyze_file(path, None, tmp_path / str(number), ezc3d=False), path)
        # None of these recordings holds a heel raise of several seconds.
        assert summary["headline"]["verdict"] in ("not_assessable", "review_suggested"), path
        assert not any(phase["phase"] == "hold" for phase in summary["phases"]), path


@pytest.mark.corpus
@pytest.mark.parametrize(
    ("name", "phase", "marker_set"),
    [
        ("gait_children/HC030A/HC030A01.c3d", "stance", "oxford_foot"),
        ("gait_children/HC030A/HC030A05.c3d", "locomotion", "oxford_foot"),
        ("vendors/BTS.c3d", "locomotion", "helen_hayes"),
        ("vendors/Qualisys.c3d", "locomotion", "qualisys_full"),
        ("opensim/walking2.c3d", "locomotion", "opensim_fullbody"),
    ],
)
def test_what_real_trials_are_taken_for(corpus, tmp_path, name, phase, marker_set):
    path = corpus / "real_c3d" / name
    summary = check_outputs(analyze_file(path, None, tmp_path / "out"), path)
    assert {entry["phase"] for entry in summary["phases"]} == {phase}
    assert summary["signals"]["marker_set"] == marker_set
    assert summary["outputs"]["verified"] == {"own": "equal", "ezc3d": "equal"}
    cop = [metric for metric in summary["metrics"] if metric["signal"].startswith("cop")]
    assert bool(cop) == (phase == "stance")

import os
from pathlib import Path

import numpy as np
import pytest

from heelraise.errors import InputError, UsageError
from heelraise.osim.files.tables import read_table
from heelraise.osim.files.trc import MarkerTable, write_trc
from heelraise.osim.ik_tool import run_ik_tool
from heelraise.osim.library import load_model, quiet_stdout
from heelraise.osim.shank_foot import LegShape, write_shank_foot_model
from heelraise.osim.xml_text import read_xml

RATE = 200.0
COUNT = 60


@pytest.fixture(scope="module")
def leg(tmp_path_factory):
    """A leg with a tremor of 0.05 deg at 10 Hz, its markers, and the ankle's angle in rad."""
    osim = pytest.importorskip("opensim")
    folder = tmp_path_factory.mktemp("leg")
    write_shank_foot_model(folder / "leg.osim", {"right": LegShape()})
    model = load_model(folder / "leg.osim")
    time = np.arange(COUNT) / RATE
    angle = np.radians(-20.0 + 0.05 * np.sin(2 * np.pi * 10.0 * time))
    markers = [model.getMarkerSet().get(k) for k in range(model.getMarkerSet().getSize())]
    points = np.empty((COUNT, len(markers), 3))
    with quiet_stdout():
        state = model.initSystem()
        for t, value in enumerate(angle):
            model.getCoordinateSet().get("ankle_angle_r").setValue(state, float(value))
            model.realizePosition(state)
            points[t] = [marker.getLocationInGround(state).to_numpy() for marker in markers]
    names = tuple(marker.getName() for marker in markers)
    write_trc(folder / "leg.trc", MarkerTable(names, time, points, RATE, "m"))
    assert osim is not None
    return folder, names, angle


def test_a_tremor_survives_and_nothing_is_left_behind(leg, tmp_path, monkeypatch, capfd):
    folder, _, angle = leg
    monkeypatch.chdir(tmp_path)
    before = sorted(os.listdir(folder))
    found = run_ik_tool(folder / "leg.osim", folder / "leg.trc")
    assert found.notes == ()
    assert found.time == pytest.approx(np.arange(COUNT) / RATE, abs=1e-6)
    assert np.degrees(found.column("ankle_angle_r")) == pytest.approx(np.degrees(angle), abs=5e-4)
    assert os.listdir(tmp_path) == []
    assert sorted(os.listdir(folder)) == before
    assert capfd.readouterr() == ("", "")


def test_a_coarse_accuracy_says_what_it_costs(leg):
    folder, _, _ = leg
    found = run_ik_tool(folder / "leg.osim", folder / "leg.trc", accuracy=1e-5, start_s=0.0, stop_s=0.05)
    assert "93 %" in found.notes[0]
    assert "1e-05" in found.notes[0]
    assert found.time.size == 11


def test_only_weighed_markers_count(leg, tmp_path):
    folder, names, angle = leg
    lines = (folder / "leg.trc").read_text().splitlines()
    spoiled = names.index("right.mt5")
    rows = [line.split("\t") for line in lines[6:20]]
    for row in rows:
        row[2 + 3 * spoiled] = "5"
    head = [line.replace(f"\t{COUNT}\t", f"\t{len(rows)}\t") for line in lines[:6]]
    head[2] = head[2].rsplit("\t", 1)[0] + f"\t{len(rows)}"
    (tmp_path / "spoiled.trc").write_text("\n".join([*head, *("\t".join(row) for row in rows), ""]))
    weights = {name: 1.0 for name in names if name != "right.mt5"}
    found = run_ik_tool(folder / "leg.osim", tmp_path / "spoiled.trc", weights=weights)
    assert found.column("ankle_angle_r") == pytest.approx(angle[: len(rows)], abs=1e-5)


def test_a_heavily_held_coordinate_stays_at_its_default(leg):
    folder, _, _ = leg
    held = run_ik_tool(folder / "leg.osim", folder / "leg.trc", held={"ankle_angle_r": 1e6}, start_s=0.0, stop_s=0.05)
    assert np.abs(held.column("ankle_angle_r")).max() < 1e-3


@pytest.mark.parametrize("accuracy", [0.0, -1e-9, 1.0, float("nan")])
def test_impossible_accuracies(leg, accuracy):
    folder, _, _ = leg
    with pytest.raises(UsageError, match="accuracy"):
        run_ik_tool(folder / "leg.osim", folder / "leg.trc", accuracy=accuracy)


def test_names_that_do_not_match_are_listed_on_both_sides(leg, tmp_path):
    folder, _, _ = leg
    points = np.zeros((3, 2, 3))
    write_trc(tmp_path / "other.trc", MarkerTable(("LHEE", "RHEE"), np.arange(3) / 100.0, points, 100.0))
    with pytest.raises(InputError, match="share no marker") as caught:
        run_ik_tool(folder / "leg.osim", tmp_path / "other.trc")
    assert "right.heel" in str(caught.value)
    assert "RHEE" in str(caught.value)


def test_no_marker_with_a_weight(leg):
    folder, _, _ = leg
    with pytest.raises(InputError, match="no marker has a weight"):
        run_ik_tool(folder / "leg.osim", folder / "leg.trc", weights={"elsewhere": 1.0})


def test_missing_and_broken_files(leg, tmp_path):
    folder, _, _ = leg
    (tmp_path / "text.trc").write_text("hello\n")
    for model, trc in (("none.osim", "leg.trc"), ("leg.trc", "leg.trc"), ("leg.osim", "none.trc")):
        with pytest.raises(InputError):
            run_ik_tool(folder / model, folder / trc)
    with pytest.raises(InputError, match="not a marker file"):
        run_ik_tool(folder / "leg.osim", tmp_path / "text.trc")


@pytest.mark.corpus
def test_the_shipped_pipeline(corpus):
    pytest.importorskip("opensim")
    home = Path(corpus) / "opensim_models" / "gait2392"
    tasks = [e for e in read_xml(home / "subject01_Setup_IK.xml").walk() if e.tag.endswith("Task")]
    weighed = {e.tag: {} for e in tasks}
    for task in tasks:
        weighed[task.tag][task.attributes["name"]] = float(task.child("weight").text)
    found = run_ik_tool(
        home / "subject01_simbody.osim",
        home / "subject01_walk1.trc",
        weights=weighed["IKMarkerTask"],
        held=weighed["IKCoordinateTask"],
        start_s=0.5,
        stop_s=1.0,
    )
    reference = read_table(home / "reference_ik.mot")
    for name in ("ankle_angle_r", "ankle_angle_l"):
        theirs = np.interp(found.time, reference.times, reference.column(name))
        assert np.degrees(found.column(name)) == pytest.approx(theirs, abs=0.02)

"""``heelraise analyze --in-place``: the trial is replaced by its copy, and kept."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import yaml

from heelraise.c3d import NewC3D, read_container, write_c3d


def test_in_place_twice_and_after_moved_events(hold, tmp_path, cli):
    trial = tmp_path / "hold.c3d"
    shutil.copy(hold, trial)
    kept = tmp_path / "hold.c3d.orig"
    summary = tmp_path / "heelraise_out" / "hold_heelraise.yaml"

    done = cli("analyze", "hold.c3d", "--in-place")
    assert done.returncode == 0, done.stderr
    assert "the original is kept as hold.c3d.orig" in done.stdout
    assert kept.read_bytes() == hold.read_bytes()
    assert "HR_PF_L" in read_container(trial).analog_labels
    found = yaml.safe_load(summary.read_text())
    assert found["source"]["file"] == "hold.c3d"
    assert found["source"]["sha256"] == read_container(kept).sha256
    assert (found["outputs"]["c3d"], found["outputs"]["original"]) == ("hold.c3d", "hold.c3d.orig")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["heelraise_out", "hold.c3d", "hold.c3d.orig"]
    assert [path.name for path in summary.parent.iterdir()] == [summary.name]

    first, text = trial.read_bytes(), summary.read_bytes()
    assert cli("analyze", "hold.c3d", "--in-place", "--verify", "own", "-o", "again").returncode == 0
    assert trial.read_bytes() == first
    assert kept.read_bytes() == hold.read_bytes()
    again = (tmp_path / "again" / summary.name).read_bytes()
    assert again.rstrip() == text.replace(b"ezc3d: equal\n", b"").rstrip()

    # An analyst who drags the hold's start to 7 s makes a trial of its own out of the copy.
    edited = bytearray(first)
    start = next(e for e in read_container(trial).events() if (e.label, e.context) == ("HR_HOLD", "Left")).time_s
    place = edited.index(np.float32(start).tobytes())
    edited[place : place + 4] = np.float32(7.0).tobytes()
    trial.write_bytes(edited)
    done = cli("analyze", "hold.c3d", "--in-place")
    assert done.returncode == 0, done.stderr
    assert kept.read_bytes() == bytes(edited)
    assert kept.with_name("hold.c3d.orig.1").read_bytes() == hold.read_bytes()
    phases = yaml.safe_load(summary.read_text())["phases"]
    holds = [p for p in phases if (p["phase"], p["side"]) == ("hold", "left")]
    assert abs(holds[0]["start_s"] - 7.0) < 0.02


def test_in_place_leaves_what_it_may_not_write(hold, tmp_path, cli):
    trial = tmp_path / "hold.c3d"
    shutil.copy(hold, trial)
    trial.chmod(0o444)
    done = cli("analyze", "hold.c3d", "--in-place")
    assert done.returncode == 5
    assert done.stderr.count("\n") == 1
    assert "write-protected" in done.stderr
    assert cli("analyze", "none.c3d", "--in-place").returncode == 4
    assert [path.name for path in tmp_path.iterdir()] == ["hold.c3d"]


def test_in_place_without_room_for_additions_changes_nothing(tmp_path: Path, cli):
    trial = tmp_path / "full.c3d"
    points = np.random.default_rng(1).normal(size=(50, 2, 3))
    new = NewC3D(points=points, point_rate=100.0, point_labels=["A", "B"])
    write_c3d(trial, new)
    room = 255 * 512 - read_container(trial).parameters.end
    filler = {("BIG", f"X{k:03}"): bytes(250) for k in range((room - 40) // 262)}
    write_c3d(trial, replace(new, parameters=filler))
    before = trial.read_bytes()
    done = cli("analyze", "full.c3d", "--in-place")
    assert done.returncode == 0, done.stderr
    assert "The copy carries no channels" in done.stdout
    assert trial.read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["full.c3d", "heelraise_out"]

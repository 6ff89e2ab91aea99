"""What the simulator may replace, and that trial and truth appear together."""

from __future__ import annotations

import os

import numpy as np
import pytest
import yaml

from heelraise.c3d import NewC3D, write_c3d
from heelraise.errors import OutputError
from heelraise.phantom import build_scenario, simulate, write_trial
from heelraise.phantom.simulate import check_names

TASK = {"stand_s": 1.0, "rise_s": 0.5, "hold_s": 1.0, "lower_s": 0.5, "after_s": 1.0}


@pytest.fixture(scope="module")
def simulated():
    return simulate(build_scenario({"name": "t", "task": TASK, "emg": {"muscles": []}, "lab": {"plates": 0}}))


def recording(path, company="a camera's maker"):
    """A C3D file that somebody recorded."""
    points = np.zeros((10, 1, 3))
    maker = {("MANUFACTURER", "COMPANY"): [company]}
    write_c3d(path, NewC3D(points=points, point_rate=100.0, point_labels=["LHEE"], parameters=maker))


def contents(folder):
    return {path.name: path.read_bytes() if path.is_file() else None for path in folder.iterdir()}


def recorded(folder):
    recording(folder / "t.c3d")


def text_of_another(folder):
    (folder / "t.truth.yaml").write_text("truth: schema heelraise-truth/1 is not stated here\n")


def nested_schema(folder):
    (folder / "t.truth.yaml").write_text("notes:\n  schema: heelraise-truth/1\n")


def ours_with_notes_of_another(folder):
    recording(folder / "t.c3d", "heelraise phantom")
    text_of_another(folder)


def no_c3d(folder):
    (folder / "t.c3d").write_bytes(b"not a C3D file")


def dangling_link(folder):
    (folder / "t.c3d").symlink_to("elsewhere.c3d")


@pytest.mark.parametrize(
    "put", [recorded, text_of_another, nested_schema, ours_with_notes_of_another, no_c3d, dangling_link]
)
def test_files_of_others_are_replaced_only_by_force(simulated, tmp_path, put):
    put(tmp_path)
    before = contents(tmp_path)
    with pytest.raises(OutputError, match=r"not of the simulator.*--force") as refusal:
        write_trial(simulated, tmp_path / "t.c3d")
    assert refusal.value.exit_status == 5
    assert "\n" not in str(refusal.value)
    assert contents(tmp_path) == before
    truth = write_trial(simulated, tmp_path / "t.c3d", force=True)
    assert yaml.safe_load(truth.read_text())["schema"] == "heelraise-truth/1"
    check_names(tmp_path / "t.c3d")
    assert set(contents(tmp_path)) == {"t.c3d", "t.truth.yaml"}


def test_our_own_files_are_replaced(simulated, tmp_path):
    target = tmp_path / "t.c3d"
    truth = write_trial(simulated, target)
    first = contents(tmp_path)
    # Either alone says whose it is.
    for change in (lambda: truth.unlink(), lambda: recording(target), lambda: target.unlink(), lambda: None):
        change()
        target.chmod(0o640) if target.exists() else None
        write_trial(simulated, target)
        assert contents(tmp_path) == first
    assert truth.read_bytes().startswith(b"schema: heelraise-truth/1\n")


@pytest.mark.parametrize("name", ["t.c3d", "t.truth.yaml"])
@pytest.mark.parametrize("force", [False, True])
def test_a_folder_in_place_of_either_leaves_neither(simulated, tmp_path, name, force):
    (tmp_path / name).mkdir()
    with pytest.raises(OutputError, match="is a folder"):
        write_trial(simulated, tmp_path / "t.c3d", force)
    assert set(contents(tmp_path)) == {name}


@pytest.mark.parametrize("there", [False, True])
@pytest.mark.parametrize("error", [PermissionError(13, "Permission denied"), KeyboardInterrupt()])
def test_both_or_neither_where_the_second_name_is_refused(simulated, tmp_path, monkeypatch, there, error):
    target = tmp_path / "t.c3d"
    if there:
        recording(target, "heelraise phantom")
        (tmp_path / "t.truth.yaml").write_text("schema: heelraise-truth/1\n")
    before = contents(tmp_path)
    replace = os.replace

    def refuse(source, name):
        if str(name).endswith("t.truth.yaml"):
            # The trial has its name by now: there is something to take back.
            assert target.read_bytes() != before.get("t.c3d")
            raise error
        replace(source, name)

    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises((OutputError, KeyboardInterrupt)) as refusal:
        write_trial(simulated, target)
    assert isinstance(refusal.value, KeyboardInterrupt) or "Permission denied" in str(refusal.value)
    assert contents(tmp_path) == before


def test_without_second_names_a_copy_is_held(simulated, tmp_path, monkeypatch):
    target = tmp_path / "t.c3d"
    recording(target, "heelraise phantom")
    before, replace = contents(tmp_path), os.replace

    def no_links(*_, **__):
        raise OSError(95, "Operation not supported")

    def refuse(source, name):
        if str(name).endswith("t.truth.yaml"):
            raise OSError(28, "No space left on device")
        replace(source, name)

    monkeypatch.setattr(os, "link", no_links)
    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(OutputError, match="No space left"):
        write_trial(simulated, target)
    assert contents(tmp_path) == before

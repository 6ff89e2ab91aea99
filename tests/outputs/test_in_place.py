"""Replacing a trial by its copy: the old file or the new one, whole, and the original kept."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from heelraise.c3d import AnalogChannel, Event, NewC3D, append, read_container, write_c3d
from heelraise.c3d.atomic import part_of
from heelraise.errors import InputError, OutputError
from heelraise.outputs import in_place
from heelraise.outputs.in_place import locate, replace_trial

FRAMES = 20


def export(path: Path, seed: int) -> bytes:
    """A trial as the lab's own software would write it."""
    random = np.random.default_rng(seed)
    write_c3d(
        path,
        NewC3D(
            points=random.normal(size=(FRAMES, 2, 3)),
            point_rate=100.0,
            point_labels=["LHEE", "RHEE"],
            analogs=random.normal(size=(FRAMES * 4, 2)),
            analog_labels=["EMG1", "EMG2"],
            analog_units=["V", "V"],
            analog_per_frame=4,
        ),
    )
    return path.read_bytes()


def finish(path: Path, value: float = 1.0) -> in_place.Place:
    """Replace a trial by its copy with one channel of a constant, as the pipeline does."""
    place = locate(path)
    source = read_container(place.source)
    aside = place.aside()
    samples = np.full(source.frame_count * source.analog_per_frame, value)
    try:
        append(
            source,
            aside,
            channels=[AnalogChannel("HR_X", "deg", "test", samples)],
            events=[Event("HR_RISE", "Left", 0.05)],
            provenance={"SOURCE_SHA256": source.sha256},
        )
        replace_trial(place, aside)
    finally:
        aside.unlink(missing_ok=True)
    return place


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def trial(tmp_path: Path) -> Path:
    path = tmp_path / "trial.c3d"
    export(path, 1)
    return path


def test_the_original_is_kept_and_the_copy_takes_its_place(trial):
    before = trial.read_bytes()
    trial.chmod(0o640)
    finish(trial)
    assert names(trial.parent) == ["trial.c3d", "trial.c3d.orig"]
    assert trial.with_name("trial.c3d.orig").read_bytes() == before
    assert read_container(trial).analog_labels == ("EMG1", "EMG2", "HR_X")
    assert trial.stat().st_mode & 0o777 == 0o640


def test_a_later_run_starts_from_the_original(trial):
    before = trial.read_bytes()
    finish(trial)
    first = trial.read_bytes()
    place = finish(trial)
    assert place.source.name == "trial.c3d.orig"
    assert trial.read_bytes() == first
    finish(trial, value=2.0)
    assert trial.read_bytes() != first
    assert trial.with_name("trial.c3d.orig").read_bytes() == before
    assert names(trial.parent) == ["trial.c3d", "trial.c3d.orig"]


def test_an_exported_trial_is_a_new_original_and_older_ones_are_numbered(trial):
    exports = [trial.read_bytes()]
    finish(trial)
    for seed in (2, 3):
        exports.append(export(trial, seed))
        assert finish(trial).source == trial
    kept = [trial.with_name(f"trial.c3d.orig{end}").read_bytes() for end in (".1", ".2", "")]
    assert kept == exports
    assert len(names(trial.parent)) == 4


@pytest.mark.parametrize("where", ["sample", "event"])
def test_a_copy_that_somebody_edited_is_an_original_too(trial, where):
    finish(trial)
    container = read_container(trial)
    edited = bytearray(trial.read_bytes())
    # The first coordinate of the first marker, or the seconds of our event in the parameters.
    place = container.layout.start if where == "sample" else edited.index(np.float32(0.05).tobytes())
    edited[place : place + 4] = np.float32(0.5).tobytes()
    trial.write_bytes(edited)
    assert finish(trial).source == trial
    assert trial.with_name("trial.c3d.orig").read_bytes() == bytes(edited)
    # What is kept now is a copy of ours with an edit; runs on it do not stack up.
    assert finish(trial).source.name == "trial.c3d.orig"
    assert names(trial.parent) == ["trial.c3d", "trial.c3d.orig", "trial.c3d.orig.1"]


def test_a_trial_exported_during_the_analysis_stays(trial):
    place = locate(trial)
    aside = place.aside()
    append(read_container(trial), aside, channels=[])
    newer = export(trial, 5)
    with pytest.raises(OutputError, match="has changed while it was analysed"):
        replace_trial(place, aside)
    assert trial.read_bytes() == newer
    assert not place.kept.exists()


def test_a_write_protected_trial_stays(trial):
    trial.chmod(0o444)
    with pytest.raises(OutputError, match=r"write-protected.*--in-place"):
        locate(trial)


def test_a_missing_trial_is_an_input_error(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        locate(tmp_path / "none.c3d")


def test_a_link_stays_a_link(trial, tmp_path):
    folder = tmp_path / "links"
    folder.mkdir()
    link = folder / "other.c3d"
    link.symlink_to(trial)
    finish(link)
    assert link.is_symlink()
    assert names(folder) == ["other.c3d"]
    assert names(trial.parent) == ["links", "trial.c3d", "trial.c3d.orig"]


def test_without_second_names_the_original_is_copied(trial, monkeypatch):
    before = trial.read_bytes()

    def refuse(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    finish(trial)
    assert trial.with_name("trial.c3d.orig").read_bytes() == before
    assert names(trial.parent) == ["trial.c3d", "trial.c3d.orig"]


def _stop_at(monkeypatch: pytest.MonkeyPatch, which: int) -> Callable[[], bool]:
    """Interrupt the process before its n-th change of a name."""
    count = 0
    for name in ("link", "rename", "replace"):
        real = getattr(os, name)

        def step(*arguments: object, _real: Callable[..., None] = real) -> None:
            nonlocal count
            count += 1
            if count == which:
                raise KeyboardInterrupt
            _real(*arguments)

        monkeypatch.setattr(os, name, step)
    return lambda: count >= which


@pytest.mark.parametrize("which", range(1, 7))
def test_stopped_before_any_step_the_trial_is_old_or_new(trial, monkeypatch, which):
    finish(trial)
    first = trial.read_bytes()
    older = trial.with_name("trial.c3d.orig").read_bytes()
    newer = export(trial, 9)
    with monkeypatch.context() as patch:
        reached = _stop_at(patch, which)
        try:
            finish(trial)
        except KeyboardInterrupt:
            assert trial.read_bytes() == newer
        else:
            assert not reached()
    assert trial.read_bytes() != first
    finish(trial)
    assert trial.with_name("trial.c3d.orig").read_bytes() == newer
    assert trial.with_name("trial.c3d.orig.1").read_bytes() == older
    assert read_container(trial).analog_labels[-1] == "HR_X"
    assert names(trial.parent) == ["trial.c3d", "trial.c3d.orig", "trial.c3d.orig.1"]


@pytest.mark.skipif(os.name == "nt", reason="processes are not asked for by number there")
def test_what_a_killed_run_left_is_cleared_and_what_a_living_one_writes_is_not(trial):
    code = (
        "from heelraise.c3d.atomic import part_of; import pathlib; "
        f"name = part_of(pathlib.Path({str(trial)!r})); print(name, part_of(name), sep='\\n')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    dead, dead_too = (Path(line) for line in done.stdout.split())
    assert dead != dead_too
    living, foreign = part_of(trial), trial.with_name(".trial.c3d.notes.part")
    other = trial.with_name(dead.name.replace("trial", "another"))
    for path in (dead, dead_too, living, foreign, other):
        path.write_bytes(b"half")
    locate(trial)
    assert set(names(trial.parent)) == {"trial.c3d", living.name, foreign.name, other.name}


def test_two_runs_at_once_number_older_originals_apart(trial, monkeypatch):
    older = trial.read_bytes()
    finish(trial)
    export(trial, 2)
    real = os.link

    def rival(source: Path, target: Path) -> None:
        if target.name.endswith(".orig.1") and not target.exists():
            target.write_bytes(b"another run's")
        real(source, target)

    monkeypatch.setattr(os, "link", rival)
    finish(trial)
    assert trial.with_name("trial.c3d.orig.1").read_bytes() == b"another run's"
    assert trial.with_name("trial.c3d.orig.2").read_bytes() == older


def test_folders_that_cannot_be_synchronised_are_no_failure(trial, monkeypatch):
    real = os.fsync

    def refuse(descriptor: int) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(22, "Invalid argument")
        real(descriptor)

    monkeypatch.setattr(os, "fsync", refuse)
    finish(trial)
    assert names(trial.parent) == ["trial.c3d", "trial.c3d.orig"]


@pytest.mark.parametrize("stem", ["a" * 240, "é" * 110])
def test_long_names(trial, stem):
    long = trial.rename(trial.with_name(f"{stem}.c3d"))
    before = long.read_bytes()
    finish(long)
    finish(long)
    assert long.with_name(f"{stem}.c3d.orig").read_bytes() == before
    assert len(names(long.parent)) == 2


def test_a_name_without_room_for_what_is_kept_is_an_output_error(trial):
    long = trial.rename(trial.with_name("a" * 251 + ".c3d"))
    with pytest.raises(OutputError, match="cannot be replaced"):
        locate(long)

"""The corpus command: what it says, when it fails, and what it finds in the real files."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from heelraise.c3d import Container, read_container
from heelraise.c3d import corpus as package
from heelraise.c3d.corpus import command, views
from heelraise.c3d.corpus.changes import MUST_CHANGE, changed_parameters, unexpected_parameters, unexpected_words
from heelraise.c3d.corpus.table import Outcome, causes_found, exit_status, totals

DOCUMENT = Path(__file__).parents[2] / "plugin" / "docs" / "c3d.md"
HEADINGS = ["file", "kind", "read", "copied", "samples", "restored", "parameters", "ezc3d", "py-c3d", "why"]


def test_table_of_a_folder(write_trial, capsys: pytest.CaptureFixture[str]) -> None:
    original = write_trial("a.c3d", camera_masks=np.full((12, 3), 6))
    folder = original.path.parent
    (folder / "sub").mkdir()
    original.path.rename(folder / "sub" / "a.C3D")
    (folder / "bad.c3d").write_bytes(b"")
    assert package.main([str(folder)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == HEADINGS
    assert lines[1].startswith("bad.c3d")
    assert "the file is empty" in lines[1]
    assert lines[2].split()[:7] == ["sub/a.C3D", "intel", "float", "yes", "yes", "0", "yes"]
    assert lines[2].split()[8:10] == ["equal", "equal"]
    assert "ezc3d residual_mask_swapped, files: 1. ezc3d takes the high byte" in "\n".join(lines)
    assert "sub/a.C3D  ANALOG: DESCRIPTIONS LABELS OFFSET SCALE UNITS USED; EVENT:" in "\n".join(lines)
    assert sorted(path.name for path in folder.rglob("*")) == ["a.C3D", "bad.c3d", "sub"]


def test_json(write_trial, capsys: pytest.CaptureFixture[str]) -> None:
    folder = write_trial("a.c3d", camera_masks=np.full((12, 3), 6)).path.parent
    assert package.main([str(folder), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["files"][0]["samples_changed"] == 0
    assert found["files"][0]["verdicts"]["py-c3d"]["original"] == "equal"
    assert found["totals"]["all"]["ezc3d_copy_equal"] == 1
    assert [cause["code"] for cause in found["causes"]] == ["residual_mask_swapped"]
    assert "high byte" in found["causes"][0]["evidence"]


def test_missing_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert package.main([str(tmp_path / "nowhere")]) == 4
    assert "no such folder" in capsys.readouterr().err


def test_what_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "folder.c3d").mkdir()
    (tmp_path / "link.c3d").symlink_to(tmp_path / "nowhere.c3d")
    (tmp_path / "loop").symlink_to(tmp_path, target_is_directory=True)
    os.mkfifo(tmp_path / "pipe.c3d")
    (tmp_path / "text.c3d").write_bytes(b"no C3D file at all")
    outcomes = {outcome.file: outcome for outcome in package.check_folder(tmp_path)}
    assert sorted(outcomes) == ["link.c3d", "pipe.c3d", "text.c3d"]
    assert not any(outcome.read for outcome in outcomes.values())
    assert "no such file" in outcomes["link.c3d"].reason
    assert outcomes["pipe.c3d"].reason == "this is not a regular file"
    assert "not a C3D file" in outcomes["text.c3d"].reason
    assert exit_status(list(outcomes.values())) == 0


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may read everything")
def test_what_may_not_be_read(write_trial) -> None:
    folder = write_trial("a.c3d").path.parent
    (folder / "closed").mkdir(mode=0)
    (folder / "a.c3d").chmod(0)
    reasons = [outcome.reason for outcome in package.check_folder(folder)]
    (folder / "closed").chmod(0o700)
    assert all("ermission denied" in reason for reason in reasons)
    assert len(reasons) == 2


def test_folder_that_cannot_be_listed(write_trial, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write_trial("a.c3d").path.parent
    listed = os.walk

    def walk(top: Path, onerror: Callable[[OSError], object]):
        onerror(PermissionError(13, "Permission denied", str(folder / "closed")))
        return listed(top, onerror=onerror)

    monkeypatch.setattr(os, "walk", walk)
    outcomes = list(package.check_folder(folder))
    assert [(outcome.file, outcome.read) for outcome in outcomes] == [("a.c3d", True), ("closed", False)]
    assert outcomes[1].reason == "the folder cannot be listed: Permission denied"


def test_name_that_is_no_text(write_trial, capsys: pytest.CaptureFixture[str]) -> None:
    original = write_trial("a.c3d")
    original.path.rename(os.fsdecode(os.fsencode(original.path.parent) + b"/\xff.c3d"))
    assert package.main([str(original.path.parent)]) == 0
    assert "\\xff.c3d" in capsys.readouterr().out


def test_without_the_libraries(write_trial, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write_trial("a.c3d").path.parent
    script = tmp_path / "child.py"
    script.write_text(
        views.SCRIPT.read_text().replace("import ezc3d", "import no_ezc3d").replace("import c3d", "import no_c3d")
    )
    monkeypatch.setattr(views, "SCRIPT", script)
    (outcome,) = package.check_folder(folder)
    assert {verdict.copy for verdict in outcome.verdicts.values()} == {"not_installed"}
    assert outcome.copied
    assert outcome.sound


def test_a_library_that_dies_is_started_again(write_trial, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write_trial("a.c3d").path.parent
    write_trial("b.c3d")
    script = tmp_path / "child.py"
    dying = '    for line in sys.stdin:\n        if "a.c3d" in line:\n            os.abort()\n'
    script.write_text(views.SCRIPT.read_text().replace("    for line in sys.stdin:\n", dying))
    monkeypatch.setattr(views, "SCRIPT", script)
    first, second = package.check_folder(folder)
    assert {verdict.copy for verdict in first.verdicts.values()} == {"original_unreadable"}
    assert "ended with status" in first.verdicts["ezc3d"].reason
    assert {verdict.causes for verdict in first.verdicts.values()} == {("unexplained",)}
    assert {verdict.copy for verdict in second.verdicts.values()} == {"equal"}
    assert exit_status([first, second]) == 1


def test_a_library_that_hangs_is_ended(write_trial, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    original = write_trial("a.c3d")
    script = tmp_path / "child.py"
    hanging = "    import time\n    for line in sys.stdin:\n        time.sleep(600)\n"
    script.write_text(views.SCRIPT.read_text().replace("    for line in sys.stdin:\n", hanging))
    monkeypatch.setattr(views, "SCRIPT", script)
    with views.LibraryReader("py-c3d", tmp_path, timeout_s=2.0) as reader:
        reader.ask(original.path)
        process = reader._child.process
        answer, view = reader.answer()
    assert (answer.status, view) == ("unreadable", None)
    assert "did not finish within 2 s" in answer.reason
    assert process.returncode is not None


@pytest.mark.parametrize("place", ["points", "analogs", "ours", "UNITS", "frame rate"])
def test_a_changed_copy_fails(write_trial, monkeypatch: pytest.MonkeyPatch, place: str) -> None:
    """What append's own comparison would let through must be found by this one."""
    original = write_trial("a.c3d", parameters={("MANUFACTURER", "UNITS"): "UNITS_X"})
    append = command.append

    def spoiled(container: Container, copy: Path, **additions: object) -> object:
        report = append(container, copy, **additions)
        raw, made = bytearray(copy.read_bytes()), read_container(copy)
        position = {
            "points": made.layout.start + 1,
            "analogs": made.layout.start + 16 * made.point_count + 1,
            "ours": made.layout.start + 16 * made.point_count + 4 * original.analog_count + 1,
            "UNITS": raw.index(b"UNITS_X"),
            "frame rate": 22,
        }[place]
        raw[position] ^= 1
        copy.write_bytes(raw)
        return report

    monkeypatch.setattr(command, "append", spoiled)
    (outcome,) = package.check_folder(original.path.parent)
    assert outcome.samples_changed == (place in ("points", "analogs"))
    unexpected = {"UNITS": ("MANUFACTURER:UNITS",), "frame rate": ("header word 12",)}
    assert outcome.unexpected == unexpected.get(place, ())
    copies = {"points": {"different"}, "analogs": {"different"}, "frame rate": {"equal", "copy_unreadable"}}
    assert {verdict.copy for verdict in outcome.verdicts.values()} == copies.get(place, {"equal"})
    if place in ("points", "analogs", "ours"):
        assert outcome.restored == (place == "ours")
    # The channels that are ours are no part of the original.
    assert exit_status([outcome]) == (place != "ours")


def test_our_own_output_is_an_original_too(write_trial, additions) -> None:
    original = write_trial("a.c3d")
    second = original.path.with_name("b.c3d")
    package.command.append(original, second, **additions(original))
    outcomes = list(package.check_folder(original.path.parent))
    assert [outcome.sound and outcome.copied and outcome.restored for outcome in outcomes] == [True, True]
    assert {verdict.copy for outcome in outcomes for verdict in outcome.verdicts.values()} == {"equal"}


def test_what_may_change_is_decided_by_name() -> None:
    assert unexpected_parameters(("ANALOG:LABELS2", "EVENT:TIMES", "POINT:DATA_START", "HEELRAISE:X")) == ()
    names = ("POINT:SCALE", "ANALOG:GAIN", "EVENTS:TIMES", "TRIAL:ACTUAL_END_FIELD", "ANALOG:LABELS_X")
    assert unexpected_parameters(names) == names


def test_changes_between_files(write_trial) -> None:
    one = write_trial("a.c3d", parameters={("A", "X"): 1, ("A", "Y"): "text"})
    other = write_trial("b.c3d", parameters={("A", "X"): 2, ("A", "Z"): 1.0}, point_rate=50.0)
    changed, added = changed_parameters(one, other)
    assert set(changed) >= {"A:X", "A:Y", "POINT:RATE"}
    assert added == ("A:Z",)
    assert unexpected_words(one, other) == ("header word 12",)
    assert changed_parameters(one, one) == ((), ())


def test_exit_status_of_an_unexplained_difference() -> None:
    outcome = Outcome("a.c3d", read=True, copied=True, samples_changed=0)
    assert exit_status([outcome]) == 0
    assert exit_status([outcome, replace(outcome, samples_changed=1)]) == 1
    assert exit_status([replace(outcome, unexpected=("POINT:SCALE",))]) == 1


@pytest.fixture(scope="session")
def real(corpus: Path) -> list[Outcome]:
    """One run over the real files, for all tests that ask about it."""
    return list(package.check_folder(corpus / "real_c3d"))


@pytest.mark.corpus
def test_real_files_lose_nothing(real: list[Outcome]) -> None:
    assert len(real) > 50
    assert [outcome.file for outcome in real if not outcome.copied] == []
    assert [outcome.file for outcome in real if outcome.samples_changed != 0] == []
    assert [outcome.file for outcome in real if not outcome.restored] == []
    assert [(outcome.file, outcome.unexpected) for outcome in real if outcome.unexpected] == []


@pytest.mark.corpus
def test_every_difference_in_real_files_is_explained(real: list[Outcome]) -> None:
    assert [(o.file, name, v.fields, v.causes) for o in real for name, v in o.verdicts.items() if not v.sound] == []
    assert exit_status(real) == 0
    both = [o for o in real if o.verdicts["ezc3d"].copy == "equal" and o.verdicts["py-c3d"].copy == "equal"]
    assert len(both) > 40


@pytest.mark.corpus
def test_the_document_counts_what_a_run_counts(real: list[Outcome]) -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    sums = totals(real)
    for section, columns in COLUMNS.items():
        rows = _rows(text, section)
        assert list(rows) == list(sums)
        for name, cells in rows.items():
            assert cells == [str(sums[name][column]) for column in columns], (section, name)
    counted = {(library, code.strip("`")): int(count) for library, code, count, *_ in _cells(text, "causes")}
    assert counted == {key: len(files) for key, files in causes_found(real).items()}
    listed = re.findall(r"^- `([^`]*)`: (.*)\.$", text.split("## Real files")[0], re.M)
    assert dict(listed) == MUST_CHANGE


COLUMNS = {
    "copies": ["files", "read", "copied", "samples_changed", "unexpected_changes", "restored"],
    "originals": [
        f"{library}_original_{status}"
        for library in ("ezc3d", "py_c3d")
        for status in ("equal", "differs", "unreadable")
    ],
    "views of copies": [
        f"{library}_{status}"
        for library in ("ezc3d", "py_c3d")
        for status in ("copy_equal", "copy_corrected", "copy_original_misread", "copy_original_unreadable", "objects")
    ],
}


def _cells(text: str, section: str) -> list[list[str]]:
    """Rows of the table behind the comment that names it."""
    block = text.split(f"<!-- table: {section} -->")[1].strip().split("\n\n")[0]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in block.splitlines()[2:]]


def _rows(text: str, section: str) -> dict[str, list[str]]:
    return {row[0].strip("`"): row[1:] for row in _cells(text, section)}


@pytest.mark.corpus
@pytest.mark.parametrize(("folder", "other_masks"), [("sample01", 0), ("sample02", 1)])
def test_one_trial_in_six_formats_reads_alike(corpus: Path, folder: str, other_masks: int) -> None:
    """To one step of the integers; one file of sample02 holds other bytes in 96 of 3204 fourth words."""
    files = sorted((corpus / "real_c3d" / "c3d_org" / folder).glob("*.[cC]3[dD]"))
    read = [read_container(path) for path in files]
    assert sorted((c.codec.name, c.layout.is_float) for c in read) == sorted(
        (name, floats) for name in ("dec", "intel", "mips") for floats in (False, True)
    )
    points = [container.points() for container in read]
    for container, found in zip(read[:-1], points[:-1], strict=True):
        np.testing.assert_allclose(found, points[-1], atol=1.01 * container.layout.scale)
        np.testing.assert_allclose(container.residuals(), read[-1].residuals(), rtol=1e-6)
        np.testing.assert_allclose(container.analogs(), read[-1].analogs(), rtol=1e-6, atol=1e-9)
        assert container.point_labels == read[-1].point_labels
    masks = [container.camera_masks() for container in read]
    assert sum(not np.array_equal(mask, masks[-1]) for mask in masks) == other_masks


@pytest.mark.corpus
def test_measured_points_were_seen_by_two_cameras(corpus: Path) -> None:
    """A point takes two cameras: true of the high byte of the fourth word, and not of the low one."""
    container = read_container(corpus / "real_c3d" / "c3d_org" / "sample01" / "Eb015pi.c3d")
    fourth = container._fourth_words()
    measured = fourth[fourth > 0]
    high, low = (np.bitwise_count(byte) >= 2 for byte in (measured >> 8, measured & 0x7F))
    assert high.all()
    assert low.mean() < 0.9

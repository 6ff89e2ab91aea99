import json
from pathlib import Path

import pytest

from heelraise.c3d import corpus as command


def test_table_of_a_folder(write_trial, capsys: pytest.CaptureFixture[str]) -> None:
    original = write_trial("a.c3d")
    folder = original.path.parent
    (folder / "sub").mkdir()
    original.path.rename(folder / "sub" / "a.C3D")
    (folder / "bad.c3d").write_bytes(b"")
    assert command.main([str(folder)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == [
        "file",
        "kind",
        "read",
        "copied",
        "samples",
        "restored",
        "parameters",
        "ezc3d",
        "reason",
    ]
    assert lines[1].startswith("bad.c3d")
    assert "the file is empty" in lines[1]
    assert lines[2].split()[:7] == ["sub/a.C3D", "intel", "float", "yes", "yes", "0", "yes"]
    assert sorted(path.name for path in folder.rglob("*")) == ["a.C3D", "bad.c3d", "sub"]


def test_json(write_trial, capsys: pytest.CaptureFixture[str]) -> None:
    folder = write_trial("a.c3d").path.parent
    assert command.main([str(folder), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["files"][0]["samples_changed"] == 0
    assert found["totals"]["all"]["ezc3d_equal"] == 1


def test_missing_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main([str(tmp_path / "nowhere")]) == 4
    assert "no such folder" in capsys.readouterr().err


@pytest.mark.corpus
def test_real_files_lose_nothing(corpus: Path) -> None:
    outcomes = list(command.check_folder(corpus / "real_c3d"))
    assert len(outcomes) > 50
    assert [outcome.file for outcome in outcomes if not outcome.copied] == []
    assert [outcome.file for outcome in outcomes if outcome.samples_changed] == []
    assert [outcome.file for outcome in outcomes if not outcome.restored] == []
    accepted = {"equal", "original_unreadable"}
    assert [(outcome.file, outcome.reason) for outcome in outcomes if outcome.ezc3d not in accepted] == []

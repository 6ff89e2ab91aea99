"""``heelraise analyze`` from a file to its outputs."""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
from pathlib import Path

import numpy as np
import pytest
import yaml

from heelraise.c3d import read_container

CHANNELS = {
    "HR_PF_L",
    "HR_PF_R",
    "HR_OSC_L",
    "HR_ENV_L",
    "HR_HEEL_L",
    "HR_PHASE_L",
    "HR_QC_L",
    "HR_COP_AP",
    "HR_COPT_ML",
}
CHANNELS |= {"HR_E_GM_L", "HR_T_SOL_R"}

BOMB = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{k}: &a{k} [{', '.join([f'*a{k - 1}'] * 10)}]\n" for k in range(1, 12)
)


def sha(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def names(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


@pytest.fixture(scope="module")
def analysed(hold, tmp_path_factory, run):
    folder = tmp_path_factory.mktemp("analysed")
    done = run("analyze", hold, cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder, done


def test_outputs_have_their_fixed_names_and_nothing_else_is_left(analysed):
    folder, done = analysed
    assert names(folder) == [
        "heelraise_out",
        "heelraise_out/hold_heelraise.c3d",
        "heelraise_out/hold_heelraise.yaml",
    ]
    assert "hold: action tremor" in done.stdout
    assert done.stderr == ""


def test_the_summary_says_what_was_put_in(analysed, hold):
    folder, _ = analysed
    summary = yaml.safe_load((folder / "heelraise_out" / "hold_heelraise.yaml").read_text())
    truth = yaml.safe_load(hold.with_name("hold.truth.yaml").read_text())
    assert summary["schema"] == "heelraise-summary/1"
    assert summary["headline"]["verdict"] == "action_tremor_no_flags"
    assert summary["source"]["sha256"] == sha(hold)
    for entry in truth["tremor"]:
        found = summary["headline"][entry["side"]]
        assert found["tremor_frequency_hz"] == pytest.approx(entry["frequency_hz"], abs=0.15)
        assert found["tremor_rms_deg"] == pytest.approx(entry["rms_deg"], rel=0.08)
        assert found["hold_s"] == pytest.approx(8.0, abs=0.1)
    assert len(summary["screening"]) == 8
    for metric in summary["metrics"]:
        assert metric["status"] in (
            "ok",
            "not_detected",
            "below_noise_floor",
            "too_short",
            "prefiltered",
            "masked",
            "not_available",
        )
        assert ("value" in metric) or metric["status"] != "ok"


def test_every_metric_is_declared_and_every_number_is_known(analysed):
    from heelraise.metrics.definitions import BY_NAME

    folder, _ = analysed
    text = (folder / "heelraise_out" / "hold_heelraise.yaml").read_text()
    summary = yaml.safe_load(text)
    signal_units = {"deg", "mm", "m/s^2", "N", "V", "1"}
    for metric in summary["metrics"]:
        unit = BY_NAME[metric["name"]].unit
        assert metric["unit"] in (signal_units if unit == "signal" else {unit}), metric
    assert ".nan" not in text
    assert ".inf" not in text
    assert "null" not in text


def test_the_copy_lost_nothing_and_carries_the_channels(analysed, hold):
    folder, _ = analysed
    original, copy = read_container(hold), read_container(folder / "heelraise_out" / "hold_heelraise.c3d")
    assert np.array_equal(original.points(), copy.points(), equal_nan=True)
    assert np.array_equal(original.analogs(), copy.analogs()[:, : original.analog_count])
    labels = list(copy.analog_labels)
    assert labels[: original.analog_count] == list(original.analog_labels)
    assert set(labels) >= CHANNELS
    assert {event.label for event in copy.events()} >= {
        "HR_RISE",
        "HR_HOLD",
        "HR_LOWER",
        "HR_DOWN",
        "Trial Start",
    }
    phase = copy.analogs()[:, labels.index("HR_PHASE_L")]
    assert set(np.round(phase).astype(int)) <= set(range(9))


def test_ezc3d_reads_the_copy(analysed, hold):
    ezc3d = pytest.importorskip("ezc3d")
    folder, _ = analysed
    copy = ezc3d.c3d(str(folder / "heelraise_out" / "hold_heelraise.c3d"))
    original = ezc3d.c3d(str(hold))
    count = original["data"]["analogs"].shape[1]
    assert np.array_equal(copy["data"]["points"], original["data"]["points"], equal_nan=True)
    assert np.array_equal(copy["data"]["analogs"][:, :count], original["data"]["analogs"])


def test_equal_input_gives_equal_bytes(analysed, hold, cli, tmp_path):
    folder, _ = analysed
    moved = tmp_path / "elsewhere" / "hold.c3d"
    moved.parent.mkdir()
    shutil.copy(hold, moved)
    assert cli("analyze", moved, "-o", "other").returncode == 0
    for suffix in ("c3d", "yaml"):
        one = folder / "heelraise_out" / f"hold_heelraise.{suffix}"
        assert sha(one) == sha(tmp_path / "other" / f"hold_heelraise.{suffix}")


def test_analysing_our_own_copy_changes_nothing_in_it(analysed, cli, tmp_path):
    folder, _ = analysed
    shutil.copy(folder / "heelraise_out" / "hold_heelraise.c3d", tmp_path / "hold.c3d")
    assert cli("analyze", "hold.c3d").returncode == 0
    first = read_container(folder / "heelraise_out" / "hold_heelraise.c3d")
    again = read_container(tmp_path / "heelraise_out" / "hold_heelraise.c3d")
    assert again.analog_labels == first.analog_labels


def test_the_input_is_never_touched(hold, cli):
    before = (sha(hold), hold.stat().st_mtime_ns)
    assert cli("analyze", hold).returncode == 0
    assert (sha(hold), hold.stat().st_mtime_ns) == before


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (b"", "empty"),
        (b"just some text\n" * 100, "not a C3D"),
        (bytes(5000), "not a C3D"),
        (b"\x02\x50", "C3D"),
    ],
)
def test_what_is_no_c3d_gets_one_sentence_and_4(cli, tmp_path, content, word):
    (tmp_path / "bad.c3d").write_bytes(content)
    done = cli("analyze", "bad.c3d")
    assert (done.returncode, done.stdout) == (4, "")
    assert done.stderr.count("\n") == 1
    assert word in done.stderr
    assert "Traceback" not in done.stderr
    assert names(tmp_path) == ["bad.c3d"]


def test_debug_shows_the_traceback_and_keeps_the_status(cli, tmp_path):
    (tmp_path / "bad.c3d").write_bytes(b"")
    done = cli("analyze", "bad.c3d", "--debug")
    assert done.returncode == 4
    assert "Traceback" in done.stderr


def test_a_folder_and_a_missing_file_are_refused(cli, tmp_path):
    assert cli("analyze", tmp_path).returncode == 4
    done = cli("analyze", "nowhere.c3d")
    assert done.returncode == 4
    assert "no such file" in done.stderr


def test_a_truncated_file_is_read_as_far_as_it_goes(hold, cli, tmp_path):
    data = hold.read_bytes()
    (tmp_path / "cut.c3d").write_bytes(data[: len(data) * 2 // 3])
    done = cli("analyze", "cut.c3d")
    assert done.returncode == 0, done.stderr
    summary = yaml.safe_load((tmp_path / "heelraise_out" / "cut_heelraise.yaml").read_text())
    assert summary["source"]["frames"] < 2050
    assert summary["quality"]["warnings"]


def test_an_output_that_cannot_be_written_is_5(hold, cli, tmp_path):
    (tmp_path / "file").write_text("in the way")
    done = cli("analyze", hold, "-o", "file")
    assert done.returncode == 5
    assert done.stderr.count("\n") == 1
    assert names(tmp_path) == ["file"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="file size limits are POSIX")
def test_a_full_disk_is_5_and_leaves_nothing(hold, tmp_path, run):
    import resource

    def small_files():
        # A file size limit fails like a full disk does: the write is refused in the middle.
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))

    done = run("analyze", hold, cwd=tmp_path, before=small_files)
    assert done.returncode == 5, done.stderr
    assert done.stderr.count("\n") == 1
    assert [name for name in names(tmp_path) if "hold" in name] == []


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("phases: {min_hold: 1}\n", "min_hold_s"),
        (BOMB, "alias"),
        ("name: !!python/object/apply:os.system [echo]\n", "tag"),
        ("name: x\nname: y\n", "name"),
    ],
)
def test_a_protocol_that_cannot_be_used_is_3(hold, cli, tmp_path, text, word):
    (tmp_path / "p.yaml").write_text(text)
    done = cli("analyze", hold, "-p", "p.yaml")
    assert done.returncode == 3
    assert "p.yaml:" in done.stderr
    assert word in done.stderr.lower()
    assert names(tmp_path) == ["p.yaml"]


def test_a_label_that_the_file_lacks_lists_near_ones(hold, cli, tmp_path):
    (tmp_path / "p.yaml").write_text("markers: {roles: {left.heel: LHEEL}}\n")
    done = cli("analyze", hold, "-p", "p.yaml")
    assert done.returncode == 3
    assert "LHEE" in done.stderr


def test_wrong_usage_is_2(cli):
    assert cli("analyze").returncode == 2
    assert cli("no-such-command").returncode == 2

"""``inspect``, ``protocol``, ``simulate`` and ``--version``."""

from __future__ import annotations

import json
import shutil

import pytest
import yaml

from heelraise.c3d import read_container


def test_inspect_names_what_each_label_is_taken_for(hold, cli, tmp_path):
    done = cli("inspect", hold, COLUMNS="200")
    assert done.returncode == 0, done.stderr
    for word in ("plug_in_gait", "LHEE", "left.heel", "L SOL", "soleus", "force plate 1: type 2", "Trial Start"):
        assert word in done.stdout
    assert list(tmp_path.iterdir()) == []


def test_inspect_of_what_is_no_c3d_is_4(cli, tmp_path):
    (tmp_path / "x.c3d").write_text("text")
    assert cli("inspect", "x.c3d").returncode == 4


def test_protocol_list_show_check_schema(cli, tmp_path):
    listed = cli("protocol", "list").stdout
    assert [line.split()[0] for line in listed.splitlines()] == [
        "auto",
        "bilateral_hold",
        "pozos1982",
        "quiet_stance",
        "repetitions_to_fatigue",
        "single_leg_hold",
        "single_leg_stance",
        "slow_eccentric",
        "supported_rest",
    ]
    shown = cli("protocol", "show", "bilateral_hold").stdout
    (tmp_path / "mine.yaml").write_text(shown)
    assert cli("protocol", "check", "mine.yaml").returncode == 0
    resolved = yaml.safe_load(cli("protocol", "show", "auto", "--resolved").stdout)
    assert resolved["phases"]["min_hold_s"] == 0.5
    assert json.loads(cli("protocol", "schema").stdout)["properties"]["phases"]


def test_protocol_check_locates_every_error(cli, tmp_path):
    (tmp_path / "p.yaml").write_text("name: x\nphases:\n  min_hold: 1\n  lowpass_hz: -2\nname2: y\n")
    done = cli("protocol", "check", "p.yaml")
    assert done.returncode == 3
    for place in ("p.yaml:3:3", "p.yaml:4:15", "p.yaml:5:1"):
        assert place in done.stderr
    assert "min_hold_s" in done.stderr


def test_simulate_writes_a_trial_and_its_truth(cli, tmp_path):
    assert cli("simulate", "quiet_stance", "-o", "stance.c3d").returncode == 0
    assert read_container(tmp_path / "stance.c3d").frame_count == 3000
    assert yaml.safe_load((tmp_path / "stance.truth.yaml").read_text())["scenario"]["name"] == "quiet_stance"
    done = cli("analyze", "stance.c3d")
    assert done.returncode == 0
    summary = yaml.safe_load((tmp_path / "heelraise_out" / "stance_heelraise.yaml").read_text())
    assert [phase["phase"] for phase in summary["phases"]] == ["stance"]
    assert summary["signals"]["lab_axes"]["up"] == "+Y"
    assert summary["headline"]["verdict"] == "not_assessable"


def test_simulate_into_a_missing_folder_is_5(cli):
    assert cli("simulate", "normal_hold", "-o", "nowhere/x.c3d").returncode == 5


def test_simulate_replaces_a_recording_only_by_force(hold, cli, tmp_path):
    shutil.copy(hold, tmp_path / "trial.c3d")
    (tmp_path / "trial.truth.yaml").write_text("mine: 1\n")
    before = (tmp_path / "trial.c3d").read_bytes()
    done = cli("simulate", "quiet_stance", "-o", "trial.c3d")
    assert done.returncode == 5
    assert done.stderr.count("\n") == 1
    assert "trial.truth.yaml: is not of the simulator" in done.stderr
    assert (tmp_path / "trial.c3d").read_bytes() == before
    assert (tmp_path / "trial.truth.yaml").read_text() == "mine: 1\n"
    assert cli("simulate", "quiet_stance", "-o", "trial.c3d", "--force").returncode == 0
    assert read_container(tmp_path / "trial.c3d").frame_count == 3000


@pytest.mark.parametrize("arguments", [["--version"], ["--help"], ["analyze", "--help"]])
def test_help_and_version(cli, arguments):
    done = cli(*arguments)
    assert done.returncode == 0
    assert "heelraise" in done.stdout


def test_inspect_strictly_refuses_what_it_otherwise_repairs(hold, cli, tmp_path):
    assert cli("inspect", hold, "--strict").returncode == 0
    (tmp_path / "cut.c3d").write_bytes(hold.read_bytes()[:-20_000])
    assert "warning" in cli("inspect", "cut.c3d").stdout
    done = cli("inspect", "cut.c3d", "--strict")
    assert done.returncode == 4
    assert done.stderr.startswith("heelraise: cut.c3d: ")
    assert done.stderr.count("\n") == 1

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import yaml
from typer.testing import CliRunner

from heelraise.cli.app import app
from heelraise.errors import HeelraiseError, InputError, OutputError
from heelraise.osim.files.tables import read_table
from heelraise.osim.tool import HeelRaiseTool, Setup, setup_text

SAMPLE = Path(__file__).parents[3] / "sample_c3d" / "no_tremor.c3d"


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A folder with a trial and a setup, run once from elsewhere."""
    folder = tmp_path_factory.mktemp("home")
    (folder / "data").mkdir()
    (folder / "data" / "trial.c3d").write_bytes(SAMPLE.read_bytes())
    setup = Setup(name="mine", input_file="data/trial.c3d", time_range=(2.0, 5.0), output_c3d=False)
    (folder / "setup.xml").write_text(setup_text(setup))
    run = HeelRaiseTool(folder / "setup.xml").run()
    return folder, run


def test_results_lie_beside_the_setup(home):
    folder, run = home
    assert [path.name for path in run.paths] == ["trial_heelraise.yaml", "mine_channels.sto", "mine_emg.sto"]
    assert {path.parent for path in run.paths} == {folder / "results"}
    assert sorted(os.listdir(folder / "results")) == sorted(path.name for path in run.paths)
    assert (folder / "data" / "trial.c3d").read_bytes() == SAMPLE.read_bytes()
    assert os.listdir(folder / "data") == ["trial.c3d"]


def test_the_summary_is_the_usual_one(home, tmp_path):
    from heelraise import analyze, read_c3d

    folder, _ = home
    analyze(read_c3d(folder / "data" / "trial.c3d")).to_yaml(tmp_path / "usual.yaml")
    text = (folder / "results" / "trial_heelraise.yaml").read_text()
    assert text == (tmp_path / "usual.yaml").read_text()
    assert yaml.safe_load(text)["schema"].startswith("heelraise-summary")


def test_tables_keep_to_the_time_range_and_say_what_they_hold(home):
    folder, _ = home
    for file, label in (("mine_channels.sto", "HR_PF_L"), ("mine_emg.sto", "HR_E_")):
        table = read_table(folder / "results" / file)
        assert table.times[0] == pytest.approx(2.0)
        assert table.times[-1] == pytest.approx(5.0)
        assert any(name.startswith(label) for name in table.labels)
        text = (folder / "results" / file).read_text()
        for key in (f"nRows={table.times.size}\n", f"nColumns={len(table.labels) + 1}\n", "inDegrees="):
            assert key in text


def test_opensim_reads_them_as_the_plotter_does(home):
    osim = pytest.importorskip("opensim")
    from heelraise.osim.library import load_opensim, quiet_stdout

    load_opensim()
    folder, _ = home
    path = folder / "results" / "mine_channels.sto"
    ours = read_table(path)
    with quiet_stdout():
        storage, table = osim.Storage(str(path)), osim.TimeSeriesTable(str(path))
    assert storage.getSize() == table.getNumRows() == ours.times.size
    assert storage.isInDegrees()
    assert tuple(table.getColumnLabels()) == ours.labels
    assert table.getMatrix().to_numpy() == pytest.approx(ours.values)
    column = osim.ArrayDouble()
    storage.getDataColumn("HR_PF_L", column)
    theirs = [column.get(k) for k in range(column.getSize())]
    assert theirs == pytest.approx(list(ours.column("HR_PF_L")))


def test_the_same_bytes_again(home, tmp_path):
    folder, run = home
    tool = HeelRaiseTool(folder / "setup.xml")
    tool.settings = replace(tool.settings, results_directory=str(tmp_path / "again"))
    for path in tool.run().paths:
        assert path.read_bytes() == (folder / "results" / path.name).read_bytes()
    assert len(run.paths) == 3


def test_the_command_says_where_things_are(home):
    folder, _ = home
    done = CliRunner().invoke(app, ["run-tool", str(folder / "setup.xml")])
    assert done.exit_code == 0
    assert [line.strip() for line in done.stdout.splitlines() if "warning" not in line] == [
        str(folder / "results" / name) for name in ("trial_heelraise.yaml", "mine_channels.sto", "mine_emg.sto")
    ]


def test_defaults_are_a_setup(tmp_path):
    done = CliRunner().invoke(app, ["run-tool", "--defaults"])
    (tmp_path / "s.xml").write_text(done.stdout)
    assert HeelRaiseTool(tmp_path / "s.xml").settings == Setup()
    assert HeelRaiseTool().printToXML(tmp_path / "deep" / "t.xml").read_text() == done.stdout


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"input_file": ""}, "names no input_file"),
        ({"input_file": "none.c3d"}, "none.c3d"),
        ({"protocol": "nonsense"}, 'no preset is called "nonsense"'),
        ({"protocol": "none.yaml"}, "none.yaml"),
        ({"static_file": "none.c3d"}, "none.c3d"),
        ({"time_range": (500.0, 600.0)}, "no sample lies in the time_range 500 to 600 s"),
        ({"name": "trial", "output_opensim_files": True}, "one file name"),
        ({"model_file": "none.osim"}, "none.osim"),
    ],
)
def test_wrong_settings_write_nothing(home, tmp_path, change, says):
    folder, _ = home
    tool = HeelRaiseTool(folder / "setup.xml")
    tool.settings = replace(tool.settings, results_directory=str(tmp_path / "out"), **change)
    with pytest.raises(HeelraiseError, match=says):
        tool.run()
    assert not (tmp_path / "out").exists() or os.listdir(tmp_path / "out") == []


def test_a_file_that_is_not_there_is_told_with_its_line(home):
    folder, _ = home
    text = (folder / "setup.xml").read_text()
    line = next(k for k, row in enumerate(text.splitlines(), 1) if "<model_file" in row)
    (folder / "other.xml").write_text(text.replace("<model_file />", "<model_file>gone.osim</model_file>"))
    with pytest.raises(InputError, match=r"model_file 'gone\.osim' is not there") as caught:
        HeelRaiseTool(folder / "other.xml").run()
    assert caught.value.where == f"{folder / 'other.xml'}:{line}"
    assert str(folder) in caught.value.why
    assert caught.value.exit_status == 4


def test_a_results_folder_that_cannot_be_written(home, tmp_path):
    folder, _ = home
    (tmp_path / "file").write_text("")
    tool = HeelRaiseTool(folder / "setup.xml")
    for place in (tmp_path / "file", tmp_path / "file" / "below"):
        tool.settings = replace(tool.settings, results_directory=str(place))
        with pytest.raises(OutputError):
            tool.run()


def test_a_model_and_dynamics_reach_the_protocol(home):
    folder, _ = home
    tool = HeelRaiseTool(folder / "setup.xml")
    tool.settings = replace(tool.settings, model_file="data/m.osim", inverse_dynamics=True, protocol="bilateral_hold")
    found = tool._protocol()
    assert found.protocol.markers.angle_model == "opensim"
    assert found.protocol.opensim.inverse_dynamics
    assert Path(found.protocol.opensim.model) == (folder / "data" / "m.osim").resolve()
    # No path of this machine in what results repeat.
    assert str(folder) not in str(found.resolved)


def test_a_model_adds_its_motion_and_moments(home, tmp_path):
    pytest.importorskip("opensim")
    from heelraise.osim.shank_foot import write_shank_foot_model

    folder, _ = home
    words = {"heel": "HEE", "lateral_malleolus": "ANK", "lateral_epicondyle": "KNE", "shank_1": "TIB", "mt2": "TOE"}
    names = {f"{side}.{role}": side[0].upper() + word for side in ("right", "left") for role, word in words.items()}
    write_shank_foot_model(tmp_path / "legs.osim", names=names)
    tool = HeelRaiseTool(folder / "setup.xml")
    tool.settings = replace(
        tool.settings, model_file=str(tmp_path / "legs.osim"), results_directory=str(tmp_path / "out"), output_emg=False
    )
    names = [path.name for path in tool.run().paths]
    assert sorted(names) == ["mine_channels.sto", "mine_id.sto", "mine_ik.mot", "trial_heelraise.yaml"]
    motion, moments = (read_table(tmp_path / "out" / name) for name in ("mine_ik.mot", "mine_id.sto"))
    for table in (motion, moments):
        assert table.times[0] >= 2.0 - 1e-9
        assert table.times[-1] <= 5.0 + 1e-9
    # The calf carries the foot: with OpenSim's sign, dorsiflexion positive, its moment is negative.
    assert moments.column("ankle_angle_r_moment").mean() < -3


def test_everything_may_lie_in_the_working_directory(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own.yaml").write_text("extends: bilateral_hold\nmarkers: {angle_model: opensim}\n")
    (tmp_path / "s.xml").write_text(setup_text(Setup(protocol="own.yaml", inverse_dynamics=True)))
    found = HeelRaiseTool("s.xml")._protocol()
    assert (found.protocol.task, found.protocol.opensim.inverse_dynamics) == ("bilateral_hold", True)
    assert str(tmp_path) not in str(found.resolved)


def test_the_command_wants_a_setup():
    done = CliRunner().invoke(app, ["run-tool"])
    assert "no setup file is named" in str(done.exception)
    assert np.all([isinstance(done.exception, HeelraiseError), not isinstance(done.exception, InputError)])

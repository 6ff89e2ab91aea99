"""The whole export: what a trial has goes out, in OpenSim's axes and on the trial's clock."""

from __future__ import annotations

import csv
import dataclasses
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from heelraise import read_c3d
from heelraise.errors import HeelraiseError, InputError, OutputError, UsageError
from heelraise.kinematics import find_lab_axes
from heelraise.osim.files.axes import Y_UP, opensim_rotation
from heelraise.osim.files.export import Export, OpenSimOptions, build_export, export_opensim
from heelraise.osim.files.tables import read_table
from heelraise.osim.files.trc import read_trc

ALL = ["trc", "_grf.mot", "_external_loads.xml", "_emg.sto", "_heelraise.sto", "_events.csv"]


def run(*arguments: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "heelraise", *map(str, arguments)],
        cwd=cwd,
        env=dict(os.environ),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.fixture(scope="module")
def plain(short) -> Export:
    return build_export(read_c3d(short))


@pytest.fixture(scope="module")
def exported(short, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("out")
    paths = export_opensim(read_c3d(short), folder / "new" / "folder")
    assert [path.name for path in paths] == [f"short{'.' if end == 'trc' else ''}{end}" for end in ALL]
    assert sorted(path.name for path in paths[0].parent.iterdir()) == sorted(path.name for path in paths)
    return paths[0].parent


def test_markers_are_those_of_the_trial_turned(short, exported):
    trial, table = read_c3d(short), read_trc(exported / "short.trc")
    assert table.labels == trial.point_labels
    assert (table.unit, table.rate, table.first_frame) == ("mm", trial.point_rate, trial.first_frame)
    # This laboratory has Z up and millimetres: single precision comes back bit for bit.
    np.testing.assert_array_equal(table.points.astype("f4"), (trial.points @ Y_UP.T).astype("f4"))
    head = table.points[:, table.labels.index("LFHD"), 1]
    assert np.nanmin(head) > 1000


def test_feet_carry_the_body_and_push_up(exported):
    table = read_table(exported / "short_grf.mot")
    still = table.times < 2
    right, left = table.column("ground_force_r_vy")[still], table.column("ground_force_l_vy")[still]
    assert 500 < np.mean(right + left) < 1000
    assert 0.8 < np.mean(right) / np.mean(left) < 1.25
    # The simulated subject faces X: its right foot is at positive Z.
    assert np.mean(table.column("ground_force_r_pz")[still]) > 0.05
    assert np.mean(table.column("ground_force_l_pz")[still]) < -0.05
    assert np.abs(table.column("ground_force_r_py")).max() < 0.01
    assert np.abs(table.column("ground_torque_r_y")).max() < 20


def test_point_of_force_lies_between_heel_and_toe_marker(exported):
    markers, table = read_trc(exported / "short.trc"), read_table(exported / "short_grf.mot")
    for side, short in (("R", "r"), ("L", "l")):
        heel, toe = (markers.metres[:100, markers.labels.index(f"{side}{name}"), 0].mean() for name in ("HEE", "TOE"))
        assert heel < table.column(f"ground_force_{short}_px")[:500].mean() < toe + 0.05


def test_one_clock_for_all(exported):
    markers, loads = read_trc(exported / "short.trc"), read_table(exported / "short_grf.mot")
    raises, emg = read_table(exported / "short_heelraise.sto"), read_table(exported / "short_emg.sto")
    assert markers.times[0] == loads.times[0] == raises.times[0] == emg.times[0]
    np.testing.assert_array_equal(markers.times, raises.times)
    np.testing.assert_array_equal(loads.times, emg.times)


def test_a_later_first_frame_moves_every_file_by_the_same_time(short, exported):
    trial = read_c3d(short)
    later = dataclasses.replace(trial, first_frame=trial.first_frame + 250)
    texts = build_export(later).texts
    shift = 250 / trial.point_rate
    for name in ("short_grf.mot", "short_emg.sto", "short_heelraise.sto"):
        first = texts[name].partition("endheader\n")[2].splitlines()[1].split("\t")[0]
        assert float(first) == pytest.approx(read_table(exported / name).times[0] + shift, abs=1e-9)
    rows = texts["short.trc"].splitlines()[6].split("\t")
    assert (int(rows[0]), float(rows[1])) == (trial.first_frame + 250, pytest.approx(trial.start_s + shift))
    assert texts["short.trc"].splitlines()[2].split("\t")[6] == str(trial.first_frame + 250)


def test_events_of_ours_lie_in_the_raise(exported):
    with (exported / "short_events.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    ours = [row for row in rows if row["source"] == "heelraise"]
    assert [row["label"] for row in ours if row["context"] == "Left"] == ["HR_RISE", "HR_HOLD", "HR_LOWER", "HR_DOWN"]
    times = [float(row["time"]) for row in rows]
    assert times == sorted(times)
    assert all(2 < float(row["time"]) < 8 for row in ours)


def test_channels_keep_their_tremor_and_tell_their_units(short, exported):
    from heelraise import analyze

    table = read_table(exported / "short_heelraise.sto")
    result = analyze(read_c3d(short))
    assert table.labels == tuple(channel.label for channel in result.channels)
    by_label = {channel.label: channel for channel in result.channels}
    np.testing.assert_allclose(table.column("HR_PF_L"), by_label["HR_PF_L"].samples, rtol=1e-9, atol=1e-12)
    assert any(line.startswith("HR_PF_L: deg, left ankle plantarflexion") for line in table.comments)
    step = result.trial.analog_per_frame
    muscle = by_label["HR_T_SOL_L"].samples[::step]
    inner = slice(100, -100)
    np.testing.assert_allclose(table.column("HR_T_SOL_L")[inner], muscle[inner], atol=0.02 * muscle[inner].std())


def test_emg_as_envelope_and_as_stored(short, exported):
    envelope = read_table(exported / "short_emg.sto")
    assert "soleus_l" in envelope.labels
    assert envelope.values.min() >= 0
    trial = read_c3d(short)
    text = build_export(trial, options=OpenSimOptions(emg="raw")).texts["short_emg.sto"]
    assert "# soleus_l: V, samples as stored" in text
    labels, *rows = text.partition("endheader\n")[2].splitlines()
    column = labels.split("\t").index("soleus_l")
    stored = trial.analogs[:, trial.analog_labels.index("L SOL")]
    np.testing.assert_allclose([float(row.split("\t")[column]) for row in rows], stored, rtol=1e-9)


def test_same_bytes_twice_and_metres(short, plain, exported):
    trial = read_c3d(short)
    assert {name: (exported / name).read_bytes() for name in plain.texts} == {
        name: text.encode() for name, text in plain.texts.items()
    }
    metres = build_export(trial, options=OpenSimOptions(units="m")).texts["short.trc"].splitlines()
    millimetres = plain.texts["short.trc"].splitlines()
    assert metres[2].split("\t")[4] == "m"
    ours, theirs = (np.array(lines[6].split("\t")[2:], float) for lines in (metres, millimetres))
    np.testing.assert_allclose(ours, theirs / 1000, rtol=1e-9)


def test_without_plates_markers_or_emg(short):
    trial = read_c3d(short)
    bare = dataclasses.replace(trial, analogs=trial.analogs[:, :0], analog_labels=(), analog_units=())
    export = build_export(bare)
    assert not {"short_grf.mot", "short_external_loads.xml", "short_emg.sto"} & set(export.texts)
    assert {"opensim_no_plates", "opensim_no_emg"} <= {note.code for note in export.notes}
    blind = dataclasses.replace(trial, points=np.full_like(trial.points, np.nan))
    export = build_export(blind)
    assert "short.trc" not in export.texts
    assert "short_grf.mot" not in export.texts
    assert "short_emg.sto" in export.texts
    assert {"opensim_no_markers", "opensim_plate_left_out", "opensim_no_loads"} <= {n.code for n in export.notes}
    # Whoever knows where the feet stood says so.
    told = build_export(blind, options=OpenSimOptions(up="z", plates={1: "left", 2: "right"}))
    assert "short_grf.mot" in told.texts


def test_other_bodies_and_patterns(short):
    options = OpenSimOptions(pattern="gait2392", bodies={"right": "foot_r", "left": "foot_l"})
    texts = build_export(read_c3d(short), options=options).texts
    assert "<applied_to_body>foot_l</applied_to_body>" in texts["short_external_loads.xml"]
    assert "\tground_force_vx\t" in texts["short_grf.mot"]
    assert "\t1_ground_force_vx\t" in texts["short_grf.mot"]


@pytest.mark.parametrize("up", ["+X", "-X", "+Y", "-Y", "+Z", "-Z"])
def test_up_becomes_y_whatever_the_file_has(up):
    axes = find_lab_axes(up=up, unit="mm")
    vector = np.zeros(3)
    vector["XYZ".index(up[1])] = 1 if up[0] == "+" else -1
    rotation = opensim_rotation(axes)
    np.testing.assert_allclose(rotation @ vector, [0, 1, 0], atol=1e-12)
    assert np.linalg.det(rotation) == pytest.approx(1)
    level = [f"{sign}{name}" for name in "XYZ" if name != up[1] for sign in "+-"]
    for forward in level:
        turned = opensim_rotation(axes, forward)
        ahead = np.zeros(3)
        ahead["XYZ".index(forward[1])] = 1 if forward[0] == "+" else -1
        np.testing.assert_allclose(turned @ ahead, [1, 0, 0], atol=1e-12)
        np.testing.assert_allclose(turned @ vector, [0, 1, 0], atol=1e-12)
        assert np.linalg.det(turned) == pytest.approx(1)
    for bad in (up, "w", "", "+"):
        with pytest.raises(UsageError):
            opensim_rotation(axes, bad)


def test_a_turned_laboratory_gives_the_same_bodies_motion(short, plain):
    """Forward along the file's Y: points and forces turn together."""
    trial = read_c3d(short)
    turned = build_export(trial, options=OpenSimOptions(forward="Y"))
    quarter = np.array([[0, 0, -1.0], [0, 1, 0], [1, 0, 0]])

    def vectors(text: str, name: str) -> np.ndarray:
        labels, *rows = text.partition("endheader\n")[2].splitlines()
        column = labels.split("\t").index(f"{name}x")
        return np.array([row.split("\t")[column : column + 3] for row in rows[::97]], float)

    for name in ("ground_force_r_v", "ground_force_l_p", "ground_torque_r_"):
        ours = vectors(turned.texts["short_grf.mot"], name)
        np.testing.assert_allclose(ours, vectors(plain.texts["short_grf.mot"], name) @ quarter.T, atol=1e-9)
    ours, theirs = (
        np.array(export.texts["short.trc"].splitlines()[6].split("\t")[2:5], float) for export in (turned, plain)
    )
    np.testing.assert_allclose(ours, quarter @ theirs, atol=1e-9)


def test_a_wrong_axis_is_a_usage_error(short):
    for options in (OpenSimOptions(up="sideways"), OpenSimOptions(forward="z"), OpenSimOptions(pattern="x")):
        with pytest.raises(UsageError):
            build_export(read_c3d(short), options=options)


def test_subjects_prefixes_go_and_several_people_stay_apart(short, plain):
    trial = read_c3d(short)
    anna = dataclasses.replace(trial, point_labels=tuple(f"Anna:{label}" for label in trial.point_labels))
    assert build_export(anna).texts["short.trc"] == plain.texts["short.trc"]
    two = dataclasses.replace(
        anna,
        points=np.concatenate([anna.points, anna.points + 1000], axis=1),
        point_labels=(*anna.point_labels, *(f"Ben:{label}" for label in trial.point_labels)),
    )
    labels = build_export(two).texts["short.trc"].splitlines()[3].split("\t")
    assert {"LHEE", "Ben:LHEE"} <= set(labels) or {"Anna:LHEE", "LHEE"} <= set(labels)


def test_a_model_that_does_not_fit_is_named(opensim, short, tmp_path):
    built = opensim.Model()
    body = opensim.Body("hoof", 1, opensim.Vec3(0), opensim.Inertia(1))
    built.addBody(body)
    built.addJoint(opensim.FreeJoint("free", built.getGround(), body))
    built.addMarker(opensim.Marker("LHEE", body, opensim.Vec3(0)))
    built.addMarker(opensim.Marker("TAIL", body, opensim.Vec3(0)))
    built.finalizeConnections()
    built.printToXML(str(tmp_path / "horse.osim"))
    trial = read_c3d(short)
    with pytest.raises(InputError, match=r"no body 'calcn_r' .*hoof"):
        build_export(trial, model=tmp_path / "horse.osim")
    hoofs = OpenSimOptions(bodies={"left": "hoof", "right": "hoof"})
    export = build_export(trial, model=tmp_path / "horse.osim", options=hoofs)
    assert any("1 of the model's 2 markers" in note.message and "TAIL" in note.message for note in export.notes)
    strange = dataclasses.replace(trial, point_labels=tuple(f"q{k}x" for k in range(len(trial.point_labels))))
    with pytest.raises(InputError, match=r"TAIL.*q0x"):
        build_export(strange, model=tmp_path / "horse.osim", options=hoofs)


def test_a_folder_that_cannot_be_written(short, tmp_path):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(OutputError):
        export_opensim(read_c3d(short), tmp_path / "file")
    done = run("opensim", short, "-o", tmp_path / "file", cwd=tmp_path)
    assert done.returncode == 5
    assert done.stderr.count("\n") == 1
    assert (tmp_path / "file").read_text() == "mine"


def test_command_on_a_sample(samples, tmp_path, opensim, native_table, native_markers):
    source = samples / "single_leg_firm.c3d"
    before = source.read_bytes()
    done = run("opensim", source, "-o", "out", "--units", "m", "--grf-pattern", "number", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    names = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert all(f"out{os.sep}{name}" in done.stdout for name in names)
    # The right foot hangs above the only plate: the load is the left one's, and no column is the right one's.
    assert read_table(tmp_path / "out" / "single_leg_firm_grf.mot").labels[0] == "ground_force_2_vx"
    assert "single_leg_firm.trc" in names
    assert source.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    for name in names:
        path = tmp_path / "out" / name
        if path.suffix in (".mot", ".sto"):
            ours = read_table(path)
            labels, times, values, _ = native_table(path)
            assert tuple(labels) == ours.labels
            np.testing.assert_allclose(values, ours.values, rtol=1e-14, atol=0)
            assert opensim.Storage(str(path)).getSize() == times.size == ours.times.size
        elif path.suffix == ".trc":
            labels, _, points, unit = native_markers(path)
            assert unit == "m"
            np.testing.assert_allclose(points, read_trc(path).points, rtol=1e-14)


@pytest.mark.parametrize(
    ("arguments", "status"),
    [(["missing.c3d"], 4), (["{trial}", "--plate", "1=up"], 2), (["{trial}", "--units", "ell"], 2)],
)
def test_commands_that_cannot_work(short, tmp_path, arguments, status):
    done = run("opensim", *(text.format(trial=short) for text in arguments), "-o", "out", cwd=tmp_path)
    assert done.returncode == status
    assert "Traceback" not in done.stderr


@pytest.mark.corpus
@pytest.mark.parametrize("name", ["walking2", "walking5"])
def test_equal_to_what_opensims_own_reader_made(corpus, tmp_path, name):
    """References are in the file's axes (Z up), mm and N mm, a block a plate, every tenth frame or hundredth sample."""
    folder = corpus / "real_c3d" / "opensim"
    export_opensim(read_c3d(folder / f"{name}.c3d"), tmp_path)
    ours, theirs = read_trc(tmp_path / f"{name}.trc"), read_trc(folder / f"std_{name}_markers.trc")
    frames = np.rint(theirs.times * ours.rate).astype(int)
    assert ours.labels == theirs.labels
    np.testing.assert_allclose(ours.times[frames], theirs.times, atol=1e-9)
    expected = theirs.points @ Y_UP.T
    # Five significant digits stand there, rounded from six (56.681496 became 56.6815, and that 56.682).
    digits = 0.55 * 10.0 ** (np.floor(np.log10(np.abs(np.where(expected == 0, 1, expected)))) - 4)
    difference = np.abs(ours.points[frames] - expected)
    np.testing.assert_array_equal(np.isnan(ours.points[frames]), np.isnan(expected))
    assert (difference <= digits)[~np.isnan(expected)].all()

    loads = read_table(tmp_path / f"{name}_grf.mot")
    cop = read_table(folder / f"std_cop_{name}_grfs.sto", finite=False)
    origin = read_table(folder / f"std_{name}_grfs.sto", finite=False)
    samples = np.rint(cop.times * 2000).astype(int)
    feet = loads.values[samples].reshape(len(samples), 2, 3, 3)
    plates = cop.values.reshape(len(samples), 2, 3, 3) @ Y_UP.T
    about = origin.values.reshape(len(samples), 2, 3, 3) @ Y_UP.T
    compared = 0
    for foot in range(2):
        on = feet[:, foot, 0, 1] > 0
        # The plate of the foot is the one that bears load when the foot does.
        k = int(np.argmax(plates[on][:, :, 0, 1].sum(axis=0)))
        np.testing.assert_array_equal(on, plates[:, k, 0, 1] > 20)
        force, point, torque = (feet[on, foot, i] for i in range(3))
        np.testing.assert_allclose(force, plates[on, k, 0], rtol=1e-9, atol=1e-7)
        np.testing.assert_allclose(1000 * point, plates[on, k, 1], rtol=1e-9, atol=1e-6)
        np.testing.assert_allclose(1000 * torque, plates[on, k, 2], rtol=1e-9, atol=1e-5)
        # The other references tell force and moment at the plate's origin: the same wrench.
        moment = 1000 * torque + np.cross(1000 * point - about[on, k, 1], force)
        np.testing.assert_allclose(moment, about[on, k, 2], rtol=1e-7, atol=1e-3)
        compared += int(on.sum())
    assert compared > 15


@pytest.mark.corpus
def test_every_real_file_is_exported_or_explained(corpus, tmp_path):
    files = sorted(path for path in (corpus / "real_c3d").rglob("*") if path.suffix.lower() == ".c3d")
    assert files
    for path in files[::4]:
        try:
            trial = read_c3d(path)
        except HeelraiseError:
            continue
        for written in export_opensim(trial, tmp_path):
            if written.suffix in (".mot", ".sto"):
                assert read_table(written).values.size
            elif written.suffix == ".trc":
                assert np.isfinite(read_trc(written).points).any()

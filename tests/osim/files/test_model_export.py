"""What a model adds to the files: its coordinates and moments, for the built-in model, a file, and one leg alone."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from heelraise import read_c3d
from heelraise.errors import UsageError
from heelraise.osim.files.export import OpenSimOptions, build_export
from heelraise.osim.files.tables import read_table
from heelraise.osim.files.trc import read_trc

BUILT_IN = OpenSimOptions(built_in=True)


def codes(export):
    return {note.code for note in export.notes}


@pytest.fixture(scope="module")
def trial(opensim, short):
    return read_c3d(short)


@pytest.fixture(scope="module")
def whole(trial):
    return build_export(trial, options=BUILT_IN)


@pytest.fixture(scope="module")
def built_in(whole, tmp_path_factory):
    folder = tmp_path_factory.mktemp("model")
    whole.write(folder)
    return folder


@pytest.fixture(scope="module")
def smooth(trial):
    return build_export(trial, options=dataclasses.replace(BUILT_IN, lowpass_hz=6.0))


@pytest.fixture(scope="module")
def body_model(opensim, built_in, tmp_path_factory):
    """The shanks of the built-in model hung on one pelvis by a ball and a knee each, with the trial's markers."""
    path = tmp_path_factory.mktemp("body") / "body.osim"
    legs = opensim.Model(str(built_in / "short_model.osim"))
    legs.initSystem()
    model = opensim.Model()
    model.setName("body")
    zero, pelvis = opensim.Vec3(0), opensim.Body("pelvis", 40, opensim.Vec3(0), opensim.Inertia(1, 1, 1))
    model.addBody(pelvis)
    model.addJoint(opensim.FreeJoint("root", model.getGround(), pelvis))
    for s, out in (("r", 0.1), ("l", -0.1)):
        thigh = opensim.Body(f"femur_{s}", 8, opensim.Vec3(0, -0.2, 0), opensim.Inertia(0.1, 0.02, 0.1))
        model.addBody(thigh)
        hip = opensim.BallJoint(f"hip_{s}", pelvis, opensim.Vec3(0, 0, out), zero, thigh, zero, zero)
        model.addJoint(hip)
        for name in ("tibia", "talus", "calcn", "toes"):
            model.addBody(legs.getBodySet().get(f"{name}_{s}").clone())
        tibia = model.getBodySet().get(f"tibia_{s}")
        model.addJoint(opensim.PinJoint(f"knee_{s}", thigh, opensim.Vec3(0, -0.42, 0), zero, tibia, zero, zero))
        for name in ("ankle", "subtalar", "mtp"):
            model.addJoint(legs.getJointSet().get(f"{name}_{s}").clone())
    model.finalizeConnections()
    markers = legs.getMarkerSet()
    for k in range(markers.getSize()):
        one = markers.get(k)
        body = model.getBodySet().get(one.getParentFrameName().rsplit("/", 1)[-1])
        model.addMarker(opensim.Marker(one.getName(), body, one.get_location()))
    model.finalizeConnections()
    model.printToXML(str(path))
    return path


def test_the_built_in_models_files_fit_each_other(trial, built_in, opensim, native_table):
    names = {path.name for path in built_in.iterdir()}
    assert {"short_ik.mot", "short_id.sto", "short_model.osim"} <= names
    motion, moments = read_table(built_in / "short_ik.mot"), read_table(built_in / "short_id.sto")
    assert motion.in_degrees
    labels, times, values, degrees = native_table(built_in / "short_ik.mot")
    assert (degrees, tuple(labels)) == ("yes", motion.labels)
    np.testing.assert_allclose(values, motion.values, rtol=1e-14)
    np.testing.assert_allclose(times, read_trc(built_in / "short.trc").times, atol=1e-9)
    # Dorsiflexion is positive: the raise turns the ankle down by some twenty degrees.
    ankle = motion.column("ankle_angle_r")
    assert ankle[:100].mean() == pytest.approx(0, abs=2)
    assert ankle.min() < -15
    # In stance the force lies before the ankle, which plantarflexors carry: negative with dorsiflexion positive.
    assert moments.column("ankle_angle_r_moment").mean() < -5
    assert {"ankle_angle_l_moment", "tibia_r_tx_force"} <= set(moments.labels)
    # The model names its markers as the marker file does, and OpenSim's own tool finds the same angles.
    from heelraise.osim.ik_tool import run_ik_tool

    markers = read_trc(built_in / "short.trc").labels
    model = opensim.Model(str(built_in / "short_model.osim"))
    model.initSystem()
    known = [model.getMarkerSet().get(k).getName() for k in range(model.getMarkerSet().getSize())]
    assert set(known) <= set(markers)
    file, markers = built_in / "short_model.osim", built_in / "short.trc"
    theirs = run_ik_tool(file, markers, start_s=times[100], stop_s=times[110])
    np.testing.assert_allclose(np.degrees(theirs.column("ankle_angle_r")), ankle[100:111], atol=0.01)


def test_a_model_file_gives_the_same_motion(trial, built_in):
    export = build_export(trial, model=built_in / "short_model.osim")
    ours = read_table(built_in / "short_ik.mot")
    assert "short_model.osim" not in export.texts
    # Weights of toes differ: in a file every marker counts alike.
    theirs = export.results["short_ik.mot"]
    assert np.std(theirs.column("ankle_angle_r") - ours.column("ankle_angle_r")) < 0.2


def test_a_body_of_which_only_the_legs_are_seen(trial, smooth, body_model):
    """The ankle and its moment are those of the leg alone, whatever the model has above it."""
    shank = [name for name in trial.point_labels if name[1:] in ("TIB", "ANK", "HEE", "TOE", "KNE")]
    keep = [trial.point_labels.index(name) for name in shank]
    bare = dataclasses.replace(trial, points=trial.points[:, keep], point_labels=tuple(shank))
    # The same motion in other coordinates: splines through noise differ between its samples, smooth ones do not.
    export = build_export(bare, model=body_model, options=OpenSimOptions(lowpass_hz=6.0))
    assert "opensim_legs_only" in codes(export)
    motion, moments = export.results["short_ik.mot"], export.results["short_id.sto"]
    assert "hip_r_coord_0" not in motion.labels
    reference = smooth.results["short_ik.mot"], smooth.results["short_id.sto"]
    for name in ("ankle_angle_r", "ankle_angle_l"):
        np.testing.assert_allclose(motion.column(name), reference[0].column(name), atol=1e-4)
        np.testing.assert_allclose(moments.column(f"{name}_moment"), reference[1].column(f"{name}_moment"), atol=0.02)


def test_a_foot_without_a_plate_has_no_moment(trial):
    export = build_export(trial, options=dataclasses.replace(BUILT_IN, plates={1: "none"}))
    labels = export.results["short_id.sto"].labels
    sides = {side for side in "rl" if f"ankle_angle_{side}_moment" in labels}
    assert len(sides) == 1
    assert "opensim_moments_left_out" in codes(export)
    none = build_export(trial, options=dataclasses.replace(BUILT_IN, plates={1: "none", 2: "none"}))
    assert "short_id.sto" not in none.texts
    assert {"opensim_no_moments", "opensim_no_loads"} <= codes(none)
    assert "short_ik.mot" in none.texts


def test_a_leg_that_is_not_seen_leaves_the_other_ones_moments(trial, built_in, tmp_path):
    """The missing leg is named, and its force is not in the file that goes with a model without it."""
    points = trial.points.copy()
    points[:, trial.point_labels.index("LTIB")] = np.nan
    export = build_export(dataclasses.replace(trial, points=points), options=BUILT_IN)
    told = {note.code: note.message for note in export.notes}
    assert "no left leg" in told["opensim_leg_missing"]
    assert "shank cluster" in told["opensim_leg_missing"]
    assert "'calcn_l'" in told["opensim_no_body"]
    assert "opensim_no_moments" not in told
    loads = export.texts["short_external_loads.xml"]
    assert "calcn_r" in loads
    assert "calcn_l" not in loads
    assert "calcn_l" not in export.texts["short_model.osim"]
    assert "ground_force_l_vx" in export.texts["short_grf.mot"]
    moments, both = export.results["short_id.sto"], read_table(built_in / "short_id.sto")
    assert not any("_l_" in label for label in moments.labels)
    np.testing.assert_allclose(moments.column("ankle_angle_r_moment"), both.column("ankle_angle_r_moment"), atol=1e-6)


def test_a_low_pass_is_told_in_the_file(trial, smooth, built_in):
    export = smooth
    assert "low-passed at 6 Hz" in export.texts["short_id.sto"]
    assert "not low-passed" in (built_in / "short_id.sto").read_text()
    shaking = [
        np.diff(table.column("tibia_r_ty_force"), n=2).std()
        for table in (export.results["short_id.sto"], read_table(built_in / "short_id.sto"))
    ]
    assert shaking[0] < 0.8 * shaking[1]
    for hz in (0.0, -1.0, float("nan"), 0.5 * trial.point_rate):
        with pytest.raises(UsageError, match="low-pass"):
            build_export(trial, options=dataclasses.replace(BUILT_IN, lowpass_hz=hz))


def test_rows_without_markers_are_left_out(trial, built_in):
    points = trial.points.copy()
    points[200:300] = np.nan
    export = build_export(dataclasses.replace(trial, points=points), model=built_in / "short_model.osim")
    for name in ("short_ik.mot", "short_id.sto"):
        table = export.results[name]
        assert np.isfinite(table.values).all()
        assert not ((table.times > 2.05) & (table.times < 2.95)).any()
        assert table.times.size >= trial.frames - 110


def test_markers_on_a_line_give_no_pose_and_a_reason(trial, built_in):
    line = np.outer(np.arange(trial.points.shape[1]), [10.0, 5.0, 20.0])
    flat = dataclasses.replace(trial, points=np.broadcast_to(line, trial.points.shape).copy())
    export = build_export(flat, model=built_in / "short_model.osim")
    motion = export.results.get("short_ik.mot")
    # Each bone is free to turn about the line.
    assert motion is None
    assert "opensim_no_coordinates" in codes(export)


def test_old_files_are_told(trial, whole, built_in, tmp_path):
    plain = build_export(trial)
    (note,) = plain.stale(built_in)
    assert all(name in note.message for name in ("short_ik.mot", "short_id.sto", "short_model.osim"))
    assert "short.trc" not in note.message
    assert whole.stale(built_in) == ()
    assert plain.stale(tmp_path) == ()


def test_a_trial_without_legs_keeps_its_other_files(trial):
    heads = [k for k, name in enumerate(trial.point_labels) if name.endswith("HD")]
    bare = dataclasses.replace(
        trial, points=trial.points[:, heads], point_labels=tuple(trial.point_labels[k] for k in heads)
    )
    export = build_export(bare, options=BUILT_IN)
    assert "opensim_no_coordinates" in codes(export)
    assert "short.trc" in export.texts
    assert not export.results


def test_one_model_at_a_time(trial, built_in):
    with pytest.raises(UsageError, match="choose one"):
        build_export(trial, model=built_in / "short_model.osim", options=BUILT_IN)


def test_opensims_solver_gives_the_same_angles(trial, built_in, tmp_path):
    model = built_in / "short_model.osim"
    (tmp_path / "p.yaml").write_text(
        f"extends: auto\nopensim: {{model: '{model}', solver: opensim_tool, accuracy: 1e-7}}"
    )
    shown = np.where(np.arange(trial.frames)[:, None, None] < 40, trial.points, np.nan)
    few = dataclasses.replace(trial, points=shown)
    theirs = build_export(few, tmp_path / "p.yaml")
    ours = build_export(few, model=model)
    assert build_export(few, model=model).texts == ours.texts
    assert "opensim_solver" in codes(theirs)
    assert "opensim_solver" not in codes(ours)
    for name in ("ankle_angle_r", "ankle_angle_l"):
        mine, tool = (export.results["short_ik.mot"].column(name) for export in (ours, theirs))
        assert mine.size >= 40
        np.testing.assert_allclose(mine, tool, atol=0.05)

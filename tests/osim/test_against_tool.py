"""Our inverse kinematics against OpenSim's own."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from heelraise.osim.forward import marker_positions
from heelraise.osim.library import load_opensim, quiet_stdout
from heelraise.osim.reading import read_skeleton
from heelraise.osim.solve import Task, solve_ik

pytest.importorskip("opensim")
RATE = 60.0


def table(path: Path) -> tuple[np.ndarray, list[str], np.ndarray]:
    """Times, names and positions (T, M, 3) in m of a TRC file, read by OpenSim."""
    osim = load_opensim()
    with quiet_stdout():
        read = osim.TimeSeriesTableVec3(str(path))
        names = list(read.getColumnLabels())
        flat = read.flatten()
        values = flat.getMatrix().to_numpy()
        times = np.array(flat.getIndependentColumn())
    return times, names, values.reshape(len(times), -1, 3) / 1000.0


def tool_angles(model: Path, markers: Path, setup: Path, out: Path, span: tuple[float, float]) -> dict[str, np.ndarray]:
    """Columns of InverseKinematicsTool's motion at accuracy 1e-9, degrees and m."""
    osim = load_opensim()
    tool: Any = osim.InverseKinematicsTool(str(setup), False)
    loaded = osim.Model(str(model))
    tool.setModel(loaded)
    tool.setMarkerDataFileName(str(markers))
    tool.setOutputMotionFileName(str(out))
    tool.setResultsDir(str(out.parent))
    tool.set_coordinate_file("")
    tool.set_report_errors(False)
    tool.set_accuracy(1e-9)
    tool.setStartTime(span[0])
    tool.setEndTime(span[1])
    with quiet_stdout():
        tool.run()
    text = out.read_text().split("endheader", 1)[1]
    rows = [line.split() for line in text.split("\n") if line.strip()]
    values = np.array(rows[1:], dtype=np.float64)
    return {name: values[:, k] for k, name in enumerate(rows[0])}


def setup_weights(path: Path) -> tuple[dict[str, float], dict[str, Task]]:
    """Weights of the markers and tasks of the coordinates that a setup file applies."""
    root = ET.parse(path).getroot()
    weights, tasks = {}, {}
    for element in root.iter():
        name, weight = element.get("name", ""), element.findtext("weight")
        if element.findtext("apply", "").strip() != "true" or weight is None:
            continue
        if element.tag == "IKMarkerTask":
            weights[name] = float(weight)
        elif element.tag == "IKCoordinateTask":
            tasks[name] = Task(0.0, float(weight))
    return weights, tasks


def write_trc(path: Path, names: list[str], positions: np.ndarray) -> None:
    frames, count = positions.shape[:2]
    head = f"{RATE}\t{RATE}\t{frames}\t{count}\tmm\t{RATE}\t1\t{frames}"
    lines = [f"PathFileType\t4\t(X/Y/Z)\t{path.name}"]
    lines.append("DataRate\tCameraRate\tNumFrames\tNumMarkers\tUnits\tOrigDataRate\tOrigDataStartFrame\tOrigNumFrames")
    lines += [head, "Frame#\tTime\t" + "\t\t\t".join(names)]
    lines += ["\t\t" + "\t".join(f"X{k}\tY{k}\tZ{k}" for k in range(1, count + 1)), ""]
    for t, row in enumerate(positions.reshape(frames, -1) * 1000.0):
        lines.append(f"{t + 1}\t{t / RATE:.9f}\t" + "\t".join(f"{v:.15g}" for v in row))
    path.write_text("\n".join(lines) + "\n")


@pytest.mark.parametrize("weights", [(1.0, 1.0), (3.0, 0.5)])
@pytest.mark.parametrize("missing", [False, True])
def test_a_coordinate_task_weighs_as_in_opensim(weights: tuple[float, float], missing: bool) -> None:
    osim = load_opensim()
    model = osim.Model()
    body = osim.Body("b", 1.0, osim.Vec3(0.0), osim.Inertia(1.0))
    model.addBody(body)
    joint = osim.SliderJoint("j", model.getGround(), body)
    joint.updCoordinate().setName("x")
    model.addJoint(joint)
    for k in range(2):
        model.addMarker(osim.Marker(f"m{k}", body, osim.Vec3(0.0, float(k), 0.0)))
    model.finalizeConnections()
    state = model.initSystem()
    targets = np.array([[[1.0, 0.0, 0.0], [2.0, 1.0, 0.0]]])
    if missing:
        targets[0, 1] = np.nan
    rows = osim.TimeSeriesTableVec3()
    rows.setColumnLabels(["m0", "m1"])
    for time in (0.0, 1.0):
        rows.appendRow(time, osim.RowVectorVec3([osim.Vec3(*p) for p in targets[0]]))
    loads = osim.SetMarkerWeights()
    for k, weight in enumerate(weights):
        loads.cloneAndAppend(osim.MarkerWeight(f"m{k}", weight))
    reference = osim.MarkersReference(rows, loads)
    aims = osim.SimTKArrayCoordinateReference()
    aim = osim.CoordinateReference("x", osim.Constant(0.0))
    aim.setWeight(0.7)
    aims.push_back(aim)
    solver = osim.InverseKinematicsSolver(model, reference, aims)
    solver.setAccuracy(1e-10)
    state.setTime(0.0)
    solver.assemble(state)
    theirs = model.getCoordinateSet().get(0).getValue(state)
    ours = solve_ik(read_skeleton(model), ["m0", "m1"], targets, weights, tasks={"x": Task(0.0, 0.7)})
    assert ours.q[0, 0] == pytest.approx(theirs, abs=1e-8)
    assert ours.converged.all()


@pytest.mark.corpus
def test_walking_agrees_with_the_tool(corpus: Path, tmp_path: Path) -> None:
    folder = corpus / "opensim_models" / "gait2392"
    model, markers, setup = (
        folder / name for name in ("subject01_simbody.osim", "subject01_walk1.trc", "subject01_Setup_IK.xml")
    )
    span = (0.5, 0.9)
    theirs = tool_angles(model, markers, setup, tmp_path / "walk.mot", span)
    skeleton = read_skeleton(model)
    weights, tasks = setup_weights(setup)
    times, names, positions = table(markers)
    use = [n for n in names if n in weights and n in skeleton.marker_names]
    inside = (times > span[0] - 1e-4) & (times < span[1] + 1e-4)
    targets = positions[inside][:, [names.index(n) for n in use]]
    ours = solve_ik(skeleton, use, targets, [weights[n] for n in use], tasks=tasks)
    assert ours.converged.all()
    for k, name in enumerate(skeleton.coordinate_names):
        scale = 1.0 if name in ("pelvis_tx", "pelvis_ty", "pelvis_tz") else np.degrees(1.0)
        np.testing.assert_allclose(scale * ours.q[:, k], theirs[name], atol=0.01, err_msg=name)


@pytest.mark.corpus
def test_a_phantom_with_tremor_agrees_with_the_tool_and_keeps_it(corpus: Path, tmp_path: Path) -> None:
    folder = corpus / "opensim_models" / "gait2392"
    model = folder / "subject01_simbody.osim"
    skeleton = read_skeleton(model)
    t = np.arange(24) / RATE
    q = np.tile(skeleton.defaults, (t.size, 1))
    for k in range(q.shape[1]):
        if not skeleton.coordinate_names[k].startswith("mtp"):
            q[:, k] += 0.2 * np.sin(2 * np.pi * 0.8 * t + k)
    wave = np.radians(0.05) * np.sin(2 * np.pi * 10.0 * t)
    ankle = skeleton.index("ankle_angle_r")
    calm = solve_ik(skeleton, skeleton.marker_names, marker_positions(skeleton, q))
    q[:, ankle] += wave
    exact = marker_positions(skeleton, q)
    ours = solve_ik(skeleton, skeleton.marker_names, exact)
    gain = (ours.q[:, ankle] - calm.q[:, ankle]) @ wave / (wave @ wave)
    assert gain == pytest.approx(1.0, abs=1e-3)
    weights, _ = setup_weights(folder / "subject01_Setup_IK.xml")
    use = [name for name in skeleton.marker_names if name in weights]
    columns = [skeleton.marker_names.index(name) for name in use]
    write_trc(tmp_path / "phantom.trc", use, exact[:, columns])
    bare = ET.parse(folder / "subject01_Setup_IK.xml")
    for element in bare.getroot().iter("IKCoordinateTask"):
        element.find("apply").text = "false"  # type: ignore[union-attr]
    bare.write(tmp_path / "setup.xml")
    theirs = tool_angles(
        model, tmp_path / "phantom.trc", tmp_path / "setup.xml", tmp_path / "phantom.mot", (0.0, t[-1])
    )
    ours = solve_ik(skeleton, use, exact[:, columns], [weights[name] for name in use])
    for k, name in enumerate(skeleton.coordinate_names):
        scale = 1.0 if name in ("pelvis_tx", "pelvis_ty", "pelvis_tz") else np.degrees(1.0)
        np.testing.assert_allclose(scale * ours.q[:, k], theirs[name], atol=0.01, err_msg=name)

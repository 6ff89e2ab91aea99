"""Inverse kinematics of ours against OpenSim's: ``python tests/benchmarks/bench_kinematics.py --model MODEL.osim``.

One run, one machine, the same model, markers and frames for both. Two models: the one given (scaled, with markers),
and its right leg below the knee, written as a model of its own. The motion is smooth with 0.05 deg at 10 Hz on
ankle_angle_r, sampled at 200 Hz; markers are exact, or carry 0.5 mm of noise. OpenSim's tool works on the first
``--tool-frames`` frames (its time per frame does not depend on their number); ours on all and on those. Times are
processor times of this process, so that a busy machine favours neither; run it with OMP_NUM_THREADS=1.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from heelraise.osim.chains import leg_chain
from heelraise.osim.forward import marker_positions
from heelraise.osim.library import load_opensim, quiet_stdout
from heelraise.osim.reading import read_skeleton
from heelraise.osim.skeleton import Skeleton
from heelraise.osim.solve import solve_ik

RATE = 200.0
TREMOR_DEG, TREMOR_HZ = 0.05, 10.0
ACCURACY = 1e-9
GOALS = {"leg": 200.0, "full": 50.0}


def leg_model(skeleton: Skeleton, path: Path) -> None:
    """Write a skeleton whose axes are all straight functions of coordinates as an OpenSim model."""
    osim = load_opensim()
    model = osim.Model()
    model.setName(skeleton.name)
    bodies = [model.getGround()]
    for name in skeleton.bodies[1:]:
        body = osim.Body(name, 1.0, osim.Vec3(0), osim.Inertia(1.0))
        model.addBody(body)
        bodies.append(body)
    for joint in skeleton.joints:
        transform = osim.SpatialTransform()
        slots = [transform.upd_rotation1(), transform.upd_rotation2(), transform.upd_rotation3()]
        slots = [slots, [transform.upd_translation1(), transform.upd_translation2(), transform.upd_translation3()]]
        used = [0, 0]
        for axis in joint.axes:
            kind = 0 if axis.turns else 1
            slot = slots[kind][used[kind]]
            used[kind] += 1
            slot.setAxis(osim.Vec3(*axis.direction))
            if axis.coordinate < 0:
                slot.set_function(osim.Constant(float(axis.curve.constant)))
                continue
            names = osim.ArrayStr()
            names.append(skeleton.coordinates[axis.coordinate].name)
            slot.setCoordinateNames(names)
            slot.set_function(osim.LinearFunction(*axis.curve.line))
        for kind in range(2):
            for k in range(used[kind], 3):
                slots[kind][k].setAxis(osim.Vec3(*np.eye(3)[k]))
                slots[kind][k].set_function(osim.Constant(0.0))
        where = (osim.Vec3(*joint.parent_origin), osim.Vec3(0), bodies[joint.child], osim.Vec3(*joint.child_origin))
        made = osim.CustomJoint(joint.name, bodies[joint.parent], *where, osim.Vec3(0), transform)
        model.addJoint(made)
    for marker in skeleton.markers:
        model.addMarker(osim.Marker(marker.name, bodies[marker.body], osim.Vec3(*marker.offset)))
    model.finalizeConnections()
    model.printToXML(str(path))


def motion(skeleton: Skeleton, frames: int) -> np.ndarray:
    """A smooth pose in every frame (T, C), with tremor on the right ankle."""
    t = np.arange(frames) / RATE
    q = np.tile(skeleton.defaults, (frames, 1))
    for k, c in enumerate(skeleton.coordinates):
        if c.coupled is None and not c.locked:
            middle = 0.5 * (c.low + c.high) if c.clamped else c.default
            q[:, k] = middle + 0.1 * np.sin(2 * np.pi * (0.3 + 0.03 * k) * t + k)
    q[:, skeleton.index("ankle_angle_r")] += np.radians(TREMOR_DEG) * np.sin(2 * np.pi * TREMOR_HZ * t)
    return q


def write_trc(path: Path, names: tuple[str, ...], positions: np.ndarray) -> None:
    """Markers (T, M, 3) in m as a TRC file with all their digits."""
    frames, count = positions.shape[:2]
    lines = [
        "PathFileType\t4\t(X/Y/Z)\tbench.trc",
        "DataRate\tCameraRate\tNumFrames\tNumMarkers\tUnits\tOrigDataRate\tOrigDataStartFrame\tOrigNumFrames",
        f"{RATE}\t{RATE}\t{frames}\t{count}\tm\t{RATE}\t1\t{frames}",
        "Frame#\tTime\t" + "\t\t\t".join(names),
        "\t\t" + "\t".join(f"X{k}\tY{k}\tZ{k}" for k in range(1, count + 1)),
        "",
    ]
    for n, row in enumerate(positions.reshape(frames, -1)):
        lines.append(f"{n + 1}\t{n / RATE:.6f}\t" + "\t".join(f"{v:.17g}" for v in row))
    path.write_text("\n".join(lines) + "\n")


def their_solution(model: Path, skeleton: Skeleton, positions: np.ndarray, folder: Path) -> tuple[float, np.ndarray]:
    """Processor seconds of InverseKinematicsTool.run, and its ankle angle, rad."""
    osim = load_opensim()
    write_trc(folder / "bench.trc", skeleton.marker_names, positions)
    tool: Any = osim.InverseKinematicsTool()
    loaded = osim.Model(str(model))
    tool.setModel(loaded)
    tool.setMarkerDataFileName(str(folder / "bench.trc"))
    tool.setOutputMotionFileName(str(folder / "bench.mot"))
    tool.set_accuracy(ACCURACY)
    tool.set_report_errors(False)
    tool.setStartTime(0.0)
    tool.setEndTime(positions.shape[0] / RATE)
    for name in skeleton.marker_names:
        task = osim.IKMarkerTask()
        task.setName(name)
        task.setApply(True)
        task.setWeight(1.0)
        tool.getIKTaskSet().cloneAndAppend(task)
    start = time.process_time()
    with quiet_stdout():
        tool.run()
    seconds = time.process_time() - start
    text = (folder / "bench.mot").read_text().split("endheader", 1)[1].split("\n")
    rows = [line.split() for line in text if line.strip()]
    column = rows[0].index("ankle_angle_r")
    return seconds, np.radians([float(row[column]) for row in rows[1:]])


def tremor_error(angle: np.ndarray, truth: np.ndarray) -> float:
    """Error of the 10 Hz amplitude, %: the error's component in phase with the tremor."""
    t = np.arange(angle.size) / RATE
    waves = np.stack([np.sin(2 * np.pi * TREMOR_HZ * t), np.cos(2 * np.pi * TREMOR_HZ * t)], axis=1)
    base = np.stack([t**p for p in range(6)], axis=1)
    fit = np.linalg.lstsq(np.concatenate([waves, base], axis=1), angle - truth, rcond=None)[0]
    return 100.0 * float(fit[0]) / np.radians(TREMOR_DEG)


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, required=True, help="a scaled .osim with markers")
    parser.add_argument("--frames", type=int, default=8000)
    parser.add_argument("--tool-frames", type=int, default=200)
    options = parser.parse_args()
    full = read_skeleton(options.model)
    rng = np.random.default_rng(0)
    print("| chain | coordinates | markers | noise mm | OpenSim 1e-9 frames/s | ours frames/s | ratio | goal |", end="")
    print(" ours, same frames only | OpenSim ankle error deg | ours | OpenSim tremor error % | ours |")
    print("|" + "---|" * 13)
    with TemporaryDirectory() as name:
        folder = Path(name)
        leg = leg_chain(full, "right")
        leg_model(leg, folder / "leg.osim")
        speeds: dict[tuple[str, str], float] = {}
        for chain, skeleton, model in (("leg", leg, folder / "leg.osim"), ("full", full, options.model)):
            q = motion(skeleton, options.frames)
            ankle = skeleton.index("ankle_angle_r")
            for noise in (0.0, 0.5):
                exact = marker_positions(skeleton, q)
                targets = exact + rng.normal(0.0, 1.0, exact.shape) * noise * 1e-3
                few = targets[: options.tool_frames]
                slow, theirs = their_solution(model, skeleton, few, folder)
                times = []
                for part in (targets, targets, targets, few, few, few):
                    start = time.process_time()
                    solution = solve_ik(skeleton, skeleton.marker_names, part)
                    times.append(time.process_time() - start)
                    assert solution.converged.all()
                    mine = solution.q[: len(few), ankle]
                truth = q[: len(few), ankle]
                speed, theirs_speed = len(targets) / min(times[:3]), len(few) / slow
                speeds[chain, "ours"], speeds[chain, "OpenSim"] = speed, theirs_speed
                # With noise the true angle is not the minimum; the two solvers are held against each other.
                known = truth if noise == 0.0 else mine
                print(
                    f"| {chain} | {len(skeleton.coordinates)} | {len(skeleton.markers)} | {noise} "
                    f"| {theirs_speed:.1f} | {speed:.0f} | {speed / theirs_speed:.0f} | {GOALS[chain]:.0f} "
                    f"| {len(few) / min(times[3:]):.0f} "
                    f"| {np.degrees(np.abs(theirs - known).max()):.1e} "
                    f"| {np.degrees(np.abs(mine - truth).max()) if noise == 0.0 else float('nan'):.1e} "
                    f"| {tremor_error(theirs, known):.2g} "
                    f"| {tremor_error(mine, truth) if noise == 0.0 else float('nan'):.2g} |",
                    flush=True,
                )
        across = speeds["leg", "ours"] / speeds["full", "OpenSim"]
        print(f"Our leg chain against OpenSim's tool on the full model (both with noise): {across:.0f} times.")


if __name__ == "__main__":
    main()

"""Inverse kinematics of ours against OpenSim's: ``python tests/benchmarks/bench_kinematics.py --model MODEL.osim``.

One run, one machine, the same model, markers and frames for both. Two models: the one given (scaled, with markers),
and its right leg below the knee, written as a model of its own. The motion is smooth with 0.05 deg at 10 Hz on
ankle_angle_r, sampled at 200 Hz; markers are exact, or carry 0.5 mm of noise. OpenSim's tool works on the first
``--tool-frames`` frames of the full model and on five times as many of the leg (its time per frame hardly depends on
their number); ours on all, and on a short trial. Ours is the best of several runs, from arrays to solution; the tool's
run includes reading and writing its files. Processor times of this process are compared, and times by the clock; run
it with OMP_NUM_THREADS=1.
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


def now() -> np.ndarray:
    """Processor time and clock, s."""
    return np.array([time.process_time(), time.perf_counter()])


def their_solution(
    model: Path, skeleton: Skeleton, positions: np.ndarray, folder: Path
) -> tuple[np.ndarray, np.ndarray]:
    """Seconds of InverseKinematicsTool.run by processor and clock, and its ankle angle, rad."""
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
    start = now()
    with quiet_stdout():
        tool.run()
    seconds = now() - start
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


def our_solution(skeleton: Skeleton, positions: np.ndarray, runs: int) -> tuple[np.ndarray, np.ndarray]:
    """Seconds of `solve_ik` by processor and clock, the least of some runs, and its ankle angle, rad."""
    times = []
    for _ in range(runs):
        start = now()
        solution = solve_ik(skeleton, skeleton.marker_names, positions)
        times.append(now() - start)
        assert solution.converged.all()
    return np.min(times, axis=0), solution.q[:, skeleton.index("ankle_angle_r")]


HEAD = (
    "chain",
    "coordinates",
    "markers",
    "noise mm",
    "our frames",
    "OpenSim 1e-9 frames/s processor",
    "clock",
    "ours processor",
    "clock",
    "ratio processor",
    "clock",
    "goal",
    "OpenSim ankle error deg",
    "ours",
    "OpenSim tremor error %",
    "ours",
)


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, required=True, help="a scaled .osim with markers")
    parser.add_argument("--frames", type=int, default=8000)
    parser.add_argument("--short", type=int, default=200)
    parser.add_argument("--tool-frames", type=int, default=200)
    options = parser.parse_args()
    full = read_skeleton(options.model)
    rng = np.random.default_rng(0)
    print("| " + " | ".join(HEAD) + " |")
    print("|" + "---|" * len(HEAD))
    ours: dict[tuple[str, float, int], np.ndarray] = {}
    tool: dict[tuple[str, float], np.ndarray] = {}
    with TemporaryDirectory() as name:
        folder = Path(name)
        leg = leg_chain(full, "right")
        leg_model(leg, folder / "leg.osim")
        for chain, skeleton, model, factor in (("leg", leg, folder / "leg.osim", 5), ("full", full, options.model, 1)):
            q = motion(skeleton, options.frames)
            ankle = q[:, skeleton.index("ankle_angle_r")]
            for noise in (0.0, 0.5):
                exact = marker_positions(skeleton, q)
                targets = exact + rng.normal(0.0, 1.0, exact.shape) * noise * 1e-3
                few = targets[: options.tool_frames * factor]
                seconds, theirs = their_solution(model, skeleton, few, folder)
                tool[chain, noise] = len(few) / seconds
                for frames in (options.frames, options.short):
                    seconds, mine = our_solution(skeleton, targets[:frames], 5 if chain == "leg" else 3)
                    ours[chain, noise, frames] = len(mine) / seconds
                    both = min(len(mine), len(few))
                    # With noise the true angle is not the minimum; the two solvers are held against each other.
                    known = (ankle if noise == 0.0 else mine)[:both]
                    exactly = noise == 0.0
                    speeds = [*tool[chain, noise], *ours[chain, noise, frames]]
                    ratios = ours[chain, noise, frames] / tool[chain, noise]
                    cells = [chain, len(skeleton.coordinates), len(skeleton.markers), noise, frames]
                    cells += [f"{v:.0f}" for v in (*speeds, *ratios, GOALS[chain])]
                    cells += [f"{np.degrees(np.abs(theirs[:both] - known).max()):.1e}"]
                    cells += [f"{np.degrees(np.abs(mine - ankle[: len(mine)]).max()):.1e}" if exactly else "-"]
                    cells += [f"{tremor_error(theirs[:both], known):.2g}"]
                    cells += [f"{tremor_error(mine, ankle[: len(mine)]):.2g}" if exactly else "-"]
                    print("| " + " | ".join(str(cell) for cell in cells) + " |", flush=True)
    print("\nOur leg chain against OpenSim's tool on the whole model, which has no leg chain of its own:")
    for (chain, noise, frames), speed in ours.items():
        if chain == "leg":
            ratio = speed / tool["full", noise]
            print(f"noise {noise} mm, {frames} frames: {ratio[0]:.0f} times by processor, {ratio[1]:.0f} by clock")


if __name__ == "__main__":
    main()

"""Ankle angles by the angle model opensim and by the others, against phantoms of known truth: prints a table.

    python tests/benchmarks/opensim_angles.py

Each scenario comes twice: as the phantom has it, whose ankle turns about the mediolateral axis of the shank, and with
its angles given to the oblique axes of the built-in model.
"""

from __future__ import annotations

import os
import tempfile
from dataclasses import replace
from pathlib import Path

for _name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

import numpy as np  # noqa: E402
from numpy.typing import NDArray  # noqa: E402

from heelraise.analysis import analyze  # noqa: E402
from heelraise.kinematics.frames import rigid_rotation  # noqa: E402
from heelraise.labelled.build import build_signals  # noqa: E402
from heelraise.osim.built_in import leg_skeleton  # noqa: E402
from heelraise.osim.files.axes import Y_UP  # noqa: E402
from heelraise.osim.forward import marker_positions  # noqa: E402
from heelraise.osim.own_scaling import scale_from_stance  # noqa: E402
from heelraise.phantom import Simulated, load_scenario, simulate, trial_of  # noqa: E402
from heelraise.phantom.lab.file import to_file  # noqa: E402
from heelraise.phantom.lab.markers import labels_of  # noqa: E402
from heelraise.phantom.motion import SIDES  # noqa: E402
from heelraise.protocol import load_protocol  # noqa: E402
from heelraise.signal.filters import highpass  # noqa: E402

Array = NDArray[np.float64]
SCENARIOS = ("normal_hold", "rolling_into_inversion", "no_tremor")
SETS = ("plug_in_gait", "qualisys_full")
MODELS = ("auto", "opensim")


def with_oblique_axes(simulated: Simulated) -> Simulated:
    """The same trial with ankle and subtalar angles about the built-in model's axes; forefeet stay where they are."""
    lab, world = simulated.scenario.lab, simulated.world
    labels, points = labels_of(lab), dict(simulated.points)
    quiet = world.time < simulated.scenario.task.stand_s - 0.5
    for side in SIDES:
        flip = np.array([1.0, 1.0 if side == "right" else -1.0, 1.0])
        exact = {role: path * flip for role, path in world.points.items() if role.startswith(f"{side}.")}
        own = {role.partition(".")[2]: path for role, path in exact.items()}
        shape = scale_from_stance({role: path[quiet].mean(axis=0) for role, path in own.items()}).shape
        assert shape is not None
        chain = leg_skeleton(shape)
        q = np.zeros((world.time.size, len(chain.coordinates)))
        plantarflexion, inversion = world.angles[side]
        q[:, chain.index("ankle_angle_r")] = -np.radians(plantarflexion - plantarflexion[quiet].mean())
        q[:, chain.index("subtalar_angle_r")] = np.radians(inversion - inversion[quiet].mean())
        names = chain.marker_names
        placed = 1e3 * marker_positions(chain, q, names) @ Y_UP
        shank = [k for k, name in enumerate(names) if shape.markers[name][0] == "tibia"]
        seen = np.stack([own[names[k]] for k in shank], axis=1)
        turn = rigid_rotation(placed[0, shank], seen)
        moved = (placed - placed[:, shank].mean(axis=1, keepdims=True)) @ turn.transpose(0, 2, 1)
        shift = own["mt2"] - moved[:, names.index("mt2")]
        for k, name in enumerate(names):
            role = f"{side}.{name}"
            # Toes lie on the ground all the while.
            if role in labels and shape.markers[name][0] != "toes":
                noise = simulated.points[lab.prefix + labels[role]] - to_file(world.points[role], lab)
                points[lab.prefix + labels[role]] = to_file((moved[:, k] + shift) * flip, lab) + noise
    return replace(simulated, points=points)


def main() -> None:
    """Print the table."""
    print("| scenario | axes | marker set | angle model | plantarflexion in hold: mean error, deg | its sd, deg |"
          " slope | shaking (above 4 Hz) against truth | tremor_rms against truth |")  # fmt: skip
    print("|---|---|---|---|---|---|---|---|---|")
    for name in SCENARIOS:
        for marker_set in SETS:
            scenario = load_scenario(name)
            scenario = scenario.model_copy(update={"lab": scenario.lab.model_copy(update={"marker_set": marker_set})})
            plain = simulate(scenario)
            for axes, simulated in (("mediolateral", plain), ("oblique", with_oblique_axes(plain))):
                for model in MODELS:
                    print(row(name, axes, marker_set, model, simulated), flush=True)


def row(name: str, axes: str, marker_set: str, model: str, simulated: Simulated) -> str:
    """One line of the table: the mean of both sides."""
    trial, world = trial_of(simulated), simulated.world
    with tempfile.TemporaryDirectory() as folder:
        protocol = Path(folder) / "p.yaml"
        protocol.write_text(f"extends: bilateral_hold\nmarkers: {{angle_model: {model}}}\n", encoding="utf-8")
        result = analyze(trial, protocol)
        ankles = build_signals(trial, load_protocol(protocol).protocol).ankles
    task = simulated.scenario.task
    hold = (world.time > task.stand_s + task.rise_s + 1.0) & (
        world.time < task.stand_s + task.rise_s + task.hold_s - 1.0
    )
    quiet = world.time < task.stand_s - 0.5
    cells: list[list[float]] = []
    for side in SIDES:
        angle = ankles[side].plantarflexion
        assert angle is not None
        truth = world.angles[side][0] - world.angles[side][0][quiet].mean()
        error = (angle - truth)[hold]
        shaking = [float(highpass(x, trial.point_rate, 4.0)[hold].std()) for x in (angle, truth)]
        rms = next(
            (
                m.value
                for m in result.metrics
                if (m.name, m.signal, m.side, m.phase) == ("tremor_rms", "ankle_plantarflexion", side, "hold")
            ),
            None,
        )
        true = next((t["rms_4_15_hz_deg"] for t in simulated.truth["tremor"] if t["side"] == side), 0.0)
        ratio = rms / true if rms is not None and true > 0.01 else np.nan
        slope = float(np.polyfit(truth, angle, 1)[0])
        cells.append([error.mean(), error.std(), slope, shaking[0] / shaking[1] if true > 0.01 else np.nan, ratio])
    used = result.signals["angle_model"]["right"]
    numbers = [f"{v:.3f}" if np.isfinite(v) else "" for v in np.mean(cells, axis=0)]
    return f"| {name} | {axes} | {marker_set} | {used} | {' | '.join(numbers)} |"


if __name__ == "__main__":
    main()

"""OpenSim's own inverse kinematics, run safely and finely enough to keep a tremor."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from heelraise.errors import InputError, UsageError
from heelraise.osim.files.trc import MarkerTable, read_trc, write_trc
from heelraise.osim.library import load_model
from heelraise.osim.motion import Motion, read_motion
from heelraise.osim.native import run_native_tool, text

ACCURACY = 1e-9
#: Coarser than this, the optimiser stops before it has followed a small oscillation.
COARSE = 1e-8
LOSS = (
    "OpenSim's inverse kinematics at accuracy {accuracy:g} does not follow small oscillations: at its default of 1e-5 "
    "it removes 93 % of a tremor of 0.05 deg at 10 Hz; 1e-8 or finer keeps it."
)


def run_ik_tool(
    model_path: Path | str,
    trc_path: Path | str,
    *,
    accuracy: float = ACCURACY,
    weights: Mapping[str, float] | None = None,
    held: Mapping[str, float] | None = None,
    start_s: float | None = None,
    stop_s: float | None = None,
) -> Motion:
    """Coordinates by OpenSim's InverseKinematicsTool.

    It runs in a child process and a temporary folder: nothing is printed, no log is left, and a crash is an
    `InputError`.

    Parameters
    ----------
    model_path, trc_path : Path or str
    accuracy : float
        Relative accuracy of the optimiser.
    weights : mapping of str to float, optional
        Weight of each marker by its name in the model; markers that are not named count nothing. Without it
        every marker that both files have weighs 1.
    held : mapping of str to float, optional
        Weight with which a coordinate is pulled to the model's default, by the coordinate's name.
    start_s, stop_s : float, optional
        Part of the trial, seconds on the file's own clock.

    Returns
    -------
    Motion
        Radians and metres. `notes` holds a sentence where `accuracy` is coarser than 1e-8.

    Raises
    ------
    InputError
        The model or the markers cannot be used, or the tool fails.
    UsageError
        The accuracy is no number between 0 and 1, or there is no opensim package.
    """
    if not 0.0 < accuracy < 1.0:
        raise UsageError(f"accuracy {accuracy:g} cannot be used", why="it lies between 0 and 1", todo="use 1e-9")
    model_path, trc_path = Path(model_path), Path(trc_path)
    model = load_model(model_path)
    common = _common(model, model_path, trc_path)
    used = {name: 1.0 if weights is None else float(weights.get(name, 0.0)) for name in common}
    if not any(weight > 0 for weight in used.values()):
        raise InputError("no marker has a weight", where=str(trc_path), todo=f"weigh some of {', '.join(common)}")
    tasks = "".join(_task("IKMarkerTask", name, weight) for name, weight in used.items())
    tasks += "".join(
        _task("IKCoordinateTask", name, float(weight), "<value_type>default_value</value_type>")
        for name, weight in (held or {}).items()
    )
    span = (-np.inf if start_s is None else start_s, np.inf if stop_s is None else stop_s)
    with TemporaryDirectory() as scratch:
        folder = Path(scratch)
        settings = [
            ("model_file", text(model_path.resolve())),
            ("marker_file", text(trc_path.resolve())),
            ("IKTaskSet", f"<objects>{tasks}</objects>"),
            ("accuracy", repr(float(accuracy))),
            ("constraint_weight", "Inf"),
            ("time_range", " ".join(_number(edge) for edge in span)),
            ("report_errors", "false"),
            ("results_directory", text(folder)),
            ("output_motion_file", text(folder / "ik.mot")),
        ]
        run_native_tool("InverseKinematicsTool", settings, model_path, folder)
        motion = read_motion(folder / "ik.mot", model)
    notes = (LOSS.format(accuracy=accuracy),) if accuracy > COARSE else ()
    return replace(motion, notes=notes)


def fit_targets(
    model_path: Path, weights: Mapping[str, float], targets: NDArray[np.float64], rate: float, accuracy: float
) -> Motion:
    """Coordinates by OpenSim's InverseKinematicsTool from markers in memory.

    Parameters
    ----------
    model_path : Path
    weights : mapping of str to float
        Weight by the marker's name in the model, in the order of `targets`.
    targets : ndarray (T, M, 3)
        m in OpenSim's ground, NaN where unseen. Frames follow each other: the tool needs no true times.
    rate : float
        Frames per second.
    accuracy : float

    Raises
    ------
    InputError, UsageError
        As `run_ik_tool`.
    """
    with TemporaryDirectory() as folder:
        table = MarkerTable(tuple(weights), np.arange(len(targets)) / rate, targets, rate, "m")
        trc = write_trc(Path(folder) / "markers.trc", table)
        return run_ik_tool(model_path, trc, accuracy=accuracy, weights=weights)


def _common(model: Any, model_path: Path, trc_path: Path) -> list[str]:
    markers = model.getMarkerSet()
    known = [str(markers.get(k).getName()) for k in range(markers.getSize())]
    given = read_trc(trc_path).labels
    common = [name for name in known if name in given]
    if not common:
        raise InputError(
            "the model and the trial share no marker",
            where=str(trc_path),
            why=f"{model_path.name} has {', '.join(known) or 'none'}; the trial has {', '.join(given) or 'none'}",
            todo="rename one side",
        )
    return common


def _task(kind: str, name: str, weight: float, more: str = "") -> str:
    quoted = text(name).replace('"', "&quot;")
    return f'<{kind} name="{quoted}"><apply>true</apply><weight>{weight!r}</weight>{more}</{kind}>'


def _number(value: float) -> str:
    return "Inf" if value == np.inf else "-Inf" if value == -np.inf else repr(float(value))

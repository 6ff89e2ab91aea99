"""Inverse dynamics by OpenSim's own solver: moments of every coordinate from its motion and the plates' forces."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from heelraise.errors import InputError, UsageError
from heelraise.osim.files.external_loads import Identifiers, format_external_loads
from heelraise.osim.files.tables import read_table
from heelraise.osim.library import load_model
from heelraise.osim.motion import Motion, check_motion, motion_text
from heelraise.osim.native import run_native_tool, text
from heelraise.osim.xml_text import Element, read_xml

Array = NDArray[np.float64]
_AXES = ("x", "y", "z")


@dataclass(frozen=True, eq=False)
class Load:
    """A force of the ground on one body, in the model's ground frame.

    Attributes
    ----------
    body : str
        Name of the body that it acts on: ``calcn_r``.
    time : ndarray (N,)
        Seconds, on the clock of the coordinates.
    force : ndarray (N, 3)
        N, on the body.
    point : ndarray (N, 3)
        m, where it acts.
    torque : ndarray (N, 3)
        N m, about that point.
    """

    body: str
    time: Array = field(repr=False)
    force: Array = field(repr=False)
    point: Array = field(repr=False)
    torque: Array = field(repr=False)


def inverse_dynamics(
    model_path: Path | str,
    motion: Motion,
    loads: Path | str | Sequence[Load] = (),
    *,
    lowpass_hz: float | None = None,
    start_s: float | None = None,
    stop_s: float | None = None,
) -> Motion:
    """Generalised forces by OpenSim's InverseDynamicsTool, in a child process.

    Parameters
    ----------
    model_path : Path or str
    motion : Motion
        Radians and metres. Coordinates of the model that it leaves out stay at their defaults.
    loads : Path or str or sequence of Load
        An ExternalLoads XML with its data file, or the forces themselves.
    lowpass_hz : float, optional
        OpenSim's low-pass of the coordinates before they are differentiated (quintic splines); none by default, since a
        tremor would be lost with it.
    start_s, stop_s : float, optional
        Part of the motion.

    Returns
    -------
    Motion
        N m for coordinates that turn, N for those that slide, by the coordinates' names in the model's order, at the
        motion's own times. The sign is the coordinate's: dorsiflexion positive in OpenSim's leg models.

    Raises
    ------
    InputError
        The model, the motion or the loads cannot be used, or the tool fails.
    UsageError
        The low-pass is not positive, or there is no opensim package.
    """
    model_path = Path(model_path)
    if lowpass_hz is not None and not lowpass_hz > 0:
        raise UsageError(f"a low-pass of {lowpass_hz:g} Hz cannot be used", todo="leave it out for none")
    check_motion(motion)
    model = load_model(model_path)
    _check_names(model, motion, model_path)
    first = motion.time[0] if start_s is None else start_s
    last = motion.time[-1] if stop_s is None else stop_s
    inside = (motion.time >= first) & (motion.time <= last)
    if inside.sum() < 2:
        raise InputError(f"the motion has fewer than two rows from {first:g} to {last:g} s")
    bodies = {str(body.getName()) for body in model.getBodyList()}
    with TemporaryDirectory() as scratch:
        folder = Path(scratch)
        (folder / "motion.sto").write_text(motion_text(motion, "motion"), encoding="utf-8")
        settings = [
            ("results_directory", text(folder)),
            ("model_file", text(model_path.resolve())),
            ("time_range", f"{float(first)!r} {float(last)!r}"),
            # Muscles give no force here: their sum is what is asked for.
            ("forces_to_exclude", "Muscles"),
            ("coordinates_file", text(folder / "motion.sto")),
            ("lowpass_cutoff_frequency_for_coordinates", repr(-1.0 if lowpass_hz is None else float(lowpass_hz))),
            ("output_gen_force_file", "moments.sto"),
        ]
        span = (float(first), float(last))
        if isinstance(loads, (str, Path)):
            settings.append(("external_loads_file", text(_from_file(Path(loads), bodies, span, folder))))
        elif loads:
            settings.append(("external_loads_file", text(_from_arrays(loads, bodies, span, folder))))
        run_native_tool("InverseDynamicsTool", settings, model_path, folder)
        table = read_table(folder / "moments.sto")
    names = tuple(label.removesuffix("_moment").removesuffix("_force") for label in table.labels)
    return Motion(table.times, names, table.values)


def _check_names(model: Any, motion: Motion, where: Path) -> None:
    coordinates = model.getCoordinateSet()
    known = [str(coordinates.get(k).getName()) for k in range(coordinates.getSize())]
    strange = [name for name in motion.names if name not in known]
    if strange:
        raise InputError(
            f"the model has no coordinate {', '.join(strange)}", where=str(where), why=f"it has {', '.join(known)}"
        )


def _check_body(body: str, bodies: set[str], where: str) -> None:
    if body not in bodies:
        raise InputError(
            f"the model has no body '{body}' to put a force on", where=where, why=f"it has {', '.join(sorted(bodies))}"
        )


def _check_span(time: Array, span: tuple[float, float], where: str) -> None:
    # OpenSim extrapolates forces without a word.
    slack = 1e-6 + (float(np.diff(time).max()) if time.size > 1 else 0.0)
    if time[0] > span[0] + slack or time[-1] < span[1] - slack:
        raise InputError(
            f"the forces last from {time[0]:g} to {time[-1]:g} s, the motion from {span[0]:g} to {span[1]:g} s",
            where=where,
            todo="name a part of the motion that has forces",
        )


def _from_file(path: Path, bodies: set[str], span: tuple[float, float], folder: Path) -> Path:
    """The same external loads in the scratch folder, checked, with their data beside them."""
    root = read_xml(path)
    if root.tag != "OpenSimDocument" or root.child("ExternalLoads") is None:
        raise InputError("the file holds no ExternalLoads", where=f"{path}:{root.line}")
    for element in root.walk():
        if element.tag in ("applied_to_body", "force_expressed_in_body", "point_expressed_in_body"):
            name = element.text.rsplit("/", 1)[-1]
            if name and name != "ground":
                _check_body(name, bodies, f"{path}:{element.line}")
    data = next((e for e in root.walk() if e.tag == "datafile" and e.text), None)
    if data is None:
        raise InputError("the external loads name no datafile", where=str(path), todo="name the file with the forces")
    source = Path(data.text) if Path(data.text).is_absolute() else path.parent / data.text
    table = read_table(source)
    _check_span(table.times, span, str(source))
    _check_columns(root, table.labels, path)
    (folder / "loads.sto").write_text(
        motion_text(Motion(table.times, table.labels, table.values), "loads"), encoding="utf-8"
    )
    copy = folder / "loads.xml"
    copy.write_text(_xml(root, "loads.sto"), encoding="utf-8")
    return copy


def _check_columns(root: Element, labels: Sequence[str], path: Path) -> None:
    for element in root.walk():
        if element.tag in ("force_identifier", "point_identifier", "torque_identifier") and element.text:
            missing = [element.text + axis for axis in _AXES if element.text + axis not in labels]
            if missing:
                raise InputError(
                    f"the forces' file has no column {', '.join(missing)}",
                    where=f"{path}:{element.line}",
                    why=f"it has {', '.join(labels)}",
                )


def _xml(element: Element, datafile: str) -> str:
    """The element as XML again, with another datafile."""
    head = "".join(f' {name}="{text(value).replace(chr(34), "&quot;")}"' for name, value in element.attributes.items())
    inner = datafile if element.tag == "datafile" else text(element.text)
    return f"<{element.tag}{head}>{inner}{''.join(_xml(c, datafile) for c in element.children)}</{element.tag}>"


def _from_arrays(loads: Sequence[Load], bodies: set[str], span: tuple[float, float], folder: Path) -> Path:
    columns: list[Array] = []
    time, keys = loads[0].time, [str(k) for k in range(1, len(loads) + 1)]
    names = {key: Identifiers(f"load{key}_v", f"load{key}_p", f"load{key}_m") for key in keys}
    labels: list[str] = []
    for key, load in zip(keys, loads, strict=True):
        where, own = f"force on {load.body}", names[key]
        _check_body(load.body, bodies, where)
        if not np.array_equal(load.time, time):
            raise InputError("the forces do not share their times", where=where)
        mine = tuple(stem + axis for stem in (own.force, own.point, own.torque) for axis in _AXES)
        table = np.concatenate([load.force, load.point, load.torque], axis=1)
        check_motion(Motion(time, mine, table), where)
        _check_span(time, span, where)
        labels += mine
        columns.append(table)
    whole = Motion(time, tuple(labels), np.hstack(columns))
    (folder / "loads.sto").write_text(motion_text(whole, "loads"), encoding="utf-8")
    path = folder / "loads.xml"
    acted = {key: load.body for key, load in zip(keys, loads, strict=True)}
    path.write_text(format_external_loads("loads", "loads.sto", keys, names, acted), encoding="utf-8")
    return path

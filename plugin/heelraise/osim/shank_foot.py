"""A bilateral model of shank and foot, written through OpenSim's own classes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from heelraise.kinematics.arrays import SIDES, Floats
from heelraise.osim.joint_axes import (
    AXES,
    CENTRES,
    FOOT_M,
    FOOT_SHARES,
    MASS_KG,
    RANGES,
    SHANK_M,
    mirrored_axis,
    mirrored_place,
    segment_numbers,
)
from heelraise.osim.library import load_opensim, quiet_stdout

#: Name of the model inside the file.
NAME = "heelraise_shank_foot"
#: Coordinates of a free shank and their directions. It turns about the vertical first, so that no heading is singular.
FREE = {"rotation_y": 1, "rotation_x": 0, "rotation_z": 2, "tx": 0, "ty": 1, "tz": 2}
#: Markers of the unscaled right leg: body, and place in it (m).
MARKERS: dict[str, tuple[str, tuple[float, float, float]]] = {
    "lateral_epicondyle": ("tibia", (0.0, 0.0, 0.055)),
    "medial_epicondyle": ("tibia", (0.0, 0.0, -0.055)),
    "tibial_tuberosity": ("tibia", (0.045, -0.065, 0.0)),
    "fibular_head": ("tibia", (-0.005, -0.045, 0.050)),
    "shank_1": ("tibia", (0.010, -0.220, 0.065)),
    "shank_2": ("tibia", (0.050, -0.190, 0.015)),
    "shank_3": ("tibia", (0.030, -0.300, 0.045)),
    "shank_4": ("tibia", (-0.030, -0.180, 0.050)),
    "lateral_malleolus": ("tibia", (-0.005, -0.435, 0.038)),
    "medial_malleolus": ("tibia", (0.005, -0.425, -0.038)),
    "heel": ("calcn", (-0.020, 0.020, 0.0)),
    "mt1": ("calcn", (0.185, 0.010, -0.045)),
    "mt2": ("calcn", (0.185, 0.025, -0.005)),
    "mt5": ("calcn", (0.155, 0.000, 0.060)),
    "toe_tip": ("toes", (0.070, 0.010, -0.005)),
}


@dataclass(frozen=True, eq=False)
class LegShape:
    """One leg's size and where its markers sit, written for a right leg.

    Attributes
    ----------
    shank_m : float
        From knee to ankle centre.
    foot_scale : float
        Size of the foot against the unscaled one.
    markers : mapping of str to (body, ndarray (3,))
        Name of the marker; ``tibia``, ``calcn`` or ``toes``; place in that body, m.
    """

    shank_m: float = SHANK_M
    foot_scale: float = 1.0
    markers: Mapping[str, tuple[str, Floats]] = field(
        default_factory=lambda: {name: (body, np.array(place)) for name, (body, place) in MARKERS.items()}
    )

    def centre(self, joint: str) -> Floats:
        """Place (3,) of ``ankle``, ``subtalar`` or ``mtp`` in its parent's frame, m."""
        if joint == "ankle":
            return np.array([0.0, -self.shank_m, 0.0])
        return np.array(CENTRES[joint]) * self.foot_scale

    def origin(self, body: str) -> Floats:
        """Origin (3,) of a body in the tibia's frame with all angles zero, when all frames are parallel, m."""
        total = np.zeros(3)
        for joint, child in (("ankle", "talus"), ("subtalar", "calcn"), ("mtp", "toes")):
            if body == "tibia":
                break
            total = total + self.centre(joint)
            if child == body:
                break
        return total


def build_shank_foot(
    legs: Mapping[str, LegShape] | None = None,
    *,
    mass_kg: float = MASS_KG,
    sex: str | None = None,
    names: Mapping[str, str] | None = None,
) -> Any:
    """The model in memory.

    Parameters
    ----------
    legs : mapping of side to LegShape, optional
        ``right`` and ``left``; one alone gives a model of one leg. Without it two unscaled ones.
    mass_kg : float
        Of the whole body; each leg's bodies take their share (de Leva 1996).
    sex : str, optional
        ``female`` or ``male``.
    names : mapping of str to str, optional
        Name of a marker (``right.heel``) as the trial calls it.

    Returns
    -------
    opensim.Model
        Shanks ``tibia_r`` and ``tibia_l`` free in space; joints and coordinates named and signed as in gait2392
        (``ankle_angle_r`` dorsiflexion, ``subtalar_angle_r`` inversion, ``mtp_angle_r`` extension positive).
    """
    osim = load_opensim()
    shapes = dict.fromkeys(SIDES, LegShape()) if legs is None else legs
    model = osim.Model()
    model.setName(NAME)
    for side, shape in shapes.items():
        _add_leg(osim, model, side, shape, mass_kg, sex, names or {})
    model.finalizeConnections()
    return model


def write_shank_foot_model(
    path: Path | str,
    legs: Mapping[str, LegShape] | None = None,
    *,
    mass_kg: float = MASS_KG,
    sex: str | None = None,
    names: Mapping[str, str] | None = None,
) -> None:
    """Write the model as ``.osim``, whole or not at all; parameters as for `build_shank_foot`.

    Raises
    ------
    OutputError
        The file cannot be written.
    UsageError
        There is no opensim package.
    """
    from heelraise.outputs.atomic import write_text

    with quiet_stdout(), TemporaryDirectory() as folder:
        model = build_shank_foot(legs, mass_kg=mass_kg, sex=sex, names=names)
        model.initSystem()
        draft = Path(folder) / "model.osim"
        model.printToXML(str(draft))
        text = draft.read_text(encoding="utf-8")
    write_text(Path(path), text)


def _add_leg(
    osim: Any, model: Any, side: str, shape: LegShape, mass_kg: float, sex: str | None, names: Mapping[str, str]
) -> None:
    s = side[0]
    bodies = _bodies(osim, side, shape, mass_kg, sex)
    for body in bodies.values():
        model.addBody(body)
    zero = osim.Vec3(0, 0, 0)
    free = osim.CustomJoint(
        f"ground_tibia_{s}", model.getGround(), zero, zero, bodies["tibia"], zero, zero, _free(osim, f"tibia_{s}")
    )
    model.addJoint(free)
    # Shanks stand side by side on the ground as long as nobody has moved them.
    model.finalizeFromProperties()
    free.upd_coordinates(4).setDefaultValue(shape.shank_m + 0.08 * shape.foot_scale)
    free.upd_coordinates(5).setDefaultValue(0.1 if side == "right" else -0.1)
    for joint, parent, child in (("ankle", "tibia", "talus"), ("subtalar", "talus", "calcn"), ("mtp", "calcn", "toes")):
        at = osim.Vec3(*mirrored_place(shape.centre(joint), side))
        transform = _hinge(osim, mirrored_axis(AXES[joint], side), f"{joint}_angle_{s}")
        made = osim.CustomJoint(f"{joint}_{s}", bodies[parent], at, zero, bodies[child], zero, zero, transform)
        model.addJoint(made)
        # The joint makes its coordinate from the transform only now.
        model.finalizeFromProperties()
        coordinate = made.upd_coordinates(0)
        coordinate.setRangeMin(RANGES[joint][0])
        coordinate.setRangeMax(RANGES[joint][1])
        # Toes without a marker would be free to spin.
        if joint == "mtp" and all(body != "toes" for body, _ in shape.markers.values()):
            coordinate.setDefaultLocked(True)
    for name, (body, place) in shape.markers.items():
        key = f"{side}.{name}"
        where = osim.Vec3(*mirrored_place(place, side))
        model.addMarker(osim.Marker(names.get(key, key), bodies[body], where))


def _bodies(osim: Any, side: str, shape: LegShape, mass_kg: float, sex: str | None) -> dict[str, Any]:
    s = side[0]
    share, centre, radii = segment_numbers("shank", sex)
    mass = share * mass_kg
    # The sagittal axis runs forward (X), the transverse one sideways (Z).
    moments = mass * shape.shank_m**2 * np.square([radii[0], radii[2], radii[1]])
    made = {"tibia": _body(osim, f"tibia_{s}", mass, np.array([0.0, -centre * shape.shank_m, 0.0]), moments)}
    share, centre, radii = segment_numbers("foot", sex)
    length = FOOT_M * shape.foot_scale
    total = share * mass_kg
    # The foot's long axis runs forward, so that its sagittal one stands upright.
    moments = total * length**2 * np.square([radii[2], radii[0], radii[1]])
    toes = np.array([0.0346, 0.006, -0.0175]) * shape.foot_scale
    # The calcaneus takes the place that leaves the whole foot's centre where de Leva has it.
    from_heel = np.array([centre * length - 0.02 * shape.foot_scale, 0.03 * shape.foot_scale, 0.0])
    rest = (
        from_heel - FOOT_SHARES["toes"] * (shape.centre("mtp") + toes) + FOOT_SHARES["talus"] * shape.centre("subtalar")
    )
    calcn = rest / FOOT_SHARES["calcn"]
    for body, com in (("talus", np.zeros(3)), ("calcn", calcn), ("toes", toes)):
        part = FOOT_SHARES[body]
        made[body] = _body(osim, f"{body}_{s}", part * total, mirrored_place(com, side), part * moments)
    return made


def _body(osim: Any, name: str, mass: float, com: Floats, moments: Floats) -> Any:
    return osim.Body(name, mass, osim.Vec3(*com), osim.Inertia(*(float(m) for m in moments), 0, 0, 0))


def _free(osim: Any, body: str) -> Any:
    """All six directions, each with a coordinate of its own."""
    out = osim.SpatialTransform()
    turns = (out.upd_rotation1, out.upd_rotation2, out.upd_rotation3)
    axes = (*turns, out.upd_translation1, out.upd_translation2, out.upd_translation3)
    for access, (name, direction) in zip(axes, FREE.items(), strict=True):
        _drive(osim, access(), np.eye(3)[direction], f"{body}_{name}")
    return out


def _hinge(osim: Any, axis: Floats, coordinate: str) -> Any:
    """A turn about one axis; the other five directions stay at zero."""
    out = osim.SpatialTransform()
    _drive(osim, out.upd_rotation1(), axis, coordinate)
    # Any two directions that complete the first to a basis: nothing turns about them.
    spare = np.cross(axis, [0.0, 1.0, 0.0])
    _drive(osim, out.upd_rotation2(), np.array([0.0, 1.0, 0.0]))
    _drive(osim, out.upd_rotation3(), spare / np.linalg.norm(spare))
    for k, access in enumerate((out.upd_translation1, out.upd_translation2, out.upd_translation3)):
        _drive(osim, access(), np.eye(3)[k])
    return out


def _drive(osim: Any, axis: Any, direction: Floats, coordinate: str | None = None) -> None:
    axis.setAxis(osim.Vec3(*direction))
    if coordinate is None:
        axis.set_function(osim.Constant(0.0))
        return
    names = osim.ArrayStr()
    names.append(coordinate)
    axis.setCoordinateNames(names)
    axis.set_function(osim.LinearFunction(1.0, 0.0))

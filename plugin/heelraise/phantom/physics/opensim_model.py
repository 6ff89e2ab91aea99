"""The phantom's body as an OpenSim model, and what OpenSim says of its motion.

The model is written with Z up (its gravity says so), in metres. Muscles, contacts and bushings act on it as
generalised forces; the rigid bodies, joints and mass properties are exactly those of `leg.py` and `upper.py`.
"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from heelraise.osim.library import load_opensim
from heelraise.phantom.physics.anatomy import GRAVITY, Anatomy

Array = NDArray[np.float64]
LEG = ("pitch", "roll", "subtalar", "ankle")
TRUNK = ("x", "y", "z", "pitch", "roll", "yaw")


def build_model(anatomy: Anatomy, hinge_free: bool = False) -> Any:
    """OpenSim model of the person.

    Parameters
    ----------
    anatomy : Anatomy
    hinge_free : bool
        Give each foot's hinge its four locked directions as further coordinates (``<side>_yaw``, ``_tx``, ``_ty``,
        ``_tz``): inverse dynamics with these at zero returns the complete reaction of the ground.

    Returns
    -------
    opensim.Model
        Initialised by the caller with ``initSystem``.
    """
    osim = load_opensim()
    model = osim.Model()
    model.setName("heelraise_phantom")
    model.setGravity(osim.Vec3(0, 0, -GRAVITY))
    ground = model.getGround()
    zero = osim.Vec3(0, 0, 0)
    foot, leg, upper = anatomy.foot, anatomy.leg, anatomy.upper
    for side in anatomy.legs:
        calcn = _body(osim, f"{side}_foot", foot.mass, (foot.com_x, 0.0, foot.com_z), foot.inertia)
        shank = _body(osim, f"{side}_leg", leg.mass, (0.0, 0.0, leg.com_z), leg.inertia)
        model.addBody(calcn)
        model.addBody(shank)
        names = [f"{side}_pitch", f"{side}_roll"]
        names += [f"{side}_{k}" for k in ("yaw", "tx", "ty", "tz")] if hinge_free else []
        hinge = _transform(osim, (1, 0, 2), names[:3], names[3:])
        at = osim.Vec3(0, anatomy.lateral[side], 0)
        model.addJoint(osim.CustomJoint(f"{side}_mtp", ground, at, zero, calcn, zero, zero, hinge))
        joint = _transform(osim, (0, 1, 2), [f"{side}_subtalar", f"{side}_ankle"], [])
        ankle = osim.Vec3(foot.ankle_x, 0, foot.ankle_z)
        model.addJoint(osim.CustomJoint(f"{side}_hindfoot", calcn, ankle, zero, shank, zero, zero, joint))
    trunk = _body(osim, "trunk", upper.mass, (0.0, 0.0, 0.0), upper.inertia)
    model.addBody(trunk)
    free = _transform(osim, (1, 0, 2), ["trunk_pitch", "trunk_roll", "trunk_yaw"], ["trunk_x", "trunk_y", "trunk_z"])
    model.addJoint(osim.CustomJoint("trunk_free", ground, zero, zero, trunk, zero, zero, free))
    for particle in upper.hang:
        name = particle.name.replace(".", "_")
        # A body must have some inertia; it never turns here.
        body = _body(osim, name, particle.mass, (0.0, 0.0, 0.0), (1e-4, 1e-4, 1e-4))
        model.addBody(body)
        slide = _transform(osim, (0, 1, 2), [], [f"{name}_{k}" for k in "xyz"])
        model.addJoint(osim.CustomJoint(f"{name}_free", ground, zero, zero, body, zero, zero, slide))
    model.finalizeConnections()
    return model


def write_model(anatomy: Anatomy, path: Path) -> None:
    """Write the body as an OpenSim model (``.osim``), whole or not at all.

    Raises
    ------
    OutputError
        The file cannot be written.
    """
    from heelraise.outputs.atomic import write_text

    model = build_model(anatomy)
    model.initSystem()
    with TemporaryDirectory() as folder:
        draft = Path(folder) / "body.osim"
        model.printToXML(str(draft))
        write_text(path, draft.read_text(encoding="utf-8"))


def coordinate_names(anatomy: Anatomy) -> list[str]:
    """Names in the order of `opensim_coordinates`."""
    names = [f"{side}_{k}" for side in anatomy.legs for k in LEG]
    names += [f"trunk_{k}" for k in TRUNK]
    return names + [f"{p.name.replace('.', '_')}_{k}" for p in anatomy.upper.hang for k in "xyz"]


def opensim_coordinates(anatomy: Anatomy, q: Array) -> Array:
    """Our coordinates (T, Q), or their derivatives, as the model's: the subtalar angle is tilt less roll."""
    out = q.copy()
    for k in range(len(anatomy.legs)):
        out[:, 4 * k + 2] = q[:, 4 * k + 2] - q[:, 4 * k + 1]
    return out


def generalised_forces(anatomy: Anatomy, forces: Array) -> Array:
    """Forces (T, Q) on our coordinates as forces on the model's (the transposed inverse of the map above)."""
    out = forces.copy()
    for k in range(len(anatomy.legs)):
        out[:, 4 * k + 1] = forces[:, 4 * k + 1] + forces[:, 4 * k + 2]
    return out


def inverse_dynamics(anatomy: Anatomy, q: Array, v: Array, a: Array, hinge_free: bool = False) -> dict[str, Array]:
    """Generalised forces (T,) by coordinate from OpenSim's InverseDynamicsSolver.

    Parameters
    ----------
    anatomy : Anatomy
    q, v, a : ndarray (T, Q)
        Our coordinates and derivatives, SI.
    hinge_free : bool
        As in `build_model`.
    """
    osim = load_opensim()
    model = build_model(anatomy, hinge_free)
    state = model.initSystem()
    solver = osim.InverseDynamicsSolver(model)
    states = [str(name) for name in osim.createStateVariableNamesInSystemOrder(model)]
    order = [name.split("/")[-2] for name in states if name.endswith("/value")]
    names = coordinate_names(anatomy)
    place = {name: k for k, name in enumerate(order)}
    columns = [place[name] for name in names]
    stacked = []
    for part in (q, v, a):
        wide = np.zeros((q.shape[0], len(order)))
        wide[:, columns] = opensim_coordinates(anatomy, part)
        stacked.append(wide)
    out = np.empty((q.shape[0], len(order)))
    for t in range(q.shape[0]):
        state.setQ(osim.Vector.createFromMat(stacked[0][t]))
        state.setU(osim.Vector.createFromMat(stacked[1][t]))
        model.realizeVelocity(state)
        out[t] = solver.solve(state, osim.Vector.createFromMat(stacked[2][t])).to_numpy()
    return {name: out[:, k] for name, k in place.items()}


def hinge_wrench(anatomy: Anatomy, side: str, q: Array, forces: dict[str, Array]) -> tuple[Array, Array]:
    """Force and moment (T, 3) about the foot's origin from the generalised forces of a freed hinge."""
    from heelraise.phantom.physics.poses import rotation_about

    k = 4 * anatomy.legs.index(side)
    force = np.stack([forces[f"{side}_{axis}"] for axis in ("tx", "ty", "tz")], axis=1)
    n = q.shape[0]
    first = rotation_about(1, q[:, k])
    second = first @ rotation_about(0, q[:, k + 1])
    axes = np.stack([np.broadcast_to([0.0, 1.0, 0.0], (n, 3)), first[:, :, 0], second[:, :, 2]], axis=1)
    right = np.stack([forces[f"{side}_{name}"] for name in ("pitch", "roll", "yaw")], axis=1)
    return force, np.linalg.solve(axes, right[..., None])[..., 0]


def _body(
    osim: Any, name: str, mass: float, com: tuple[float, float, float], inertia: tuple[float, float, float]
) -> Any:
    return osim.Body(name, mass, osim.Vec3(*com), osim.Inertia(*inertia, 0, 0, 0))


def _transform(osim: Any, axes: tuple[int, int, int], turns: list[str], slides: list[str]) -> Any:
    """Turns about the given axes in order, and slides along x, y, z, by coordinate name; the rest stays at zero."""
    out = osim.SpatialTransform()
    unit = [osim.Vec3(1, 0, 0), osim.Vec3(0, 1, 0), osim.Vec3(0, 0, 1)]
    rotations = [out.upd_rotation1, out.upd_rotation2, out.upd_rotation3]
    translations = [out.upd_translation1, out.upd_translation2, out.upd_translation3]
    for k, access in enumerate(rotations):
        _drive(osim, access(), unit[axes[k]], turns[k] if k < len(turns) else None)
    for k, access in enumerate(translations):
        _drive(osim, access(), unit[k], slides[k] if k < len(slides) else None)
    return out


def _drive(osim: Any, axis: Any, direction: Any, name: str | None) -> None:
    axis.setAxis(direction)
    if name is None:
        axis.set_function(osim.Constant(0.0))
        return
    names = osim.ArrayStr()
    names.append(name)
    axis.setCoordinateNames(names)
    axis.set_function(osim.LinearFunction(1.0, 0.0))

import numpy as np
import pytest

from heelraise.errors import InputError
from heelraise.osim.dynamics import Load
from heelraise.osim.library import load_opensim, quiet_stdout
from heelraise.osim.moments import (
    AnkleKinetics,
    ankle_kinetics,
)
from heelraise.osim.motion import Motion
from heelraise.osim.shank_foot import LegShape, write_shank_foot_model


def test_power_is_moment_times_velocity():
    one = AnkleKinetics("left", np.arange(3.0), np.array([10.0, 20.0, -5.0]), np.array([1.0, -2.0, 2.0]))
    assert one.power == pytest.approx([10.0, -40.0, -10.0])


def test_unusable_input(tmp_path):
    pytest.importorskip("opensim")
    write_shank_foot_model(tmp_path / "leg.osim", {"right": LegShape()})
    time = np.arange(20) / 100.0
    rows = np.zeros((20, 3))
    load = {"right": Load("calcn_r", time, rows, rows, rows)}
    with pytest.raises(InputError, match="no coordinate ankle_angle_r"):
        ankle_kinetics(tmp_path / "leg.osim", Motion(time, ("knee",), rows[:, :1]), load)
    uneven = Motion(time**2, ("ankle_angle_r",), rows[:, :1])
    with pytest.raises(InputError, match="not evenly spaced"):
        ankle_kinetics(tmp_path / "leg.osim", uneven, load)
    motion = Motion(time, ("ankle_angle_r",), rows[:, :1])
    assert ankle_kinetics(tmp_path / "leg.osim", motion, {}) == {}


def physical_leg(anatomy, path):
    """The phantom's leg hung from its shank, where inverse dynamics needs no hip: what is beyond the ankle decides."""
    osim = load_opensim()
    with quiet_stdout():
        model, zero = osim.Model(), osim.Vec3(0, 0, 0)
        model.setGravity(osim.Vec3(0, 0, -9.80665))
        bodies = []
        for name, part, com in (
            ("tibia_l", anatomy.leg, (0, 0, anatomy.leg.com_z)),
            ("calcn_l", anatomy.foot, (anatomy.foot.com_x, 0, anatomy.foot.com_z)),
        ):
            bodies.append(osim.Body(name, part.mass, osim.Vec3(*com), osim.Inertia(*part.inertia, 0, 0, 0)))
            model.addBody(bodies[-1])
        free = osim.FreeJoint("free", model.getGround(), zero, zero, bodies[0], zero, zero)
        for k, name in enumerate(("rx", "ry", "rz", "tx", "ty", "tz")):
            free.upd_coordinates(k).setName(name)
        model.addJoint(free)
        turns = osim.SpatialTransform()
        for axis, direction, name in (
            (turns.upd_rotation1(), (0, 1, 0), "ankle_angle_l"),
            (turns.upd_rotation2(), (1, 0, 0), "subtalar_angle_l"),
        ):
            names = osim.ArrayStr()
            names.append(name)
            axis.setAxis(osim.Vec3(*direction))
            axis.setCoordinateNames(names)
            axis.set_function(osim.LinearFunction(1.0, 0.0))
        turns.upd_rotation3().setAxis(osim.Vec3(0, 0, 1))
        turns.upd_rotation3().set_function(osim.Constant(0.0))
        ankle = osim.Vec3(anatomy.foot.ankle_x, 0, anatomy.foot.ankle_z)
        model.addJoint(osim.CustomJoint("ankle", bodies[0], zero, zero, bodies[1], ankle, zero, turns))
        model.finalizeConnections()
        model.initSystem()
        model.printToXML(str(path))


def test_the_ankle_moment_of_the_physical_phantom(tmp_path):
    """From plate and foot, against the same moment from the leg above the ankle and the force at the hip."""
    pytest.importorskip("opensim")
    from heelraise.phantom.physics.check import Trial, both
    from heelraise.phantom.physics.ground import leg_bodies
    from heelraise.phantom.physics.opensim_model import inverse_dynamics, opensim_coordinates
    from heelraise.phantom.physics.run import simulate_physical
    from heelraise.phantom.scenario import Body, Task

    task = Task(stand_s=0.5, rise_s=1.0, hold_s=0.5, lower_s=1.0, after_s=0.5)
    motion = simulate_physical(Trial(task, Body(), both()), np.random.default_rng(3))
    anatomy, record, every = motion.anatomy, motion.recording, 5
    k = motion.legs.index("left")
    q, v, a = (part[::every] for part in (record.q, record.v, record.a))
    shank = leg_bodies(anatomy, record, "left")[1]
    turn, origin = shank.rotation[::every], shank.origin[::every]
    hip, given = turn @ np.array([0.0, 0.0, anatomy.leg.hip_z]), record.hip[::every, 6 * k : 6 * k + 6]
    above = np.einsum("ti,ti->t", turn[:, :, 1], np.cross(hip, given[:, :3]) + given[:, 3:])
    truth = inverse_dynamics(anatomy, q, v, a)["left_ankle"] - above

    physical_leg(anatomy, tmp_path / "leg.osim")
    angles = opensim_coordinates(anatomy, q)[:, 4 * k + 2 : 4 * k + 4]
    euler = [
        np.arctan2(-turn[:, 1, 2], turn[:, 2, 2]),
        np.arcsin(turn[:, 0, 2]),
        np.arctan2(-turn[:, 0, 1], turn[:, 0, 0]),
    ]
    values = np.column_stack([*euler, origin, -angles[:, 1], -angles[:, 0]])
    names = ("rx", "ry", "rz", "tx", "ty", "tz", "ankle_angle_l", "subtalar_angle_l")
    time = np.arange(len(q)) * every * (motion.time[1] - motion.time[0])
    ground = motion.ground["left"]
    # The physics counts from the middle of the stance, the plate from the laboratory's origin.
    level = (ground.cop - motion.poses["left"].pivot[:2]) / 1000.0 + [0.0, anatomy.lateral["left"]]
    point, torque = np.zeros((2, len(q), 3))
    point[:, :2] = level[::every]
    torque[:, 2] = ground.free_moment[::every]
    load = {"left": Load("calcn_l", time, ground.force[::every], point, torque)}
    found = ankle_kinetics(tmp_path / "leg.osim", Motion(time, names, values), load, lowpass_hz=None)["left"]
    inner = slice(20, -20)
    # Turning the foot about y raises its toes in these axes: the phantom's ankle counts plantarflexion negative.
    assert np.ptp(truth) > 10
    assert found.moment[inner] == pytest.approx(truth[inner], abs=1e-3)
    smooth = ankle_kinetics(tmp_path / "leg.osim", Motion(time, names, values), load)["left"]
    assert smooth.moment[inner] == pytest.approx(truth[inner], abs=0.1)
    # The simulator's speeds stand half a step of 1 ms beside its angles.
    assert found.velocity[inner] == pytest.approx((v[:, 4 * k + 3])[inner], abs=0.02)

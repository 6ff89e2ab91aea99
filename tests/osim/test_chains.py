"""One leg taken out of a model."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from skeletons import leg, walk

from heelraise.errors import InputError
from heelraise.osim.chains import ankle_names, leg_chain, unlocked
from heelraise.osim.forward import body_poses, marker_positions
from heelraise.osim.solve import solve_ik


def test_the_leg_below_the_knee_comes_along() -> None:
    chain = leg_chain(leg(), "right")
    assert chain.bodies == ("ground", "tibia_r", "talus_r", "calcn_r", "toes_r")
    assert chain.coordinate_names[6:] == ("ankle_angle_r", "subtalar_angle_r", "mtp_angle_r")
    assert chain.coordinate_names[:3] == ("tibia_r_tx", "tibia_r_ty", "tibia_r_tz")
    assert {m.name.rstrip("012") for m in chain.markers} == {"shank", "heel", "toe"}


def test_the_leg_moves_as_in_the_whole() -> None:
    whole = leg()
    chain = leg_chain(whole, "right")
    q = walk(whole, 40)
    solution = solve_ik(chain, chain.marker_names, marker_positions(whole, q, chain.marker_names))
    assert solution.converged.all()
    np.testing.assert_allclose(solution.q[:, 6:], q[:, 7:10], atol=1e-8)
    poses, _ = body_poses(chain, solution.q)
    np.testing.assert_allclose(poses[:, 1], body_poses(whole, q)[0][:, 2], atol=1e-8)


def test_names_are_found_and_absent_ones_are_none() -> None:
    names = ankle_names(leg(), "right")
    assert (names.joint, names.ankle, names.subtalar, names.mtp) == (
        "ankle_r",
        "ankle_angle_r",
        "subtalar_angle_r",
        "mtp_angle_r",
    )
    other = leg()
    renamed = tuple(replace(c, name=c.name.replace("mtp_angle_r", "x")) for c in other.coordinates)
    joints = tuple(replace(j, name=j.name.replace("mtp_r", "y")) for j in other.joints)
    renamed = tuple(replace(c, joint=c.joint.replace("mtp_r", "y")) for c in renamed)
    assert ankle_names(replace(other, coordinates=renamed, joints=joints), "right").mtp is None


def test_a_model_without_the_ankle_says_what_it_has() -> None:
    with pytest.raises(InputError, match=r"no left ankle .*knee_angle_r, ankle_angle_r"):
        leg_chain(leg(), "left")
    with pytest.raises(InputError, match="neither left nor right"):
        leg_chain(leg(), "up")


def test_unlocking() -> None:
    own = leg()
    own = replace(own, coordinates=tuple(replace(c, locked=True) for c in own.coordinates))
    free = unlocked(own, ["mtp_angle_r"])
    assert [c.name for c in free.coordinates if not c.locked] == ["mtp_angle_r"]
    with pytest.raises(InputError, match="no coordinate"):
        unlocked(own, ["nose"])

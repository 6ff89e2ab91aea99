from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from heelraise.kinematics.frames import (
    cardan_zxy,
    frame_from_axes,
    mean_rotation,
    nearest_rotation,
    rigid_rotation,
    spread_ratio,
)

seeds = st.integers(0, 2**31)


@settings(max_examples=50, deadline=None)
@given(seed=seeds)
def test_cardan_angles_are_those_of_scipy(seed):
    rotation = Rotation.random(20, rng=seed)
    expected = rotation.as_euler("ZXY")
    np.testing.assert_allclose(np.column_stack(cardan_zxy(rotation.as_matrix())), expected, atol=1e-11)


@pytest.mark.parametrize("order", ["xy", "xz", "yx", "yz", "zx", "zy"])
def test_frames_are_right_handed_and_keep_both_directions(order):
    rng = np.random.default_rng(1)
    main, hint = rng.normal(size=(2, 30, 3))
    frame = frame_from_axes(main, hint, order)
    np.testing.assert_allclose(frame.transpose(0, 2, 1) @ frame, np.tile(np.eye(3), (30, 1, 1)), atol=1e-12)
    np.testing.assert_allclose(np.linalg.det(frame), 1.0)
    first, second = ("xyz".index(letter) for letter in order)
    np.testing.assert_allclose(np.cross(frame[:, :, first], main), 0.0, atol=1e-12)
    assert np.all(np.einsum("ti,ti->t", frame[:, :, first], main) > 0.0)
    assert np.all(np.einsum("ti,ti->t", frame[:, :, second], hint) > 0.0)


def test_parallel_directions_give_no_frame():
    main = np.array([[1.0, 0.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 0.0]])
    hint = np.array([[2.0, 0.01, 0.0], [0.0, 1.0, 0.0], [0.0, 1.0, 0.0]])
    frame = frame_from_axes(main, hint, "xy")
    assert np.isnan(frame[0]).any()
    assert np.isfinite(frame[1]).all()
    assert np.isnan(frame[2]).all()


@settings(max_examples=50, deadline=None)
@given(seed=seeds, planar=st.booleans(), reflect=st.booleans())
def test_nearest_rotation_is_kabsch_by_singular_values(seed, planar, reflect):
    rng = np.random.default_rng(seed)
    m = rng.normal(size=(10, 3, 3))
    if planar:
        m[:, :, 2] = 0.0
    elif reflect:
        m *= -np.sign(np.linalg.det(m))[:, np.newaxis, np.newaxis]
    u, s, vt = np.linalg.svd(m)
    sign = np.sign(np.linalg.det(u @ vt))
    # With two nearly equal last values the best proper rotation of a reflection is ambiguous.
    good = (s[:, 1] > 0.05 * s[:, 0]) & ((sign > 0.0) | (s[:, 2] < 0.8 * s[:, 1]))
    expected = (u * np.stack([np.ones(10), np.ones(10), sign], axis=1)[:, np.newaxis, :]) @ vt
    np.testing.assert_allclose(nearest_rotation(m)[good], expected[good], atol=1e-10)


def test_matrices_of_rank_one_or_with_gaps_give_nan():
    m = np.stack([np.outer([1.0, 2.0, 3.0], [0.5, 1.0, 0.0]), np.full((3, 3), np.nan), np.eye(3), np.zeros((3, 3))])
    result = nearest_rotation(m)
    assert np.isnan(result[[0, 1, 3]]).all()
    np.testing.assert_allclose(result[2], np.eye(3), atol=1e-15)


@settings(max_examples=30, deadline=None)
@given(seed=seeds, size=st.integers(3, 7))
def test_rigid_pose_is_recovered_with_markers_missing(seed, size):
    rng = np.random.default_rng(seed)
    template = rng.normal(size=(size, 3)) * 100.0
    turn = Rotation.random(12, rng=seed).as_matrix()
    points = np.einsum("tij,mj->tmi", turn, template) + rng.normal(size=(12, 1, 3)) * 1000.0
    points[np.arange(12), rng.integers(0, size, 12), 1] = np.nan
    result = rigid_rotation(template, points)
    for t in range(12):
        visible = np.isfinite(points[t]).all(axis=1)
        if spread_ratio(template[visible]) > 0.1:
            np.testing.assert_allclose(result[t], turn[t], atol=1e-10)
        elif visible.sum() < 3:
            assert np.isnan(result[t]).all()


def test_the_mean_of_rotations_ignores_gaps():
    tilt = Rotation.from_euler("x", [[-10.0], [10.0], [0.0]], degrees=True).as_matrix()
    tilt = np.concatenate([tilt, np.full((1, 3, 3), np.nan)])
    np.testing.assert_allclose(mean_rotation(tilt), np.eye(3), atol=1e-12)
    assert np.isnan(mean_rotation(tilt[3:])).all()

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import nnls

from heelraise.kinematics import ankle_angles, distance_noise, propagate, reference_from_frames
from heelraise.kinematics.ankle_models import ISB, SAGITTAL, STANCE
from heelraise.kinematics.noise import _non_negative_least_squares, band_variance

RATE = 100.0
BAND = (4.0, 15.0)
IN_BAND = np.sqrt((BAND[1] - BAND[0]) / (RATE / 2))


def noisy(markers, sigma, seed, frames=None):
    rng = np.random.default_rng(seed)
    out = {}
    for key, points in markers.items():
        scale = sigma[key] if isinstance(sigma, dict) else sigma
        base = points if frames is None else np.tile(points[0], (frames, 1))
        out[key] = base + scale * rng.normal(size=base.shape)
    return out


def shank(leg):
    return {k: v for k, v in leg(0.0).items() if "shank" in k or "malleolus" in k or "fibular" in k}


def test_each_markers_noise_is_recovered_from_distances(leg):
    markers = shank(leg)
    truth = {key: 0.1 * (1 + i % 3) for i, key in enumerate(sorted(markers))}
    found = distance_noise(noisy(markers, truth, 0, frames=8000), RATE, BAND)
    for key, sigma in truth.items():
        assert found[key] == pytest.approx(sigma * IN_BAND, rel=0.1)


def test_a_rigid_movement_adds_nothing(leg):
    still = noisy(shank(leg), 0.1, 1, frames=3000)
    t = np.arange(3000) / RATE
    shift = np.column_stack([20 * np.sin(2 * np.pi * 7 * t), 50 * t, 5 * np.cos(2 * np.pi * 5 * t)])
    moved = {key: points + shift for key, points in still.items()}
    for key, sigma in distance_noise(still, RATE, BAND).items():
        assert distance_noise(moved, RATE, BAND)[key] == pytest.approx(sigma, rel=1e-6)


def test_two_markers_share_their_sum(leg):
    markers = {k: v for k, v in shank(leg).items() if "malleolus" in k}
    found = distance_noise(noisy(markers, 0.2, 2, frames=4000), RATE, BAND)
    values = list(found.values())
    assert values[0] == pytest.approx(values[1], rel=1e-3)
    assert values[0] == pytest.approx(0.2 * IN_BAND, rel=0.1)


def test_gaps_and_masks_are_left_out(leg):
    markers = noisy(shank(leg), 0.1, 3, frames=4000)
    spoiled = {key: points.copy() for key, points in markers.items()}
    spoiled["right.shank_1"][2000:] += 50.0 * np.random.default_rng(0).normal(size=(2000, 3))
    mask = np.arange(4000) < 2000
    expected = distance_noise({k: v[:2000] for k, v in markers.items()}, RATE, BAND)
    assert distance_noise(spoiled, RATE, BAND, frames=mask) == expected
    spoiled["right.shank_1"][:] = np.nan
    assert "right.shank_1" not in distance_noise(spoiled, RATE, BAND)
    assert distance_noise({"right.heel": np.zeros((500, 3))}, RATE) == {}
    assert distance_noise(markers, 0.0) == {}


@settings(max_examples=30, deadline=None)
@given(frequency=st.floats(5.0, 14.0), amplitude=st.floats(0.01, 10.0), phase=st.floats(0.0, 6.0))
def test_a_sine_inside_the_band_has_its_own_variance(frequency, amplitude, phase):
    t = np.arange(1000) / RATE
    x = amplitude * np.sin(2 * np.pi * frequency * t + phase) + 3.0 * t + 40.0
    assert band_variance(x, RATE, BAND) == pytest.approx(amplitude**2 / 2, rel=0.02)
    assert band_variance(x, RATE, (20.0, 30.0)) < 1e-6 * amplitude**2


@pytest.mark.parametrize("count", [500, 501])
def test_the_bands_of_a_record_add_up_to_its_windowed_variance(count):
    x = np.random.default_rng(0).normal(size=count)
    parts = sum(band_variance(x, RATE, (low, low + 10.0)) for low in range(0, 50, 10))
    assert parts == pytest.approx(band_variance(x, RATE, (0.0, 50.0)))
    assert parts == pytest.approx(1.0, rel=0.15)


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**31), size=st.integers(1, 7))
def test_the_least_squares_are_those_of_scipy(seed, size):
    rng = np.random.default_rng(seed)
    matrix, target = rng.normal(size=(size + 4, size)), rng.normal(size=size + 4)
    np.testing.assert_allclose(_non_negative_least_squares(matrix, target), nnls(matrix, target)[0], atol=1e-9)


@pytest.mark.parametrize("pose", [(0.0, 0.0), (35.0, 10.0)])
@pytest.mark.parametrize("model", [ISB, STANCE, SAGITTAL], ids=lambda m: m.name)
def test_propagated_noise_is_that_of_a_monte_carlo(leg, model, pose):
    still = leg([0.0] * 3)
    reference = reference_from_frames(still, "right", model, None)
    sigmas = {key: 0.1 * (1 + i % 3) for i, key in enumerate(sorted(still))}

    def angles(markers):
        result = ankle_angles(markers, "right", model, reference)
        return {"plantarflexion": result.plantarflexion, "inversion": result.inversion}

    raised = leg(*pose)
    predicted = propagate(angles, {key: points[0] for key, points in raised.items()}, sigmas)
    drawn = angles(noisy(raised, sigmas, 7, frames=6000))
    expected = {key: values.std() for key, values in drawn.items() if values is not None}
    assert predicted == pytest.approx(expected, rel=0.05)


def test_the_jacobian_of_a_plain_function_is_exact():
    pose = {"a": np.array([1.0, 2.0, 3.0]), "b": np.array([-4.0, 0.0, 5.0])}

    def outputs(markers):
        return {
            "sum": markers["a"][:, 0] + 2.0 * markers["b"][:, 2],
            "none": None,
            "bad": markers["a"][:, 0] * np.nan,
        }

    assert propagate(outputs, pose, {"a": 0.3, "b": 0.2}) == pytest.approx({"sum": 0.5})
    assert propagate(outputs, pose, {"a": 0.3}) == pytest.approx({"sum": 0.3})
    assert propagate(outputs, pose, {}) == {"sum": 0.0}

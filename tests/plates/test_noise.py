import numpy as np
import pytest
from numpy.testing import assert_allclose

from heelraise.plates import plate_noise, unloaded_stretch
from heelraise.plates.noise import noise_of

RATE = 1000.0


def trace(*runs):
    return np.concatenate([np.full(round(seconds * RATE), newtons) for seconds, newtons in runs])


@pytest.mark.parametrize(
    ("force", "expected"),
    [
        (trace((2, 0.0), (3, 700.0)), slice(0, 1900)),
        (trace((3, 700.0), (2, 5.0)), slice(3100, 5000)),
        (trace((1, 0.0), (1, 700.0), (2, -30.0), (1, 700.0)), slice(2100, 3900)),
        (trace((2, 0.0)), slice(0, 2000)),
        (trace((1.05, 0.0), (3, 700.0)), None),
        (trace((0.9, 0.0), (3, 700.0)), None),
        (trace((3, 700.0)), None),
        (trace((3, np.nan)), None),
        (np.empty(0), None),
    ],
)
def test_the_longest_stretch_without_load(force, expected):
    assert unloaded_stretch(force, RATE) == expected


def test_a_vector_counts_by_its_length():
    force = np.zeros((5000, 3))
    force[:2000, 0] = 30.0
    assert unloaded_stretch(force, RATE) == slice(2100, 5000)


def test_without_a_rate_there_is_no_stretch():
    assert unloaded_stretch(trace((5, 0.0)), 0.0) is None
    assert unloaded_stretch(trace((5, 0.0)), np.nan) is None


def test_noise_is_the_spread_about_the_drift():
    rng = np.random.default_rng(1)
    force = rng.normal(0, [0.2, 0.4, 1.0], (5000, 3)) + np.linspace(-9, 9, 5000)[:, None] + 50
    assert_allclose(noise_of(force, slice(0, 5000)), [0.2, 0.4, 1.0], rtol=0.05)


def test_zeros_put_in_by_software_are_no_noise():
    assert noise_of(np.zeros((3000, 3)), slice(0, 3000)) is None
    assert noise_of(np.full((3000, 3), 1 / 3) * (1 + 1e-15 * np.arange(3000)[:, None]), slice(0, 3000)) is None


def test_noise_of_a_plate(signals):
    force = np.random.default_rng(2).normal(0, 0.5, (3000, 3))
    assert_allclose(plate_noise(signals(force), slice(500, 3000)), force[500:].std(axis=0), rtol=0.01)

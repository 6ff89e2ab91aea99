"""Rambling and trembling, and time to boundary."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.interpolate
from hypothesis import given, settings
from hypothesis import strategies as st

from heelraise.stats.cop import sway_record
from heelraise.stats.cop.boundary import boundary_measures, hull, time_to_boundary
from heelraise.stats.cop.equilibrium import equilibrium_measures, natural_spline, rambling_trembling

RATE = 100.0
SQUARE = np.array([[-10.0, -10.0], [10.0, -10.0], [10.0, 10.0], [-10.0, 10.0]])


def pendulum(seconds: float = 40.0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A slow path, a quick oscillation about it, and the force that pulls back to it."""
    t = np.arange(round(seconds * RATE)) / RATE
    slow = 5 * np.sin(2 * np.pi * 0.15 * t + 0.3)
    quick = 0.8 * np.sin(2 * np.pi * 1.5 * t)
    return slow, quick, -3.0 * quick


def test_the_equilibrium_path_and_the_oscillation_are_told_apart() -> None:
    slow, quick, force = pendulum()
    # A plate's offset of 4 N moves no equilibrium point.
    found = rambling_trembling(slow + quick, force + 4.0)
    assert found.points == pytest.approx(2 * 1.5 * 40, abs=2)
    assert found.rambling == pytest.approx(slow[found.frames], abs=0.01)
    assert found.trembling == pytest.approx(quick[found.frames], abs=0.01)
    measures = equilibrium_measures(sway_record(slow + quick, quick, RATE), np.stack([force, force], axis=1))
    assert measures["cop_rambling_rms_ap"].value == pytest.approx(5 / np.sqrt(2), rel=0.02)
    assert measures["cop_trembling_rms_ap"].value == pytest.approx(0.8 / np.sqrt(2), rel=0.02)
    assert measures["cop_rambling_rms_ml"].value == pytest.approx(0, abs=0.01)


def test_without_enough_equilibrium_points_nothing_is_said() -> None:
    slow, quick, force = pendulum(3.0)
    assert rambling_trembling(slow + quick, force) is None
    record = sway_record(slow, quick, RATE)
    few = equilibrium_measures(record, np.stack([force, force], axis=1))
    assert "changes of sign" in few["cop_trembling_rms_ml"].reason
    none = equilibrium_measures(record, None, "no force")
    assert {one.reason for one in none.values()} == {"no force"}


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 1000), knots=st.integers(3, 40))
def test_the_spline_is_scipys_natural_one(seed: int, knots: int) -> None:
    rng = np.random.default_rng(seed)
    t = np.cumsum(rng.uniform(0.1, 3.0, knots))
    y = rng.normal(size=knots)
    at = np.linspace(t[0], t[-1], 101)
    theirs = scipy.interpolate.CubicSpline(t, y, bc_type="natural")(at)
    assert natural_spline(t, y, at) == pytest.approx(theirs, rel=1e-8, abs=1e-8)


def test_the_hull_goes_round_the_outermost_points() -> None:
    inside = np.random.default_rng(0).uniform(-9, 9, (30, 2))
    corners = hull(np.concatenate([SQUARE, inside]))
    assert {tuple(c) for c in corners} == {tuple(c) for c in SQUARE}
    assert len(hull(np.array([[0.0, 0.0], [1.0, 1.0], [2.0, 2.0]]))) < 3


def test_time_to_boundary_is_distance_over_speed_along_the_way() -> None:
    r = np.array([[0.0, 0.0], [0.0, 0.0], [6.0, 0.0], [0.0, 0.0], [11.0, 0.0]])
    v = np.array([[2.0, 0.0], [2.0, 4.0], [-4.0, 0.0], [0.0, 0.0], [1.0, 0.0]])
    found = time_to_boundary(r, v, hull(SQUARE))
    assert found[:4] == pytest.approx([5.0, 2.5, 4.0, np.inf])
    assert np.isnan(found[4])


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 500), turn=st.floats(-3, 3), k=st.floats(0.1, 10))
def test_time_to_boundary_ignores_units_and_turns(seed: int, turn: float, k: float) -> None:
    rng = np.random.default_rng(seed)
    r, v = rng.uniform(-9, 9, (50, 2)), rng.normal(size=(50, 2))
    rotation = k * np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    plain = time_to_boundary(r, v, hull(SQUARE))
    assert time_to_boundary(r @ rotation.T, v @ rotation.T, hull(SQUARE @ rotation.T)) == pytest.approx(plain, rel=1e-6)


def test_minima_of_swinging_to_and_fro() -> None:
    # From the middle of a strip at full speed: x = 5 sin(w t); the least of (10 - x) / x' is where x = 5 / 2.
    w = 2 * np.pi * 0.5
    t = np.arange(4000) / RATE
    found = boundary_measures(sway_record(5 * np.sin(w * t), np.zeros(4000), RATE), hull(SQUARE))
    least = (10 - 2.5) / (5 * w * np.sqrt(1 - 0.25))
    assert found["cop_ttb_min"].value == pytest.approx(least, rel=1e-3)
    assert found["cop_ttb_mean"].value == pytest.approx(least, rel=1e-3)
    assert found["cop_ttb_sd"].value == pytest.approx(0, abs=1e-3)
    assert found["cop_ttb_min"].ci95 is None


def test_no_boundary_and_a_boundary_that_is_left_have_a_reason() -> None:
    record = sway_record(50 * np.sin(np.arange(3000) / 40), np.zeros(3000), RATE)
    assert "outside" in boundary_measures(record, hull(SQUARE))["cop_ttb_mean"].reason
    assert boundary_measures(record, None, "no marker")["cop_ttb_mean"].reason == "no marker"
    still = sway_record(np.zeros(3000), np.zeros(3000), RATE)
    assert "minima" in boundary_measures(still, hull(SQUARE))["cop_ttb_sd"].reason

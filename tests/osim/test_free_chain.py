"""Chains on a body free in space: their own method against the general one, and what it is for."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skeletons import leg, tilted, walk

from heelraise.osim import solve
from heelraise.osim.chains import leg_chain
from heelraise.osim.forward import marker_positions
from heelraise.osim.free_root import FreeChain, plan_chain
from heelraise.osim.free_solve import first_angles
from heelraise.osim.free_step import newton_normal
from heelraise.osim.free_sums import take_sums
from heelraise.osim.ik_data import IkSolution
from heelraise.osim.problem import pose_problem
from heelraise.osim.skeleton import Skeleton
from heelraise.osim.solve import Task, solve_ik
from heelraise.osim.starts import through

SHANK = leg_chain(leg(), "right")
NAMES = SHANK.marker_names
COUNT = len(SHANK.coordinates)


def planned(skeleton: Skeleton, tasks: np.ndarray | None = None) -> FreeChain | None:
    weights = np.ones(len(skeleton.markers))
    empty = np.zeros(len(skeleton.coordinates)) if tasks is None else tasks
    return plan_chain(pose_problem(skeleton, skeleton.markers, weights, [], empty))


def chain_of(skeleton: Skeleton) -> FreeChain:
    chain = planned(skeleton)
    assert chain is not None
    return chain


def both(monkeypatch: pytest.MonkeyPatch, skeleton: Skeleton, *arguments: object, **more: object) -> list[IkSolution]:
    """The solution by the chain's own method and by the general one."""
    used = []
    own = solve.solve_free
    monkeypatch.setattr(solve, "solve_free", lambda *a: used.append(1) or own(*a))
    fast = solve_ik(skeleton, skeleton.marker_names, *arguments, **more)
    assert used
    monkeypatch.setattr(solve, "plan_chain", lambda problem: None)
    return [fast, solve_ik(skeleton, skeleton.marker_names, *arguments, **more)]


def test_a_leg_below_the_knee_is_such_a_chain_and_a_whole_leg_with_a_sliding_knee_is_not() -> None:
    assert planned(SHANK) is not None
    assert planned(leg()) is None
    assert planned(SHANK, np.eye(COUNT)[7]) is None
    limited = (replace(SHANK.coordinates[0], clamped=True), *SHANK.coordinates[1:])
    assert planned(replace(SHANK, coordinates=limited)) is None


@pytest.mark.parametrize("frames", [1, 7, 90, 700])
@pytest.mark.parametrize("noise", [0.0, 1e-3])
def test_it_agrees_with_the_general_method(monkeypatch: pytest.MonkeyPatch, frames: int, noise: float) -> None:
    q = walk(SHANK, frames)
    exact = marker_positions(SHANK, q)
    weights = np.random.default_rng(3).uniform(0.2, 3.0, len(NAMES))
    fast, slow = both(
        monkeypatch, SHANK, exact + np.random.default_rng(1).normal(0.0, 1.0, exact.shape) * noise, weights
    )
    assert fast.converged.all()
    np.testing.assert_allclose(fast.q, slow.q, atol=np.radians(2e-6))
    np.testing.assert_allclose(fast.residual, slow.residual, atol=1e-8)
    np.testing.assert_allclose(fast.rms, slow.rms, atol=1e-8)


def test_it_agrees_where_markers_are_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(5)
    targets = marker_positions(SHANK, walk(SHANK, 400)) + rng.normal(0.0, 3e-4, (400, len(NAMES), 3))
    targets[rng.uniform(size=targets.shape[:2]) < 0.05] = np.nan
    targets[40:60] = np.nan
    targets[100:110, [NAMES.index("toe0"), NAMES.index("toe1")]] = np.nan
    fast, slow = both(monkeypatch, SHANK, targets)
    assert fast.converged.sum() > 350
    np.testing.assert_array_equal(np.isnan(fast.q), np.isnan(slow.q))
    np.testing.assert_array_equal(np.isnan(fast.residual), np.isnan(slow.residual))
    # Where few markers are left there may be two minima: the lower one is right.
    assert (fast.rms[fast.converged] <= slow.rms[fast.converged] + 1e-8).all()
    same = np.abs(fast.rms - slow.rms) < 1e-8
    assert same.sum() > 370
    np.testing.assert_allclose(fast.q[same], slow.q[same], atol=1e-6)


def test_it_agrees_at_limits_and_with_held_coordinates(monkeypatch: pytest.MonkeyPatch) -> None:
    q = walk(SHANK, 300)
    targets = marker_positions(SHANK, q)
    own = list(SHANK.coordinates)
    own[6] = replace(own[6], clamped=True, low=-0.1, high=0.15)
    fast, slow = both(monkeypatch, replace(SHANK, coordinates=tuple(own)), targets)
    assert fast.converged.all()
    assert (fast.q[:, 6].min(), fast.q[:, 6].max()) == (-0.1, 0.15)
    np.testing.assert_allclose(fast.q, slow.q, atol=1e-7)
    monkeypatch.undo()
    fast, slow = both(monkeypatch, SHANK, targets, held={"subtalar_angle_r": 0.5 * q[:, 7]})
    np.testing.assert_allclose(fast.q, slow.q, atol=1e-7)


def test_tasks_go_the_general_way() -> None:
    targets = marker_positions(SHANK, walk(SHANK, 20))
    solution = solve_ik(SHANK, NAMES, targets, tasks={"mtp_angle_r": Task(0.5, 1e7)})
    np.testing.assert_allclose(solution.q[:, 8], 0.5, atol=1e-6)


def test_far_from_the_origin_nothing_is_lost() -> None:
    q = walk(SHANK, 300)
    q[:, :3] += (40.0, 30.0, -50.0)
    solution = solve_ik(SHANK, NAMES, marker_positions(SHANK, q))
    np.testing.assert_allclose(solution.q, q, atol=1e-8)


def test_a_leg_that_turns_round_and_round_stays_continuous() -> None:
    q = walk(SHANK, 1200)
    q[:, 3] += np.linspace(0.0, 14.0, 1200)
    solution = solve_ik(SHANK, NAMES, marker_positions(SHANK, q))
    np.testing.assert_allclose(solution.q, q, atol=1e-8)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.floats(-1.4, 1.4), min_size=COUNT, max_size=COUNT), st.booleans(), st.integers(1, 50))
def test_the_best_turn_of_a_known_shape_is_exact(pose: list[float], turned: bool, seed: int) -> None:
    free = SHANK.joints[0]
    if turned:
        free = replace(free, parent_rotation=tilted(seed), child_rotation=tilted(seed + 1))
    skeleton = replace(SHANK, joints=(free, *SHANK.joints[1:]))
    chain = chain_of(skeleton)
    q = np.array([pose])
    sums = take_sums(chain, marker_positions(skeleton, q), None)
    np.testing.assert_allclose(first_angles(chain, sums, q.T)[:3, 0], q[0, 3:6], atol=1e-7)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 1000))
def test_slopes_and_second_derivatives_are_those_of_the_cost(seed: int) -> None:
    rng = np.random.default_rng(seed)
    chain = chain_of(SHANK)
    sums = take_sums(chain, rng.normal(0.0, 0.3, (1, len(NAMES), 3)), None)
    q = rng.normal(0.0, 0.5, (COUNT, 1))
    normal, h = newton_normal(chain, sums, q), 1e-5
    for i, column in enumerate(chain.columns):
        ahead, behind = q.copy(), q.copy()
        ahead[column] += h
        behind[column] -= h
        one, two = newton_normal(chain, sums, ahead), newton_normal(chain, sums, behind)
        np.testing.assert_allclose((two.cost - one.cost) / (2 * h), normal.downhill[i], atol=1e-8)
        curve = (two.downhill[i:, 0] - one.downhill[i:, 0]) / (2 * h)
        np.testing.assert_allclose(curve, normal.matrix[i:, i, 0], atol=1e-7)


@given(st.integers(6, 12), st.integers(1, 7))
def test_a_curve_through_evenly_spaced_frames_is_exact_for_fifth_powers(count: int, gap: int) -> None:
    known = 3 + gap * np.arange(count)
    wanted = np.arange(known[0], known[-1] + 1)
    values = np.array([[1.0], [0.2]]) * (known / 50.0) ** 5
    np.testing.assert_allclose(through(known, values, wanted)[0], (wanted / 50.0) ** 5, atol=1e-9)
    beyond = np.arange(known[0] - 2, known[-1] + 3)
    np.testing.assert_allclose(through(known, values, beyond)[:, 2:-2], through(known, values, wanted), atol=1e-12)

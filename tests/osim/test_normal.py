"""Derivatives of the squared distances, and the sparse elimination."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skeletons import leg

from heelraise.osim.forward import marker_positions
from heelraise.osim.normal import Normal, assemble, plan_elimination, plan_rows, solve
from heelraise.osim.observed import observe
from heelraise.osim.problem import pose_problem

SKELETON = leg()


def setting(seed: int, missing: bool):
    rng = np.random.default_rng(seed)
    task = np.zeros(len(SKELETON.coordinates))
    task[7] = 0.3
    weights = rng.uniform(0.2, 2.0, len(SKELETON.markers))
    problem = pose_problem(SKELETON, SKELETON.markers, weights, [], task)
    q = rng.uniform(-0.8, 0.8, (len(SKELETON.coordinates), 3))
    targets = marker_positions(SKELETON, q.T) + rng.normal(0.0, 0.05, (3, len(SKELETON.markers), 3))
    if missing:
        targets[1, 3] = np.nan
    seen = observe(problem, targets, np.full((len(problem.unknowns), 3), 0.1))
    return problem, plan_rows(problem), seen, q, targets, weights


def symmetric(normal: Normal) -> np.ndarray:
    lower = np.tril(normal.matrix.transpose(2, 0, 1))
    return lower + np.tril(lower, -1).transpose(0, 2, 1)


@settings(max_examples=12)
@given(seed=st.integers(0, 10**6), missing=st.booleans())
def test_cost_and_derivatives(seed: int, missing: bool) -> None:
    problem, rows, seen, q, targets, weights = setting(seed, missing)
    here = assemble(problem, rows, seen, q.copy(), True)
    gap = np.where(np.isfinite(targets), marker_positions(SKELETON, q.T) - targets, 0.0)
    total = weights @ np.isfinite(targets[:, :, 0]).T
    cost = 0.5 * (weights * (gap**2).sum(axis=2)).sum(axis=1) + 0.5 * total * 0.3 * (q[7] - 0.1) ** 2
    np.testing.assert_allclose(here.cost, cost, rtol=1e-10, atol=1e-14)
    matrix, h = symmetric(here), 1e-5
    for i, k in enumerate(problem.unknowns):
        up, down = q.copy(), q.copy()
        up[k] += h
        down[k] -= h
        above, below = assemble(problem, rows, seen, up, True), assemble(problem, rows, seen, down, True)
        np.testing.assert_allclose(here.downhill[i], -(above.cost - below.cost) / (2 * h), atol=2e-7)
        np.testing.assert_allclose(matrix[:, i].T, -(above.downhill - below.downhill) / (2 * h), atol=2e-6)


@settings(max_examples=12)
@given(seed=st.integers(0, 10**6), missing=st.booleans())
def test_gauss_newton_matrix_is_that_of_the_first_derivatives(seed: int, missing: bool) -> None:
    problem, rows, seen, q, targets, weights = setting(seed, missing)
    matrix, h = symmetric(assemble(problem, rows, seen, q.copy(), False)), 1e-6
    columns = []
    for k in problem.unknowns:
        up, down = q.copy(), q.copy()
        up[k] += h
        down[k] -= h
        columns.append((marker_positions(SKELETON, up.T) - marker_positions(SKELETON, down.T)) / (2 * h))
    jacobian = np.stack(columns, axis=-1) * np.isfinite(targets[..., :1])[..., None]
    expected = np.einsum("m,tmai,tmaj->tij", weights, jacobian, jacobian)
    own = list(problem.unknowns).index(7)
    expected[:, own, own] += 0.3 * (weights @ np.isfinite(targets[:, :, 0]).T)
    np.testing.assert_allclose(matrix, expected, atol=1e-7)


@given(seed=st.integers(0, 10**6))
def test_elimination_solves_the_system(seed: int) -> None:
    problem, rows, seen, q, _, _ = setting(seed, False)
    normal = assemble(problem, rows, seen, q, False)
    step, pivot = solve(plan_elimination(problem, rows), normal)
    matrix = symmetric(normal)
    np.testing.assert_allclose(np.einsum("tij,jt->it", matrix, step), normal.downhill, atol=1e-10)
    assert (pivot > 0.0).all()


def test_elimination_reports_a_singular_matrix_without_a_warning() -> None:
    problem, rows, seen, q, _, _ = setting(1, False)
    normal = assemble(problem, rows, seen, q, False)
    normal.matrix[4] = 0.0
    normal.matrix[:, 4] = 0.0
    step, pivot = solve(plan_elimination(problem, rows), normal)
    assert np.isfinite(step).all()
    assert pivot == pytest.approx(0.0, abs=1e-12)

"""Inverse kinematics on a leg written by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from skeletons import leg, walk

from heelraise.errors import InputError
from heelraise.osim.chains import leg_chain
from heelraise.osim.files.axes import Y_UP
from heelraise.osim.forward import marker_positions
from heelraise.osim.ik_data import NOT_CONVERGED, NOT_DETERMINED, REASONS, SOLVED, IkSolution
from heelraise.osim.leg_angles import LegFit, solve_batched
from heelraise.osim.skeleton import Skeleton, completed
from heelraise.osim.solve import Task, solve_ik

LEG = leg()
NAMES = LEG.marker_names


def with_coordinate(name: str, **changes: object) -> Skeleton:
    k = LEG.index(name)
    own = list(LEG.coordinates)
    own[k] = replace(own[k], **changes)
    return replace(LEG, coordinates=tuple(own))


def cost(skeleton: Skeleton, q: np.ndarray, targets: np.ndarray, weights: np.ndarray) -> np.ndarray:
    gap = marker_positions(skeleton, q) - targets
    return (weights * (gap**2).sum(axis=2)).sum(axis=1)


@pytest.mark.parametrize("frames", [1, 2, 7, 300])
def test_exact_markers_give_the_pose_back(frames: int) -> None:
    q = walk(LEG, frames)
    solution = solve_ik(LEG, NAMES, marker_positions(LEG, q))
    assert solution.converged.all()
    np.testing.assert_allclose(solution.q, q, atol=1e-8)
    assert solution.rms.max() < 1e-8
    assert solution.reason(0) == "solved"


@pytest.mark.parametrize("heading", [-3.0, -1.6, 1.6, 3.1])
def test_any_heading_is_found(heading: float) -> None:
    q = walk(LEG, 40)
    q[:, LEG.index("hip_yaw_r")] += heading
    q[:, LEG.index("hip_tx")] += 4.0
    solution = solve_ik(LEG, NAMES, marker_positions(LEG, q))
    assert solution.converged.all()
    assert solution.rms.max() < 1e-8
    np.testing.assert_allclose(solution.q[:, 6:], q[:, 6:], atol=1e-8)


def test_small_oscillations_keep_their_amplitude() -> None:
    rate, frames = 200.0, 600
    q = walk(LEG, frames, rate)
    wave = np.radians(0.05) * np.sin(2 * np.pi * 10.0 * np.arange(frames) / rate)
    with_tremor = q.copy()
    with_tremor[:, 7] += wave
    calm = solve_ik(LEG, NAMES, marker_positions(LEG, q)).q[:, 7]
    shaking = solve_ik(LEG, NAMES, marker_positions(LEG, with_tremor)).q[:, 7]
    gain = (shaking - calm) @ wave / (wave @ wave)
    assert gain == pytest.approx(1.0, abs=1e-5)


def test_the_answer_is_a_minimum_with_noise_and_weights() -> None:
    rng = np.random.default_rng(2)
    q = walk(LEG, 50)
    targets = marker_positions(LEG, q) + rng.normal(0.0, 5e-3, (50, len(NAMES), 3))
    weights = rng.uniform(0.1, 10.0, len(NAMES))
    solution = solve_ik(LEG, NAMES, targets, weights)
    assert solution.converged.all()
    best = cost(LEG, solution.q, targets, weights)
    for k in range(10):
        for h in (-1e-4, 1e-4):
            other = solution.q.copy()
            other[:, k] += h
            assert (cost(LEG, other, targets, weights) > best).all()
    assert (best <= cost(LEG, q, targets, weights)).all()
    np.testing.assert_allclose(solution.residual, np.linalg.norm(marker_positions(LEG, solution.q) - targets, axis=2))


def test_a_start_changes_nothing_but_the_way() -> None:
    rng = np.random.default_rng(3)
    q = walk(LEG, 30)
    targets = marker_positions(LEG, q) + rng.normal(0.0, 1e-3, (30, len(NAMES), 3))
    free, led = solve_ik(LEG, NAMES, targets), solve_ik(LEG, NAMES, targets, start=q)
    np.testing.assert_allclose(free.q, led.q, atol=1e-6)
    one = solve_ik(LEG, NAMES, targets, start=LEG.defaults)
    np.testing.assert_allclose(one.q, led.q, atol=1e-6)


def test_missing_markers_take_only_what_they_told() -> None:
    q = walk(LEG, 60)
    targets = marker_positions(LEG, q)
    targets[10, 0] = np.nan
    targets[20, [NAMES.index("toe0"), NAMES.index("toe1")]] = np.nan
    targets[30] = np.nan
    targets[31, 1:] = np.nan
    solution = solve_ik(LEG, NAMES, targets)
    np.testing.assert_allclose(solution.q[10], q[10], atol=1e-8)
    assert np.isnan(solution.q[20, LEG.index("mtp_angle_r")])
    assert np.isfinite(np.delete(solution.q[20], LEG.index("mtp_angle_r"))).all()
    np.testing.assert_allclose(np.delete(solution.q[20], 9), np.delete(q[20], 9), atol=1e-8)
    for frame in (30, 31):
        assert np.isnan(solution.q[frame, :6]).all()
        assert not solution.converged[frame]
        assert solution.reason(frame) == "too few markers"
    assert np.isnan(solution.residual[10, 0])
    rest = np.delete(np.arange(60), [30, 31])
    assert solution.converged[rest].all()


def test_every_frame_without_markers_is_no_crash() -> None:
    solution = solve_ik(LEG, NAMES, np.full((5, len(NAMES), 3), np.nan))
    assert not solution.converged.any()
    assert np.isnan(solution.q[:, :10]).all()
    assert np.isnan(solution.rms).all()
    assert solve_ik(LEG, NAMES, np.zeros((0, len(NAMES), 3))).q.shape == (0, 11)


def test_a_pose_that_markers_do_not_fix_is_not_converged() -> None:
    # All markers of the only body on a line: the turn about it is unknown.
    markers = tuple(replace(LEG.markers[0], name=f"m{k}", offset=np.array([0.0, 0.1 * k, 0.0])) for k in range(4))
    line = replace(LEG, markers=markers)
    q = walk(line, 6)
    solution = solve_ik(line, line.marker_names, marker_positions(line, q))
    assert not solution.converged.any()
    assert solution.reason(0) == "the markers do not determine the pose"


def test_locked_prescribed_and_held_coordinates_stay() -> None:
    q = walk(LEG, 20)
    q[:, 8] = 0.12
    targets = marker_positions(LEG, q)
    for change in ({"locked": True}, {"prescribed": True}):
        solution = solve_ik(with_coordinate("subtalar_angle_r", default=0.12, **change), NAMES, targets)
        assert (solution.q[:, 8] == 0.12).all()
        np.testing.assert_allclose(solution.q, q, atol=1e-8)
    moving = walk(LEG, 20)
    held = solve_ik(LEG, NAMES, marker_positions(LEG, moving), held={"knee_angle_r": moving[:, 6]})
    np.testing.assert_array_equal(held.q[:, 6], moving[:, 6])
    np.testing.assert_allclose(held.q, moving, atol=1e-8)


def test_clamped_coordinates_end_at_their_limit() -> None:
    q = walk(LEG, 80)
    targets = marker_positions(LEG, q)
    limited = with_coordinate("ankle_angle_r", clamped=True, low=-0.1, high=0.15)
    solution = solve_ik(limited, NAMES, targets)
    ankle = solution.q[:, 7]
    assert solution.converged.all()
    assert ankle.min() == -0.1
    assert ankle.max() == 0.15
    # At a limit the answer is that of the coordinate held there.
    at_limit = np.isin(ankle, (-0.1, 0.15))
    assert 10 < at_limit.sum() < 80
    held = solve_ik(LEG, NAMES, targets[at_limit], held={"ankle_angle_r": ankle[at_limit]})
    np.testing.assert_allclose(solution.q[at_limit], held.q, atol=1e-6)
    np.testing.assert_allclose(solution.q[~at_limit], q[~at_limit], atol=1e-6)


def test_a_task_pulls_as_against_the_mean_of_the_marker_weights() -> None:
    # Three times the weight on all markers changes nothing, a heavier task does; a huge one holds.
    q = walk(LEG, 10)
    targets = marker_positions(LEG, q)
    pulls = []
    for weights, weight in ((1.0, 0.01), (3.0, 0.01), (1.0, 0.1), (1.0, 1e7)):
        loads = np.full(len(NAMES), weights)
        pulls.append(solve_ik(LEG, NAMES, targets, loads, tasks={"mtp_angle_r": Task(0.5, weight)}).q[:, 9])
    np.testing.assert_allclose(pulls[0], pulls[1], atol=1e-7)
    assert (np.abs(pulls[2] - 0.5) < np.abs(pulls[0] - 0.5)).all()
    np.testing.assert_allclose(pulls[3], 0.5, atol=1e-6)


def test_markers_without_weight_play_no_part() -> None:
    q = walk(LEG, 10)
    targets = marker_positions(LEG, q)
    targets[:, 2] += 0.3
    weights = np.ones(len(NAMES))
    weights[2] = 0.0
    solution = solve_ik(LEG, NAMES, targets, weights)
    np.testing.assert_allclose(solution.q, q, atol=1e-8)
    np.testing.assert_allclose(solution.residual[:, 2], 0.3 * np.sqrt(3.0))
    assert solution.rms.max() < 1e-8


def test_frames_do_not_depend_on_their_order() -> None:
    q = walk(LEG, 120)
    targets = marker_positions(LEG, q)
    shuffled = np.random.default_rng(4).permutation(120)
    solution = solve_ik(LEG, NAMES, targets[shuffled])
    assert solution.converged.all()
    np.testing.assert_allclose(solution.q, q[shuffled], atol=1e-8)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"marker_names": ("nose", *NAMES[1:])}, r"no marker nose .*heel0, heel1"),
        ({"marker_names": NAMES[:3]}, "shape"),
        ({"marker_names": (NAMES[0],) * len(NAMES)}, "twice"),
        ({"weights": np.full(len(NAMES), -1.0)}, "positive"),
        ({"weights": [1.0]}, "1 marker weights"),
        ({"start": np.zeros(3)}, "starting poses"),
        ({"tasks": {"nose": Task(0.0, 1.0)}}, "no coordinate nose; it has hip_tx"),
        ({"tasks": {"mtp_angle_r": Task(0.0, np.nan)}}, "weight"),
        ({"held": {"mtp_angle_r": [0.0, 1.0]}}, "one number or 4"),
    ],
)
def test_bad_input_is_one_sentence(arguments: dict, message: str) -> None:
    call = {"marker_names": NAMES, "targets": np.zeros((4, len(NAMES), 3))} | arguments
    with pytest.raises(InputError, match=message):
        solve_ik(LEG, **call)


@pytest.mark.parametrize("general", [False, True])
@pytest.mark.parametrize("limit", ["low", "high"])
def test_exact_markers_at_limits_are_solved(limit: str, general: bool) -> None:
    """Round-off beyond the limits that the markers lie at is no reason to give up."""
    q = walk(LEG, 400)
    own = list(LEG.coordinates)
    columns = [LEG.index(f"{name}_angle_r") for name in ("knee", "ankle", "subtalar", "mtp")]
    for k in columns:
        own[k] = replace(own[k], clamped=True, **{limit: 0.0})
    q[:, columns] = 0.0
    skeleton = replace(LEG, coordinates=tuple(own))
    q = completed(skeleton, q)
    start = q + 1e-3 * np.random.default_rng(0).normal(size=q.shape) if general else None
    solution = solve_ik(skeleton, NAMES, marker_positions(skeleton, q), start=start)
    assert solution.converged.all()
    # Cut steps need no more iterations than whole ones.
    assert solution.iterations.mean() < 3.5
    np.testing.assert_allclose(solution.q, q, atol=1e-8)
    inside = solution.q[:, columns] >= 0.0 if limit == "low" else solution.q[:, columns] <= 0.0
    assert inside.all()


@pytest.mark.parametrize("status", [NOT_DETERMINED, NOT_CONVERGED])
def test_a_leg_tells_the_solvers_own_reason(status: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def solved_in_part(*arguments: object) -> IkSolution:
        found = solve_ik(*arguments)
        late = np.arange(6) >= 4
        return replace(found, converged=~late, status=np.where(late, status, SOLVED))

    monkeypatch.setattr("heelraise.osim.solve.solve_ik", solved_in_part)
    chain = leg_chain(LEG, "right")
    points = 1e3 * marker_positions(chain, np.zeros((6, len(chain.coordinates)))) @ Y_UP
    found = solve_batched(LegFit(chain, "right", {}), {n: points[:, k] for k, n in enumerate(chain.marker_names)})
    assert np.isfinite(found.plantarflexion).tolist() == [True] * 4 + [False] * 2
    assert found.notes == (f"{REASONS[status]} in 2 frames, which are left out",)

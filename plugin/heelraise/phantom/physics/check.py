"""What the physiological phantom emits, measured and printed: ``python -m heelraise.phantom.physics.check``."""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from heelraise.errors import HeelraiseError
from heelraise.phantom.muscle import Pools
from heelraise.phantom.physics.anatomy import anatomy_of
from heelraise.phantom.physics.leg import leg_system
from heelraise.phantom.physics.loop import pools_of, run
from heelraise.phantom.physics.opensim_model import (
    coordinate_names,
    generalised_forces,
    hinge_wrench,
    inverse_dynamics,
)
from heelraise.phantom.physics.plan import drives_of, plan_of
from heelraise.phantom.physics.run import (
    LEAD_S,
    STEP_S,
    PhysicalMotion,
    leg_bodies,
    newton_residual,
    simulate_physical,
)
from heelraise.phantom.physics.settings import Drive, Physiology, SidePhysiology
from heelraise.phantom.physics.truth import band_rms, peak_frequency
from heelraise.phantom.scenario import Body, Task

Array = NDArray[np.float64]
_RATE = 1000.0
_SILENT = Drive(share=0.0)


@dataclass(frozen=True)
class Trial:
    """The least that `simulate_physical` asks of a scenario."""

    task: Task
    body: Body
    physiology: Physiology


def both(**settings: object) -> Physiology:
    """The same settings on both sides."""
    mine = SidePhysiology.model_validate(settings)
    return Physiology(left=mine, right=mine)


def opensim_difference(states: int = 50, seed: int = 1) -> tuple[float, float]:
    """Largest difference (N m) of the legs' generalised forces from OpenSim's on random states, and their largest."""
    anatomy = anatomy_of(Body())
    rng = np.random.default_rng(seed)
    width = len(coordinate_names(anatomy))
    q = rng.uniform(-0.6, 0.6, (states, width))
    v, a = rng.normal(0, 2, (states, width)), rng.normal(0, 20, (states, width))
    theirs = inverse_dynamics(anatomy, q, v, a)
    ours = np.zeros((states, width))
    upper = np.triu_indices(4)
    for t in range(states):
        for k in range(len(anatomy.legs)):
            own = slice(4 * k, 4 * k + 4)
            values, bias = leg_system(anatomy.foot, anatomy.leg, _four(q[t, own]), _four(v[t, own]))
            matrix = np.zeros((4, 4))
            matrix[upper] = values
            matrix += np.triu(matrix, 1).T
            ours[t, own] = matrix @ a[t, own] + bias
    ours = generalised_forces(anatomy, ours)
    legs = coordinate_names(anatomy)[: 4 * len(anatomy.legs)]
    gaps = [float(np.abs(ours[:, k] - theirs[name]).max()) for k, name in enumerate(legs)]
    return max(gaps), float(np.abs(ours).max())


def ground_difference(motion: PhysicalMotion, every: int = 20) -> tuple[float, float]:
    """Largest difference of ground force (N) and moment (N m) from OpenSim's inverse dynamics with a freed hinge."""
    anatomy, record = motion.anatomy, motion.recording
    q, v, a = (part[::every] for part in (record.q, record.v, record.a))
    forces = inverse_dynamics(anatomy, q, v, a, hinge_free=True)
    force_gap, moment_gap = 0.0, 0.0
    for k, side in enumerate(motion.legs):
        need, moment = hinge_wrench(anatomy, side, q, forces)
        top = leg_bodies(anatomy, record, side)[1]
        base = np.array([0.0, anatomy.lateral[side], 0.0])
        hip = (top.origin + top.rotation @ np.array([0.0, 0.0, anatomy.leg.hip_z]))[::every] - base
        given = record.hip[::every, 6 * k : 6 * k + 6]
        force = need - given[:, :3]
        moment = moment - np.cross(hip, given[:, :3]) - given[:, 3:]
        foot = motion.ground[side]
        arm = np.zeros_like(force)
        arm[:, :2] = (foot.cop[::every] - motion.poses[side].pivot[:2]) / 1000.0
        own = np.cross(arm, foot.force[::every])
        own[:, 2] += foot.free_moment[::every]
        force_gap = max(force_gap, float(np.abs(force - foot.force[::every]).max()))
        moment_gap = max(moment_gap, float(np.abs(moment - own).max()))
    return force_gap, moment_gap


def ring(motion: PhysicalMotion, side: str = "left", start: float = 0.0) -> str:
    """Fast part of plantarflexion from `start` (s) on, in words."""
    x = motion.tremor[side][motion.time >= start]
    force = motion.ground[side].force[motion.time >= start, 2]
    return (
        f"{band_rms(x, _RATE, 4, 15):8.4f} deg in 4-15 Hz ({band_rms(x, _RATE, 4, 8):.4f} in 4-8, "
        f"{band_rms(x, _RATE, 8, 12):.4f} in 8-12), peak {peak_frequency(x, _RATE):5.2f} Hz, "
        f"vertical force {band_rms(force, _RATE, 4, 15):.2f} N"
    )


def beat(motion: PhysicalMotion, span: tuple[float, float], side: str = "left") -> str:
    """What a reflex makes of plantarflexion and of the tendon's force within a span (s), from 2 Hz on, in words."""
    inside = (motion.time >= span[0]) & (motion.time < span[1])
    x, force = motion.plantarflexion[side][inside], motion.tendon[side][inside, 0]
    return (
        f"{band_rms(x, _RATE, 2, 15):8.4f} deg in 2-15 Hz ({band_rms(x, _RATE, 5, 7):.4f} in 5-7), "
        f"peak {peak_frequency(x, _RATE, 2.0):5.2f} Hz, tendon {band_rms(force, _RATE, 2, 15):6.1f} N, "
        f"peak {peak_frequency(force, _RATE, 2.0):5.2f} Hz"
    )


class Frozen(Pools):
    """Pools whose forces stand still from a time on but for one pluck of the calf: what rings then is mechanics."""

    def hold(self, start_s: float, pluck: float = 0.15, width_s: float = 0.03) -> None:
        """Freeze at `start_s` after the start; the pluck adds a share of the force for `width_s`."""
        self._start, self._stop = start_s, start_s + width_s
        self._mean, self._pluck = np.zeros(len(self.specs)), pluck
        self._taken = 0

    def step(self, drive: Array) -> Array:
        """One step as in `Pools`, or the frozen forces."""
        force = super().step(drive)
        if self.seconds < self._start:
            # Mean of the last 0.2 s before the freeze.
            if self.seconds >= self._start - 0.2:
                self._mean, self._taken = self._mean + force, self._taken + 1
            return force
        mean = self._mean / self._taken
        return np.asarray(mean * (1.0 + self._pluck) if self.seconds < self._stop else mean)


def resonance(task: Task, body: Body, at_s: float) -> tuple[float, float] | None:
    """Frequency (Hz) and damping ratio of the raised heel's ringing under held activation; None if it creeps."""
    physiology = both(reflex_gain=0.0, common=_SILENT.model_dump())
    trial, anatomy = Trial(task, body, physiology), anatomy_of(body)
    lead = round(LEAD_S / STEP_S)
    steps = lead + round((at_s + 1.5) / STEP_S)
    clock = np.asarray((np.arange(steps) - lead) * STEP_S, dtype=np.float64)
    plan = plan_of(task, body, anatomy.foot, clock)
    paths = []
    for pluck in (0.15, 0.0):
        rng = np.random.default_rng(5)
        drives = drives_of(trial, anatomy, clock, rng)
        pools = Frozen(pools_of(anatomy, physiology, STEP_S, rng).specs, STEP_S, rng=rng)
        pools.hold(LEAD_S + at_s, pluck)
        paths.append(run(anatomy, physiology, plan, drives, STEP_S, pools).q[:, 0])
    size = min(path.size for path in paths)
    # What the pluck alone did, from its end on; its rate is free of the slow drift to a new place.
    rate = np.gradient(paths[0][:size] - paths[1][:size], STEP_S)[lead + round((at_s + 0.03) / STEP_S) :]
    turning = np.flatnonzero(np.diff(np.sign(np.diff(rate))) != 0)[:4] + 1
    if turning.size < 3:
        return None
    heights = np.abs(np.diff(rate[turning]))
    decrement = float(np.mean(np.log(heights[:-1] / heights[1:])))
    period = 2.0 * STEP_S * float(np.mean(np.diff(turning)))
    return 1.0 / period, decrement / float(np.hypot(np.pi, decrement))


def attempt(task: Task, physiology: Physiology, seed: int = 3) -> PhysicalMotion | str:
    """A motion, or what stopped it."""
    try:
        return simulate_physical(Trial(task, Body(), physiology), np.random.default_rng(seed))
    except HeelraiseError as error:
        return str(error)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hold", type=float, default=15.0, help="length of the hold in seconds")
    parser.add_argument("--gains", type=float, nargs="*", default=[0, 1, 4, 8, 12, 13, 16, 30, 60], help="reflex gains")
    args = parser.parse_args()
    task = Task(stand_s=5, rise_s=1, hold_s=args.hold, lower_s=1.5, after_s=5)
    hold = (8.0, 5.5 + args.hold)
    gap, largest = opensim_difference()
    print(f"OpenSim, generalised forces on random states: largest difference {gap:.1e} of {largest:.0f} N m")
    started = time.process_time()
    motion = simulate_physical(Trial(task, Body(), both(common=_SILENT.model_dump())), np.random.default_rng(3))
    spent = time.process_time() - started
    print(f"computing: {60.0 * spent / (motion.time[-1] + motion.lead_s):.1f} s of one core per simulated minute")
    force, moment = newton_residual(motion)
    print(f"Newton: {np.abs(force).max():.1e} N, {np.abs(moment).max():.1e} N m left")
    gaps = ground_difference(motion)
    print(f"OpenSim, ground reactions of the trial: {gaps[0]:.1e} N, {gaps[1]:.1e} N m apart")
    print(f"no oscillating drive, hold: {ring(cut(motion, hold))}")
    print(f"no oscillating drive, flat: {ring(cut(motion, (0.5, 2.5)))}")
    for share in (0.05, 0.1, 0.2, 0.3):
        result = attempt(task, both(common={"share": share}))
        print(f"common drive {share:4.2f}, hold: {result if isinstance(result, str) else ring(cut(result, hold))}")
    rings = resonance(task, Body(), hold[0] + 2.0)
    found = f"rings at {rings[0]:.1f} Hz, damping ratio {rings[1]:.2f}" if rings else "creeps back without ringing"
    print(f"raised heel, activation held, plucked: {found}")
    quiet = Task(stand_s=8, repetitions=0, after_s=0.5)
    for gain in args.gains:
        for name, what, span in (("hold", task, hold), ("flat", quiet, (2.0, 8.4))):
            result = attempt(what, both(common=_SILENT.model_dump(), reflex_gain=gain))
            print(f"reflex gain {gain:4.1f}, {name}: {result if isinstance(result, str) else beat(result, span)}")


def _four(row: Array) -> tuple[float, float, float, float]:
    a, b, c, d = row.tolist()
    return a, b, c, d


def cut(motion: PhysicalMotion, span: tuple[float, float]) -> PhysicalMotion:
    """The motion's tremor, forces and time within a span (s); all else unchanged."""
    inside = (motion.time >= span[0]) & (motion.time < span[1])
    ground = {s: replace(g, force=g.force[inside], cop=g.cop[inside]) for s, g in motion.ground.items()}
    tremor = {side: x[inside] for side, x in motion.tremor.items()}
    return replace(motion, time=motion.time[inside], tremor=tremor, ground=ground)


if __name__ == "__main__":
    main()

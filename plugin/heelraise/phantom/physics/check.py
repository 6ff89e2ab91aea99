"""What the physiological phantom emits, measured and printed: ``python -m heelraise.phantom.physics.check``."""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from heelraise.errors import HeelraiseError
from heelraise.phantom.muscle import Pools
from heelraise.phantom.physics.anatomy import anatomy_of
from heelraise.phantom.physics.ground import leg_bodies
from heelraise.phantom.physics.leg import leg_system
from heelraise.phantom.physics.loop import pools_of, run
from heelraise.phantom.physics.opensim_model import (
    coordinate_names,
    generalised_forces,
    hinge_wrench,
    inverse_dynamics,
    write_model,
)
from heelraise.phantom.physics.plan import drives_of, plan_of
from heelraise.phantom.physics.run import (
    LEAD_S,
    STEP_S,
    PhysicalMotion,
    newton_residual,
    simulate_physical,
)
from heelraise.phantom.physics.seated import simulate_seated
from heelraise.phantom.physics.settings import Drive, Physiology, SidePhysiology
from heelraise.phantom.physics.spread import Beat, beat_of, described
from heelraise.phantom.scenario import Body, Task

Array = NDArray[np.float64]
#: Excitation of the seated calf, of maximal: with it the foot stands at 28 to 41 deg, the more reflex the lower.
SEATED_LEVEL = 0.15
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


def attempt(task: Task, physiology: Physiology, span: tuple[float, float], seed: int = 3) -> Beat | None:
    """How plantarflexion of the left ankle beats within a span (s); None where the person fell."""
    try:
        motion = simulate_physical(Trial(task, Body(), physiology), np.random.default_rng(seed))
    except HeelraiseError:
        return None
    return beat_of(motion.plantarflexion["left"][(motion.time >= span[0]) & (motion.time < span[1])])


def seated_beat(gain: float, seed: int) -> Beat | None:
    """The same of a seated leg from 1 s after the tap on; None where it tips over."""
    found = simulate_seated(Body(), both(reflex_gain=gain), SEATED_LEVEL, 8.0, seed)
    return None if found is None else beat_of(found.plantarflexion[found.time >= 4.0])


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hold", type=float, default=12.0, help="length of the hold in seconds")
    parser.add_argument("--gains", type=float, nargs="*", default=[1, 8, 12, 16, 24, 30], help="reflex gains")
    parser.add_argument("--seeds", type=int, default=5, help="trials of each row")
    parser.add_argument("--osim", type=Path, metavar="FILE", help="write the body as an OpenSim model and leave")
    args = parser.parse_args()
    if args.osim is not None:
        write_model(anatomy_of(Body()), args.osim)
        return
    task = Task(stand_s=4, rise_s=1, hold_s=args.hold, lower_s=1.5, after_s=2)
    hold = (6.0, 4.5 + args.hold)
    quiet, flat = Task(stand_s=8, repetitions=0, after_s=0.5), (2.0, 8.4)
    seeds = range(1, args.seeds + 1)
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
    rings = resonance(task, Body(), hold[0] + 2.0)
    found = f"rings at {rings[0]:.1f} Hz, damping ratio {rings[1]:.2f}" if rings else "creeps back without ringing"
    print(f"raised heel, activation held, plucked: {found}")
    print(f"median and range of {args.seeds} trials:")
    for gain in args.gains:
        physiology = both(common=_SILENT.model_dump(), reflex_gain=gain)
        for name, what, span in (("hold", task, hold), ("flat", quiet, flat)):
            print(f"reflex {gain:4.1f}, {name}: {described([attempt(what, physiology, span, s) for s in seeds])}")
        print(f"reflex {gain:4.1f}, seated: {described([seated_beat(gain, s) for s in seeds])}", flush=True)
    for share in (0.05, 0.1, 0.2, 0.3):
        physiology = both(common={"share": share})
        row = described([attempt(task, physiology, hold, s) for s in seeds])
        print(f"common drive {share:4.2f}, hold: {row}", flush=True)


def _four(row: Array) -> tuple[float, float, float, float]:
    a, b, c, d = row.tolist()
    return a, b, c, d


if __name__ == "__main__":
    main()

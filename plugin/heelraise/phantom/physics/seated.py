"""The stretch reflex of a seated leg, whose calf moves the shank alone: the posture in which clonus is tested.

Hips and trunk stay with the chair. The forefoot stands on the ground, the calf is active at a constant level, and
nobody holds the heel's height: what beats here is the spinal loop on the inertia of foot, shank and part of the thigh.
Muscles, tendon, reflex and their constants are those of the standing person.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from heelraise.phantom.physics.anatomy import STATURE, Anatomy, Leg, anatomy_of
from heelraise.phantom.physics.loop import pools_of, run
from heelraise.phantom.physics.plan import Drives, plan_of
from heelraise.phantom.physics.settings import Physiology
from heelraise.phantom.scenario import Body, Task

Array = NDArray[np.float64]
_LEAD_S = 2.0
#: The tap that may start the beat: added excitation, its start and end (s).
_TAP, _TAP_START_S, _TAP_STOP_S = 0.15, 3.0, 3.05
#: What keeps the knee over the foot: N/m, N s/m; shank against thigh in pitch and roll (N m/rad, N m s/rad).
_KNEE_K, _KNEE_C, _KNEE_PITCH, _KNEE_ROLL = 500.0, 5.0, (20.0, 1.0), (100.0, 5.0)


@dataclass(frozen=True, eq=False)
class Seated:
    """A simulated seated leg at 1 kHz: ``time`` (T,) s, ``plantarflexion`` (T,) deg and ``heel`` (T,) N of the left."""

    time: Array
    plantarflexion: Array
    heel: Array


def seated_anatomy(body: Body) -> Anatomy:
    """The person whose legs end at the knee.

    The thigh turns about the hip: its moment of inertia there, over the thigh's length squared, is a mass at the knee
    (fractions of Winter 2009, table 4.1, as in `anatomy_of`). A soft spring keeps the knee over the foot.
    """
    anatomy = anatomy_of(body)
    shank, length = 0.0465 * body.mass_kg, 0.246 * STATURE
    knee = 0.100 * body.mass_kg * (0.433**2 + 0.323**2)
    mass = shank + knee
    com = (shank * 0.567 + knee) * length / mass
    across = shank * ((0.302 * length) ** 2 + (0.567 * length - com) ** 2) + knee * (length - com) ** 2
    joints = replace(anatomy.joints, hip_k=_KNEE_K, hip_c=_KNEE_C, hip_pitch=_KNEE_PITCH, hip_roll=_KNEE_ROLL)
    return replace(anatomy, leg=Leg(mass, (across, across, 0.003 * mass), com, length), joints=joints)


def simulate_seated(body: Body, physiology: Physiology, level: float, seconds: float, seed: int) -> Seated | None:
    """A seated leg under a constant excitation of the calf, tapped at 3 s; None where the leg tips over.

    Parameters
    ----------
    body : Body
    physiology : Physiology
        Its legs' settings and the reflex's delay are used, not its drives.
    level : float
        Excitation of the calf, of maximal.
    seconds : float
        Length without the settling before it.
    seed : int
    """
    anatomy, rng = seated_anatomy(body), np.random.default_rng(seed)
    time = np.asarray(np.arange(round(-_LEAD_S / 0.001), round(seconds / 0.001)) * 0.001, dtype=np.float64)
    tone = level * np.clip((time + _LEAD_S) / _LEAD_S, 0.0, 1.0)
    tone[(time > _TAP_START_S) & (time < _TAP_STOP_S)] += _TAP
    none, still = np.zeros_like(time), np.zeros((time.size, 2))
    drives = Drives(
        share=dict.fromkeys(anatomy.legs, none),
        level=dict.fromkeys(anatomy.legs, tone),
        level_shin=dict.fromkeys(anatomy.legs, none),
        felt=still,
        hands=still,
    )
    physiology = physiology.model_copy(update={"posture": "supported"})
    task = Task(stand_s=seconds, repetitions=0, after_s=0.5)
    plan = plan_of(task, body, anatomy.foot, time)
    found = run(anatomy, physiology, plan, drives, 0.001, pools_of(anatomy, physiology, 0.001, rng))
    if found.q.shape[0] < time.size:
        return None
    own = time >= 0.0
    return Seated(time[own], -np.degrees(found.q[own, 3]), found.heel[own, 0])

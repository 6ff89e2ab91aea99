"""The phantom's body as numbers: masses, lengths, contacts, muscles.

Coordinates of this package: X to the front, Y to the left, Z up, metres, radians, newtons. Each foot's origin is
the centre of its metatarsal heads on the ground.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from heelraise.phantom.body import ANKLE, STANCE_HALF_WIDTH
from heelraise.phantom.scenario import Body

GRAVITY = 9.80665
STATURE = 1.75


@dataclass(frozen=True)
class Foot:
    """A foot, in its own frame, origin at the metatarsal heads: metres, kg, kg m^2.

    Mass fraction and gyration from Winter (2009, Biomechanics and Motor Control, table 4.1).
    """

    mass: float
    inertia: tuple[float, float, float]
    com_x: float
    com_z: float
    ankle_x: float
    ankle_z: float
    heel_x: float
    heel_half: float


@dataclass(frozen=True)
class Leg:
    """Shank and thigh with the knee extended; long axis z, origin at the ankle."""

    mass: float
    inertia: tuple[float, float, float]
    com_z: float
    hip_z: float


@dataclass(frozen=True)
class Upper:
    """Trunk's skeleton as a rigid body, soft tissue and hands as particles hung from it.

    ``hang`` lists each particle: mass, point of the trunk (from its centre of mass), stiffness in x, y and z
    (N/m) and damping (N s/m).
    """

    mass: float
    inertia: tuple[float, float, float]
    hip_half: float
    hip_z: float
    hang: tuple[Particle, ...] = field(default=())


@dataclass(frozen=True)
class Particle:
    """A point mass on springs: soft tissue or a hand."""

    name: str
    mass: float
    at: tuple[float, float, float]
    stiffness: tuple[float, float, float]
    damping: tuple[float, float, float]


@dataclass(frozen=True)
class Joints:
    """Passive joints and contacts.

    hip: bushing (N/m, N s/m) and torsion in pitch, roll and yaw (N m/rad, N m s/rad), the tone of the hip muscles;
    heel: pad stiffness (N/m) and Hunt-Crossley dissipation (s/m) of the whole heel; pad: the forefoot's resistance
    to roll (N m/rad), half its width (m) and the share of it that the person uses; toe: passive stiffness at the
    metatarsal heads; ankle, subtalar: ligaments.
    """

    hip_k: float = 2.0e5
    hip_c: float = 600.0
    hip_pitch: tuple[float, float] = (600.0, 40.0)
    hip_roll: tuple[float, float] = (900.0, 60.0)
    hip_yaw: tuple[float, float] = (200.0, 15.0)
    heel_k: float = 1.2e5
    heel_dissipation: float = 2.0
    pad_k: float = 160.0
    pad_c: float = 1.2
    pad_half: float = 0.038
    pad_use: float = 0.7
    toe_front: float = 0.055
    toe_back: float = 0.012
    toe_k: float = 6.0
    toe_c: float = 0.4
    subtalar_k: float = 12.0
    subtalar_c: float = 0.4
    ankle_c: float = 0.3


@dataclass(frozen=True)
class MuscleData:
    """A muscle-tendon unit: newtons, metres.

    ``ankle`` and ``subtalar`` are moment arms for plantarflexion and inversion (negative: the opposite);
    ``fibre`` the optimal length along the tendon's line; ``tendon`` the stiffness (N/m) of the tendon at high
    force; ``rest`` the fibre's length over optimal at neutral ankle and a twentieth of maximal force.
    """

    name: str
    force: float
    ankle: float
    subtalar: float
    fibre: float
    tendon: float
    rest: float
    pools: tuple[tuple[str, float], ...]


# Maximal isometric forces of Gait2392 (Delp et al. 1990 as distributed with OpenSim): soleus 3549, gastrocnemius
# medialis 1558 and lateralis 683, fibularis longus 943 and brevis 435, tibialis anterior 905 N, all times
# STRENGTH: then the calf makes about 170 N m at the neutral ankle, which is what young adults reach, where the
# unscaled set gives 260 N m. Moment arms rounded from the same model. Achilles tendon 190 N/mm (Lichtwark and
# Wilson 2005, J Exp Biol 208:4715, 188 N/mm in hopping). The three heads share one tendon.
STRENGTH = 0.65
_CALF = 3549.0 + 1558.0 + 683.0
MUSCLES = (
    MuscleData(
        "calf",
        STRENGTH * _CALF,
        0.050,
        0.002,
        0.058,
        190e3,
        1.20,
        (
            ("gastrocnemius_medialis", 1558.0 / _CALF),
            ("gastrocnemius_lateralis", 683.0 / _CALF),
            ("soleus", 3549.0 / _CALF),
        ),
    ),
    MuscleData("fibular", STRENGTH * 1378.0, 0.010, -0.028, 0.050, 90e3, 1.0, (("fibularis_longus", 1.0),)),
    MuscleData("tibialis", STRENGTH * 905.0, -0.040, 0.014, 0.090, 80e3, 1.0, (("tibialis_anterior", 1.0),)),
)


@dataclass(frozen=True)
class Anatomy:
    """All of one person: `legs` are the sides that stand on the ground."""

    total_mass: float
    foot: Foot
    leg: Leg
    upper: Upper
    joints: Joints
    legs: tuple[str, ...]
    lateral: dict[str, float]
    muscles: tuple[MuscleData, ...] = MUSCLES


def anatomy_of(body: Body, legs: tuple[str, ...] = ("left", "right"), foam: bool = False) -> Anatomy:
    """A person of the scenario's mass and foot length.

    Mass fractions of Winter (2009, table 4.1): foot 1.45 %, shank 4.65 %, thigh 10 %, each arm 5 %. A leg that does
    not stand is counted to the trunk. Soft tissue: 35 % of body mass on a spring with a resonance of 5.0 Hz and a
    damping ratio of 0.475, the one-mass model of Fairley and Griffin (1989, J Biomech 22:81) for the seated body;
    hands 2.5 % each, at 8 Hz along the arm and 1.2 Hz across.
    """
    mass, length = body.mass_kg, body.foot_length_mm / 1000.0
    m_foot = 0.0145 * mass
    radius2 = (0.30 * length * 1.35) ** 2
    foot = Foot(
        mass=m_foot,
        inertia=(0.3 * m_foot * radius2, m_foot * radius2, m_foot * radius2),
        com_x=-0.45 * length,
        com_z=0.22 * length,
        ankle_x=float(ANKLE[0] - 1.0) * length,
        ankle_z=float(ANKLE[2]) * length,
        heel_x=-0.98 * length,
        heel_half=0.10 * length,
    )
    shank_m, thigh_m, shank_l, thigh_l = 0.0465 * mass, 0.100 * mass, 0.246 * STATURE, 0.245 * STATURE
    shank_c, thigh_c = 0.567 * shank_l, shank_l + 0.567 * thigh_l
    m_leg = shank_m + thigh_m
    com = (shank_m * shank_c + thigh_m * thigh_c) / m_leg
    across = shank_m * ((0.302 * shank_l) ** 2 + (shank_c - com) ** 2) + thigh_m * (
        (0.323 * thigh_l) ** 2 + (thigh_c - com) ** 2
    )
    leg = Leg(m_leg, (across, across, 0.003 * m_leg), com, shank_l + thigh_l)
    m_hand, m_soft = 0.025 * mass, 0.35 * mass
    m_trunk = mass - len(legs) * (m_foot + m_leg) - 2 * m_hand - m_soft
    particles = [_particle("soft", m_soft, (0.0, 0.0, -0.15), (5.0, 5.0, 5.0), 0.475)]
    particles += [
        _particle(f"{side}.hand", m_hand, (0.02, sign * 0.26, -0.53), (1.2, 1.2, 8.0), 0.3)
        for side, sign in (("left", 1.0), ("right", -1.0))
    ]
    # Trunk's skeleton, head and upper arms: centre of mass 0.40 m above the hips, gyration 0.28 m.
    upper = Upper(
        m_trunk,
        (m_trunk * 0.28**2, m_trunk * 0.27**2, m_trunk * 0.14**2),
        hip_half=0.085,
        hip_z=-0.40,
        hang=tuple(particles),
    )
    half = STANCE_HALF_WIDTH / 1000.0
    lateral = {side: (half if side == "left" else -half) if len(legs) == 2 else 0.0 for side in legs}
    # Foam: a slab under the sole that makes the heel's contact half as stiff and roll a fifth less stiff, and loses
    # energy (loss factor 0.3 at 1.5 Hz). A real mat gives way more: this body falls on a pad_k of 110 and less.
    joints = Joints(heel_k=6.0e4, pad_k=130.0, pad_c=4.0, pad_use=0.55) if foam else Joints()
    return Anatomy(mass, foot, leg, upper, joints, legs, lateral)


def _particle(
    name: str, mass: float, at: tuple[float, float, float], resonance: tuple[float, float, float], ratio: float
) -> Particle:
    omega = [2 * 3.141592653589793 * f for f in resonance]
    k = (mass * omega[0] ** 2, mass * omega[1] ** 2, mass * omega[2] ** 2)
    c = (2 * ratio * mass * omega[0], 2 * ratio * mass * omega[1], 2 * ratio * mass * omega[2])
    return Particle(name, mass, at, k, c)

"""What one leg's motor neurones are asked for: the plan and the slow loops, before the stretch reflex."""

from __future__ import annotations

from collections.abc import Sequence
from math import cos, sin
from typing import NamedTuple

from heelraise.phantom.physics.anatomy import Anatomy
from heelraise.phantom.physics.reflex import HeightLoop
from heelraise.phantom.physics.tendon import Unit, demand

#: Tone of the invertors and evertors, of maximal force: in stance, and added with the heel up.
_TONE, _TONE_RAISED = 0.01, 0.06
#: The foot's inversion is held with this stiffness and damping (N m/rad, N m s/rad), after the delay.
_INVERSION_K, _INVERSION_C = 15.0, 1.0
_TOE_LAG_S = 0.06
#: Intrafusal fibres follow their motor neurones with about this lag (s): 0.149 and 0.205 in the bag fibres of
#: Mileusnic, Brown, Lan and Loeb (2006, J Neurophysiol 96:1772).
_FUSIMOTOR_S = 0.18
#: Tibialis posterior and the toe flexors have no pool here: they give this share of a wished inversion, with the toes'
#: lag, up to a limit (N m; 1588 N of Gait2392 times STRENGTH at 20 mm).
_DEEP_SHARE, _DEEP_MOST = 0.7, 20.0


class Command(NamedTuple):
    """What reaches a leg's controller at a step: the plan, and what was felt a delay ago.

    ``cop`` and ``cop_side`` are the wished CoP (m) of this foot, forward of the metatarsal heads and to their left;
    ``load`` the share (N) of the weight that this leg is to bear; ``pitch``, ``rate``, ``lean`` and ``share`` of the
    raise what the plan sends out now; ``gate`` (0 to 1) opens the loop on the height; ``now`` the planned angle of the
    ankle, its rate and the planned pitch of the foot; ``late`` the planned pitch and rate a delay ago; ``felt`` the
    leg's own pitch, rate, roll and rate a delay ago.
    """

    cop: float
    cop_side: float
    load: float
    pitch: float
    rate: float
    lean: float
    share: float
    gate: float
    now: tuple[float, float, float]
    late: tuple[float, float]
    felt: Sequence[float]


class Controller:
    """The slow loops of one leg. Mutable.

    Parameters
    ----------
    anatomy : Anatomy
    units : sequence of 3 Unit
        Calf, fibular muscles, tibialis anterior.
    sign : float
        1 on the right, -1 on the left: inversion about the forward axis.
    evertors : float
        Share of what is asked of the fibular muscles that they give.
    wish : float
        Tendon force of the calf at the start, over maximal.
    step_s : float
        Seconds.

    Attributes
    ----------
    toe, deep : float
        Moments (N m) of the toes and of the deep flexors' inversion.
    """

    def __init__(
        self, anatomy: Anatomy, units: Sequence[Unit], sign: float, evertors: float, wish: float, step_s: float
    ) -> None:
        self._foot, self._joints = anatomy.foot, anatomy.joints
        self._calf, self._fibular, self._shin = units
        self._sign, self._evertors, self._step_s = sign, evertors, step_s
        #: Tendon force over maximal that is asked of the calf, and what of it the spindles are set for.
        self._wish = self._fusimotor = wish
        self._loop = HeightLoop()
        self._bound = self._loop.limit / self._loop.integral
        self._integral = 0.0
        self._ratio = -self._calf.data.ankle / self._calf.data.fibre
        self._evert_arm = self._fibular.data.subtalar * self._fibular.force
        self._invert_arm = self._shin.data.subtalar * self._shin.force
        self._surplus = self._calf.force * self._calf.data.ankle / (self._shin.data.ankle * self._shin.force)
        self.toe = 0.0
        self.deep = 0.0

    def intended(self, c: Command) -> tuple[float, float]:
        """Length and speed of the calf's fibres that the spindles are set for, both from an arbitrary origin.

        Fusimotor drive goes with the skeletomotor drive (alpha-gamma coactivation: human spindles go on firing while
        their muscle shortens against its tendon, Vallbo 1970, Acta Physiol Scand 78:315), so that they feel what
        departs from the plan. Without the tendon's part the reflex would take force from every leg that leans
        forward: its fibres shorten as its tendon stretches (Loram, Maganaris and Lakie 2004, J Physiol 556:683).
        """
        unit, ratio = self._calf, self._ratio
        change = (self._wish - self._fusimotor) / _FUSIMOTOR_S
        held = self._fusimotor = self._fusimotor + self._step_s * change
        angle, rate, _ = c.now
        if held > 0.0:
            return ratio * angle - unit.extension(held), ratio * rate - unit.compliance(held) * change
        return ratio * angle - unit.extension(0.0), ratio * rate

    def wanted(self, c: Command) -> tuple[float, float, float]:
        """Activations of calf, fibular muscles and tibialis anterior that the plan and the slow loops ask for."""
        foot, joints, loop, step, sign = self._foot, self._joints, self._loop, self._step_s, self._sign
        cop, cop_side, load, _, sent_rate, sent_lean, share, gate, now, late, felt = c
        # The load's lever and the fibres' length are those that are felt, a delay ago, and what the plan has changed
        # since (efference copy, a Smith predictor: Miall, Weir, Wolpert and Stein 1993, J Mot Behav 25:203).
        pitch = felt[0] + now[2] - late[0]
        pitch = gate * pitch if pitch > 0.0 else 0.0
        ankle_x = foot.ankle_x * cos(pitch) + foot.ankle_z * sin(pitch)
        front = joints.toe_front
        cop = foot.heel_x if cop < foot.heel_x else front if cop > front else cop
        moment = load * (cop - ankle_x)
        if gate > 0.0:
            error = late[0] - felt[0]
            bound = self._bound
            total = self._integral + gate * error * step
            self._integral = bound if total > bound else -bound if total < -bound else total
            moment += gate * (loop.stiffness * error - loop.damping * (felt[1] - late[1]))
        else:
            self._integral *= 1.0 - 2.0 * step
        moment += gate * loop.integral * self._integral
        unit, ratio = self._calf, self._ratio
        force = self._wish = moment / (unit.data.ankle * unit.force)
        calf, surplus = demand(unit, force, ratio * (pitch - sent_lean), ratio * sent_rate)
        # Toes press where the wished CoP lies ahead of the metatarsal heads; they have a lag of their own.
        back = -joints.toe_back * share
        toe = (cop if cop > back else back) * load - joints.toe_k * felt[0] * gate
        self.toe += (toe - self.toe) * step / _TOE_LAG_S
        # No further than the forefoot bears: a foot that is pushed over its edge is lost.
        edge = joints.pad_use * joints.pad_half
        turn = -load * (edge if cop_side > edge else -edge if cop_side < -edge else cop_side) * sign
        # The calf turns the heel inwards as it pulls; the others must make up for it.
        if moment > 0.0:
            turn -= moment * unit.data.subtalar / unit.data.ankle
        turn -= _INVERSION_K * sign * felt[2] + _INVERSION_C * sign * felt[3]
        evert = invert = _TONE + _TONE_RAISED * share
        deep = 0.0
        if turn < 0.0:
            evert += turn / self._evert_arm
        else:
            deep = _DEEP_SHARE * turn
            deep = deep if deep < _DEEP_MOST else _DEEP_MOST
            invert += (turn - deep) / self._invert_arm
        self.deep += (deep - self.deep) * step / _TOE_LAG_S
        # Weak evertors give less of all that is asked of them, tone too.
        evert *= self._evertors
        if surplus > 0.0:
            invert -= surplus * self._surplus
        return (
            calf if calf > 0.01 else 0.01,
            evert if evert < 0.8 else 0.8,
            invert if invert < 0.6 else 0.6,
        )

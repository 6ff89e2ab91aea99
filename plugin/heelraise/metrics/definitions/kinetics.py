"""Declarations: kinetics of the ankle by inverse dynamics; asked for by ``opensim.inverse_dynamics`` in a protocol.

Each is given for every repetition, and as the mean over three or more of them with the interval of their spread.
"""

from __future__ import annotations

from heelraise.metrics.model import Definition

_ID = "OpenSim, Delp et al. 2007, doi:10.1109/TBME.2007.901024; matched low-pass: Kristianslund et al. 2012"
_MOMENT = ("ankle_moment",)
_POWER = ("ankle_power",)

KINETICS: tuple[Definition, ...] = (
    Definition(
        "ankle_moment_peak",
        "N m",
        "Largest net plantarflexion moment about the model's ankle axis from the start of the rise to the end of the "
        "lowering, 6 Hz low-pass. Inverse dynamics of the foot under its own plate's force; motion and force pass the "
        "same 20 Hz low-pass first.",
        _ID,
        _MOMENT,
    ),
    Definition(
        "ankle_moment_mean_hold",
        "N m",
        "Mean net plantarflexion moment in the hold.",
        _ID,
        _MOMENT,
    ),
    Definition(
        "ankle_power_peak",
        "W",
        "Largest power of the ankle in the rise: moment times angular velocity about the same axis, 6 Hz low-pass.",
        "Winter 2009, Biomechanics and Motor Control, chapter 6",
        _POWER,
    ),
    Definition(
        "ankle_work_positive",
        "J",
        "Integral of positive ankle power over the rise, 6 Hz low-pass.",
        "Winter 2009, Biomechanics and Motor Control, chapter 6",
        _POWER,
    ),
    Definition(
        "ankle_work_negative",
        "J",
        "Integral of negative ankle power over the lowering, 6 Hz low-pass; negative.",
        "Winter 2009, Biomechanics and Motor Control, chapter 6",
        _POWER,
    ),
    Definition(
        "calf_load",
        "N m/kg",
        "Load of gastrocnemius and soleus: mean net plantarflexion moment in the hold over body mass. A joint moment, "
        "no muscle's force: other plantarflexors share it, and co-contraction does not show in it.",
        "heelraise",
        (*_MOMENT, "body mass"),
    ),
)

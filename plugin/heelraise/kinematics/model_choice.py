"""Which angle model the markers of a side allow."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from heelraise.errors import UsageError
from heelraise.kinematics.angle_model import AngleModel
from heelraise.kinematics.ankle_models import MODELS

#: Name of the model that is fitted by `heelraise.osim.angles` and not chosen here.
OPENSIM = "opensim"


@dataclass(frozen=True)
class ModelChoice:
    """The model for a side, or why there is none.

    Attributes
    ----------
    model : AngleModel or None
    reason : str
        Why this model, or what is missing for any.
    candidates : tuple of AngleModel
        Models whose roles are there, the chosen first.
    """

    model: AngleModel | None
    reason: str
    candidates: tuple[AngleModel, ...] = ()


def choose_model(
    roles: Collection[str],
    requested: str = "auto",
    *,
    side: str | None = None,
    models: Sequence[AngleModel] = MODELS,
) -> ModelChoice:
    """Choose the fullest model whose roles are there.

    Parameters
    ----------
    roles : collection of str
        Roles without side, or with a side's prefix when `side` is given.
    requested : str
        ``auto`` or a model's name.
    side : str, optional
        Take only the roles of this side.
    models : sequence of AngleModel
        In order of preference.

    Returns
    -------
    ModelChoice

    Raises
    ------
    UsageError
        If `requested` names no model.
    """
    own = {r.partition(".")[2] for r in roles if r.startswith(f"{side}.")} if side else set(roles)
    known = {model.name: model for model in models}
    if requested != "auto":
        if requested not in known:
            names = ", ".join(("auto", *known, OPENSIM))
            raise UsageError(f"no angle model is called '{requested}'", todo=f"known are {names}")
        missing = known[requested].missing(own)
        if missing:
            return ModelChoice(None, f"{requested} needs {'; '.join(missing)}")
        return ModelChoice(known[requested], "asked for", (known[requested],))
    passed = {model.name: model.missing(own) for model in models}
    fitting = tuple(model for model in models if not passed[model.name])
    if not fitting:
        last = models[-1].name
        return ModelChoice(None, f"no angle model fits: {last} needs {'; '.join(passed[last])}")
    fuller = models[: models.index(fitting[0])]
    if fuller:
        why = "; ".join(f"{m.name} needs {', '.join(passed[m.name])}" for m in fuller)
        return ModelChoice(fitting[0], f"fuller models are short of markers: {why}", fitting)
    return ModelChoice(fitting[0], "all its landmarks are there", fitting)

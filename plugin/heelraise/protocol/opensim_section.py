"""The section of a protocol that describes the kinematic model."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from heelraise.protocol.fields import NO_UNIT, Label, Section, impossible, setting

BUILT_IN = "built_in"


class OpenSim(Section):
    """The model and the solver of ``markers.angle_model: opensim``."""

    model: Label = setting(
        BUILT_IN,
        NO_UNIT,
        "Model: built_in (shank and foot, made to the size of the subject), or an .osim file beside the trial, in the "
        "working directory or at a path.",
    )
    scale: Literal["auto", "none", "static", "own"] = setting(
        "auto",
        NO_UNIT,
        "Scaling: none takes the model as it is, static scales it with OpenSim's ScaleTool and the static trial, own "
        "fits the built-in one to the markers of quiet stance; auto is own for built_in, none for a file.",
    )
    solver: Literal["batched", "opensim_tool"] = setting(
        "batched",
        NO_UNIT,
        "Solver: batched solves all frames at once, opensim_tool is OpenSim's InverseKinematicsTool.",
    )
    accuracy: float = setting(
        1e-9, "1", "Accuracy of opensim_tool; coarser than 1e-8 it removes small oscillations.", gt=0, le=1e-2
    )
    inverse_dynamics: bool = setting(
        False,
        NO_UNIT,
        "Compute the ankle's moment, power and work from the plate under each foot.",
    )
    markers: dict[Label, Label] = setting(
        {}, NO_UNIT, "Label of the trial for a marker of the model file, such as R.Heel: RHEE, where names differ."
    )
    weights: dict[Label, Annotated[float, Field(ge=0, le=1e6)]] = setting(
        {}, NO_UNIT, "Weight of a marker by its name in the model file, or its role with built_in (heel); 1 without."
    )

    @property
    def built_in(self) -> bool:
        """Whether the model is ours."""
        return self.model == BUILT_IN

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if self.built_in and self.scale in ("none", "static"):
            raise impossible(
                f"scale {self.scale} needs a model file, but the model is built_in",
                "scale",
                "model",
                todo="write scale: own, or name a model; a static trial serves the built-in model by itself",
            )
        if self.built_in and self.markers:
            raise impossible(
                "the built-in model takes markers by their roles, not by names",
                "markers",
                todo="name labels under markers.roles",
            )
        if not self.built_in and self.scale == "own":
            raise impossible(
                "own scaling is for the built-in model",
                "scale",
                "model",
                todo="write scale: static with a static trial, or scale: none for a model that is scaled already",
            )
        return self

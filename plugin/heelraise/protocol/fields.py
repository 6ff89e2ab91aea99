"""Building blocks of the protocol's models: every field has a description and a unit."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError

#: Unit of what is no quantity: names, switches, text.
NO_UNIT = "-"

#: The tremor stream is flat within 1 % here; no band can be measured outside of it.
TREMOR_STREAM_HZ = (2.0, 30.0)

Side = Literal["left", "right"]
SideOrBoth = Literal["left", "right", "both"]
PhaseName = Literal["stand_before", "rise", "hold", "lower", "stand_after", "stance", "supported_rest", "locomotion"]
Symptom = Literal["numbness", "weakness", "gait_change"]


class Section(BaseModel):
    """A mapping in the protocol: its keys are fixed, its types strict, its values never change."""

    # Deferred, because only Protocol's own validator is ever used and it contains those of all sections.
    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        strict=True,
        allow_inf_nan=False,
        defer_build=True,
    )


def setting(default: Any, unit: str, description: str, **limits: Any) -> Any:
    """A field with its unit, its description and its limits (``gt``, ``ge``, ``lt``, ``le`` ...)."""
    return Field(default, description=description, json_schema_extra={"unit": unit}, **limits)


def section(kind: type[Section], description: str) -> Any:
    """A field that holds a whole section with its own defaults."""
    # Constructed, not called: a call would build a second validator for each section (25 ms more in all).
    return Field(default_factory=kind.model_construct, description=description, json_schema_extra={"unit": NO_UNIT})


def impossible(message: str, *fields: str, todo: str = "") -> PydanticCustomError:
    """A value, or a combination of `fields`, that cannot be.

    The first of `fields` that stands in the file gives the place of the message; fields below the current
    section are written with dots.
    """
    context: dict[str, Any] = {"message": message, "todo": todo, "fields": fields}
    return PydanticCustomError("impossible", "{message}", context)


def _ascending(value: tuple[float, float]) -> tuple[float, float]:
    low, high = value
    if low >= high:
        raise impossible(f"the lower edge {low:g} is not below the upper edge {high:g}", todo="write [low, high]")
    return value


def _in_tremor_stream(value: tuple[float, float]) -> tuple[float, float]:
    least, most = TREMOR_STREAM_HZ
    if value[0] < least or value[1] > most:
        raise impossible(
            f"the band [{value[0]:g}, {value[1]:g}] Hz leaves the tremor stream of {least:g} to {most:g} Hz",
            todo=f"keep both edges within {least:g} and {most:g} Hz",
        )
    return value


def _distinct(value: tuple[Any, ...]) -> tuple[Any, ...]:
    if len(set(value)) < len(value):
        raise impossible("an entry stands in the list twice", todo="keep one of them")
    return value


# YAML knows lists only, and strict mode would refuse them for tuples.
Band = Annotated[
    tuple[float, float],
    Field(strict=False),
    AfterValidator(_ascending),
    AfterValidator(_in_tremor_stream),
]
Bands = Annotated[tuple[Band, ...], Field(strict=False, max_length=20), AfterValidator(_distinct)]
Symptoms = Annotated[tuple[Symptom, ...], Field(strict=False), AfterValidator(_distinct)]

Label = Annotated[str, Field(min_length=1, max_length=200)]
Text = Annotated[str, Field(max_length=2000)]
Identifier = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=64)]
#: A role of a marker or muscle: ``left.heel``, or ``sacrum`` where there is only one.
Role = Annotated[str, Field(pattern=r"^((left|right)\.)?[a-z][a-z0-9_]*$", max_length=64)]

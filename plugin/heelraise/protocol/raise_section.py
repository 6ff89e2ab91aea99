"""Section of a protocol that says at what tempo the heels rise and come down."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from heelraise.protocol.fields import Section, impossible, setting


def _durations(value: tuple[float, float]) -> tuple[float, float]:
    low, high = value
    if not 0 <= low < high <= 60:
        raise impossible(f"[{low:g}, {high:g}] s is no range of durations", todo="write [low, high] within 0 and 60 s")
    return value


Durations = Annotated[tuple[float, float], Field(strict=False), AfterValidator(_durations)]


class Tempo(Section):
    """How fast the raises are meant to be."""

    lower_s: Durations = setting(
        (3.0, 4.0), "s", "Durations of the lowering that keep the tempo, [shortest, longest], both included."
    )
    repetitions_per_min: float | None = setting(
        None, "1/min", "Raises per minute that the metronome asks for; stands beside the cadence.", gt=0, le=120
    )

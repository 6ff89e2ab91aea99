"""Detecting the causes of differences: what a reader with a certain error would see in a file.

Nothing here knows a file by name. A detector of a changed reading predicts it and compares.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import prod

import numpy as np

from heelraise.c3d import header as at
from heelraise.c3d.container import Container
from heelraise.c3d.corpus.views import (
    TOLERANCE,
    View,
    close,
    differing_fields,
    group_events,
    in_order,
    our_view,
    same_events,
)
from heelraise.c3d.header import BLOCK, MAX_HEADER_EVENTS
from heelraise.c3d.parameters import FLOAT, INTEGER, PREAMBLE, ParameterSection


@dataclass(frozen=True)
class Sight:
    """A file, our view of it, and a library's, which is None when it could not read the file."""

    container: Container
    ours: View
    theirs: View | None


def _number(container: Container, group: str, name: str, default: float = 0.0) -> float:
    return container.parameters.number(group, name, default, unsigned=True)


def noted(*codes: str) -> Callable[[Sight], bool]:
    """A detector of what our reading has noted."""
    return lambda sight: any(note.code in codes for note in sight.container.notes)


def is_mips(sight: Sight) -> bool:
    """The file is in the byte order of MIPS processors."""
    return sight.container.codec.name == "mips"


def offset_is_float(sight: Sight) -> bool:
    """ANALOG:OFFSET is stored as floats."""
    stored = sight.container.parameters.get("ANALOG", "OFFSET")
    return stored is not None and stored.kind == FLOAT


def has_long_description(sight: Sight) -> bool:
    """Whether a record's description has more bytes than a signed byte can count."""
    for record in sight.container.parameters.records:
        length = abs(record.raw[0] - 256 if record.raw[0] > 127 else record.raw[0])
        place = 2 + length + 2
        if record.parameter is not None:
            place += 2 + len(record.parameter.dims) + len(record.parameter.data)
        if place < len(record.raw) and record.raw[place] > 127:
            return True
    return False


def points_without_analogs(sight: Sight) -> bool:
    """ANALOG:RATE is missing, and the coordinates seen are those of frames without their analog words."""
    container, theirs = sight.container, sight.theirs
    if theirs is None or _number(container, "ANALOG", "RATE") > 0 or theirs.analogs.size:
        return False
    if not container.analog_count:
        return False
    if theirs.points.shape != sight.ours.points.shape:
        return False
    layout, (frames, points, _) = container.layout, sight.ours.points.shape
    words = np.concatenate([part.flatten() for _, part in container.frames()])
    quads = words[: 4 * frames * points].reshape(frames, points, 4)
    expected = container.codec.decode(quads[..., :3]) * (1.0 if layout.is_float else layout.scale)
    shown = np.isfinite(theirs.points)
    return bool(shown.any() and np.allclose(expected[shown], theirs.points[shown], rtol=TOLERANCE, atol=0))


def sees_no_point_group(sight: Sight) -> bool:
    """There is no POINT group, and neither points nor a frame rate are seen."""
    if sight.theirs is None or "POINT" in sight.container.parameters.groups:
        return False
    return not sight.theirs.points.size and sight.theirs.rates[0] == 0


def bytes_swapped(sight: Sight) -> bool:
    """Residuals are the high byte and masks the low one of the fourth word."""
    theirs, ours = sight.theirs, sight.ours
    if theirs is None or theirs.residuals.shape != ours.residuals.shape:
        return False
    scale = sight.container.layout.scale
    valid = ours.residuals >= 0
    low = np.rint(ours.residuals / scale).astype(np.int64) & 0x7F
    residuals = np.where(valid, ours.masks * scale, -1.0)
    return close(residuals, theirs.residuals) and bool(np.array_equal(np.where(valid, low, 0), theirs.masks))


def all_event_slots(sight: Sight) -> bool:
    """The header's events beyond its count are seen as well."""
    container, raw = sight.container, sight.container.header.raw
    if sight.theirs is None:
        return False
    slots = []
    for i in range(MAX_HEADER_EVENTS):
        place = at.EVENT_LABELS + 4 * i
        label = raw[place : place + 4].decode("latin-1").strip(" \0")
        time = container.codec.float_at(raw, at.EVENT_TIMES + 4 * i)
        if label or time:
            slots.append((label, time))
    return same_events(group_events(container) + in_order(slots), sight.theirs.events)


def counts_from_zero(sight: Sight) -> bool:
    """The first frame is stored as 0 and seen as 1."""
    return sight.container.header.first_frame == 0 and sight.theirs is not None and sight.theirs.first_frame == 1


def offset_without_sign(sight: Sight) -> bool:
    """Integer samples are seen as signed ones, and less the magnitude of the offset as a signed number."""
    container = sight.container
    if sight.theirs is None or sight.theirs.analogs.shape != sight.ours.analogs.shape:
        return False
    section, offset = container.parameters, container.parameters.get("ANALOG", "OFFSET")
    kept = tuple(
        r for r in section.records if r.parameter is None or r.parameter is not section.get("ANALOG", "FORMAT")
    )
    signed = replace(container, parameters=replace(section, records=kept))
    stored = container.parameters.numbers("ANALOG", "OFFSET", joined=True)
    if offset is None or offset.kind != INTEGER or stored.size < container.analog_count:
        return False
    lost = np.abs(stored) - stored
    return close(signed.analogs() - lost[: container.analog_count] * container.analog_scales, sight.theirs.analogs)


def _within_blocks(container: Container) -> ParameterSection | None:
    """The section up to the number of blocks that it states, None when that holds all of it."""
    section = container.parameters
    stop = section.raw[2] * BLOCK
    if stop >= section.end:
        return None
    position, kept = PREAMBLE, []
    for record in section.records:
        if position >= stop:
            break
        kept.append(record)
        position += len(record.raw)
    return replace(section, records=tuple(kept))


def stops_at_blocks(sight: Sight) -> bool:
    """Parameters behind the stated blocks are not seen, or their absence contradicts the header."""
    container, section = sight.container, _within_blocks(sight.container)
    if section is None:
        return False
    if sight.theirs is None:
        used = section.number("ANALOG", "USED", container.header.analog_words, unsigned=True)
        return used * container.header.analog_per_frame != container.header.analog_words
    return not differing_fields(our_view(replace(container, parameters=section)), sight.theirs)


def frames_as_last_frame(sight: Sight) -> bool:
    """After the frames that there are, others are seen, up to POINT:FRAMES as the number of the last frame."""
    container, ours, theirs = sight.container, sight.ours, sight.theirs
    if theirs is None or theirs.points.shape[0] <= container.frame_count:
        return False
    last = _number(container, "POINT", "FRAMES")
    frames, samples = container.frame_count, len(ours.analogs)
    begun = replace(
        theirs,
        points=theirs.points[:frames],
        residuals=theirs.residuals[:frames],
        masks=theirs.masks[:frames],
        analogs=theirs.analogs[:samples],
    )
    return theirs.points.shape[0] <= last - container.header.first_frame + 1 and not differing_fields(ours, begun)


def offset_comes_to_light(sight: Sight) -> bool:
    """An ANALOG:OFFSET of floats may lie behind the stated blocks, all of which a copy states."""
    return offset_is_float(sight) and _within_blocks(sight.container) is not None


def scales_disagree(sight: Sight) -> bool:
    """POINT:SCALE is not the header's scale."""
    stated = sight.container.parameters.number("POINT", "SCALE", 0.0)
    return bool(stated) and stated != sight.container.header.scale


def counts_disagree(sight: Sight) -> bool:
    """The header's counts are not those of POINT:USED and ANALOG:USED."""
    container = sight.container
    used = _number(container, "ANALOG", "USED", container.header.analog_words)
    points = _number(container, "POINT", "USED", container.header.point_count)
    words = used * container.header.analog_per_frame
    return words != container.header.analog_words or points != container.header.point_count


def frame_field_is_a_matrix(sight: Sight) -> bool:
    """TRIAL:ACTUAL_START_FIELD is a table of two words instead of a row."""
    stored = sight.container.parameters.get("TRIAL", "ACTUAL_START_FIELD")
    return stored is not None and len(stored.dims) == 2 and prod(stored.dims) == 2

"""What may be appended to a file, and how its tables take it in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from heelraise.c3d.base import ANALYSIS_TABLES, EVENT_TABLES, GROUP, OURS, Base
from heelraise.c3d.codec import FloatArray, is_plausible
from heelraise.c3d.coding import INT16_PEAK, AnalogCoding, analog_coding, peak_of
from heelraise.c3d.edit import SectionEdit
from heelraise.c3d.events import Event, has_pairs_of_times
from heelraise.c3d.layout import MAX_UINT16
from heelraise.c3d.parameters import CHARACTER
from heelraise.c3d.records import Content, content_of, text_table
from heelraise.errors import InputError

MAX_LABEL = 16
LINE = 128


@dataclass(frozen=True)
class AnalogChannel:
    """A channel to append.

    Attributes
    ----------
    label : str
        Up to 16 characters, unique among the appended ones.
    unit : str
    description : str
        A sentence; texts over 255 bytes are cut.
    samples : ndarray of float64, shape (N,)
        Finite, at the analog rate, or at the point rate where the file has no analog channels.
    """

    label: str
    unit: str
    description: str
    samples: FloatArray


@dataclass(frozen=True)
class AnalysisValue:
    """A scalar result for the ANALYSIS group.

    Attributes
    ----------
    name, context, unit, description : str
    value : float
    """

    name: str
    context: str
    unit: str
    value: float
    description: str


def check_channels(base: Base, channels: Sequence[AnalogChannel]) -> None:
    """Refuse channels that a C3D file cannot hold, which is the caller's mistake."""
    labels = [channel.label for channel in channels]
    if len(set(labels)) != len(labels):
        raise ValueError(f"Expected unique labels, but got {sorted(labels)}")
    expected = base.layout.frames * base.layout.per_frame
    for channel in channels:
        if not 0 < len(channel.label.encode()) <= MAX_LABEL:
            raise ValueError(f"Expected a label of 1 to {MAX_LABEL} characters, but got {channel.label!r}")
        if channel.samples.shape != (expected,):
            raise ValueError(f"Expected {expected} samples in {channel.label}, but got shape {channel.samples.shape}")
        if not np.isfinite(peak_of(channel.samples)):
            raise ValueError(f"Expected finite samples in {channel.label}")


def gen_scale_of(base: Base) -> float:
    """ANALOG:GEN_SCALE, 1 where the file has none."""
    return base.section.number("ANALOG", "GEN_SCALE", 1.0)


def codings_for(base: Base, channels: Sequence[AnalogChannel]) -> list[AnalogCoding]:
    """Scale and offset of each channel."""
    gen_scale = gen_scale_of(base)
    if channels and not is_plausible(gen_scale, 1e-30, 1e30):
        raise InputError("channels cannot be appended", why=f"ANALOG:GEN_SCALE is {gen_scale:g}")
    unsigned = base.section.samples_unsigned
    own = base.section.numbers("ANALOG", "OFFSET", joined=True, unsigned=True)[: base.layout.channels]
    return [
        analog_coding(
            channel.samples,
            base.source.codec,
            is_float=base.layout.is_float,
            gen_scale=gen_scale,
            unsigned=unsigned,
            upper_half=bool(np.any(own > INT16_PEAK)),
        )
        for channel in channels
    ]


def add_channels(
    edit: SectionEdit, base: Base, channels: Sequence[AnalogChannel], codings: Sequence[AnalogCoding]
) -> None:
    """Extend the ANALOG group, or make one."""
    if not channels:
        return
    at = base.layout.channels
    if at + len(channels) > MAX_UINT16:
        raise InputError(
            "channels cannot be appended",
            where=str(base.source.path),
            why=f"there would be {at + len(channels)} channels, and C3D counts to {MAX_UINT16}",
        )
    edit.set_count("ANALOG", "USED", at + len(channels))
    edit.insert_text("ANALOG", "LABELS", at, [channel.label for channel in channels])
    edit.insert_text("ANALOG", "DESCRIPTIONS", at, [channel.description for channel in channels])
    if edit.get("ANALOG", "GEN_SCALE") is None:
        edit.put("ANALOG", "GEN_SCALE", content_of(1.0, edit.codec))
    edit.insert_numbers("ANALOG", "SCALE", at, [coding.scale for coding in codings], filler=1.0)
    edit.insert_numbers("ANALOG", "OFFSET", at, [coding.offset for coding in codings], filler=0, whole=True)
    edit.insert_text("ANALOG", "UNITS", at, [channel.unit for channel in channels])
    rate = base.layout.point_rate * base.layout.per_frame
    stated = base.section.number("ANALOG", "RATE", 0.0)
    if rate > 0 and (stated <= 0 or (at == 0 and abs(stated - rate) > 1e-3 * rate)):
        edit.put("ANALOG", "RATE", content_of(rate, edit.codec))


def add_events(edit: SectionEdit, base: Base, events: Sequence[Event]) -> None:
    """Add to the EVENT group: the tables that readers need, and those that the file has."""
    if not events:
        return
    at = _used(edit, "EVENT", "LABELS")
    if at and not has_pairs_of_times(base.section):
        raise InputError(
            "events cannot be appended",
            where=str(base.source.path),
            why="EVENT:TIMES of the file's own events does not hold pairs of minutes and seconds",
        )
    edit.set_count("EVENT", "USED", at + len(events))
    edit.insert_text("EVENT", "CONTEXTS", at, [event.context for event in events])
    edit.insert_text("EVENT", "LABELS", at, [event.label for event in events])
    times = [divmod(event.time_s, 60.0) if event.time_s >= 0 else (0.0, event.time_s) for event in events]
    raws = [edit.codec.encode(np.array(time)).tobytes() for time in times]
    kind, shape = EVENT_TABLES["TIMES"]
    edit.insert("EVENT", "TIMES", at, raws, kind=kind, shape=shape, filler=bytes(8))
    _add_subjects(edit, "EVENT", at, len(events))
    if edit.get("EVENT", "DESCRIPTIONS") is not None:
        edit.insert_text("EVENT", "DESCRIPTIONS", at, [""] * len(events))
    for name in ("ICON_IDS", "GENERIC_FLAGS"):
        if edit.get("EVENT", name) is not None:
            edit.insert_numbers("EVENT", name, at, [0] * len(events), filler=0, whole=True)


def add_analysis(edit: SectionEdit, values: Sequence[AnalysisValue]) -> None:
    """Add to the ANALYSIS group."""
    if not values:
        return
    at = _used(edit, "ANALYSIS", "NAMES")
    edit.set_count("ANALYSIS", "USED", at + len(values))
    edit.insert_text("ANALYSIS", "NAMES", at, [value.name for value in values])
    edit.insert_text("ANALYSIS", "CONTEXTS", at, [value.context for value in values])
    edit.insert_text("ANALYSIS", "DESCRIPTIONS", at, [value.description for value in values])
    edit.insert_text("ANALYSIS", "UNITS", at, [value.unit for value in values])
    edit.insert_numbers("ANALYSIS", "VALUES", at, [value.value for value in values], filler=0.0)
    _add_subjects(edit, "ANALYSIS", at, len(values))


def _used(edit: SectionEdit, group: str, table: str) -> int:
    """Entries in use: USED, else the length of the table that names them."""
    parameter = edit.get(group, "USED")
    values = parameter.numbers(unsigned=True).ravel() if parameter is not None else np.empty(0)
    length = len(edit.table(group, table, CHARACTER).entries)
    used = values[0] if values.size and np.isfinite(values[0]) else length
    # An entry without a time or value is none, whatever USED says: padding up to it would invent one.
    kind, shape = EVENT_TABLES["TIMES"] if group == "EVENT" else ANALYSIS_TABLES["VALUES"]
    held = len(edit.table(group, "TIMES" if group == "EVENT" else "VALUES", kind, shape).entries)
    return int(min(max(used, 0), held))


def _add_subjects(edit: SectionEdit, group: str, at: int, count: int) -> None:
    if edit.get(group, "SUBJECTS") is not None:
        known = edit.text_entries(group, "SUBJECTS")
        edit.insert_text(group, "SUBJECTS", at, [known[0] if known else ""] * count)


def add_provenance(
    edit: SectionEdit,
    channels: Sequence[AnalogChannel],
    events: Sequence[Event],
    analysis: Sequence[AnalysisValue],
    provenance: Mapping[str, str],
) -> None:
    """Make the HEELRAISE group: what is ours in this file, and where it comes from."""
    names = {
        "CHANNELS": [channel.label for channel in channels],
        "EVENT": sorted({event.label for event in events}),
        "ANALYSIS": sorted({value.name for value in analysis}),
    }
    for name, entries in names.items():
        if entries:
            edit.insert_text(GROUP, name, 0, entries)
    reserved = set(OURS) & {name.upper() for name in provenance}
    if reserved:
        raise ValueError(f"Expected other names than {sorted(reserved)} in the provenance")
    for name, text in provenance.items():
        edit.put(GROUP, name, _lines(text))


def _lines(text: str) -> Content:
    """Text as one entry, or as several where it is too long for one."""
    raw = text.encode("latin-1", "replace")
    if len(raw) <= 255:
        return text_table([text])
    return text_table([text[i : i + LINE] for i in range(0, len(text), LINE)][:255], LINE)

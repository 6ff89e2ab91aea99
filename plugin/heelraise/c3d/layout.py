"""What lies in the data section: decided from header, parameters and, where they differ, the file's size."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

from heelraise.c3d.codec import is_plausible
from heelraise.c3d.frame_count import MAX_UINT16, count_frames, fills, first_frame, stated_counts
from heelraise.c3d.header import BLOCK, Header
from heelraise.c3d.parameters import ParameterSection
from heelraise.notes import Note

__all__ = ["MAX_UINT16", "Layout", "data_stop", "resolve_layout"]


@dataclass(frozen=True)
class Layout:
    """The data section's shape.

    Attributes
    ----------
    points, channels, per_frame, frames : int
        Markers, analog channels, analog samples per channel and frame, whole frames in the file.
    is_float : bool
        Floats (True) or 16-bit integers.
    scale : float
        Positive point scale: file units per integer, or residual units per count.
    start : int
        Byte offset of the first frame.
    first_frame : int
        Number of the first frame (from 1 in most files).
    point_rate, analog_rate : float
        Hz; 0 where the file gives no rate.
    counted_by_size : bool
        The frames were counted from the file's size: it states none, or more than it holds.
    filled : bool
        Of frames so counted, those that are but the zeros up to the end of the last block are left out.
    """

    points: int
    channels: int
    per_frame: int
    frames: int
    is_float: bool
    scale: float
    start: int
    first_frame: int
    point_rate: float
    analog_rate: float
    counted_by_size: bool = False
    filled: bool = False

    @property
    def word_bytes(self) -> int:
        """Bytes of one stored number."""
        return 4 if self.is_float else 2

    @property
    def frame_words(self) -> int:
        """Stored numbers in one frame."""
        return 4 * self.points + self.channels * self.per_frame

    @property
    def frame_bytes(self) -> int:
        """Bytes of one frame."""
        return self.frame_words * self.word_bytes

    @property
    def end(self) -> int:
        """Byte offset behind the last whole frame."""
        return self.start + self.frames * self.frame_bytes


@dataclass(frozen=True)
class _Shape:
    points: int
    analog_words: int
    is_float: bool

    @property
    def frame_bytes(self) -> int:
        return (4 * self.points + self.analog_words) * (4 if self.is_float else 2)


def resolve_layout(header: Header, section: ParameterSection, size: int, section_end: int) -> tuple[Layout, list[Note]]:
    """Decide the layout of the data section.

    Parameters
    ----------
    header : Header
    section : ParameterSection
    size : int
        Bytes in the file.
    section_end : int
        Byte offset where the parameter section says that it ends.

    Returns
    -------
    layout : Layout
        `frames` never exceeds what the file holds.
    notes : list of Note
    """
    notes: list[Note] = []
    counts = stated_counts(header, section)
    start = _data_start(header, section, size, section_end, counts, notes)
    available = data_stop(header, section, start, size) - start
    shape = _shape(header, section, available, counts, notes)
    frames, by_size = count_frames(header, counts, shape.frame_bytes, available, notes)
    per_frame = _per_frame(header, section, shape.analog_words, notes)
    point_rate, analog_rate = _rates(header, section, per_frame, shape.analog_words > 0, notes)
    layout = Layout(
        points=shape.points,
        channels=shape.analog_words // per_frame,
        per_frame=per_frame,
        frames=frames,
        is_float=shape.is_float,
        scale=_scale(header, section, shape.is_float, notes),
        start=start,
        first_frame=first_frame(header, section),
        point_rate=point_rate,
        analog_rate=analog_rate,
        counted_by_size=by_size,
    )
    return layout, notes


def _data_start(
    header: Header, section: ParameterSection, size: int, section_end: int, counts: list[int], notes: list[Note]
) -> int:
    """The header's start of the data section, unless only another one is filled by the stated frames."""
    parameter = int(section.number("POINT", "DATA_START", 0, unsigned=True))
    blocks = [block for block in (header.data_block, parameter) if block > 1 and (block - 1) * BLOCK <= size]
    if not blocks:
        notes.append(
            Note(
                "data_start_missing",
                "No usable start of the data section is given; it is taken to follow the parameters.",
            )
        )
        return section_end
    starts = [(block - 1) * BLOCK for block in blocks]
    parameter_start = (header.parameter_block - 1) * BLOCK
    if parameter_start <= starts[0] < parameter_start + section.end and section_end <= size:
        # Samples cannot begin among the parameters.
        starts.append(section_end)
    start = starts[0]
    if len(set(starts)) > 1:
        shapes = _shapes(header, section)
        start = next((start for start in starts if _any_fills(header, section, shapes, start, size, counts)), start)
    used = start // BLOCK + 1
    if used != header.data_block or (parameter > 1 and parameter != used):
        stated = f"{header.data_block} in the header and {parameter} in POINT:DATA_START"
        notes.append(Note("data_start_disagrees", f"The data section's first block is {stated}; block {used} is used."))
    return start


def _any_fills(
    header: Header, section: ParameterSection, shapes: list[_Shape], start: int, size: int, counts: list[int]
) -> bool:
    available = data_stop(header, section, start, size) - start
    return any(fills(shape.frame_bytes, available, counts) for shape in shapes)


def data_stop(header: Header, section: ParameterSection, start: int, size: int) -> int:
    """End of the bytes that frames may use: rotations, or the parameters, may have a section behind them."""
    rotation = (int(section.number("ROTATION", "DATA_START", 0, unsigned=True)) - 1) * BLOCK
    parameters = (header.parameter_block - 1) * BLOCK
    return min([stop for stop in (rotation, parameters) if start < stop < size], default=size)


def _shapes(header: Header, section: ParameterSection) -> list[_Shape]:
    """Points, analog words and number format in every combination that the file states, the header's first."""
    parameter_scale = section.number("POINT", "SCALE", 0)
    stated = header.scale if is_plausible(header.scale, 1e-30, 1e30) else parameter_scale
    is_float = stated <= 0
    used_points = section.number("POINT", "USED", header.point_count, unsigned=True)
    used_channels = section.number("ANALOG", "USED", -1, unsigned=True)
    per_frame = header.analog_per_frame or _rate_ratio(header, section) or 1
    used_words = header.analog_words if used_channels < 0 else used_channels * per_frame
    formats = [is_float]
    if stated == 0 or (parameter_scale and (parameter_scale <= 0) != is_float):
        formats.append(not is_float)
    return [
        _Shape(int(points), int(words), floats)
        for floats, words, points in product(
            formats, (header.analog_words, used_words), (header.point_count, used_points)
        )
        if 0 <= points <= MAX_UINT16 and 0 <= words <= MAX_UINT16 * MAX_UINT16
    ]


def _shape(header: Header, section: ParameterSection, available: int, counts: list[int], notes: list[Note]) -> _Shape:
    """The header's counts and format unless only another choice fills the data section."""
    shapes = _shapes(header, section)
    chosen = next((shape for shape in shapes if fills(shape.frame_bytes, available, counts)), None)
    if chosen is None:
        chosen = next((shape for shape in shapes if 0 < shape.frame_bytes <= available), shapes[0])
    if chosen != shapes[0]:
        notes.append(
            Note(
                "header_disagrees",
                f"The header's counts do not match the data section; {chosen.points} points and "
                f"{chosen.analog_words} analog words per frame from the parameters do.",
            )
        )
    elif len(set(shapes)) > 1:
        notes.append(
            Note(
                "parameters_disagree",
                "POINT:USED, ANALOG:USED or POINT:SCALE differ from the header, whose counts are used.",
            )
        )
    return chosen


def _rate_ratio(header: Header, section: ParameterSection) -> int:
    """Analog samples per frame by the two rates, 0 when they give no whole number."""
    analog = section.number("ANALOG", "RATE", 0)
    point = section.number("POINT", "RATE", 0) or header.rate
    if not (is_plausible(analog, 1e-3, 1e7) and is_plausible(point, 1e-3, 1e6)):
        return 0
    ratio = analog / point
    return round(ratio) if ratio < MAX_UINT16 and abs(ratio - round(ratio)) < 0.01 * ratio else 0


def _per_frame(header: Header, section: ParameterSection, words: int, notes: list[Note]) -> int:
    """Samples per channel and frame: a stated number that divides the words, best into ANALOG:USED."""
    if words == 0:
        return 1
    used = int(section.number("ANALOG", "USED", 0, unsigned=True))
    by_used = words // used if used > 0 and words % used == 0 else 0
    stated = (header.analog_per_frame, _rate_ratio(header, section), by_used)
    whole = [count for count in stated if count > 0 and words % count == 0]
    if not whole:
        notes.append(Note("analog_layout_unknown", f"{words} analog words per frame are taken as {words} channels."))
        return 1
    chosen = next((count for count in whole if words // count == used), whole[0])
    if chosen != header.analog_per_frame:
        notes.append(
            Note(
                "analog_per_frame_disagrees",
                f"The header's {header.analog_per_frame} analog samples per frame do not fit; {chosen} do.",
            )
        )
    return chosen


def _rates(
    header: Header, section: ParameterSection, per_frame: int, has_analogs: bool, notes: list[Note]
) -> tuple[float, float]:
    stated = section.number("ANALOG", "RATE", 0)
    analog = stated if stated > 0 and is_plausible(stated, 1e-3, 1e7) else 0.0
    candidates = (section.number("POINT", "RATE", 0), header.rate, analog / per_frame)
    point = next((rate for rate in candidates if rate > 0 and is_plausible(rate, 1e-3, 1e6)), 0.0)
    if point == 0:
        notes.append(Note("rate_missing", "No sampling rate is given: times are unknown."))
        return 0.0, 0.0
    if point != candidates[0]:
        notes.append(Note("point_rate_missing", f"POINT:RATE is missing or zero; {point:g} Hz is used."))
    elif is_plausible(header.rate, 1e-3, 1e6) and abs(header.rate - point) > 1e-3 * point:
        notes.append(
            Note(
                "point_rate_disagrees",
                f"The header's rate is {header.rate:g} Hz; POINT:RATE, {point:g} Hz, is used.",
            )
        )
    if has_analogs and abs(analog - point * per_frame) > 1e-3 * point * per_frame:
        notes.append(
            Note(
                "analog_rate_disagrees",
                f"ANALOG:RATE is {f'{analog:g} Hz' if analog else 'missing or zero'}; the data section holds "
                f"{per_frame} samples in each frame, {point * per_frame:g} Hz.",
            )
        )
    return point, point * per_frame


def _scale(header: Header, section: ParameterSection, is_float: bool, notes: list[Note]) -> float:
    parameter = section.number("POINT", "SCALE", 0)
    for scale in (header.scale, parameter):
        if is_plausible(scale, 1e-30, 1e30):
            if scale != header.scale:
                text = f"The header's point scale is {header.scale:g}; POINT:SCALE, {parameter:g}, is used."
                notes.append(Note("scale_disagrees", text))
            elif not is_float and parameter and abs(abs(parameter) - abs(scale)) > 1e-6 * abs(scale):
                notes.append(Note("scale_disagrees", f"POINT:SCALE is {parameter:g}; the header's {scale:g} is used."))
            return abs(scale)
    notes.append(Note("scale_missing", "No usable point scale is given; 1 is used."))
    return 1.0

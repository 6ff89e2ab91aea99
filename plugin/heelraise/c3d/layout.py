"""What lies in the data section: decided from header, parameters and, where they differ, the file's size."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

from heelraise.c3d.codec import is_plausible
from heelraise.c3d.header import BLOCK, Header
from heelraise.c3d.parameters import ParameterSection
from heelraise.notes import Note

MAX_UINT16 = 0xFFFF


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
    start = _data_start(header, section, size, section_end, notes)
    stop = _data_stop(section, start, size)
    counts = _frame_counts(header, section)
    shape = _shape(header, section, stop - start, counts, notes)
    frames, by_size = _frames(shape, stop - start, counts, notes)
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
        first_frame=_first_frame(header, section),
        point_rate=point_rate,
        analog_rate=analog_rate,
        counted_by_size=by_size,
    )
    return layout, notes


def _data_start(header: Header, section: ParameterSection, size: int, section_end: int, notes: list[Note]) -> int:
    parameter = int(section.number("POINT", "DATA_START", 0, unsigned=True))
    blocks = (header.data_block, parameter)
    usable = [block for block in blocks if block > 1 and (block - 1) * BLOCK <= size]
    if not usable:
        notes.append(
            Note(
                "data_start_missing",
                "No usable start of the data section is given; it is taken to follow the parameters.",
            )
        )
        return section_end
    if usable[0] != header.data_block:
        notes.append(Note("data_start_disagrees", "The header's data start is unusable; POINT:DATA_START is used."))
    elif 1 < parameter != header.data_block:
        notes.append(
            Note(
                "data_start_disagrees",
                f"POINT:DATA_START is {parameter}; the header's {header.data_block} is used.",
            )
        )
    return (usable[0] - 1) * BLOCK


def _data_stop(section: ParameterSection, start: int, size: int) -> int:
    """End of the bytes that frames may use: rotation data has a section of its own behind them."""
    rotation = (int(section.number("ROTATION", "DATA_START", 0, unsigned=True)) - 1) * BLOCK
    return rotation if start < rotation < size else size


def _frame_counts(header: Header, section: ParameterSection) -> list[int]:
    """Frame counts that the file states, the most trusted first."""
    counts = []
    first, last = (_field(section, name) for name in ("ACTUAL_START_FIELD", "ACTUAL_END_FIELD"))
    if first is not None and last is not None and _agrees(first, header.first_frame):
        counts.append(last - first + 1)
    counts.append(header.last_frame - header.first_frame + 1 if header.last_frame else 0)
    counts.append(int(min(max(section.number("POINT", "LONG_FRAMES", 0), 0), 2**40)))
    counts.append(int(section.number("POINT", "FRAMES", 0, unsigned=True)))
    return [count for count in counts if count > 0]


def _field(section: ParameterSection, name: str) -> int | None:
    """A frame number of the TRIAL group, stored as low and high 16-bit words."""
    values = section.numbers("TRIAL", name, unsigned=True).ravel()
    if values.size != 2 or not all(0 <= value <= MAX_UINT16 for value in values):
        return None
    return int(values[0]) + int(values[1]) * (MAX_UINT16 + 1)


def _agrees(frame: int, stored: int) -> bool:
    return stored in (frame & MAX_UINT16, min(frame, MAX_UINT16))


def _first_frame(header: Header, section: ParameterSection) -> int:
    first = _field(section, "ACTUAL_START_FIELD")
    return first if first is not None and _agrees(first, header.first_frame) else header.first_frame


def _shape(header: Header, section: ParameterSection, available: int, counts: list[int], notes: list[Note]) -> _Shape:
    """Points, analog words and number format: the header's unless only another choice fills the file."""
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
    shapes = [
        _Shape(int(points), int(words), floats)
        for floats, words, points in product(
            formats, (header.analog_words, used_words), (header.point_count, used_points)
        )
        if 0 <= points <= MAX_UINT16 and 0 <= words <= MAX_UINT16 * MAX_UINT16
    ]
    chosen = next((shape for shape in shapes if _fills(shape, available, counts)), None)
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


def _fills(shape: _Shape, available: int, counts: list[int]) -> bool:
    return shape.frame_bytes > 0 and any(0 <= available - count * shape.frame_bytes < BLOCK for count in counts)


def _frames(shape: _Shape, available: int, counts: list[int], notes: list[Note]) -> tuple[int, bool]:
    """Whole frames that are really there, and whether only the file's size says so."""
    if shape.frame_bytes == 0:
        return (counts[0] if counts and counts[0] <= MAX_UINT16 else 0), False
    held = max(available // shape.frame_bytes, 0)
    if not counts:
        notes.append(Note("frame_count_missing", f"No frame count is given; the data section holds {held} frames."))
        return held, True
    filling = [count for count in counts if _fills(shape, available, [count])]
    if filling:
        if filling[0] != counts[0]:
            notes.append(
                Note(
                    "frame_count_disagrees",
                    f"{counts[0]} frames are stated, {filling[0]} are in the data section.",
                )
            )
        return filling[0], False
    possible = [count for count in counts if count <= held]
    if not possible:
        notes.append(
            Note(
                "file_truncated",
                f"{min(counts)} frames are stated, the data section holds {held} whole ones.",
            )
        )
        return held, True
    if possible[0] != counts[0]:
        notes.append(
            Note(
                "frame_count_disagrees",
                f"{counts[0]} frames are stated, {possible[0]} are read from room for {held}.",
            )
        )
    else:
        notes.append(Note("trailing_data", f"The file goes on behind the {possible[0]} stated frames."))
    return possible[0], False


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
            if not is_float and parameter and abs(abs(parameter) - abs(scale)) > 1e-6 * abs(scale):
                notes.append(Note("scale_disagrees", f"POINT:SCALE is {parameter:g}; the header's {scale:g} is used."))
            return abs(scale)
    notes.append(Note("scale_missing", "No usable point scale is given; 1 is used."))
    return 1.0

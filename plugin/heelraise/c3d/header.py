"""The header block of a C3D file: 256 words, positions as in the C3D manual ("The header section")."""

from __future__ import annotations

from dataclasses import dataclass

from heelraise.c3d.codec import Codec

BLOCK = 512
MAGIC = 0x50
LABEL_KEY = 12345
MAX_HEADER_EVENTS = 18

POINTS, ANALOG_WORDS, FIRST, LAST, GAP = 2, 4, 6, 8, 10
SCALE, DATA_BLOCK, PER_FRAME, RATE = 12, 16, 18, 20
RANGE_KEY, RANGE_BLOCK = 294, 296
EVENT_KEY, EVENT_COUNT, EVENT_TIMES, EVENT_FLAGS, EVENT_LABELS = 298, 300, 304, 376, 396


@dataclass(frozen=True)
class HeaderEvent:
    """An event of the header: a label of up to 4 characters and a time in seconds as stored."""

    label: str
    time_s: float
    shown: bool


@dataclass(frozen=True)
class Header:
    """The header as stored, nothing corrected.

    Attributes
    ----------
    parameter_block, data_block : int
        First block (of 512 bytes, counted from 1) of the parameter and data sections.
    point_count, analog_words : int
        Markers, and analog samples (channels times samples) in one frame.
    first_frame, last_frame : int
        Frame numbers, which wrap beyond 65535.
    max_gap : int
        Longest interpolated gap (frames).
    scale : float
        Point scale; negative when the data section holds floats.
    analog_per_frame : int
        Analog samples per channel in one frame.
    rate : float
        Frame rate (Hz).
    events : tuple of HeaderEvent
        Events with 4-character labels, where the header has them.
    raw : bytes
        The block itself.
    """

    parameter_block: int
    point_count: int
    analog_words: int
    first_frame: int
    last_frame: int
    max_gap: int
    scale: float
    data_block: int
    analog_per_frame: int
    rate: float
    events: tuple[HeaderEvent, ...]
    raw: bytes


def parse_header(raw: bytes, codec: Codec) -> Header:
    """Read the header from its 512 bytes in the byte order of the file's processor."""
    word = codec.uint16_at
    return Header(
        parameter_block=raw[0],
        point_count=word(raw, POINTS),
        analog_words=word(raw, ANALOG_WORDS),
        first_frame=word(raw, FIRST),
        last_frame=word(raw, LAST),
        max_gap=word(raw, GAP),
        scale=codec.float_at(raw, SCALE),
        data_block=word(raw, DATA_BLOCK),
        analog_per_frame=word(raw, PER_FRAME),
        rate=codec.float_at(raw, RATE),
        events=_parse_events(raw, codec),
        raw=raw,
    )


def _parse_events(raw: bytes, codec: Codec) -> tuple[HeaderEvent, ...]:
    # The key also allows 2-character labels (another value), which nobody writes any more.
    if codec.uint16_at(raw, EVENT_KEY) != LABEL_KEY:
        return ()
    count = min(codec.uint16_at(raw, EVENT_COUNT), MAX_HEADER_EVENTS)
    return tuple(
        HeaderEvent(
            label=raw[EVENT_LABELS + 4 * i : EVENT_LABELS + 4 * i + 4].decode("latin-1").strip(" \0"),
            time_s=codec.float_at(raw, EVENT_TIMES + 4 * i),
            # The manual's flag is 0 for "on"; writers disagree, so it is kept but never acted upon.
            shown=raw[EVENT_FLAGS + i] == 0,
        )
        for i in range(count)
    )


def patched(raw: bytes, changes: dict[int, bytes]) -> bytes:
    """Copy a block with some byte ranges replaced (offset to new bytes)."""
    block = bytearray(raw)
    for offset, new in changes.items():
        block[offset : offset + len(new)] = new
    return bytes(block)

"""What is appended to: a file as it was before we added anything to it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import prod

import numpy as np
import numpy.typing as npt

from heelraise.c3d import undo
from heelraise.c3d.container import Container
from heelraise.c3d.edit import SectionEdit
from heelraise.c3d.header import (
    ANALOG_WORDS,
    BLOCK,
    DATA_BLOCK,
    LABEL_KEY,
    RANGE_BLOCK,
    RANGE_KEY,
    Header,
    parse_header,
    patched,
)
from heelraise.c3d.layout import MAX_UINT16, Layout, resolve_layout
from heelraise.c3d.opening import section_bytes
from heelraise.c3d.parameters import (
    BYTE,
    CHARACTER,
    FLOAT,
    INTEGER,
    MAX_SECTION_BLOCKS,
    PREAMBLE,
    ParameterSection,
    parse_section,
)
from heelraise.c3d.records import join_section
from heelraise.errors import InputError

GROUP = "HEELRAISE"
UNDO = "UNDO"
SEAL = "SEAL"
# Names in our group that tell what in the file is ours.
OURS = ("CHANNELS", "EVENT", "ANALYSIS", UNDO, SEAL)
CHANNEL_TABLES = {
    "LABELS": CHARACTER,
    "DESCRIPTIONS": CHARACTER,
    "UNITS": CHARACTER,
    "SCALE": FLOAT,
    "OFFSET": INTEGER,
}
EVENT_TABLES = {
    "LABELS": (CHARACTER, ()),
    "CONTEXTS": (CHARACTER, ()),
    "DESCRIPTIONS": (CHARACTER, ()),
    "SUBJECTS": (CHARACTER, ()),
    "TIMES": (FLOAT, (2,)),
    "ICON_IDS": (INTEGER, ()),
    "GENERIC_FLAGS": (INTEGER, ()),
}
ANALYSIS_TABLES = {
    "NAMES": (CHARACTER, ()),
    "CONTEXTS": (CHARACTER, ()),
    "DESCRIPTIONS": (CHARACTER, ()),
    "SUBJECTS": (CHARACTER, ()),
    "UNITS": (CHARACTER, ()),
    "VALUES": (FLOAT, ()),
}


@dataclass(frozen=True)
class Base:
    """A file without our additions, its samples still in the file they are read from.

    Attributes
    ----------
    source : Container
        Where the samples are.
    head : bytes
        Everything before the data section.
    header : Header
    section : ParameterSection
    layout : Layout
        Of the file without our channels.
    keep : ndarray of int, shape (layout.channels,)
        The source's channels that are the original's.
    padding : bytes
        What lay between the last frame and the next block.
    trailing_start : int
        Offset in the source of what follows the padding (another section, or half a frame).
    replaced : tuple of str
        Labels of our channels that the source carries.
    restored : bool
        Whether `head` and `padding` are the original's to the byte.
    """

    source: Container
    head: bytes
    header: Header
    section: ParameterSection
    layout: Layout
    keep: npt.NDArray[np.intp]
    padding: bytes
    trailing_start: int
    replaced: tuple[str, ...] = ()
    restored: bool = True

    @property
    def trailing_size(self) -> int:
        """Bytes behind the padding."""
        return self.source.size - self.trailing_start


def read_bytes(source: Container, start: int, stop: int) -> bytes:
    """Bytes of the file from start to stop."""
    with source.open() as stream:
        stream.seek(start)
        raw: bytes = stream.read(max(0, min(stop, source.size) - start))
    return raw


def base_of(source: Container) -> Base:
    """The file without what an earlier run of ours appended.

    Raises
    ------
    InputError
        The layout of the file cannot be extended.
    """
    head = read_bytes(source, 0, source.layout.start)
    if len(head) < source.layout.start:
        raise InputError("channels cannot be appended", where=str(source.path), why="it holds no samples at all")
    if (source.header.parameter_block - 1) * BLOCK >= source.layout.start:
        return _turned(source, head)
    if (source.header.parameter_block - 1) * BLOCK + source.parameters.end > source.layout.start:
        raise InputError(
            "channels cannot be appended", where=str(source.path), why="its parameters reach into its samples"
        )
    labels = tuple(source.parameters.strings(GROUP, "CHANNELS", joined=True))
    if all(source.parameters.get(GROUP, name) is None for name in OURS):
        padding, behind = _padding(source)
        keep = np.arange(source.layout.channels)
        return Base(source, head, source.header, source.parameters, source.layout, keep, padding, behind)
    return _restored(source, head, labels) or _stripped(source, head, labels)


def is_untouched(source: Container, head: bytes | None = None) -> bool:
    """Whether the header and the parameters of a file are as we have written them."""
    seal = source.parameters.get(GROUP, SEAL)
    if seal is None or seal.kind != BYTE:
        return False
    return undo.is_sealed(read_bytes(source, 0, source.layout.start) if head is None else head, seal.data)


def _padding(source: Container) -> tuple[bytes, int]:
    """What fills the last block of samples, and where that ends."""
    end = source.layout.end
    # Where the size alone counts the frames, padding would add some.
    by_size = source.layout.counted_by_size and not source.layout.filled
    behind = end if by_size else min(end + (-end) % BLOCK, source.size)
    return read_bytes(source, end, behind), behind


def _turned(source: Container, head: bytes) -> Base:
    """The file with its parameters in front of its samples, where they are not behind them.

    Samples that grow would push parameters behind them out of reach: the header has one byte for their block.
    """
    start, old = source.layout.start, (source.header.parameter_block - 1) * BLOCK
    if len(source.parameters.raw) < PREAMBLE:
        raise InputError("channels cannot be appended", where=str(source.path), why="it has no parameters")
    padding, behind = _padding(source)
    needed = -(-(source.parameters.end + 2) // BLOCK)
    alone = behind == old
    # Taken out where it follows the samples at once, left as dead bytes where it does not.
    blocks = max(source.parameters.raw[2], needed) if alone else needed

    def moved(block: int) -> int:
        at = (block - 1) * BLOCK
        return block if at < start or (alone and at > old) else block + blocks

    edit = SectionEdit(source.parameters)
    for group in ("POINT", "ROTATION"):
        stored = edit.get(group, "DATA_START")
        block = int(source.parameters.number(group, "DATA_START", 0, unsigned=True))
        if stored is not None and prod(stored.dims) == 1 and moved(block) <= MAX_UINT16:
            edit.set_count(group, "DATA_START", moved(block))
    raws = [record.raw for record in edit.records]
    raw = join_section(raws, source.parameters.raw[:PREAMBLE], source.codec, blocks=blocks)
    if raw is None:
        raise InputError("channels cannot be appended", where=str(source.path), why="its parameters fill 255 blocks")
    pack, block = source.codec.pack_uint16, start // BLOCK + 1
    front = patched(head[:BLOCK], {0: bytes([block]), DATA_BLOCK: pack(block + blocks)})
    if source.codec.uint16_at(front, RANGE_KEY) == LABEL_KEY:
        ranges = moved(source.codec.uint16_at(front, RANGE_BLOCK))
        front = patched(front, {RANGE_BLOCK: pack(min(ranges, MAX_UINT16))})
    section, _ = parse_section(raw, source.codec)
    return Base(
        source,
        front + head[BLOCK:] + raw,
        parse_header(front, source.codec),
        section,
        replace(source.layout, start=start + len(raw)),
        np.arange(source.layout.channels),
        padding,
        min(behind + blocks * BLOCK, source.size) if alone else behind,
        restored=False,
    )


def split_gap(head: bytes, start: int, section: ParameterSection) -> tuple[int, bytes]:
    """Bytes that the section takes up, and what lies between it and the samples.

    The section's block count may be too small, or so large that it reaches into the samples.
    """
    old = head[start:]
    needed = -(-section.end // BLOCK)
    declared = min(max(old[2] or min(len(old) // BLOCK, MAX_SECTION_BLOCKS), needed) * BLOCK, len(old))
    return declared, old[declared:]


def _restored(source: Container, head: bytes, labels: tuple[str, ...]) -> Base | None:
    """The original's very bytes, when nobody has changed our copy."""
    stored = source.parameters.get(GROUP, UNDO)
    if stored is None or stored.kind != BYTE or not is_untouched(source, head):
        return None
    found = undo.unpack(stored.data, head)
    if found is None or len(found[0]) < BLOCK:
        return None
    old_head, padding, new_padding = found
    trailing = source.layout.end + new_padding
    if trailing > source.size:
        return None
    header = parse_header(old_head[:BLOCK], source.codec)
    if not BLOCK <= (header.parameter_block - 1) * BLOCK <= len(old_head) - PREAMBLE:
        return None
    section, _ = parse_section(section_bytes(old_head, header), source.codec)
    channels = source.layout.channels - len(labels)
    layout = _without(source.layout, channels, len(old_head))
    size = layout.end + len(padding) + source.size - trailing
    expected, _ = resolve_layout(header, section, size, len(old_head))
    if expected.counted_by_size and layout.filled:
        # The size counts the zeros that fill the last block as well.
        expected = replace(expected, frames=min(expected.frames, layout.frames), filled=True)
    if channels < 0 or replace(expected, analog_rate=0) != replace(layout, analog_rate=0):
        return None
    return Base(source, old_head, header, section, layout, np.arange(channels), padding, trailing, labels)


def _without(layout: Layout, channels: int, start: int) -> Layout:
    return replace(layout, channels=channels, start=start)


def _stripped(source: Container, head: bytes, labels: tuple[str, ...]) -> Base:
    """The file less our channels, events, results and group, when somebody else has written it since."""
    # Ours came after all others: of several channels of one name the last is ours.
    last = {label: i for i, label in enumerate(source.analog_labels)}
    columns = {last[label] for label in labels if label in last}
    keep = np.array([i for i in range(source.layout.channels) if i not in columns], dtype=np.intp)
    edit = SectionEdit(source.parameters)
    for name, kind in CHANNEL_TABLES.items():
        edit.delete("ANALOG", name, columns, kind)
    if edit.get("ANALOG", "USED") is not None:
        edit.set_count("ANALOG", "USED", len(keep))
    for group, names, tables in (("EVENT", "LABELS", EVENT_TABLES), ("ANALYSIS", "NAMES", ANALYSIS_TABLES)):
        listed = set(source.parameters.strings(GROUP, group, joined=True))
        entries = edit.text_entries(group, names)
        indices = {i for i, entry in enumerate(entries) if entry in listed}
        used = edit.get(group, "USED")
        for name, (kind, shape) in tables.items():
            edit.delete(group, name, indices, kind, shape)
        counted = used.numbers(unsigned=True).ravel() if used is not None else np.empty(0)
        if indices and counted.size and np.isfinite(counted[0]):
            edit.set_count(group, "USED", max(int(counted[0]) - len(indices), 0))
    number = source.parameters.groups.get(GROUP)
    edit.remove(lambda record: record.group_id == number)
    layout = _without(source.layout, len(keep), source.layout.start)
    padding, behind = _padding(source)
    grows = source.layout.counted_by_size and not source.layout.filled
    if behind % BLOCK == 0 and not padding.strip(b"\0") and not grows:
        padding = bytes(-layout.end % BLOCK)
    # What lies behind the samples moves to where it is without our channels.
    moved = (layout.end + len(padding) - behind) // BLOCK
    words = len(keep) * source.layout.per_frame
    front = patched(head[:BLOCK], {ANALOG_WORDS: source.codec.pack_uint16(words)})
    block = source.codec.uint16_at(front, RANGE_BLOCK)
    if source.codec.uint16_at(front, RANGE_KEY) == LABEL_KEY and behind <= (block - 1) * BLOCK < source.size:
        front = patched(front, {RANGE_BLOCK: source.codec.pack_uint16(block + moved)})
    block = int(source.parameters.number("ROTATION", "DATA_START", 0, unsigned=True))
    if behind <= (block - 1) * BLOCK < source.size:
        edit.set_count("ROTATION", "DATA_START", block + moved)
    start = (source.header.parameter_block - 1) * BLOCK
    declared, gap = split_gap(head, start, source.parameters)
    raw = join_section([record.raw for record in edit.records], head[start : start + 4], source.codec)
    if raw is None or len(raw) > declared:
        raise InputError("channels cannot be replaced", where=str(source.path), why="its parameters are damaged")
    raw = join_section(
        [record.raw for record in edit.records],
        head[start : start + 4],
        source.codec,
        blocks=declared // BLOCK,
    )
    assert raw is not None
    new_head = front + head[BLOCK:start] + raw + gap
    section, _ = parse_section(raw, source.codec)
    return Base(
        source,
        new_head,
        parse_header(front, source.codec),
        section,
        layout,
        keep,
        padding,
        behind,
        labels,
        restored=False,
    )

"""The head of a copy: header, parameters and whatever lies between, up to its samples."""

from __future__ import annotations

from math import prod

import numpy as np

from heelraise.c3d import header as at
from heelraise.c3d import undo
from heelraise.c3d.base import GROUP, SEAL, UNDO, Base, split_gap
from heelraise.c3d.edit import SectionEdit
from heelraise.c3d.header import BLOCK, LABEL_KEY
from heelraise.c3d.layout import MAX_UINT16
from heelraise.c3d.parameters import BYTE, MAX_DIMENSIONS, MAX_SECTION_BLOCKS, PREAMBLE
from heelraise.c3d.records import MAX_RECORD_DATA, Content, join_section
from heelraise.errors import InputError

MAX_ROUNDS = 8
WORTH_A_STEP = 64


def new_head(base: Base, edit: SectionEdit, added: int) -> tuple[bytes, bytes]:
    """The new file's bytes up to its samples, and the padding behind these."""
    layout = base.layout
    words = (layout.channels + added) * layout.per_frame
    if words > MAX_UINT16:
        raise InputError(
            "channels cannot be appended",
            where=str(base.source.path),
            why=f"a frame would hold {words} analog samples, and C3D counts to {MAX_UINT16}",
        )
    frame_bytes = layout.frame_bytes + added * layout.per_frame * layout.word_bytes
    padding = base.padding
    # A file that is not filled up to a whole block stays so: readers that count one frame too many, as
    # from a first frame 0, would take the filling for it.
    filled = base.trailing_size > 0 or (layout.end + len(padding)) % BLOCK == 0
    # What is no filling stays, unless a section behind it must begin at a block.
    filled = filled and (not padding.strip(b"\0") or _sections_behind(base))
    if added and filled and (layout.filled or not layout.counted_by_size):
        padding = bytes(-(layout.frames * frame_bytes) % BLOCK)
    data_bytes = layout.frames * frame_bytes + len(padding)
    edit.put(GROUP, SEAL, Content(BYTE, (len(undo.SEAL_MARK),), undo.SEAL_MARK))
    head, places = _assemble(base, edit, words, data_bytes)
    if not base.restored or len(base.head) > undo.MAX_HEAD:
        return undo.sealed(head), padding
    without = list(edit.records)
    # Remembering the original may itself move the samples, and with them what there is to remember.
    for _ in range(MAX_ROUNDS):
        blob = undo.pack(base.head, undo.segment(base.head, places), base.padding, len(padding))
        content = _bytes_table(blob)
        if content is None:
            break
        edit.put(GROUP, UNDO, content)
        try:
            remembering, moved = _assemble(base, edit, words, data_bytes)
        except _TooLarge:
            break
        if moved == places:
            return undo.sealed(remembering), padding
        places = moved
    edit.records = without
    edit.added = [name for name in edit.added if name != f"{GROUP}:{UNDO}"]
    return undo.sealed(_assemble(base, edit, words, data_bytes)[0]), padding


class _TooLarge(InputError):
    """The parameter section would need more than 255 blocks."""


def _bytes_table(blob: bytes) -> Content | None:
    if len(blob) > MAX_RECORD_DATA - 255:
        return None
    rows = -(-len(blob) // 255)
    return Content(BYTE, (255, rows), blob.ljust(255 * rows, b"\0"))


def _assemble(base: Base, edit: SectionEdit, words: int, data_bytes: int) -> tuple[bytes, list[tuple[bytes, int]]]:
    """New head, and where the pieces of the old one lie in it."""
    start = (base.header.parameter_block - 1) * BLOCK
    old = base.head[start:]
    declared, gap = split_gap(base.head, start, base.section)
    section = _joined(base, edit, old, declared)
    data_start = start + len(section) + len(gap)
    if data_start // BLOCK + 1 > MAX_UINT16:
        raise InputError("channels cannot be appended", why="the samples would start beyond block 65535")
    grown = data_start - len(base.head)
    behind = data_start + data_bytes - (base.layout.end + len(base.padding))
    if behind % BLOCK and _sections_behind(base):
        raise InputError(
            "channels cannot be appended",
            where=str(base.source.path),
            why="a section behind its samples begins at a block, and the samples end nobody knows where",
        )
    _move_pointers(base, edit, grown // BLOCK, behind // BLOCK)
    section = _joined(base, edit, old, declared)
    front = at.patched(base.head[:BLOCK], _header_changes(base, words, data_start // BLOCK + 1, behind // BLOCK))
    head = front + base.head[BLOCK:start] + section + gap
    return head, _places(base, head, start, gap)


def _joined(base: Base, edit: SectionEdit, old: bytes, declared: int) -> bytes:
    raws = [record.raw for record in edit.records]
    section = join_section(raws, old[:PREAMBLE], edit.codec, blocks=declared // BLOCK)
    if section is None:
        raise _TooLarge(
            "channels cannot be appended",
            where=str(base.source.path),
            why=f"the parameters would need more than {MAX_SECTION_BLOCKS} blocks",
        )
    return section


def _header_changes(base: Base, words: int, data_block: int, behind: int) -> dict[int, bytes]:
    pack = base.source.codec.pack_uint16
    changes = {at.DATA_BLOCK: pack(data_block)}
    if base.header.point_count != base.layout.points:
        # Where the header is wrong, the copy would be understood otherwise than the original.
        changes[at.POINTS] = pack(base.layout.points)
    if words != base.header.analog_words:
        changes[at.ANALOG_WORDS] = pack(words)
    if words and base.header.analog_per_frame != base.layout.per_frame:
        changes[at.PER_FRAME] = pack(base.layout.per_frame)
    raw, read = base.header.raw, base.source.codec.uint16_at
    block = read(raw, at.RANGE_BLOCK)
    ranges = _moved(base, block, data_block - (base.layout.start // BLOCK + 1), behind)
    if read(raw, at.RANGE_KEY) == LABEL_KEY and ranges != block:
        changes[at.RANGE_BLOCK] = pack(min(ranges, MAX_UINT16))
    return changes


def _moved(base: Base, block: int, grown: int, behind: int) -> int:
    """Where a block of the original is in the copy."""
    position = (block - 1) * BLOCK
    start = (base.header.parameter_block - 1) * BLOCK
    gap = start + split_gap(base.head, start, base.section)[0]
    # Where there are no samples yet, what begins at their place ends up behind ours.
    if gap <= position < base.layout.start or position == base.layout.start < base.layout.end:
        return block + grown
    if base.layout.end <= position < base.layout.end + len(base.padding) + base.trailing_size:
        return block + behind
    return block


def _kept_beyond(base: Base, block: int, behind: int) -> int:
    """Where a section that a cut file has lost would be: the copy's samples must not reach into its place."""
    end = base.layout.end + len(base.padding) + base.trailing_size
    lost = base.layout.counted_by_size and end <= (block - 1) * BLOCK < end + (behind + 1) * BLOCK
    return block + behind + 1 if lost else block


def _move_pointers(base: Base, edit: SectionEdit, grown: int, behind: int) -> None:
    """Point the parameters that hold block numbers to where their data now is."""
    for group in ("POINT", "ROTATION"):
        stored = base.section.get(group, "DATA_START")
        if stored is None or prod(stored.dims) != 1:
            continue
        block = int(base.section.number(group, "DATA_START", 0, unsigned=True))
        if group == "POINT" and block != base.layout.start // BLOCK + 1:
            continue
        moved = block + grown if group == "POINT" else _kept_beyond(base, _moved(base, block, grown, behind), behind)
        if moved > MAX_UINT16:
            raise InputError(
                "channels cannot be appended",
                where=str(base.source.path),
                why=f"{group}:DATA_START would be block {moved}, and C3D counts to {MAX_UINT16}",
            )
        if moved != block:
            edit.set_count(group, "DATA_START", moved)


def _sections_behind(base: Base) -> bool:
    """Whether block numbers are kept of what lies behind the samples."""
    read, raw = base.source.codec.uint16_at, base.header.raw
    blocks = [int(base.section.number("ROTATION", "DATA_START", 0, unsigned=True))]
    if read(raw, at.RANGE_KEY) == LABEL_KEY:
        blocks.append(read(raw, at.RANGE_BLOCK))
    return any(_moved(base, block, 0, 1) != block for block in blocks)


def _places(base: Base, head: bytes, start: int, gap: bytes) -> list[tuple[bytes, int]]:
    """Cut the old head into pieces and find each where it must lie in the new one, if it is unchanged."""
    old = base.head
    pieces: list[tuple[bytes, int]] = [(old[:BLOCK], -1), (old[BLOCK:start], BLOCK)]
    pieces.append((old[start : start + PREAMBLE], -1))
    position = moved = start + PREAMBLE
    for record in base.section.records:
        length = abs(head[moved] - 256 if head[moved] > 127 else head[moved])
        new_length = 2 + length + base.source.codec.uint16_at(head, moved + 2 + length)
        raw = record.raw
        pieces += _shared(raw, head[moved : moved + new_length], moved)
        position += len(raw)
        moved += new_length
    stop = len(old) - len(gap)
    pieces.append((old[position:stop], -1))
    pieces.append((gap, len(head) - len(gap)))
    return [piece for piece in pieces if piece[0]]


def _shared(raw: bytes, new: bytes, place: int) -> list[tuple[bytes, int]]:
    """A record as what it still shares with its place in the new head, and the rest."""
    if raw == new:
        return [(raw, place)]
    # Tables that ours went into differ in their sizes, which lie in front, and behind their own entries.
    front = 2 + abs(raw[0] - 256 if raw[0] > 127 else raw[0]) + 2 + 2 + MAX_DIMENSIONS
    old, changed = (np.frombuffer(record, np.uint8)[front:] for record in (raw, new))
    size = min(old.size, changed.size)
    different = np.flatnonzero(old[:size] != changed[:size])
    same = int(different[0]) if different.size else size
    if same < WORTH_A_STEP:
        return [(raw, -1)]
    return [(raw[:front], -1), (raw[front : front + same], place + front), (raw[front + same :], -1)]

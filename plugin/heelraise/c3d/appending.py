"""Appending to a C3D file without losing anything: channels, events, results, provenance.

The data section is interleaved anew, frame by frame, in the words that the file stores; of the header and
the parameters only what must change is rewritten.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from heelraise.c3d import header as at
from heelraise.c3d import undo
from heelraise.c3d.additions import (
    UNDO,
    AnalogChannel,
    AnalysisValue,
    add_analysis,
    add_channels,
    add_events,
    add_provenance,
    check_channels,
    codings_for,
    gen_scale_of,
    is_unsigned,
)
from heelraise.c3d.atomic import write_atomically
from heelraise.c3d.base import GROUP, Base, base_of, split_gap
from heelraise.c3d.coding import AnalogCoding, encode_analogs
from heelraise.c3d.container import Container
from heelraise.c3d.edit import SectionEdit
from heelraise.c3d.events import Event
from heelraise.c3d.header import BLOCK, LABEL_KEY
from heelraise.c3d.layout import MAX_UINT16
from heelraise.c3d.parameters import BYTE, MAX_SECTION_BLOCKS, PREAMBLE
from heelraise.c3d.records import MAX_RECORD_DATA, Content, join_section
from heelraise.c3d.verify import CopyReport, verify_copy
from heelraise.errors import InputError
from heelraise.notes import Note

COPY_CHUNK = 1 << 20
MAX_ROUNDS = 8


def append(
    container: Container,
    target: Path | str,
    *,
    channels: Sequence[AnalogChannel],
    events: Sequence[Event] = (),
    analysis: Sequence[AnalysisValue] = (),
    provenance: Mapping[str, str] | None = None,
) -> CopyReport:
    """Write a copy of a file with additions, and compare it with the original before it takes its name.

    What an earlier call added to the file is replaced. Every other sample and parameter keeps its bytes.

    Parameters
    ----------
    container : Container
        The original; it may be `target` itself.
    target : Path or str
    channels : sequence of AnalogChannel
    events : sequence of Event
        Times in seconds as the file stores them.
    analysis : sequence of AnalysisValue
    provenance : mapping of str to str, optional
        String parameters of the HEELRAISE group.

    Returns
    -------
    CopyReport

    Raises
    ------
    ValueError
        Labels too long or not unique, samples not finite or of the wrong number.
    InputError
        The file has no room for the additions, with the reason.
    OutputError
        The copy cannot be written, or does not compare equal. Nothing is left behind.
    """
    base = base_of(container)
    check_channels(base, channels)
    codings = codings_for(base, channels)
    edit = SectionEdit(base.section)
    add_channels(edit, base, channels, codings)
    add_events(edit, events)
    add_analysis(edit, analysis)
    add_provenance(edit, channels, events, analysis, provenance or {})
    new_head, padding = _new_head(base, edit, len(channels))

    def fill(stream: BinaryIO) -> None:
        stream.write(new_head)
        for words in _interleaved(base, channels, codings):
            stream.write(words.data)
        stream.write(padding)
        _copy_bytes(container, base.trailing_start, stream)

    report: list[CopyReport] = []

    def check(temporary: Path) -> None:
        report.append(verify_copy(base, temporary, Path(target), edit, channels, _notes(base, channels)))

    write_atomically(Path(target), fill, check)
    return report[0]


def restore(container: Container, target: Path | str) -> bool:
    """Write the file as it was before we appended to it.

    Returns
    -------
    bool
        Whether it is the original to the byte; False where somebody else has rewritten the copy, or where
        the copy had no room to remember.
    """
    base = base_of(container)

    def fill(stream: BinaryIO) -> None:
        stream.write(base.head)
        for words in _interleaved(base, (), []):
            stream.write(words.data)
        stream.write(base.padding)
        _copy_bytes(container, base.trailing_start, stream)

    write_atomically(Path(target), fill)
    return base.restored


def _notes(base: Base, channels: Sequence[AnalogChannel]) -> tuple[Note, ...]:
    present = base.section.strings("ANALOG", "LABELS", joined=True)[: base.layout.channels]
    taken = [channel.label for channel in channels if channel.label in present]
    if not taken:
        return ()
    text = f"The file had channels of its own named {', '.join(taken)}; ours of that name come after them."
    return (Note("label_taken", text),)


def _new_head(base: Base, edit: SectionEdit, added: int) -> tuple[bytes, bytes]:
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
    if added and not layout.counted_by_size:
        padding = bytes(-(layout.frames * frame_bytes) % BLOCK)
    data_bytes = layout.frames * frame_bytes + len(padding)
    head, places = _assemble(base, edit, words, data_bytes)
    if not base.restored or len(base.head) > undo.MAX_HEAD:
        return head, padding
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
            return remembering, padding
        places = moved
    edit.records = without
    edit.added = [name for name in edit.added if name != f"{GROUP}:{UNDO}"]
    return _assemble(base, edit, words, data_bytes)[0], padding


class _TooLarge(InputError):
    """The parameter section would need more than 255 blocks."""


def _bytes_table(blob: bytes) -> Content | None:
    if len(blob) > MAX_RECORD_DATA - 255:
        return None
    rows = -(-len(blob) // 255)
    return Content(BYTE, (255, rows), blob.ljust(255 * rows, b"\0"))


def _assemble(
    base: Base, edit: SectionEdit, words: int, data_bytes: int
) -> tuple[bytes, list[tuple[bytes, int]]]:
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
    _move_pointers(base, edit, grown // BLOCK, behind // BLOCK)
    section = _joined(base, edit, old, declared)
    front = at.patched(base.head[:BLOCK], _header_changes(base, words, data_start // BLOCK + 1, behind))
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
    if read(raw, at.RANGE_KEY) == LABEL_KEY and (block - 1) * BLOCK >= base.layout.end:
        changes[at.RANGE_BLOCK] = pack(block + behind // BLOCK)
    return changes


def _move_pointers(base: Base, edit: SectionEdit, grown: int, behind: int) -> None:
    """Point the parameters that hold block numbers to where their data now is."""
    old_block = base.layout.start // BLOCK + 1
    for group in ("POINT", "ROTATION"):
        stored = base.section.get(group, "DATA_START")
        if stored is None or prod(stored.dims) != 1:
            continue
        block = int(base.section.number(group, "DATA_START", 0, unsigned=True))
        if block == old_block:
            edit.set_count(group, "DATA_START", block + grown)
        elif group == "ROTATION" and base.layout.end <= (block - 1) * BLOCK < base.source.size:
            if block + behind > MAX_UINT16:
                raise InputError(
                    "channels cannot be appended", why="the rotations would start beyond block 65535"
                )
            edit.set_count(group, "DATA_START", block + behind)


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
        pieces.append((raw, moved if head[moved : moved + new_length] == raw else -1))
        position += len(raw)
        moved += new_length
    stop = len(old) - len(gap)
    pieces.append((old[position:stop], -1))
    pieces.append((gap, len(head) - len(gap)))
    return [piece for piece in pieces if piece[0]]


def _interleaved(base: Base, channels: Sequence[AnalogChannel], codings: Sequence[AnalogCoding]) -> Any:
    """Yield the new data section a few frames at a time."""
    layout, source = base.layout, base.source
    if not layout.frames:
        return
    gen_scale, unsigned = gen_scale_of(base), is_unsigned(base)
    everything = len(base.keep) == source.layout.channels
    point_words = 4 * layout.points
    channel_count = layout.channels + len(channels)
    for first, words in source.frames():
        count = len(words)
        if everything and not channels:
            yield words
            continue
        out = np.empty((count, point_words + channel_count * layout.per_frame), words.dtype)
        out[:, :point_words] = words[:, :point_words]
        analog = out[:, point_words:].reshape(count, layout.per_frame, channel_count, copy=False)
        old = words[:, point_words:].reshape(count, layout.per_frame, source.layout.channels)
        analog[..., : layout.channels] = old if everything else old[..., base.keep]
        if channels:
            span = slice(first * layout.per_frame, (first + count) * layout.per_frame)
            samples = np.stack([channel.samples[span] for channel in channels], axis=1)
            encoded = encode_analogs(
                samples,
                list(codings),
                source.codec,
                is_float=layout.is_float,
                gen_scale=gen_scale,
                unsigned=unsigned,
            )
            analog[..., layout.channels :] = encoded.reshape(count, layout.per_frame, len(channels))
        yield out


def _copy_bytes(source: Container, start: int, stream: BinaryIO) -> None:
    with source.open() as original:
        original.seek(start)
        while chunk := original.read(COPY_CHUNK):
            stream.write(chunk)

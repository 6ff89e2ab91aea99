"""Opening a C3D file: what its first blocks say, and whether that can be believed."""

from __future__ import annotations

import os
import stat
from dataclasses import replace
from math import isfinite
from pathlib import Path

from heelraise.c3d.codec import CODECS, INTEL, Codec, is_plausible
from heelraise.c3d.container import Container, unreadable
from heelraise.c3d.events import event_notes
from heelraise.c3d.header import BLOCK, MAGIC, Header, parse_header
from heelraise.c3d.layout import Layout, data_stop, resolve_layout
from heelraise.c3d.parameters import MAX_SECTION_BLOCKS, PREAMBLE, ParameterSection, codec_of, parse_section
from heelraise.errors import InputError
from heelraise.notes import Note


def read_container(path: Path | str, *, strict: bool = False) -> Container:
    """Open a C3D file.

    Parameters
    ----------
    path : Path or str
    strict : bool
        Refuse what lenient reading only notes.

    Returns
    -------
    Container

    Raises
    ------
    InputError
        No C3D file, one without a whole frame, or in strict mode anything odd.
    """
    path = Path(path)
    try:
        # Asked first: opening a pipe would wait for somebody who writes into it.
        if not stat.S_ISREG(path.stat().st_mode) and not path.is_dir():
            raise InputError("this is not a regular file", where=str(path))
        with path.open("rb") as stream:
            status = os.fstat(stream.fileno())
            head = stream.read(BLOCK * (2 * MAX_SECTION_BLOCKS))
    except OSError as error:
        raise unreadable(path, error) from error
    container = without_filling(parse_container(path, head, status.st_size, status.st_mtime_ns))
    if strict and container.notes:
        first = container.notes[0]
        raise InputError(first.message.rstrip("."), where=str(path), why=f"strict reading, {first.code}")
    return container


def parse_container(path: Path, head: bytes, size: int, mtime_ns: int) -> Container:
    """A container from a file's first blocks, its size and its time of modification."""
    where = str(path)
    if not head:
        raise InputError("the file is empty", where=where)
    if len(head) < BLOCK or head[1] != MAGIC:
        raise InputError("this is not a C3D file", where=where, why=_what_it_looks_like(head))
    start = (head[0] - 1) * BLOCK
    if start < BLOCK or start + PREAMBLE > min(size, len(head)):
        raise InputError("the parameter section is missing", where=where, why=f"the header points to block {head[0]}")
    notes: list[Note] = []
    codec = codec_of(head[start:])
    if codec is None:
        codec = _guess_codec(head[:BLOCK])
        notes.append(
            Note("processor_unknown", f"Processor byte {head[start + 3]} is not defined; read as {codec.name}.")
        )
    header = parse_header(head[:BLOCK], codec)
    section_end = start + head[start + 2] * BLOCK
    section, section_notes = parse_section(section_bytes(head, header), codec)
    if not section.records:
        if not (is_plausible(header.rate, 0.1, 1e5) and is_plausible(header.scale, 1e-9, 1e6)):
            raise InputError("neither header nor parameters are readable", where=where)
        notes.append(Note("parameters_missing", "The file has no parameters; the header alone is used."))
    layout, layout_notes = resolve_layout(header, section, size, section_end)
    if start < layout.start < start + section.end:
        section, section_notes = parse_section(head[start : layout.start], codec)
        layout, layout_notes = resolve_layout(header, section, size, section_end)
    if layout.frames == 0 and layout.frame_bytes == 0 and layout.start <= size:
        raise InputError(
            "the file holds no frames", where=where, why="it has neither points nor analog channels, nor a frame count"
        )
    if layout.frames == 0:
        raise InputError(
            "the file ends before one whole frame",
            where=where,
            why=f"a frame needs {layout.frame_bytes} bytes",
        )
    all_notes = (*notes, *section_notes, *layout_notes, *table_notes(section, layout), *event_notes(section))
    return Container(path, size, all_notes, codec, header, section, layout, (size, mtime_ns))


def table_notes(section: ParameterSection, layout: Layout) -> list[Note]:
    """What the tables of the analog channels leave open, which changes the values of samples."""
    notes = []
    for name, value in (("SCALE", 1), ("OFFSET", 0)):
        entries = section.numbers("ANALOG", name, joined=True).size
        if entries < layout.channels:
            text = f"ANALOG:{name} has {entries} entries for {layout.channels} channels; the others have {value}."
            notes.append(Note(f"analog_{name.lower()}_short", text))
    gen_scale = section.numbers("ANALOG", "GEN_SCALE")
    if layout.channels and gen_scale.size and not isfinite(gen_scale.flat[0]):
        notes.append(Note("analog_scale_unusable", "ANALOG:GEN_SCALE is not a finite number; 1 is used."))
    return notes


def without_filling(container: Container) -> Container:
    """Leave out the frames that are but the zeros up to the end of the last block, where no count is stated.

    A frame of zeros would read as markers at the origin, which nobody recorded.
    """
    layout = container.layout
    if not layout.counted_by_size:
        return container
    stop = data_stop(container.header, container.parameters, layout.start, container.size)
    if stop % BLOCK or any(note.code == "file_truncated" for note in container.notes):
        return container
    with container.open() as stream:
        stream.seek(max(stop - BLOCK + 1, layout.start + layout.frame_bytes))
        tail = stream.read(stop - stream.tell())
    last = stop - (len(tail) - len(tail.rstrip(b"\0")))
    frames = -((layout.start - last) // layout.frame_bytes)
    if frames > layout.frames:
        # The rest that makes no frame is more than filling.
        return container
    layout = replace(layout, frames=frames, filled=True)
    left_out = container.layout.frames - frames
    text = f"The last {left_out} frames hold zeros only; they are taken for the filling of the last block and left out."
    notes = (*container.notes, Note("filling_left_out", text)) if left_out else container.notes
    return replace(container, layout=layout, notes=notes)


def section_bytes(head: bytes, header: Header) -> bytes:
    """The parameter section, with blocks that may lie between it and the samples.

    The section's own block count is wrong in some files, and so is the header's data start: the later end
    cuts nothing off, and the section's end mark keeps the reader out of the samples.
    """
    start, stop = ((block - 1) * BLOCK for block in (header.parameter_block, header.data_block))
    stated = start + head[start + 2] * BLOCK
    if not start < stop <= start + MAX_SECTION_BLOCKS * BLOCK:
        stop = stated
    return head[start : max(stop, stated)]


def _what_it_looks_like(head: bytes) -> str:
    sample = head[:BLOCK]
    if not any(sample):
        return "it begins with zeros only"
    if all(byte in b"\t\n\r\f" or 32 <= byte < 127 for byte in sample):
        return "it looks like text"
    if len(head) < BLOCK:
        return f"it has only {len(head)} bytes"
    return f"its second byte is {head[1]} instead of {MAGIC}"


def _guess_codec(header: bytes) -> Codec:
    """The processor in whose order the header's rate and scale make sense."""
    for codec in CODECS.values():
        parsed = parse_header(header, codec)
        if is_plausible(parsed.rate, 0.1, 1e5) and is_plausible(parsed.scale, 1e-6, 1e4) and parsed.last_frame:
            return codec
    return INTEL

"""Opening a C3D file: what its first blocks say, and whether that can be believed."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from heelraise.c3d.codec import CODECS, INTEL, Codec, is_plausible
from heelraise.c3d.container import Container, unreadable
from heelraise.c3d.header import BLOCK, MAGIC, Header, parse_header
from heelraise.c3d.layout import resolve_layout
from heelraise.c3d.parameters import MAX_SECTION_BLOCKS, PREAMBLE, codec_of, parse_section
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
        with path.open("rb") as stream:
            status = os.fstat(stream.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise InputError("this is not a regular file", where=str(path))
            head = stream.read(BLOCK * (2 * MAX_SECTION_BLOCKS))
    except OSError as error:
        raise unreadable(path, error) from error
    container = parse_container(path, head, status.st_size, status.st_mtime_ns)
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
    if layout.frames == 0:
        raise InputError(
            "the file ends before one whole frame",
            where=where,
            why=f"a frame needs {layout.frame_bytes} bytes",
        )
    all_notes = (*notes, *section_notes, *layout_notes)
    return Container(path, size, all_notes, codec, header, section, layout, (size, mtime_ns))


def section_bytes(head: bytes, header: Header) -> bytes:
    """The parameter section, with blocks that may lie between it and the samples.

    The data start is the better end: the section's own block count is wrong in some files.
    """
    start, stop = ((block - 1) * BLOCK for block in (header.parameter_block, header.data_block))
    if not start < stop <= start + MAX_SECTION_BLOCKS * BLOCK:
        stop = start + head[start + 2] * BLOCK
    return head[start:stop]


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

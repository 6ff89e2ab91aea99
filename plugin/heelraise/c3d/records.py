"""Building the records of a parameter section."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

import numpy as np
import numpy.typing as npt

from heelraise.c3d.codec import Codec
from heelraise.c3d.header import BLOCK
from heelraise.c3d.parameters import BYTE, CHARACTER, FLOAT, INTEGER, MAX_SECTION_BLOCKS, PREAMBLE

MAX_ENTRIES = 255
MAX_TEXT = 255
MAX_NAME = 127
# Links are 16-bit and some readers take them as signed.
MAX_RECORD_DATA = 32_000

Value = str | Sequence[str] | int | float | bytes | npt.NDArray[np.generic]


@dataclass(frozen=True)
class Content:
    """Type, dimensions (Fortran order) and stored bytes of a parameter's value."""

    kind: int
    dims: tuple[int, ...]
    data: bytes


def encode_text(text: str, width: int) -> bytes:
    """Text as Latin-1 where possible, else UTF-8, cut and padded with spaces to `width` bytes."""
    try:
        raw = text.encode("latin-1")
        if any(byte > 127 for byte in raw):
            # Bytes that happen to be valid UTF-8 would be read as such.
            try:
                raw.decode("utf-8")
                raw = text.encode("utf-8")
            except UnicodeDecodeError:
                pass
    except UnicodeEncodeError:
        raw = text.encode("utf-8", "replace")
    raw = raw[:width] if len(raw) <= width else _cut(raw, width)
    return raw.ljust(width)


def _cut(raw: bytes, width: int) -> bytes:
    """Shorten without leaving half a UTF-8 character."""
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw[:width]
    return raw[:width].decode("utf-8", "ignore").encode("utf-8")


def text_width(entries: Sequence[str]) -> int:
    """Width in bytes that holds the longest entry, at least 1 and at most 255."""
    return min(max([len(encode_text(entry, 4 * len(entry)).rstrip()) for entry in entries] + [1]), MAX_TEXT)


def text_table(entries: Sequence[str], width: int | None = None) -> Content:
    """A table of strings; entries are cut where the table would become too large for one record."""
    if width is None:
        width = text_width(entries)
    width = max(1, min(width, MAX_RECORD_DATA // max(len(entries), 1)))
    return Content(CHARACTER, (width, len(entries)), b"".join(encode_text(entry, width) for entry in entries))


def content_of(value: Value, codec: Codec) -> Content:
    """Encode text, a list of text, bytes, integers (int16) or floats; arrays in C3D dimensions."""
    if isinstance(value, str):
        return Content(CHARACTER, (text_width([value]),), encode_text(value, text_width([value])))
    if isinstance(value, bytes):
        return Content(BYTE, (len(value),), value)
    if isinstance(value, (list, tuple)) and all(isinstance(entry, str) for entry in value):
        return text_table([str(entry) for entry in value])
    array = np.asarray(value)
    flat = array.ravel(order="F")
    if array.dtype.kind in "iub":
        return Content(INTEGER, array.shape, integers(flat, codec))
    return Content(FLOAT, array.shape, codec.encode(flat.astype(np.float64)).tobytes())


def integers(values: npt.ArrayLike, codec: Codec) -> bytes:
    """16-bit integers from -32768 to 65535, the upper half in its unsigned bits."""
    array = np.asarray(values, dtype=np.int64)
    if array.size and (array.min() < -32768 or array.max() > 65535):
        raise ValueError(f"Expected integers from -32768 to 65535, but got {array.min()} to {array.max()}")
    return (array & 0xFFFF).astype(codec.order + "u2").tobytes()


def encode_group(group_id: int, name: str, description: str, codec: Codec, *, locked: bool = False) -> bytes:
    """A group record."""
    text = _description(description)
    return _head(name, -group_id, locked) + codec.pack_uint16(3 + len(text)) + bytes([len(text)]) + text


def encode_parameter(
    group_id: int, name: str, content: Content, description: str, codec: Codec, *, locked: bool = False
) -> bytes:
    """A parameter record."""
    if len(content.dims) > 7 or any(size > MAX_ENTRIES for size in content.dims):
        raise ValueError(f"Expected up to 7 dimensions of up to 255, but {name} has {content.dims}")
    if prod(content.dims) * abs(content.kind) != len(content.data):
        raise ValueError(f"Expected {prod(content.dims)} values in {name}, but got {len(content.data)} bytes")
    text = _description(description)
    body = bytes([content.kind & 0xFF, len(content.dims), *content.dims]) + content.data
    body += bytes([len(text)]) + text
    return _head(name, group_id, locked) + codec.pack_uint16(2 + len(body)) + body


def _head(name: str, signed_group: int, locked: bool) -> bytes:
    raw = name.encode("latin-1", "replace")
    if not 0 < len(raw) <= MAX_NAME:
        raise ValueError(f"Expected a name of 1 to {MAX_NAME} characters, but got {name!r}")
    return bytes([-len(raw) & 0xFF if locked else len(raw), signed_group & 0xFF]) + raw


def _description(text: str) -> bytes:
    return encode_text(text, text_width([text])) if text else b""


def relinked(raw: bytes, codec: Codec) -> bytes:
    """A record whose link leads just behind it (the last record of a section may hold link 0)."""
    length = raw[0] - 256 if raw[0] > 127 else raw[0]
    at = 2 + abs(length)
    return raw[:at] + codec.pack_uint16(len(raw) - at) + raw[at + 2 :]


def join_section(raws: Sequence[bytes], preamble: bytes, codec: Codec, *, blocks: int = 0) -> bytes | None:
    """Assemble a section of whole blocks, or None when it would need more than 255 of them.

    Parameters
    ----------
    raws : sequence of bytes
        Records.
    preamble : bytes
        The section's first four bytes, of which the third is set to the number of blocks.
    codec : Codec
    blocks : int
        The least number of blocks.
    """
    body = b"".join(relinked(raw, codec) for raw in raws) + b"\0\0"
    blocks = max(blocks, -(-(PREAMBLE + len(body)) // BLOCK))
    if blocks > MAX_SECTION_BLOCKS:
        return None
    head = preamble[:2] + bytes([blocks]) + preamble[3:4]
    return (head + body).ljust(blocks * BLOCK, b"\0")


def split_series(name: str, count: int, sizes: Sequence[int] = ()) -> list[tuple[str, slice]]:
    """Names NAME, NAME2, ... and the entries that each holds: the given sizes first, 255 from there on."""
    starts = [0]
    for size in sizes:
        if starts[-1] + size < count:
            starts.append(starts[-1] + size)
    starts += range(starts[-1] + MAX_ENTRIES, count, MAX_ENTRIES)
    stops = [*starts[1:], count]
    return [
        (name if i == 0 else f"{name}{i + 1}", slice(*span)) for i, span in enumerate(zip(starts, stops, strict=True))
    ]

"""The way back: what a copy must remember so that the original can be restored byte for byte.

The head of a file (everything before its samples) is described by copies out of the new head, runs of
zeros and literal bytes. A seal, the checksum of the new head, tells whether somebody else has changed the
copy since: an edited copy holds more than the original and our additions, and is not taken back to it.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterator, Sequence

MAGIC = b"HRU1"
COPY, ZEROS, LITERAL = 0, 1, 2
_STEP = struct.Struct("<BII")
_FRONT = struct.Struct("<4s16sIHI")
MAX_HEAD = 1 << 19
# Stands where the seal will be while the head is made.
SEAL_MARK = b"\0heelraise seal\xff"


def sealed(head: bytes) -> bytes:
    """A head whose one seal mark is replaced by the head's checksum; unchanged where there is not one mark."""
    return head.replace(SEAL_MARK, _checksum(head)) if head.count(SEAL_MARK) == 1 else head


def is_sealed(head: bytes, seal: bytes) -> bool:
    """Whether a head is what it was when it was sealed."""
    return len(seal) == len(SEAL_MARK) and _checksum(head.replace(seal, SEAL_MARK, 1)) == seal


def _checksum(head: bytes) -> bytes:
    return hashlib.sha256(head).digest()[: len(SEAL_MARK)]


def segment(stream: bytes, places: Sequence[tuple[bytes, int]]) -> bytes:
    """Describe bytes as consecutive pieces.

    Parameters
    ----------
    stream : bytes
        What is to be described, the concatenation of the pieces.
    places : sequence of (bytes, int)
        Each piece, and where it lies in the new head, or -1 where it is not in there.
    """
    steps: list[tuple[int, int, int, bytes]] = []
    for piece, place in places:
        if place >= 0:
            if steps and steps[-1][0] == COPY and steps[-1][1] + steps[-1][2] == place:
                _, start, length, _ = steps.pop()
                steps.append((COPY, start, length + len(piece), b""))
            else:
                steps.append((COPY, place, len(piece), b""))
            continue
        literal = piece.rstrip(b"\0")
        if literal:
            steps.append((LITERAL, 0, len(literal), literal))
        if len(piece) > len(literal):
            steps.append((ZEROS, 0, len(piece) - len(literal), b""))
    assert b"".join(piece for piece, _ in places) == stream
    return b"".join(_STEP.pack(kind, start, length) + data for kind, start, length, data in steps)


def pack(old_head: bytes, steps: bytes, padding: bytes, new_padding: int) -> bytes:
    """Pack the description of a head and the original's padding behind its last frame."""
    digest = hashlib.sha256(old_head + padding).digest()[:16]
    return _FRONT.pack(MAGIC, digest, len(steps), new_padding, len(padding)) + steps + padding


def unpack(blob: bytes, new_head: bytes) -> tuple[bytes, bytes, int] | None:
    """Restore the head.

    Returns
    -------
    (old_head, padding, new_padding) or None
        None when the blob is damaged or the file was changed by somebody else since.
    """
    if len(blob) < _FRONT.size:
        return None
    magic, digest, size, new_padding, padding_size = _FRONT.unpack_from(blob)
    steps = blob[_FRONT.size : _FRONT.size + size]
    padding = blob[_FRONT.size + size : _FRONT.size + size + padding_size]
    if magic != MAGIC or len(steps) != size or len(padding) != padding_size:
        return None
    parts: list[bytes] = []
    total = 0
    for part in _replay(steps, new_head):
        total += len(part)
        if total > MAX_HEAD:
            return None
        parts.append(part)
    old_head = b"".join(parts)
    if hashlib.sha256(old_head + padding).digest()[:16] != digest:
        return None
    return old_head, padding, new_padding


def _replay(steps: bytes, new_head: bytes) -> Iterator[bytes]:
    position = 0
    while position + _STEP.size <= len(steps):
        kind, start, length = _STEP.unpack_from(steps, position)
        position += _STEP.size
        length = min(length, MAX_HEAD)
        if kind == COPY:
            yield new_head[start : start + length]
        elif kind == ZEROS:
            yield bytes(length)
        else:
            yield steps[position : position + length]
            position += length

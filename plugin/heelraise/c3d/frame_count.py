"""How many frames a data section holds: what the file states, and what its size has to say about that."""

from __future__ import annotations

from collections.abc import Sequence

from heelraise.c3d.header import BLOCK, Header
from heelraise.c3d.parameters import ParameterSection
from heelraise.notes import Note

MAX_UINT16 = 0xFFFF
WRAP = MAX_UINT16 + 1


def stated_counts(header: Header, section: ParameterSection) -> list[int]:
    """Frame counts that the file states, the most trusted first."""
    counts = []
    first, last = (_field(section, name) for name in ("ACTUAL_START_FIELD", "ACTUAL_END_FIELD"))
    if first is not None and last is not None and _agrees(first, header.first_frame):
        counts.append(last - first + 1)
    stated = header.last_frame - header.first_frame + 1 if header.last_frame else 0
    # Beyond 65535 the header's word stops: what it then states is no second opinion.
    if not (counts and counts[0] > stated and header.last_frame == MAX_UINT16):
        counts.append(stated)
    counts.append(int(min(max(section.number("POINT", "LONG_FRAMES", 0), 0), 2**40)))
    counts.append(int(section.number("POINT", "FRAMES", 0, unsigned=True)))
    return [count for count in counts if count > 0]


def first_frame(header: Header, section: ParameterSection) -> int:
    """Number of the first frame."""
    first = _field(section, "ACTUAL_START_FIELD")
    return first if first is not None and _agrees(first, header.first_frame) else header.first_frame


def _field(section: ParameterSection, name: str) -> int | None:
    """A frame number of the TRIAL group: low and high 16-bit words, or one number."""
    values = section.numbers("TRIAL", name, unsigned=True).ravel()
    if values.size == 1 and 0 <= values[0] < 2**32:
        return int(values[0])
    if values.size != 2 or not all(0 <= value <= MAX_UINT16 for value in values):
        return None
    return int(values[0]) + int(values[1]) * WRAP


def _agrees(frame: int, stored: int) -> bool:
    return stored in (frame & MAX_UINT16, min(frame, MAX_UINT16))


def fills(frame_bytes: int, available: int, counts: Sequence[int]) -> bool:
    """Whether one of the counts takes up the data section but for the filling of its last block."""
    return frame_bytes > 0 and any(0 <= available - count * frame_bytes < BLOCK for count in counts)


def count_frames(
    header: Header, counts: Sequence[int], frame_bytes: int, available: int, notes: list[Note]
) -> tuple[int, bool]:
    """Whole frames that are really there, and whether only the size of the data section tells.

    Parameters
    ----------
    header : Header
    counts : sequence of int
        What the file states.
    frame_bytes : int
        Bytes of one frame.
    available : int
        Bytes of the data section.
    notes : list of Note
        Takes what is odd.
    """
    if frame_bytes == 0:
        # A file that ends before its data section has no frames, not even frames of nothing.
        return (counts[0] if counts and counts[0] <= MAX_UINT16 and available >= 0 else 0), False
    held = max(available // frame_bytes, 0)
    if not counts:
        notes.append(Note("frame_count_missing", f"No frame count is given; the data section holds {held} frames."))
        return held, True
    if header.last_frame == 0 and (header.first_frame > 0 or counts[0] != 1):
        notes.append(Note("frame_count_disagrees", "The header's last frame is 0; the parameters' count is used."))
    filling = [count for count in counts if fills(frame_bytes, available, [count])]
    if filling:
        # Beyond 65535 the header's word can but stop there, which contradicts nothing.
        if filling[0] != counts[0] and not (filling[0] > counts[0] and header.last_frame == MAX_UINT16):
            notes.append(
                Note("frame_count_disagrees", f"{counts[0]} frames are stated, {filling[0]} are in the data section.")
            )
        return filling[0], False
    # Words of 16 bits that a longer recording has made wrap.
    wrapped = [count + (held - count) // WRAP * WRAP for count in counts if held - count >= WRAP]
    for count in wrapped:
        if fills(frame_bytes, available, [count]):
            notes.append(
                Note("frame_count_disagrees", f"{counts[0]} frames are stated, {count} are in the data section.")
            )
            return count, False
    possible = [count for count in counts if count <= held]
    # A recording may also end at frame 65535: then a second count below the counters' end says the same.
    agreed = any(count < MAX_UINT16 and counts.count(count) > 1 for count in counts)
    if possible and header.last_frame == MAX_UINT16 and held > max(counts) and not agreed:
        notes.append(
            Note(
                "frame_count_disagrees",
                f"The header's last frame is 65535, where its counter ends; the data section holds {held} frames.",
            )
        )
        return held, True
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

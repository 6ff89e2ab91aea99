"""Appending to a C3D file without losing anything: channels, events, results, provenance.

The data section is interleaved anew, frame by frame, in the words that the file stores; of the header and
the parameters only what must change is rewritten.
"""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from heelraise.c3d.additions import (
    AnalogChannel,
    AnalysisValue,
    add_analysis,
    add_channels,
    add_events,
    add_provenance,
    check_channels,
    codings_for,
    gen_scale_of,
)
from heelraise.c3d.atomic import write_atomically
from heelraise.c3d.base import Base, base_of, is_untouched
from heelraise.c3d.coding import AnalogCoding, encode_analogs
from heelraise.c3d.container import Container
from heelraise.c3d.edit import SectionEdit
from heelraise.c3d.events import Event
from heelraise.c3d.head import new_head
from heelraise.c3d.verify import CopyReport, verify_copy
from heelraise.notes import Note

COPY_CHUNK = 1 << 19
STORE_BYTES = 8 << 20


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
    add_events(edit, base, events)
    add_analysis(edit, analysis)
    add_provenance(edit, channels, events, analysis, provenance or {})
    head, padding = new_head(base, edit, len(channels))

    def fill(stream: BinaryIO) -> None:
        stream.write(head)
        stored = 0
        for words in _interleaved(base, channels, codings):
            stream.write(words.data)
            stored = _start_storing(stream, stored)
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


def holds_nothing_else(copy: Container, original: Container) -> bool:
    """Whether a copy of ours is still what we have made of its original, and nobody has edited it.

    Raises
    ------
    InputError
        One of them cannot be read any more.
    """
    return is_untouched(copy) and _samples_sha256(copy) == _samples_sha256(original)


def _samples_sha256(container: Container) -> str:
    """SHA-256 of the samples that are not ours, and of what follows them."""
    base, sink = base_of(container), _Hash()
    for words in _interleaved(base, (), []):
        sink.write(words.data)
    # How many zeros fill the last block follows from the channels.
    filling = base.padding.lstrip(b"\0")
    sink.write(filling)
    sink.leading = not filling
    _copy_bytes(base.source, base.trailing_start, sink)
    return sink.digest.hexdigest()


class _Hash:
    """A stream that only keeps the hash of what is written."""

    def __init__(self) -> None:
        self.digest = hashlib.sha256()
        #: Whether zeros are left out until something else comes.
        self.leading = False

    def write(self, data: Any) -> None:
        if self.leading:
            data = bytes(data).lstrip(b"\0")
            self.leading = not data
        self.digest.update(data)


def _start_storing(stream: BinaryIO, since: int) -> int:
    """Let the system begin to store what was written since then; the fsync at the end waits for less."""
    position = stream.tell()
    if sys.platform != "linux" or position - since < STORE_BYTES:
        return since
    # Pages that are not yet stored cannot be dropped: what the advice does is start storing them.
    with suppress(OSError):
        os.posix_fadvise(stream.fileno(), since, position - since, os.POSIX_FADV_DONTNEED)
    return position


def _notes(base: Base, channels: Sequence[AnalogChannel]) -> tuple[Note, ...]:
    present = base.section.strings("ANALOG", "LABELS", joined=True)[: base.layout.channels]
    taken = [channel.label for channel in channels if channel.label in present]
    if not taken:
        return ()
    text = f"The file had channels of its own named {', '.join(taken)}; ours of that name come after them."
    return (Note("label_taken", text),)


def _interleaved(base: Base, channels: Sequence[AnalogChannel], codings: Sequence[AnalogCoding]) -> Any:
    """Yield the new data section a few frames at a time, each part valid until the next."""
    layout, source = base.layout, base.source
    if not layout.frames:
        return
    gen_scale, unsigned = gen_scale_of(base), base.section.samples_unsigned
    everything = len(base.keep) == source.layout.channels
    point_words = 4 * layout.points
    channel_count = layout.channels + len(channels)
    buffer = np.empty((0, 0))
    for first, words in source.frames():
        count = len(words)
        if everything and not channels:
            yield words
            continue
        if not buffer.size:
            buffer = np.empty((count, point_words + channel_count * layout.per_frame), words.dtype)
        out = buffer[:count]
        out[:, :point_words] = words[:, :point_words]
        analog = out[:, point_words:].reshape(count, layout.per_frame, channel_count, copy=False)
        old = words[:, point_words:].reshape(count, layout.per_frame, source.layout.channels)
        analog[..., : layout.channels] = old if everything else old[..., base.keep]
        if channels:
            span = slice(first * layout.per_frame, (first + count) * layout.per_frame)
            # Channel after channel in memory, as they come; only the encoded words are interleaved.
            samples = np.stack([channel.samples[span] for channel in channels]).T
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


def _copy_bytes(source: Container, start: int, stream: BinaryIO | _Hash) -> None:
    with source.open() as original:
        original.seek(start)
        while chunk := original.read(COPY_CHUNK):
            stream.write(chunk)

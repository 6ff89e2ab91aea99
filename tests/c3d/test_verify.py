"""What the comparison of a copy with its original finds."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from heelraise.c3d import append, read_container
from heelraise.errors import OutputError


def damage(monkeypatch: pytest.MonkeyPatch, at: int, raw: bytes) -> None:
    """Make the next fsync change bytes of the file that it stores."""
    real = os.fsync

    def corrupt(descriptor: int) -> None:
        real(descriptor)
        os.pwrite(descriptor, raw, at)

    monkeypatch.setattr(os, "fsync", corrupt)


@pytest.mark.parametrize("storage", ["float", "int16"])
def test_one_wrong_bit_in_any_word_of_a_frame_is_found(
    write_trial, additions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, storage: str
) -> None:
    original = write_trial(storage=storage)
    whole = tmp_path / "whole.c3d"
    append(original, whole, **additions(original))
    layout, stored = read_container(whole).layout, whole.read_bytes()
    added = 2
    frame = layout.start + (layout.frames - 1) * layout.frame_bytes
    for word in range(layout.frame_words):
        at = frame + word * layout.word_bytes
        new = word >= 4 * layout.points and (word - 4 * layout.points) % layout.channels >= layout.channels - added
        # The least bit counts in the original's words; the new ones are compared as numbers, so the greatest does.
        byte = at + layout.word_bytes - 1 if new else at
        flipped = bytes([stored[byte] ^ (0x80 if new and storage == "int16" else 0x40 if new else 1)])
        with monkeypatch.context() as patch:
            damage(patch, byte, flipped)
            with pytest.raises(OutputError, match="does not match"):
                append(original, tmp_path / "copy.c3d", **additions(original))
    assert not (tmp_path / "copy.c3d").exists()


def test_not_a_number_in_a_new_channel_is_found(
    write_trial, additions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = write_trial()
    whole = tmp_path / "whole.c3d"
    append(original, whole, **additions(original))
    layout = read_container(whole).layout
    damage(monkeypatch, layout.end - 4, np.array([np.nan], "<f4").tobytes())
    with pytest.raises(OutputError, match="new channels do not hold"):
        append(original, tmp_path / "copy.c3d", **additions(original))

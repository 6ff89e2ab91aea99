"""Memory is bounded by what is returned and a few chunks, whatever the file's length."""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from heelraise.c3d import AnalogChannel, NewC3D, append, read_container, write_c3d
from heelraise.c3d.container import CHUNK_BYTES

MARKERS, CHANNELS, PER_FRAME = 60, 32, 16


def peak_of(action: Callable[[], Any]) -> tuple[Any, int]:
    """What an action returns, and the peak of what it allocated (numpy's arrays are traced)."""
    gc.collect()
    tracemalloc.start()
    try:
        found = action()
        return found, tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def long_trial(path: Path, frames: int, processor: str, storage: str) -> Path:
    """A trial of 3 kB (float) per frame."""
    random = np.random.default_rng(5)
    trial = NewC3D(
        random.normal(size=(frames, MARKERS, 3)),
        100.0,
        [f"M{i}" for i in range(MARKERS)],
        analogs=random.normal(size=(frames * PER_FRAME, CHANNELS)),
        analog_labels=[f"A{i}" for i in range(CHANNELS)],
        analog_per_frame=PER_FRAME,
        processor=processor,
        storage=storage,
    )
    write_c3d(path, trial)
    return path


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize(
    ("processor", "storage", "chunks"),
    [("intel", "float", 2), ("mips", "float", 2), ("intel", "int16", 5), ("dec", "float", 6)],
)
def test_reading_takes_its_arrays_and_a_few_chunks(tmp_path: Path, processor, storage, chunks, dtype) -> None:
    path = long_trial(tmp_path / "long.c3d", 3_000 if storage == "float" else 6_000, processor, storage)
    assert path.stat().st_size > 17 * CHUNK_BYTES
    (points, analogs), peak = peak_of(
        lambda: ((container := read_container(path)).points(dtype), container.analogs(dtype=dtype))
    )
    assert peak <= points.nbytes + analogs.nbytes + chunks * CHUNK_BYTES


@pytest.mark.parametrize(("processor", "storage"), [("intel", "float"), ("intel", "int16"), ("dec", "float")])
def test_appending_takes_the_same_memory_for_any_length(tmp_path: Path, processor, storage) -> None:
    copy = tmp_path / "copy.c3d"
    for frames in (3_000, 6_000):
        path = long_trial(tmp_path / "long.c3d", frames, processor, storage)
        samples = np.sin(np.arange(frames * PER_FRAME) / 100.0)
        channels = [AnalogChannel(f"HR_{i}", "deg", "Angle", samples) for i in range(12)]
        _, peak = peak_of(lambda source=path, added=channels: append(read_container(source), copy, channels=added))
        assert peak <= 8 * CHUNK_BYTES

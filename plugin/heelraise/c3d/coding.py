"""From physical values to the words of a data section."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from heelraise.c3d.codec import Codec, FloatArray

INT16_PEAK = 32767
UNSIGNED_MIDDLE = 32768
# Well inside the normal numbers of both float formats.
SMALLEST_SCALE = 1e-36


@dataclass(frozen=True)
class AnalogCoding:
    """Scale and offset of one channel: value = ANALOG:GEN_SCALE * (raw - offset) * scale."""

    scale: float
    offset: int


def stored_float(value: float, codec: Codec) -> float:
    """What a file will give back for a float."""
    return float(codec.decode(codec.encode(np.array([value])))[0])


def peak_of(samples: FloatArray) -> float:
    """Largest magnitude, found without a copy of the samples; 0 of none, NaN where one is NaN."""
    return max(float(np.max(samples, initial=0.0)), -float(np.min(samples, initial=0.0)))


def analog_coding(
    samples: FloatArray,
    codec: Codec,
    *,
    is_float: bool,
    gen_scale: float,
    unsigned: bool,
    upper_half: bool = False,
) -> AnalogCoding:
    """Choose scale and offset for a channel.

    Integers get the finest scale that holds the peak, so the error is at most peak / 65534. Floats keep their
    value as it is, which takes a scale that undoes GEN_SCALE.

    Some readers, ezc3d among them, take samples as signed whatever ANALOG:FORMAT says. Unsigned integers read
    alike both ways in the lower half of their range, which bounds the error by (highest - lowest) / 65532,
    0 counted among the samples: as fine as signed ones for a signal of one sign, half as fine for one that
    swings both ways. Where the file's own channels go beyond that half (`upper_half`), such readers are lost
    anyway, and the whole range is used.
    """
    if is_float:
        return AnalogCoding(stored_float(1.0 / gen_scale, codec), 0)
    if unsigned and not upper_half:
        return _lower_half(samples if gen_scale > 0 else -samples, abs(gen_scale), codec)
    offset = UNSIGNED_MIDDLE if unsigned else 0
    peak = float(np.max(np.abs(samples), initial=0.0))
    return AnalogCoding(_scale(peak, INT16_PEAK, abs(gen_scale), codec), offset)


def _scale(span: float, steps: int, gen_scale: float, codec: Codec) -> float:
    """The finest scale that a file can store with which a number of steps covers a span; 1 for none."""
    if span == 0.0:
        return 1.0
    scale = stored_float(max(span / steps / gen_scale, SMALLEST_SCALE), codec)
    if scale * steps * gen_scale < span:
        scale = stored_float(scale * (1.0 + 2.0**-23), codec)
    return scale


def _lower_half(samples: FloatArray, gen_scale: float, codec: Codec) -> AnalogCoding:
    below = -float(np.min(samples, initial=0.0))
    above = float(np.max(samples, initial=0.0))
    if below == 0.0 or above == 0.0:
        return AnalogCoding(_scale(below + above, INT16_PEAK, gen_scale, codec), INT16_PEAK if below else 0)
    # One step less, as the offset is rounded up to a whole one.
    scale = _scale(below + above, INT16_PEAK - 1, gen_scale, codec)
    return AnalogCoding(scale, min(math.ceil(below / (scale * gen_scale)), INT16_PEAK))


def encode_analogs(
    samples: FloatArray,
    codings: list[AnalogCoding],
    codec: Codec,
    *,
    is_float: bool,
    gen_scale: float,
    unsigned: bool,
) -> npt.NDArray[Any]:
    """Words (N, C) for samples (N, C)."""
    factor = np.array([coding.scale for coding in codings]) * gen_scale
    offset = np.array([coding.offset for coding in codings], dtype=np.float64)
    if is_float:
        return codec.encode(samples if np.all(factor == 1.0) and not np.any(offset) else samples / factor + offset)
    return encode_integers(samples / factor + offset, codec, unsigned=unsigned)


def encode_integers(values: FloatArray, codec: Codec, *, unsigned: bool = False) -> npt.NDArray[Any]:
    """Rounded and limited 16-bit words, the upper half of unsigned ones in its bits."""
    low, high = (0, 65535) if unsigned else (-32768, 32767)
    rounded = np.rint(values)
    np.clip(rounded, low, high, out=rounded)
    return rounded.astype(np.int32).astype(codec.order + "u2").view(codec.int16)


def encode_fourth(
    valid: npt.NDArray[np.bool_], residuals: FloatArray, masks: npt.NDArray[np.uint8], scale: float
) -> FloatArray:
    """Fourth words (T, M): camera mask in the high byte, residual in the low byte, -1 where invalid."""
    counts = np.clip(np.rint(np.where(valid, residuals, 0.0) / scale), 0, 255)
    return np.where(valid, (masks & 0x7F) * 256.0 + counts, -1.0)

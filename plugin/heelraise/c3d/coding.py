"""From physical values to the words of a data section."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from heelraise.c3d.codec import Codec, FloatArray

INT16_PEAK = 32767
UNSIGNED_PEAK = 16383
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


def analog_coding(
    samples: FloatArray, codec: Codec, *, is_float: bool, gen_scale: float, unsigned: bool
) -> AnalogCoding:
    """Choose scale and offset for a channel.

    Integers get the finest scale that holds the peak, so the error is at most peak / 65534. Unsigned ones
    get half of that (peak / 32766): some readers, ezc3d among them, take samples and offsets as signed
    whatever ANALOG:FORMAT says, and only the lower half of the range reads alike both ways. Floats keep
    their value as it is, which takes a scale that undoes GEN_SCALE.
    """
    if is_float:
        return AnalogCoding(stored_float(1.0 / gen_scale, codec), 0)
    limit = UNSIGNED_PEAK if unsigned else INT16_PEAK
    peak = float(np.max(np.abs(samples), initial=0.0))
    if peak == 0.0:
        return AnalogCoding(1.0, UNSIGNED_PEAK if unsigned else 0)
    scale = stored_float(max(peak / limit / abs(gen_scale), SMALLEST_SCALE), codec)
    if scale * limit * abs(gen_scale) < peak:
        scale = stored_float(scale * (1.0 + 2.0**-23), codec)
    return AnalogCoding(scale, UNSIGNED_PEAK if unsigned else 0)


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
    rounded = np.clip(np.rint(values), low, high).astype(np.int32)
    return (rounded & 0xFFFF).astype(codec.order + "u2").view(codec.int16)


def encode_fourth(
    valid: npt.NDArray[np.bool_], residuals: FloatArray, masks: npt.NDArray[np.uint8], scale: float
) -> FloatArray:
    """Fourth words (T, M): camera mask in the high byte, residual in the low byte, -1 where invalid."""
    counts = np.clip(np.rint(np.where(valid, residuals, 0.0) / scale), 0, 255)
    return np.where(valid, (masks & 0x7F) * 256.0 + counts, -1.0)

"""Byte orders and number formats of C3D files: Intel, DEC and MIPS in one table.

The formats are those of the C3D manual (c3d.org, "Processor type"): Intel is little endian with IEEE
floats, DEC is little endian with VAX F floats, MIPS is big endian with IEEE floats.
"""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
WordArray = npt.NDArray[Any]

VAX_LARGEST = float(np.ldexp(1.0 - 2.0**-24, 127))
"""The largest magnitude that a VAX F float can hold."""

IEEE_LARGEST = float(np.finfo(np.float32).max)


@dataclass(frozen=True)
class Codec:
    """How one kind of processor stores numbers.

    Attributes
    ----------
    name : str
        ``intel``, ``dec`` or ``mips``.
    processor : int
        The byte that names it in the parameter section (84, 85 or 86).
    order : str
        Byte order of integers, ``<`` or ``>``.
    vax : bool
        Whether floats are VAX F floats instead of IEEE ones.
    """

    name: str
    processor: int
    order: str
    vax: bool = False

    @property
    def int16(self) -> np.dtype[np.int16]:
        """Two-byte signed integer as stored."""
        return np.dtype(self.order + "i2")

    @property
    def word32(self) -> np.dtype[Any]:
        """Four-byte float as stored; VAX floats are carried as their bits."""
        return np.dtype("<u4") if self.vax else np.dtype(self.order + "f4")

    def decode(self, words: WordArray) -> FloatArray:
        """Turn stored words (``int16`` or ``word32``) into float64 of the same shape."""
        if self.vax and words.dtype.itemsize == 4:
            return _from_vax(words)
        # A signalling NaN in a damaged file is data, not an arithmetic mistake.
        with np.errstate(invalid="ignore"):
            return words.astype(np.float64)

    def encode(self, values: npt.ArrayLike) -> WordArray:
        """Turn numbers into stored floats; magnitudes beyond the format become its largest."""
        array = np.asarray(values, dtype=np.float64)
        if self.vax:
            return _to_vax(array)
        with np.errstate(over="ignore", invalid="ignore"):
            words: WordArray = array.astype(self.word32)
        if np.isfinite(words).all():
            return words
        bounded = np.where(np.isfinite(array), np.clip(array, -IEEE_LARGEST, IEEE_LARGEST), array)
        return bounded.astype(self.word32)

    def uint16_at(self, raw: bytes, offset: int) -> int:
        """The unsigned 16-bit integer at a byte offset."""
        return int(struct.unpack_from(self.order + "H", raw, offset)[0])

    def float_at(self, raw: bytes, offset: int) -> float:
        """The float at a byte offset."""
        if not self.vax:
            return float(struct.unpack_from(self.order + "f", raw, offset)[0])
        return float(_from_vax(np.frombuffer(raw, "<u4", 1, offset))[0])

    def pack_uint16(self, value: int) -> bytes:
        """Two bytes of an unsigned 16-bit integer."""
        return struct.pack(self.order + "H", value)

    def pack_float(self, value: float) -> bytes:
        """Four bytes of a float."""
        return self.encode(np.array([value])).tobytes()


INTEL = Codec("intel", 84, "<")
DEC = Codec("dec", 85, "<", vax=True)
MIPS = Codec("mips", 86, ">")

CODECS = {codec.processor: codec for codec in (INTEL, DEC, MIPS)}
CODECS_BY_NAME = {codec.name: codec for codec in (INTEL, DEC, MIPS)}


def _from_vax(words: WordArray) -> FloatArray:
    """VAX F floats to float64: value = 0.1m * 2^(e - 128), the two 16-bit halves swapped."""
    bits = (words << np.uint32(16)) | (words >> np.uint32(16))
    if _are_ordinary(bits):
        singles: FloatArray = bits.view(np.float32).astype(np.float64)
        singles *= 0.25
        return singles
    exponent = (bits >> np.uint32(23)) & np.uint32(0xFF)
    wide = (bits & np.uint32(0x7FFFFF)).astype(np.uint64) << np.uint64(29)
    wide |= (exponent.astype(np.uint64) + np.uint64(1023 - 129)) << np.uint64(52)
    wide |= (bits >> np.uint32(31)).astype(np.uint64) << np.uint64(63)
    values = wide.view(np.float64)
    # Exponent 0 is zero whatever the fraction; with the sign set it is the VAX's "reserved operand".
    empty = exponent == 0
    if np.any(empty):
        values = np.where(empty, np.where(bits >> np.uint32(31) != 0, np.nan, 0.0), values)
    return values


def _are_ordinary(bits: WordArray) -> bool:
    """Whether all of these, read as VAX F floats, are a quarter of what they are as IEEE singles.

    That is so for exponents from 1 to 254 and for zero; 1 is left out, to which smaller numbers may be rounded.
    """
    without_sign = bits << np.uint32(1)
    ordinary = without_sign - np.uint32(2 << 24) < np.uint32(253 << 24)
    return bool(ordinary.all() or (ordinary | (bits == 0)).all())


def _to_vax(values: FloatArray) -> WordArray:
    """Float64 to VAX F floats; NaN becomes the reserved operand, overflow the largest value."""
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        singles = np.multiply(values, 4.0).astype(np.float32).view(np.uint32)
    if _are_ordinary(singles):
        return ((singles << np.uint32(16)) | (singles >> np.uint32(16))).astype("<u4", copy=False)
    missing = np.isnan(values)
    bounded = np.clip(np.where(missing, 0.0, values), -VAX_LARGEST, VAX_LARGEST)
    mantissa, exponent = np.frexp(bounded)
    fraction = np.rint(np.abs(mantissa) * 2.0**24).astype(np.int64)
    carried = fraction == 1 << 24
    fraction = np.where(carried, 1 << 23, fraction)
    biased = exponent.astype(np.int64) + 128 + carried
    bits = (np.signbit(bounded).astype(np.int64) << 31) | (biased << 23) | (fraction & 0x7FFFFF)
    bits = np.where((fraction == 0) | (biased < 1), 0, bits)
    bits = np.where(missing, 1 << 31, bits).astype(np.uint32)
    return ((bits << np.uint32(16)) | (bits >> np.uint32(16))).astype("<u4")


def is_plausible(value: float, low: float, high: float) -> bool:
    """Whether a number read from a file is finite and its magnitude lies in a range."""
    return math.isfinite(value) and low <= abs(value) <= high

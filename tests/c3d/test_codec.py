import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from heelraise.c3d.codec import CODECS_BY_NAME, DEC, IEEE_LARGEST, INTEL, MIPS, VAX_LARGEST

ALL = [INTEL, DEC, MIPS]


def test_known_bytes() -> None:
    # The VAX architecture manual's F_floating: 1.0 is 0x4080 in the first word, -2.5 is 0xC120.
    assert DEC.pack_float(1.0) == bytes.fromhex("80400000")
    assert DEC.pack_float(-2.5) == bytes.fromhex("20c10000")
    assert INTEL.pack_float(1.0) == bytes.fromhex("0000803f")
    assert MIPS.pack_float(1.0) == bytes.fromhex("3f800000")
    assert (INTEL.pack_uint16(0x0102), MIPS.pack_uint16(0x0102)) == (b"\x02\x01", b"\x01\x02")
    assert (INTEL.uint16_at(b"\xff\xfe", 0), MIPS.uint16_at(b"\xff\xfe", 0)) == (0xFEFF, 0xFFFE)


@pytest.mark.parametrize("codec", ALL, ids=lambda codec: codec.name)
@given(value=st.floats(min_value=-(2.0**120), max_value=2.0**120, width=32).filter(lambda x: x == 0 or abs(x) > 1e-36))
def test_floats_survive(codec, value: float) -> None:
    assert codec.float_at(codec.pack_float(value), 0) == value


@given(bits=st.integers(0, 2**32 - 1))
def test_every_vax_word_decodes_to_its_definition(bits: int) -> None:
    word = np.array([(bits << 16 | bits >> 16) & 0xFFFFFFFF], dtype="<u4")
    sign, exponent, fraction = bits >> 31, bits >> 23 & 0xFF, bits & 0x7FFFFF
    value = float(DEC.decode(word)[0])
    if exponent == 0:
        assert np.isnan(value) if sign else value == 0.0
    else:
        assert value == (-1.0) ** sign * (0.5 + fraction / 2.0**24) * 2.0 ** (exponent - 128)


def test_limits() -> None:
    huge = np.array([1e300, -1e300, np.nan, 1e-300])
    assert np.array_equal(DEC.decode(DEC.encode(huge)), [VAX_LARGEST, -VAX_LARGEST, np.nan, 0.0], equal_nan=True)
    assert np.array_equal(INTEL.decode(INTEL.encode(huge)), [IEEE_LARGEST, -IEEE_LARGEST, np.nan, 0.0], equal_nan=True)


def test_vax_rounding_carries_into_the_exponent() -> None:
    just_below = np.nextafter(2.0, 0.0)
    assert DEC.decode(DEC.encode(np.array([just_below])))[0] == 2.0


@pytest.mark.parametrize("codec", ALL, ids=lambda codec: codec.name)
def test_integers_are_not_taken_for_floats(codec) -> None:
    words = np.array([0, 1, -1, 32767, -32768]).astype(codec.int16)
    assert np.array_equal(codec.decode(words), [0, 1, -1, 32767, -32768])
    unsigned = words.view(codec.order + "u2")
    assert np.array_equal(codec.decode(unsigned), [0, 1, 65535, 32767, 32768])


def test_processor_numbers() -> None:
    assert [CODECS_BY_NAME[name].processor for name in ("intel", "dec", "mips")] == [84, 85, 86]


@pytest.mark.parametrize("codec", [INTEL, MIPS], ids=lambda codec: codec.name)
def test_one_number_beyond_the_format_changes_no_other(codec) -> None:
    plain = np.array([[1.0, -0.0], [1e-42, IEEE_LARGEST]])
    # The first of these two still rounds to the largest float, the second would round to infinity.
    beyond = np.array([IEEE_LARGEST * (1 + 2.0**-26), IEEE_LARGEST * (1 + 2.0**-24), np.inf, -np.inf, np.nan])
    alone = codec.encode(plain)
    together = codec.encode(np.concatenate([plain.ravel(), beyond]))
    assert alone.dtype == together.dtype == codec.word32
    assert alone.tobytes() == together[:4].tobytes() == plain.astype(codec.word32).tobytes()
    expected = [IEEE_LARGEST, IEEE_LARGEST, np.inf, -np.inf, np.nan]
    assert np.array_equal(codec.decode(together[4:]), expected, equal_nan=True)

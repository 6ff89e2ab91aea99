import numpy as np
import pytest

from heelraise.c3d.codec import DEC, INTEL, MIPS
from heelraise.c3d.parameters import CHARACTER, decode_text, parse_section
from heelraise.c3d.records import Content, content_of, encode_group, encode_parameter, join_section

PREAMBLE = {codec.name: bytes([1, 0x50, 0, codec.processor]) for codec in (INTEL, DEC, MIPS)}


def section_of(raws: list[bytes], codec=INTEL) -> bytes:
    raw = join_section(raws, PREAMBLE[codec.name], codec)
    assert raw is not None
    return raw


def small(codec=INTEL) -> list[bytes]:
    return [
        encode_group(1, "POINT", "points", codec),
        encode_parameter(1, "USED", content_of(40000, codec), "how many", codec),
        encode_parameter(1, "LABELS", content_of(["LHEE", "RHEE "], codec), "", codec, locked=True),
        encode_parameter(1, "RATE", content_of(99.5, codec), "", codec),
        encode_parameter(1, "MATRIX", content_of(np.arange(6.0).reshape(2, 3), codec), "", codec),
    ]


@pytest.mark.parametrize("codec", [INTEL, DEC, MIPS], ids=lambda codec: codec.name)
def test_values_in_every_byte_order(codec) -> None:
    section, notes = parse_section(section_of(small(codec), codec), codec)
    assert notes == []
    assert section.number("POINT", "USED", 0, unsigned=True) == 40000
    assert section.number("point", "used", 0) == 40000 - 65536
    assert section.strings("POINT", "LABELS") == ["LHEE", "RHEE"]
    assert section.number("POINT", "RATE", 0) == 99.5
    assert np.array_equal(section.numbers("POINT", "MATRIX"), np.arange(6.0).reshape(2, 3))
    labels, used = section.get("POINT", "LABELS"), section.get("POINT", "USED")
    assert labels is not None
    assert used is not None
    assert labels.locked
    assert not used.locked
    assert used.description == "how many"


def test_fortran_order_as_in_force_plate_corners() -> None:
    corners = np.arange(24.0).reshape(3, 4, 2)
    content = content_of(corners, INTEL)
    assert content.dims == (3, 4, 2)
    assert np.frombuffer(content.data, "<f4")[:3].tolist() == corners[:, 0, 0].tolist()


def test_missing_values() -> None:
    section, _ = parse_section(section_of(small()), INTEL)
    assert section.get("POINT", "NOTHING") is None
    assert section.strings("NO", "THING") == []
    assert section.numbers("NO", "THING").size == 0
    assert section.number("NO", "THING", 3.5) == 3.5
    assert section.text("NO", "THING", "mm") == "mm"
    assert section.strings("POINT", "USED") == []
    assert section.numbers("POINT", "LABELS").size == 0


def test_not_a_number_falls_back() -> None:
    raws = [encode_group(1, "A", "", INTEL), encode_parameter(1, "X", content_of(np.nan, INTEL), "", INTEL)]
    section, _ = parse_section(section_of(raws), INTEL)
    assert section.number("A", "X", 7.0) == 7.0


def test_continued_tables() -> None:
    raws = [
        encode_group(1, "A", "", INTEL),
        encode_parameter(1, "LABELS", content_of(["a"], INTEL), "", INTEL),
        encode_parameter(1, "LABELS2", content_of(["bb", "c"], INTEL), "", INTEL),
        encode_parameter(1, "LABELS4", content_of(["no"], INTEL), "", INTEL),
    ]
    section, _ = parse_section(section_of(raws), INTEL)
    assert section.strings("A", "LABELS", joined=True) == ["a", "bb", "c"]
    assert section.strings("A", "LABELS") == ["a"]


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"LHEE    ", "LHEE"),
        (b"  LHEE\0junk", "LHEE"),
        (b"caf\xe9", "café"),
        ("µV".encode(), "µV"),
        (b"\0\0\0", ""),
    ],
)
def test_text(raw: bytes, text: str) -> None:
    assert decode_text(raw) == text


def test_record_links() -> None:
    raws = small()
    broken = bytearray(raws[2])
    at = 2 + len("LABELS")
    broken[at : at + 2] = broken[at : at + 2][::-1]
    body = raws[0] + raws[1] + bytes(broken) + raws[3] + raws[4]
    section, notes = parse_section(PREAMBLE["intel"] + body + b"\0\0" + bytes(100), INTEL)
    assert [note.code for note in notes] == ["parameter_link_wrong"]
    assert section.number("POINT", "RATE", 0) == 99.5


def test_last_record_with_link_zero_and_no_end_mark() -> None:
    raws = small()
    last = bytearray(raws[-1])
    last[2 + len("MATRIX") : 4 + len("MATRIX")] = b"\0\0"
    section, notes = parse_section(PREAMBLE["intel"] + b"".join(raws[:-1]) + bytes(last), INTEL)
    assert notes == []
    assert section.numbers("POINT", "MATRIX").shape == (2, 3)
    section, notes = parse_section(PREAMBLE["intel"] + b"".join(raws), INTEL)
    assert [note.code for note in notes] == ["parameter_section_unterminated"]
    assert section.numbers("POINT", "MATRIX").shape == (2, 3)


def test_records_that_cannot_be_read_are_kept() -> None:
    odd = bytearray(encode_parameter(1, "ODD", content_of(1, INTEL), "", INTEL))
    odd[2 + 3 + 2] = 3
    orphan = encode_parameter(9, "LOST", content_of(1, INTEL), "", INTEL)
    section, notes = parse_section(section_of([*small(), bytes(odd), orphan]), INTEL)
    assert sorted(note.code for note in notes) == ["parameter_orphaned", "parameter_unreadable"]
    assert [record.raw for record in section.records[-2:]] == [bytes(odd), orphan]


def test_dimensions_without_data_stay_cheap() -> None:
    empty = Content(CHARACTER, (0, 255, 255, 255, 255, 255, 255), b"")
    raws = [encode_group(1, "A", "", INTEL), encode_parameter(1, "X", empty, "", INTEL)]
    section, notes = parse_section(section_of(raws), INTEL)
    assert notes == []
    assert section.strings("A", "X") == []


def test_section_limit() -> None:
    raws = [encode_group(1, "A", "", INTEL)]
    raws += [encode_parameter(1, f"X{i}", content_of(np.zeros((255, 30)), INTEL), "", INTEL) for i in range(5)]
    assert join_section(raws, PREAMBLE["intel"], INTEL) is None


def test_text_that_does_not_fit_is_refused_or_cut() -> None:
    assert content_of("x" * 300, INTEL).dims == (255,)
    with pytest.raises(ValueError, match="name of 1 to 127"):
        encode_parameter(1, "N" * 128, content_of(1, INTEL), "", INTEL)
    with pytest.raises(ValueError, match="up to 255"):
        encode_parameter(1, "N", content_of(np.zeros(256), INTEL), "", INTEL)
    with pytest.raises(ValueError, match="from -32768"):
        content_of(70000, INTEL)

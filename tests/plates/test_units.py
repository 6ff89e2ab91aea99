import pytest

from heelraise.plates.units import length_in_mm, parse_unit


@pytest.mark.parametrize(
    ("text", "kind", "factor"),
    [
        ("N", "force", 1.0),
        ("nt  ", "force", 1.0),
        ("Newtons", "force", 1.0),
        ("Newt", "force", 1.0),
        ("kN", "force", 1000.0),
        ("lbf", "force", 4.4482216152605),
        ("Nmm", "moment", 1.0),
        ("N.mm", "moment", 1.0),
        ("N*mm", "moment", 1.0),
        ("ntmm", "moment", 1.0),
        ("Nm", "moment", 1000.0),
        ("N-m", "moment", 1000.0),
        ("N·m", "moment", 1000.0),
        ("Newton meters", "moment", 1000.0),
        ("kN m", "moment", 1e6),
        ("N cm", "moment", 10.0),
        ("m", "length", 1000.0),
        ("mete", "length", 1000.0),
        ("mm\0", "length", 1.0),
        ("V", "volt", 1.0),
        ("mV", "volt", 1.0),
        ("volts", "volt", 1.0),
        ("bits", "count", 1.0),
        ("ADU", "count", 1.0),
        ("", "none", 1.0),
        ("   ", "none", 1.0),
        ("deg/s", "unknown", 1.0),
    ],
)
def test_unit_strings_seen_in_files(text, kind, factor):
    unit = parse_unit(text)
    assert unit.kind == kind
    assert unit.factor == pytest.approx(factor, rel=1e-12)


def test_a_length_is_asked_for_and_nothing_else_is_given():
    assert length_in_mm("m") == 1000.0
    assert length_in_mm("cm") == 10.0
    assert length_in_mm("N") is None
    assert length_in_mm("") is None

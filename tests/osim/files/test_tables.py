"""Tables: what is written is read again, by us and by OpenSim; what is broken is refused in one sentence."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from heelraise.errors import InputError, OutputError
from heelraise.osim.files import text_file
from heelraise.osim.files.coordinates import coordinates_table
from heelraise.osim.files.tables import Table, clean_name, format_table, read_table, write_table

FINITE = st.floats(-1e9, 1e9, allow_nan=False, allow_subnormal=False)
NAMES = st.text(st.characters(codec="utf-8", exclude_categories=("Z", "C")), min_size=1, max_size=12)
GOOD = "walk\nversion=1\nnRows=3\nnColumns=3\ninDegrees=no\nendheader\ntime\ta\tb\n0.1\t1\t2\n0.2\t3\t4\n0.3\t5\t6\n"


@st.composite
def tables(draw) -> Table:
    labels = draw(st.lists(NAMES, min_size=1, max_size=5, unique=True))
    rows = draw(st.integers(1, 6))
    values = draw(arrays(np.float64, (rows, len(labels)), elements=FINITE))
    start, rate = (
        draw(st.floats(0, 5000, allow_subnormal=False)),
        draw(st.sampled_from([50.0, 100.0, 120.0, 960.0, 2000.0])),
    )
    header = draw(st.dictionaries(st.sampled_from(["subject", "units", "filter"]), st.just("none")))
    name = draw(st.text(st.characters(codec="utf-8"), max_size=20))
    return Table(name, tuple(labels), start + np.arange(rows) / rate, values, draw(st.booleans()), header, ("a: V",))


def save(folder: Path, text: str | bytes) -> Path:
    path = folder / "table.sto"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def refused(path: Path, **options) -> str:
    with pytest.raises(InputError) as caught:
        read_table(path, **options)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@settings(max_examples=40)
@given(tables())
def test_round_trip(tmp_path_factory, table):
    path = tmp_path_factory.mktemp("t") / "x.sto"
    back = read_table(write_table(path, table))
    assert back.labels == table.labels
    assert back.in_degrees is table.in_degrees
    assert back.comments == table.comments
    assert {k: back.header[k] for k in table.header} == dict(table.header)
    np.testing.assert_allclose(back.times, table.times, rtol=1e-11, atol=0)
    np.testing.assert_allclose(back.values, table.values, rtol=5.001e-10, atol=0)
    # What was read is written again byte for byte, from the second time on.
    assert format_table(back) == format_table(read_table(write_table(path, back)))


@settings(max_examples=40)
@given(tables())
def test_opensim_reads_the_same(tmp_path_factory, native_table, native_storage, table):
    labels = tuple(f"c{k}_{ord(name[0])}" for k, name in enumerate(table.labels))
    table = Table(table.name, labels, table.times, table.values, table.in_degrees, table.header, table.comments)
    path = write_table(tmp_path_factory.mktemp("t") / "x.sto", table)
    ours = read_table(path)
    names, times, values, degrees = native_table(path)
    assert tuple(names) == ours.labels
    assert degrees == ("yes" if table.in_degrees else "no")
    np.testing.assert_allclose(times, ours.times, rtol=1e-14)
    np.testing.assert_allclose(values, ours.values, rtol=1e-14)
    names, times, values = native_storage(path)
    assert tuple(names) == ours.labels
    np.testing.assert_allclose(times, ours.times, rtol=1e-14)
    np.testing.assert_allclose(values, ours.values, rtol=1e-14)


def test_we_read_what_opensim_writes(opensim, tmp_path):
    table = opensim.TimeSeriesTable()
    table.setColumnLabels(["a", "b"])
    for k in range(3):
        table.appendRow(0.1 * k, opensim.RowVector([1 / (3 + k), -1e-7 * k]))
    table.addTableMetaDataString("inDegrees", "yes")
    opensim.STOFileAdapter().write(table, str(tmp_path / "x.sto"))
    back = read_table(tmp_path / "x.sto")
    assert back.labels == ("a", "b")
    assert back.in_degrees
    np.testing.assert_array_equal(back.values, [[1 / (3 + k), -1e-7 * k] for k in range(3)])


def test_a_storage_loses_rows_with_nan_and_is_why_we_write_none(tmp_path, native_storage):
    path = save(tmp_path, GOOD.replace("0.1\t1", "0.1\tNaN"))
    assert len(native_storage(path)[1]) < 3
    table = Table("x", ("a", "b"), np.arange(2.0), np.array([[1.0, 2.0], [np.nan, 3.0]]))
    with pytest.raises(ValueError, match="'a'"):
        format_table(table)


@pytest.mark.parametrize("name", ["01", "00.0", "12 3", "", "a=b", "x\nendheader", "\0\udc80", "12-3"])
def test_names_that_would_hide_the_header(tmp_path, native_table, name):
    path = write_table(tmp_path / "x.sto", Table(name, ("a",), np.zeros(1), np.ones((1, 1)), comments=(name,)))
    assert native_table(path)[2].tolist() == read_table(path).values.tolist() == [[1.0]]


def test_same_bytes_without_carriage_returns_or_minus_zero():
    table = Table("x", ("a",), np.array([0.0, 1.0]), np.array([[-0.0], [1.0]]))
    assert format_table(table).encode() == (
        b"x\nversion=1\nnRows=2\nnColumns=2\ninDegrees=no\nendheader\ntime\ta\n0\t0\n1\t1\n"
    )


@pytest.mark.parametrize(
    "table",
    [
        Table("x", ("a b",), np.zeros(1), np.zeros((1, 1))),
        Table("x", ("a", "a"), np.zeros(1), np.zeros((1, 2))),
        Table("x", ("a",), np.zeros(2), np.zeros((1, 1))),
        Table("x", ("a",), np.array([np.inf]), np.zeros((1, 1))),
    ],
)
def test_what_no_reader_would_understand_is_not_written(table):
    with pytest.raises(ValueError, match="Expected"):
        format_table(table)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (GOOD.replace("endheader\n", ""), "endheader"),
        ("", "endheader"),
        ("\n" * 5000 + GOOD, "endheader"),
        ("x\nendheader\n", "nothing follows"),
        ("x\nendheader\n\n\ntime\ta\n", "no row"),
        (GOOD.replace("time", "zeit"), "time"),
        (GOOD.replace("3\t4", "3"), "2 values for 3 columns"),
        (GOOD.replace("3\t4", "3\t4\t5"), "4 values for 3 columns"),
        (GOOD.replace("3\t4", "3,5\t4"), "'3,5'"),
        (GOOD.replace("3\t4", "1_0\t4"), "'1_0'"),
        (GOOD.replace("nRows=3", "nRows=9"), "3 rows of 9"),
        (GOOD.replace("nColumns=3", "nColumns=4"), "4 columns"),
        (GOOD.replace("0.2", "0.1"), "does not increase"),
        (GOOD.replace("0.2", "NaN"), "the time is not a number"),
        (GOOD.replace("3\t4", "NaN\t4"), "'a' at 0.2 s, in 1 rows"),
        (GOOD.replace("3\t4", "-1.#IND00\t4"), "'a' at 0.2 s"),
        (GOOD.replace("version=1", "DataType=Vec3"), "Vec3"),
        (GOOD.encode() + b"\0\1\2", "binary"),
        (GOOD.encode("utf-16"), "binary"),
    ],
)
def test_broken_tables_are_refused(tmp_path, text, words):
    assert words in refused(save(tmp_path, text))


def test_lines_are_named(tmp_path):
    assert "table.sto:9:" in refused(save(tmp_path, GOOD.replace("3\t4", "3")))
    assert "table.sto:9:" in refused(save(tmp_path, GOOD.replace("3\t4", "x\t4")))
    assert "table.sto:9:" in refused(save(tmp_path, GOOD.replace("3\t4", "nan\t4")))


def test_missing_folder_and_huge_files(tmp_path, monkeypatch):
    assert "no such file" in refused(tmp_path / "none.sto")
    assert "is no file" in refused(tmp_path)
    assert "" in refused(tmp_path / ("x" * 5000))
    monkeypatch.setattr(text_file, "MAX_BYTES", 10)
    assert "too large" in refused(save(tmp_path, GOOD))


def test_a_pipe_is_not_waited_for(tmp_path):
    os = pytest.importorskip("os")
    if not hasattr(os, "mkfifo"):
        pytest.skip("no pipes with names on this platform")
    os.mkfifo(tmp_path / "pipe.sto")
    assert "is no file" in refused(tmp_path / "pipe.sto")


def test_gaps_come_through_when_asked_for(tmp_path):
    text = GOOD.replace("3\t4", "1.#QNAN\t-1.#INF")
    values = read_table(save(tmp_path, text), finite=False).values
    np.testing.assert_array_equal(values, [[1, 2], [np.nan, -np.inf], [5, 6]])


def test_older_headers_windows_line_ends_and_latin(tmp_path):
    text = "name Gänge\ndatacolumns 3\ndatarows 1\nrange 0 1\nendheader\n   time\t L Sole \tb\t\n 0.5 \t 1 2\t\n\n"
    table = read_table(save(tmp_path, text.replace("\n", "\r\n").encode("latin-1")))
    assert (table.name, table.labels, table.header["range"]) == ("Gänge", ("L Sole", "b"), "0 1")
    np.testing.assert_array_equal(table.values, [[1, 2]])


def test_columns_by_name(tmp_path):
    table = read_table(save(tmp_path, GOOD.replace("a\tb", "a\ta")))
    with pytest.raises(InputError, match="2 columns"):
        table.column("a")
    with pytest.raises(InputError, match="no column 'c'"):
        table.column("c")
    np.testing.assert_array_equal(read_table(save(tmp_path, GOOD)).column("b"), [2, 4, 6])


def whatever_is_left(path):
    """The table, or None after one sentence."""
    try:
        return read_table(path)
    except InputError:
        refused(path)
        return None


@given(st.data())
def test_damage_is_read_or_refused(tmp_path_factory, data):
    raw = bytearray(GOOD.encode())
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(raw)))
        stop = data.draw(st.integers(start, min(start + 20, len(raw))))
        raw[start:stop] = data.draw(st.binary(max_size=8))
    path = save(tmp_path_factory.mktemp("t"), bytes(raw))
    table = whatever_is_left(path)
    if table is not None:
        assert np.isfinite(table.values).all()
        assert (np.diff(table.times) > 0).all()
        assert table.values.shape == (table.times.size, len(table.labels))


@given(st.text(max_size=20))
def test_clean_names_separate_nothing(name):
    clean = clean_name(name)
    assert clean == clean_name(clean)
    assert len(clean.split()) <= 1


def test_coordinates_are_in_degrees_and_metres(tmp_path, native_table):
    times = 0.5 + np.arange(4) / 100
    values = np.array([[np.pi / 6, 0.9], [np.nan, 0.9], [-np.pi / 2, 1.0], [0.05 * np.pi / 180, 1.1]])
    table = coordinates_table("x_ik", times, ["ankle_angle_r", "pelvis_ty"], values, [True, False])
    path = write_table(tmp_path / "x_ik.mot", table)
    labels, found, turned, degrees = native_table(path)
    assert labels == ["ankle_angle_r", "pelvis_ty"]
    assert degrees == "yes"
    # The frame that is not known is left out, and the others keep their times.
    np.testing.assert_allclose(found, [0.5, 0.52, 0.53], rtol=1e-12)
    np.testing.assert_allclose(turned, [[30, 0.9], [-90, 1.0], [0.05, 1.1]], rtol=1e-9)


def test_a_tremor_of_a_twentieth_of_a_degree_survives_the_digits(tmp_path):
    times = np.arange(2000) / 200
    angle = np.deg2rad(25 + 0.05 * np.sin(2 * np.pi * 10 * times))
    table = coordinates_table("x", times, ["ankle_angle_r"], angle[:, np.newaxis], [True])
    back = read_table(write_table(tmp_path / "x.mot", table)).values[:, 0]
    assert np.abs(back - np.rad2deg(angle)).max() < 1e-8


def test_nothing_is_written_into_a_missing_folder(tmp_path):
    table = Table("x", ("a",), np.zeros(1), np.zeros((1, 1)))
    with pytest.raises(OutputError):
        write_table(tmp_path / "none" / "x.sto", table)
    assert list(tmp_path.iterdir()) == []

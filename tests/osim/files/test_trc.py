"""Marker files: written for OpenSim's readers, read with every check."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from heelraise.errors import InputError
from heelraise.osim.files.trc import MarkerTable, clean_labels, format_trc, read_trc, write_trc

SINGLE = st.floats(-5000, 5000, width=32)


@st.composite
def marker_tables(draw) -> MarkerTable:
    count, frames = draw(st.integers(1, 4)), draw(st.integers(1, 5))
    points = draw(arrays(np.float32, (frames, count, 3), elements=SINGLE)).astype(np.float64)
    points[draw(arrays(np.bool_, (frames, count)))] = np.nan
    first, rate = draw(st.integers(1, 100_000)), draw(st.sampled_from([50.0, 100.0, 119.88, 250.0]))
    times = (first - 1 + np.arange(frames)) / rate
    labels = clean_labels(f"M{k}" for k in range(count))
    return MarkerTable(labels, times, points, rate, draw(st.sampled_from(["mm", "m"])), first)


def refused(path, text=None) -> str:
    if text is not None:
        path.write_text(text, newline="")
    with pytest.raises(InputError) as caught:
        read_trc(path)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@settings(max_examples=40)
@given(marker_tables())
def test_round_trip_keeps_single_precision_bit_for_bit(tmp_path_factory, table):
    back = read_trc(write_trc(tmp_path_factory.mktemp("t") / "x.trc", table))
    assert (back.labels, back.unit, back.rate, back.first_frame) == (
        table.labels,
        table.unit,
        table.rate,
        table.first_frame,
    )
    np.testing.assert_array_equal(back.points.astype(np.float32), table.points.astype(np.float32))
    np.testing.assert_allclose(back.times, table.times, rtol=1e-11)


@settings(max_examples=40)
@given(marker_tables())
def test_opensim_reads_the_same(tmp_path_factory, native_markers, table):
    path = write_trc(tmp_path_factory.mktemp("t") / "x.trc", table)
    ours = read_trc(path)
    labels, times, points, unit = native_markers(path)
    assert (tuple(labels), unit) == (table.labels, table.unit)
    np.testing.assert_allclose(times, ours.times, rtol=1e-14)
    np.testing.assert_allclose(points, ours.points, rtol=1e-14)


def test_the_scale_tools_reader_sees_gaps_start_and_unit(opensim, tmp_path):
    points = np.array([[[1.5, 2, 3], [4, 5, 6]], [[np.nan] * 3, [4, 5, 7]]])
    path = write_trc(tmp_path / "x.trc", MarkerTable(("A", "B"), np.array([1.5, 1.51]), points, 100.0, "mm", 151))
    data = opensim.MarkerData(str(path))
    assert (data.getNumMarkers(), data.getNumFrames(), data.getStartFrameTime()) == (2, 2, 1.5)
    assert data.getUnits().getLabel() == "millimeters"
    frame = data.getFrame(1)
    assert np.isnan(frame.getMarker(0).get(0))
    assert frame.getMarker(1).get(2) == 7


def test_a_point_that_lacks_a_coordinate_is_a_gap(tmp_path):
    points = np.array([[[1.0, np.nan, 3.0]], [[1.0, 2.0, 3.0]]])
    back = read_trc(write_trc(tmp_path / "x.trc", MarkerTable(("A",), np.arange(2.0), points, 1.0)))
    assert np.isnan(back.points[0]).all()
    assert back.metres[1, 0].tolist() == pytest.approx([0.001, 0.002, 0.003])


@given(st.lists(st.text(max_size=6), max_size=8))
def test_clean_labels_are_names_and_unique(labels):
    clean = clean_labels(labels)
    assert len(set(clean)) == len(clean) == len(labels)
    assert all(name and name == name.strip() and not set(name) & set(" \t\n\r\0/\\*+") for name in clean)


def test_clean_labels_keep_what_is_sound():
    assert clean_labels(["LTOE", "R.Heel", "L Toe", "LTOE", "", "LTOE_2"]) == (
        "LTOE",
        "R.Heel",
        "L_Toe",
        "LTOE_3",
        "marker_5",
        "LTOE_2",
    )


def good() -> str:
    points = np.arange(12.0).reshape(2, 2, 3)
    return format_trc(MarkerTable(("A", "B"), np.array([0.0, 0.01]), points, 100.0), "x.trc")


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("PathFileType", "Path", "PathFileType"),
        ("Frame#", "Bild", "Frame#"),
        ("\tmm\t", "\tparsec\t", "'parsec'"),
        ("100\t2\t2", "100\t2\t3", "3, but 2 are named"),
        ("100\t2\t2", "100\t9\t2", "2 frames of 9"),
        ("\t11\n", "\t11\t12\n", "9 values for 8 columns"),
        ("\t11\n", "\televen\n", "'eleven'"),
        ("\t0.01\t", "\t0\t", "does not increase"),
        ("\t0.01\t", "\t\t", "the time is not a number"),
        ("\t11\n", "\t\0\n", "binary"),
    ],
)
def test_broken_files_are_refused(tmp_path, old, new, words):
    text = good()
    assert old in text
    assert words in refused(tmp_path / "x.trc", text.replace(old, new, 1))


def test_empty_cells_are_gaps_also_at_the_end_of_a_row(tmp_path):
    (tmp_path / "x.trc").write_text(good().replace("\t9\t10\t11\n", "\t\t\t\n").replace("\t3\t4\t5\n", "\n"))
    points = read_trc(tmp_path / "x.trc").points
    assert np.isnan(points[:, 1]).all()
    assert np.isfinite(points[:, 0]).all()


def whatever_is_left(path):
    """The table, or None after one sentence."""
    try:
        return read_trc(path)
    except InputError:
        refused(path)
        return None


@given(st.data())
def test_damage_is_read_or_refused(tmp_path_factory, data):
    raw = bytearray(good().encode())
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(raw)))
        raw[start : start + data.draw(st.integers(0, 20))] = data.draw(st.binary(max_size=8))
    path = tmp_path_factory.mktemp("t") / "x.trc"
    path.write_bytes(bytes(raw))
    table = whatever_is_left(path)
    if table is not None:
        assert table.points.shape == (table.times.size, len(table.labels), 3)
        assert (np.diff(table.times) > 0).all()

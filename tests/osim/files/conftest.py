"""OpenSim's own readers, and trials to write."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from heelraise.phantom import build_scenario, simulate, write_trial

SHORT = {
    "name": "short",
    "task": {"stand_s": 2.5, "rise_s": 1, "hold_s": 2, "lower_s": 1, "after_s": 2.5},
    "left": {"frequency_hz": 7.5, "rms_deg": 0.4, "width_hz": 0.5},
    "right": {"frequency_hz": 7.2, "rms_deg": 0.35, "width_hz": 0.5},
    "lab": {"marker_set": "plug_in_gait", "storage": "float"},
}


@pytest.fixture(scope="session")
def samples() -> Path:
    """The sample trials of the repository."""
    folder = Path(__file__).parents[3] / "sample_c3d"
    if not folder.is_dir():
        pytest.skip("the sample trials are not beside the tests")
    return folder


@pytest.fixture(scope="session")
def short(tmp_path_factory) -> Path:
    """A short bilateral raise of nine seconds."""
    path = tmp_path_factory.mktemp("short") / "short.c3d"
    write_trial(simulate(build_scenario(SHORT)), path)
    return path


@pytest.fixture(scope="session")
def opensim():
    """The opensim package, quiet."""
    pytest.importorskip("opensim")
    from heelraise.osim.library import load_opensim

    return load_opensim()


@pytest.fixture(scope="session")
def native_table(opensim):
    """Read a table with TimeSeriesTable: labels, times, values, in degrees."""

    def read(path):
        table = opensim.TimeSeriesTable(str(path))
        matrix = table.getMatrix()
        degrees = table.getTableMetaDataAsString("inDegrees")
        return list(table.getColumnLabels()), np.array(table.getIndependentColumn()), matrix.to_numpy().copy(), degrees

    return read


@pytest.fixture(scope="session")
def native_storage(opensim):
    """Read a table with Storage, as the GUI's plotter does: labels, times, values."""

    def read(path):
        storage = opensim.Storage(str(path))
        names = storage.getColumnLabels()
        labels = [names.get(k) for k in range(names.getSize())]
        rows = [storage.getStateVector(k) for k in range(storage.getSize())]
        data = [row.getData() for row in rows]
        values = np.array([[column.get(c) for c in range(column.getSize())] for column in data])
        return labels[1:], np.array([row.getTime() for row in rows]), values

    return read


@pytest.fixture(scope="session")
def native_markers(opensim):
    """Read a marker file with TRCFileAdapter's table: labels, times, points, unit."""

    def read(path):
        table = opensim.TimeSeriesTableVec3(str(path))
        flat = table.flatten()
        matrix = flat.getMatrix()
        points = matrix.to_numpy().copy().reshape(table.getNumRows(), -1, 3)
        return (
            list(table.getColumnLabels()),
            np.array(table.getIndependentColumn()),
            points,
            table.getTableMetaDataAsString("Units"),
        )

    return read

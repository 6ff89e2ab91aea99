"""Scaling through OpenSim's ScaleTool."""

from dataclasses import replace

import numpy as np
import pytest

from heelraise.errors import InputError
from heelraise.osim.built_in import leg_skeleton
from heelraise.osim.files.trc import MarkerTable
from heelraise.osim.forward import marker_positions
from heelraise.osim.scaling import default_measurements, scale_model
from heelraise.osim.shank_foot import LegShape, write_shank_foot_model


def _static(shape: LegShape, frames: int = 3) -> MarkerTable:
    """A person of this shape who stands still, labels as in the built-in model."""
    labels, places = [], []
    for side in ("right", "left"):
        chain = leg_skeleton(shape, side)
        still = marker_positions(chain, np.zeros((1, len(chain.coordinates))))[0]
        labels += [f"{side}.{name}" for name in chain.marker_names]
        places.append(still + np.array([0.0, 0.5, 0.1 if side == "right" else -0.1]))
    points = np.repeat(np.concatenate(places)[np.newaxis], frames, axis=0)
    return MarkerTable(tuple(labels), np.arange(frames) / 100.0, points, 100.0, "m")


def _sized(factor: float) -> LegShape:
    """The built-in leg with every length multiplied."""
    whole = LegShape()
    markers = {name: (body, factor * place) for name, (body, place) in whole.markers.items()}
    return LegShape(factor * whole.shank_m, factor, markers)


def test_a_larger_person_makes_a_larger_model(tmp_path, monkeypatch, capfd):
    pytest.importorskip("opensim")
    from heelraise.osim.reading import read_skeleton

    monkeypatch.chdir(tmp_path)
    write_shank_foot_model(tmp_path / "generic.osim")
    person = _sized(1.08)
    scaled = scale_model(tmp_path / "generic.osim", _static(person), tmp_path / "scaled.osim", mass_kg=20.0)
    assert set(scaled.factors) == {f"{body}_{s}" for body in ("tibia", "talus", "calcn", "toes") for s in "rl"}
    assert all(factor == pytest.approx((1.08,) * 3, rel=1e-4) for factor in scaled.factors.values())
    read = read_skeleton(scaled.file)
    for marker in read.markers:
        side, _, name = marker.name.partition(".")
        _, place = person.markers[name]
        assert np.abs(marker.offset - place * [1, 1, 1 if side == "right" else -1]).max() < 1e-4
    assert sorted(p.name for p in tmp_path.iterdir()) == ["generic.osim", "scaled.osim"]
    assert capfd.readouterr() == ("", "")


def test_nothing_to_measure_lists_both_sides(tmp_path):
    pytest.importorskip("opensim")
    write_shank_foot_model(tmp_path / "generic.osim")
    table = replace(_static(LegShape()), labels=tuple(f"M{k}" for k in range(2 * 15)))
    with pytest.raises(InputError, match=r"the model has .*right\.heel.*the trial has M0, M1"):
        scale_model(tmp_path / "generic.osim", table, tmp_path / "scaled.osim")
    assert not (tmp_path / "scaled.osim").exists()


def test_measurements_come_from_what_names_mean():
    names = ("R.Knee.Lat", "R.Ankle.Lat", "R.Heel", "R.Toe.Tip", "L.Heel", "R.ASIS", "L.ASIS", "R.Shank.Front")
    bodies = {"tibia_r", "talus_r", "calcn_r", "toes_r", "calcn_l", "pelvis", "femur_r"}
    found = {m.name: m for m in default_measurements(names, bodies)}
    assert set(found) == {"shank_r", "foot_r", "thigh_r", "pelvis"}
    assert found["shank_r"].bodies == ("tibia_r", "talus_r")
    assert found["foot_r"].pairs == (("R.Heel", "R.Toe.Tip"),)

import csv
import math
from pathlib import Path

import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st

from heelraise.errors import InputError
from heelraise.stats.cop import cop_descriptors, prediction_ellipse

RATE = 100.0


def circle(radius: float = 5.0, turns: float = 10, n: int = 2000) -> tuple[np.ndarray, np.ndarray]:
    angle = 2 * np.pi * turns * np.arange(n) / n
    return radius * np.cos(angle), radius * np.sin(angle)


def test_a_circle_has_the_descriptors_of_a_circle() -> None:
    ap, ml = circle()
    found = cop_descriptors(ap, ml, RATE)
    assert found.duration_s == 20
    assert found.path_length == pytest.approx(2 * math.pi * 5 * 10, rel=1e-3)
    assert found.mean_velocity == pytest.approx(found.path_length / 20)
    assert found.mean_distance == pytest.approx(5)
    assert found.rms_radius == pytest.approx(5)
    assert found.rms_ap == pytest.approx(5 / math.sqrt(2))
    assert found.range_ap == pytest.approx(10, rel=1e-4)
    assert found.mean_frequency == pytest.approx(0.5, rel=1e-3)
    assert found.sway_area_rate == pytest.approx(math.pi * 25 * 0.5, rel=1e-3)
    assert found.ellipse_axes[0] == pytest.approx(found.ellipse_axes[1], rel=1e-6)


def test_a_sine_along_one_axis_has_its_own_mean_frequency() -> None:
    ap = np.sin(2 * np.pi * 0.5 * np.arange(6000) / RATE)
    found = cop_descriptors(ap, np.zeros(6000), RATE)
    # The definition is exact for motion at the rms speed; a sine's mean speed gives 4 sqrt(2)'s share of it.
    assert found.mean_frequency_ap == pytest.approx(4 * 0.5 / (4 * math.sqrt(2) * 2 / math.pi), rel=1e-3)
    assert found.mean_frequency_ml is None
    assert found.ellipse_area == pytest.approx(0, abs=1e-9)


def test_the_prediction_ellipse_holds_95_percent_of_new_samples() -> None:
    generator = np.random.default_rng(0)
    mixing = np.array([[3.0, 1.0], [0.0, 1.0]])
    sample = generator.normal(size=(400, 2)) @ mixing
    fresh = generator.normal(size=(20_000, 2)) @ mixing
    area, axes, angle = prediction_ellipse(sample)
    assert area == pytest.approx(math.pi * axes[0] * axes[1])
    turn = math.radians(angle)
    c = fresh - sample.mean(axis=0)
    along = c @ [math.cos(turn), math.sin(turn)]
    across = c @ [-math.sin(turn), math.cos(turn)]
    inside = np.mean((along / axes[0]) ** 2 + (across / axes[1]) ** 2 <= 1)
    assert inside == pytest.approx(0.95, abs=0.02)
    n = 400
    scale = 2 * (n - 1) * (n + 1) / (n * (n - 2)) * scipy.stats.f.ppf(0.95, 2, n - 2)
    assert area == pytest.approx(math.pi * scale * math.sqrt(np.linalg.det(np.cov(sample.T))), rel=1e-10)


@settings(max_examples=30, deadline=None)
@given(
    scale=st.floats(0.01, 100),
    turn=st.floats(-3, 3),
    shift=st.floats(-1e3, 1e3),
    seed=st.integers(0, 50),
    n=st.integers(4, 400),
)
def test_lengths_scale_and_planar_descriptors_ignore_turns_and_shifts(
    scale: float, turn: float, shift: float, seed: int, n: int
) -> None:
    r = np.cumsum(np.random.default_rng(seed).normal(size=(n, 2)), axis=0)
    rotation = np.array([[math.cos(turn), -math.sin(turn)], [math.sin(turn), math.cos(turn)]])
    plain = cop_descriptors(r[:, 0], r[:, 1], RATE)
    moved = scale * r @ rotation + shift
    other = cop_descriptors(moved[:, 0], moved[:, 1], RATE)
    for name, power in (
        ("path_length", 1),
        ("mean_velocity", 1),
        ("rms_radius", 1),
        ("mean_distance", 1),
        ("mean_frequency", 0),
        ("sway_area_rate", 2),
        ("ellipse_area", 2),
    ):
        assert getattr(other, name) == pytest.approx(scale**power * getattr(plain, name), rel=1e-5, abs=1e-6)


def test_intervals_hold_the_value_and_come_from_the_seed() -> None:
    generator = np.random.default_rng(1)
    r = np.convolve(generator.normal(size=6200), np.ones(100) / 100, "valid")[:6000]
    q = np.convolve(generator.normal(size=6200), np.ones(100) / 100, "valid")[:6000]
    found = [cop_descriptors(r, q, RATE, np.random.default_rng(7)) for _ in range(2)]
    assert found[0].ci95 == found[1].ci95
    assert set(found[0].ci95) == {"rms_ap", "rms_ml", "rms_radius", "mean_velocity"}
    for name, (low, high) in found[0].ci95.items():
        assert low < getattr(found[0], name) < high
    assert cop_descriptors(r, q, RATE).ci95 == {}


def test_standing_still_has_no_frequency() -> None:
    found = cop_descriptors(np.ones(50), np.ones(50), RATE)
    assert found.mean_frequency is None
    assert found.path_length == 0
    assert found.ellipse_area == 0


def test_useless_records_are_refused() -> None:
    with pytest.raises(InputError, match="at least 4"):
        cop_descriptors(np.zeros(3), np.zeros(3), RATE)
    with pytest.raises(InputError, match="missing"):
        cop_descriptors(np.full(9, np.nan), np.zeros(9), RATE)
    with pytest.raises(InputError, match="same length"):
        cop_descriptors(np.zeros(9), np.zeros(8), RATE)


@pytest.mark.corpus
def test_published_area_and_velocity_are_reproduced(corpus: Path) -> None:
    folder = corpus / "cop" / "bds"
    checked = 0
    for row in csv.DictReader((folder / "published_values.csv").open(encoding="utf-8")):
        path = folder / f"{row['Trial']}.txt"
        if not path.is_file():
            continue
        lines = path.read_text(encoding="utf-8").splitlines()
        names = lines[0].split()
        data = np.loadtxt(lines[1:])
        x, y = data[:, names.index("COPx[cm]")], data[:, names.index("COPy[cm]")]
        found = cop_descriptors(x, y, RATE)
        assert found.ellipse_area == pytest.approx(float(row["COParea"]), rel=1e-9)
        assert found.mean_velocity == pytest.approx(float(row["COPvelo"]), rel=1e-9)
        checked += 1
    assert checked == 8

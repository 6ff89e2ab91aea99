import csv
import math
from pathlib import Path

import numpy as np
import pytest
import scipy.signal
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st

from heelraise.errors import InputError
from heelraise.stats.cop import (
    cop_descriptors,
    prediction_ellipse,
    quijoux_measures,
    short_measures,
    sway_record,
)
from heelraise.stats.cop.dynamics import sway_density
from heelraise.stats.cop.position import planar_range, position_measures
from heelraise.stats.cop.spectra import segment_densities

RATE = 100.0


def circle(radius: float = 5.0, turns: float = 10, n: int = 2000) -> tuple[np.ndarray, np.ndarray]:
    angle = 2 * np.pi * turns * np.arange(n) / n
    return radius * np.cos(angle), radius * np.sin(angle)


def measures(ap: np.ndarray, ml: np.ndarray, rate: float = RATE) -> dict[str, float | None]:
    return {name: one.value for name, one in quijoux_measures(sway_record(ap, ml, rate)).items()}


def test_a_circle_has_the_descriptors_of_a_circle() -> None:
    found = measures(*circle())
    around = 2 * math.pi * 5 * 10
    assert found["cop_path"] == pytest.approx(around, rel=1e-3)
    assert found["cop_mean_velocity"] == pytest.approx(found["cop_path"] / 20)
    assert found["cop_mean_distance_radius"] == pytest.approx(5)
    assert found["cop_max_distance_radius"] == pytest.approx(5)
    assert found["cop_rms_radius"] == found["cop_planar_deviation"] == pytest.approx(5)
    assert found["cop_rms_ap"] == pytest.approx(5 / math.sqrt(2))
    assert found["cop_mean_distance_ap"] == pytest.approx(5 * 2 / math.pi, rel=1e-4)
    assert found["cop_range_ap"] == pytest.approx(10, rel=1e-4)
    assert found["cop_range_planar"] == pytest.approx(10, rel=1e-4)
    assert found["cop_range_ratio"] == pytest.approx(1, rel=1e-4)
    assert found["cop_sway_correlation"] == pytest.approx(0, abs=1e-9)
    assert found["cop_principal_direction"] is None
    assert found["cop_mean_frequency"] == pytest.approx(0.5, rel=1e-3)
    assert found["cop_sway_area_rate"] == pytest.approx(math.pi * 25 * 0.5, rel=1e-3)
    assert found["cop_length_over_area"] == pytest.approx(found["cop_path"] / found["cop_ellipse_area"])
    diameter = math.sqrt(4 * found["cop_ellipse_area"] / math.pi)
    assert found["cop_fractal_dimension"] == pytest.approx(
        math.log(2000) / math.log(2000 * diameter / found["cop_path"])
    )
    # A chord of 3 mm of a circle of 5 mm, at half a turn a second.
    stays, _ = sway_density(sway_record(*circle(), RATE))
    assert stays == pytest.approx(2 * math.asin(1.5 / 5) / math.pi, rel=1e-3)


def test_a_sine_along_one_axis_has_its_own_mean_frequency() -> None:
    ap = np.sin(2 * np.pi * 0.5 * np.arange(6000) / RATE)
    found = measures(ap, np.zeros(6000))
    # The definition is exact for motion at the rms speed; a sine's mean speed gives 4 sqrt(2)'s share of it.
    assert found["cop_mean_frequency_ap"] == pytest.approx(4 * 0.5 / (4 * math.sqrt(2) * 2 / math.pi), rel=1e-3)
    assert found["cop_mean_frequency_ml"] is None
    assert found["cop_ellipse_area"] == pytest.approx(0, abs=1e-9)


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


def sway(seconds: float, tau: float, rng: np.random.Generator, rate: float = 50.0) -> np.ndarray:
    """Two independent coordinates of standard deviation 1 that forget themselves in `tau` seconds."""
    keep, start = math.exp(-1 / (tau * rate)), round(20 * tau * rate)
    noise = rng.normal(size=(round(seconds * rate) + start, 2)) * math.sqrt(1 - keep**2)
    return scipy.signal.lfilter([1], [1, -keep], noise, axis=0)[start:]


def test_intervals_cover_what_a_long_record_shows() -> None:
    rng = np.random.default_rng(3)
    rate = 50.0
    long = short_measures(sway_record(*sway(2000, 1.0, rng).T, rate))
    hits = dict.fromkeys(("cop_rms_ap", "cop_rms_radius", "cop_mean_velocity", "cop_ellipse_area"), 0)
    for _ in range(100):
        found = short_measures(sway_record(*sway(60, 1.0, rng).T, rate))
        for name in hits:
            low, high = found[name].ci95
            assert low < found[name].value < high
            hits[name] += low <= long[name].value <= high
    # 0.89 to 0.97 were measured on many more; 79 of 100 happens to a coverage of 0.89 three times in a thousand.
    assert min(hits.values()) >= 80, hits


def test_extremes_have_no_interval() -> None:
    found = short_measures(sway_record(*sway(30, 1.0, np.random.default_rng(0)).T, 50.0))
    for name in ("cop_range_ap", "cop_range_ml", "cop_range_planar", "cop_max_distance_radius", "cop_range_ratio"):
        assert found[name].value > 0
        assert found[name].ci95 is None


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), n=st.integers(4, 300), line=st.booleans())
def test_the_planar_range_is_the_widest_pair(seed: int, n: int, line: bool) -> None:
    r = np.random.default_rng(seed).normal(size=(n, 2))
    if line:
        r[:, 1] = 2 * r[:, 0]
    widest = np.hypot(*(r[:, None] - r[None]).transpose(2, 0, 1)).max()
    assert planar_range(r[:, 0], r[:, 1]) == pytest.approx(widest, rel=1e-12)


def test_the_direction_of_sway_is_that_of_the_ellipse() -> None:
    rng = np.random.default_rng(5)
    for angle in (-80.0, -30.0, 0.0, 45.0, 89.0):
        turn = math.radians(angle)
        r = (
            rng.normal(size=(4000, 2))
            * [4.0, 1.0]
            @ [
                [math.cos(turn), math.sin(turn)],
                [-math.sin(turn), math.cos(turn)],
            ]
        )
        found = position_measures(sway_record(*r.T, RATE))["cop_principal_direction"]
        assert found.value == pytest.approx(prediction_ellipse(r)[2], abs=1e-6)
        assert abs(found.value - angle) < 3
        assert found.ci95[0] < found.value < found.ci95[1]


def test_standing_still_has_no_frequency() -> None:
    plain = cop_descriptors(np.ones(50), np.ones(50), RATE)
    assert (plain.path, plain.rms_ap, plain.ellipse_area, plain.duration_s) == (0, 0, 0, 0.5)
    found = measures(np.ones(4000), np.ones(4000))
    moving = [name for name in found if "frequency" in name or "f50" in name or "diffusion" in name or "peak" in name]
    assert moving
    assert all(found[name] is None for name in moving)
    assert found["cop_range_planar"] == 0


def test_useless_records_are_refused() -> None:
    with pytest.raises(InputError, match="at least 4"):
        cop_descriptors(np.zeros(3), np.zeros(3), RATE)
    with pytest.raises(InputError, match="missing"):
        cop_descriptors(np.full(9, np.nan), np.zeros(9), RATE)
    with pytest.raises(InputError, match="same length"):
        cop_descriptors(np.zeros(9), np.zeros(8), RATE)


@pytest.mark.corpus
def test_published_area_velocity_and_frequency_are_reproduced(corpus: Path) -> None:
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
        # Their mean frequency is that of the summed densities of both axes, in Hann windows of half the record. What
        # is left (ratio 1.001, sd 0.002, at most 0.6 %) is in details of their integration, which are not published.
        freq, density = segment_densities(np.stack([x, y], axis=1), RATE, 30.0, 1 / 30.0, linear=False)
        power = density.mean(axis=0).sum(axis=1)
        frequency = np.trapezoid(freq * power, freq) / np.trapezoid(power, freq)
        assert frequency == pytest.approx(float(row["COPmfreq"]), rel=1e-2)
        checked += 1
    assert checked == 8

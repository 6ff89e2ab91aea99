"""What units, turns, rates and the direction of time may and may not change."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heelraise.metrics.definitions.cop import COP
from heelraise.signal.filters import lowpass, resample_bandlimited
from heelraise.stats.cop import fluctuation_measures, quijoux_measures, short_measures, sway_record

RATE = 100.0
UNITS = {one.name: one.unit for one in COP}
POWERS = {"mm": 1, "mm/s": 1, "mm^2": 2, "mm^2/s": 2, "1/mm": -1, "Hz": 0, "s": 0, "1": 0, "deg": 0}
#: A circle of 3 mm is one in any unit: its sway density does not scale.
FIXED = ("cop_sway_density_peak", "cop_sway_density_distance")


def walk(seed: int, seconds: float = 40.0, rate: float = RATE) -> np.ndarray:
    """Smooth sway of some millimetres, larger to the front, with a common part."""
    n = round(seconds * rate)
    noise = np.random.default_rng(seed).normal(size=(n, 2)) * [1.6, 1.0]
    noise[:, 1] += 0.3 * noise[:, 0]
    path = np.cumsum(noise, axis=0) * 0.3
    path -= np.linspace(0, 1, n)[:, None] * (path[-1] - path[0])
    return lowpass(path, rate, 5.0)


def values(r: np.ndarray, rate: float = RATE) -> dict[str, float | None]:
    record = sway_record(r[:, 0], r[:, 1], rate)
    found = quijoux_measures(record) | fluctuation_measures(record)
    return {name: one.value for name, one in found.items()}


@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 1000), k=st.floats(0.2, 20))
def test_units(seed: int, k: float) -> None:
    r = walk(seed)
    plain, scaled = values(r), values(k * r)
    assert set(plain) == set(scaled)
    for name, value in plain.items():
        if name in FIXED:
            continue
        if value is None:
            assert scaled[name] is None, name
            continue
        expected = k ** POWERS[UNITS[name]] * value
        assert scaled[name] == pytest.approx(expected, rel=1e-6, abs=1e-9 * max(k, 1) ** 2), name


def swapped(name: str) -> str:
    other = {"ap": "ml", "ml": "ap"}
    stem, _, end = name.rpartition("_")
    return f"{stem}_{other[end]}" if end in other else name


@settings(max_examples=5, deadline=None)
@given(seed=st.integers(0, 1000))
def test_axes_change_places(seed: int) -> None:
    r = walk(seed)
    plain, other = values(r), values(r[:, ::-1])
    for name, value in plain.items():
        found = other[swapped(name)]
        if name == "cop_range_ratio":
            assert found == pytest.approx(1 / value)
        elif name == "cop_principal_direction":
            assert (found + value) % 180 == pytest.approx(90, abs=1e-6)
        else:
            assert found == (None if value is None else pytest.approx(value, rel=1e-9)), name


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 1000), turn=st.floats(-3.1, 3.1), shift=st.floats(-500, 500))
def test_turning_and_moving_the_laboratory(seed: int, turn: float, shift: float) -> None:
    r = walk(seed)
    rotation = np.array([[math.cos(turn), -math.sin(turn)], [math.sin(turn), math.cos(turn)]])
    plain, other = values(r), values(r @ rotation.T + shift)
    kept = [name for name in plain if not name.endswith(("_ap", "_ml")) and name != "cop_range_ratio"]
    kept = [name for name in kept if name not in ("cop_sway_correlation", "cop_principal_direction")]
    assert {"cop_path", "cop_ellipse_area", "cop_rms_radius", "cop_range_planar", *FIXED} <= set(kept)
    for name in kept:
        assert other[name] == pytest.approx(plain[name], rel=1e-6), name
    turned = other["cop_principal_direction"] - plain["cop_principal_direction"] - math.degrees(turn)
    assert (turned + 90) % 180 - 90 == pytest.approx(0, abs=1e-4)


@settings(max_examples=6, deadline=None)
@given(seed=st.integers(0, 1000))
def test_mirroring_the_side(seed: int) -> None:
    r = walk(seed)
    plain, other = values(r), values(r * [1, -1])
    signed = {"cop_mean_ml", "cop_sway_correlation", "cop_principal_direction"}
    for name, value in plain.items():
        if name in signed:
            assert other[name] == pytest.approx(-value, abs=1e-9), name
        elif "velocity_pos_ml" in name:
            assert other["cop_peak_velocity_neg_ml"] == pytest.approx(value)
        elif "velocity_neg_ml" not in name:
            assert other[name] == (None if value is None else pytest.approx(value, rel=1e-9)), name


@settings(max_examples=5, deadline=None)
@given(seed=st.integers(0, 1000))
def test_time_runs_backwards(seed: int) -> None:
    r = walk(seed, 40.0)
    plain, other = values(r), values(r[::-1])
    directed = ("cop_peak_velocity_pos", "cop_peak_velocity_neg", "cop_sway_density", "cop_velocity_crossings")
    for name, value in plain.items():
        if not name.startswith(directed):
            assert other[name] == (None if value is None else pytest.approx(value, rel=1e-6, abs=1e-9)), name
    assert other["cop_peak_velocity_pos_ap"] == pytest.approx(plain["cop_peak_velocity_neg_ap"], rel=1e-9)


@settings(max_examples=4, deadline=None)
@given(seed=st.integers(0, 1000))
def test_the_rate_does_not_matter(seed: int) -> None:
    r = walk(seed, 40.0)
    fast = resample_bandlimited(r, RATE, 2 * RATE)
    plain, other = values(r), values(fast, 2 * RATE)
    # N stands in the fractal dimension itself; the steps that DFA takes are halved with the rate.
    left = ("cop_fractal_dimension", "cop_dfa", "cop_critical", "cop_hurst", "cop_diffusion")
    for name, value in plain.items():
        if not name.startswith(left):
            assert other[name] == pytest.approx(value, rel=0.02, abs=0.02), name
    for axis in ("ap", "ml"):
        assert other[f"cop_dfa_{axis}"] == pytest.approx(plain[f"cop_dfa_{axis}"], abs=0.03)
        short = plain[f"cop_diffusion_short_{axis}"]
        assert other[f"cop_diffusion_short_{axis}"] == pytest.approx(short, rel=0.1)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 1000), still=st.integers(1, 3000))
def test_standing_still_adds_no_path(seed: int, still: int) -> None:
    r = walk(seed, 20.0)
    longer = np.concatenate([r, np.repeat(r[-1:], still, axis=0)])
    plain, other = (short_measures(sway_record(x[:, 0], x[:, 1], RATE)) for x in (r, longer))
    for name in ("cop_path", "cop_range_ap", "cop_range_ml", "cop_range_planar"):
        assert other[name].value == pytest.approx(plain[name].value, rel=1e-9)
    share = len(r) / len(longer)
    for axis in ("", "_ap", "_ml"):
        name = f"cop_mean_velocity{axis}"
        assert other[name].value == pytest.approx(share * plain[name].value, rel=1e-9)

"""The twelve defects of the public code of Quijoux et al. 2021: what stands here in their place."""

from __future__ import annotations

import ast
import math
from pathlib import Path

import numpy as np
import pytest

import heelraise.stats.cop as package
from heelraise.errors import InputError
from heelraise.metrics.definitions.cop import COP
from heelraise.stats.cop import quijoux_measures, sway_record
from heelraise.stats.cop.dynamics import DENSITY_RADIUS_MM, sway_density, velocity
from heelraise.stats.cop.position import position_measures, prediction_ellipse
from heelraise.stats.cop.spectra import spectral_measures

RATE = 100.0


def tone(hertz: float, seconds: float, amplitude: float = 1.0) -> np.ndarray:
    return amplitude * np.sin(2 * np.pi * hertz * np.arange(round(seconds * RATE)) / RATE + 0.4)


def coloured(seconds: float, seed: int = 0) -> np.ndarray:
    noise = np.random.default_rng(seed).normal(size=(round(seconds * RATE), 2))
    return np.cumsum(noise, axis=0) * 0.3


def test_1_an_oscillation_at_8_hz_is_not_smoothed_away() -> None:
    record = sway_record(tone(8.0, 30.0), tone(0.3, 30.0), RATE)
    assert position_measures(record)["cop_rms_ap"].value == pytest.approx(1 / math.sqrt(2), rel=1e-6)


@pytest.mark.parametrize("seconds", [30.0, 60.0, 120.0])
def test_2_power_does_not_grow_with_duration(seconds: float) -> None:
    r = tone(1.0, seconds) + tone(3.0, seconds, 0.5)
    found = spectral_measures(sway_record(r, tone(0.3, seconds, 2.0), RATE))
    assert found["cop_power_mid_ap"].value == pytest.approx(0.5, rel=0.01)
    assert found["cop_power_high_ap"].value == pytest.approx(0.125, rel=0.01)
    assert found["cop_power_total_ap"].value == pytest.approx(0.625, rel=0.01)
    assert found["cop_power_quotient_ap"].value == pytest.approx(0.25, rel=0.01)
    assert found["cop_power_low_ml"].value == pytest.approx(2.0, rel=0.03)
    assert found["cop_mode_frequency_ap"].value == pytest.approx(1.0)


def test_3_a_short_record_keeps_what_it_can_give() -> None:
    for n in (4, 50, 300, 700):
        r = coloured(n / RATE)
        found = quijoux_measures(sway_record(r[:, 0], r[:, 1], RATE)) if n >= 700 else None
        plain = position_measures(sway_record(r[:, 0], r[:, 1], RATE))
        assert plain["cop_ellipse_area"].value > 0
        assert found is None or found["cop_path"].value > 0


def test_4_input_is_two_coordinates_and_nothing_else() -> None:
    with pytest.raises(InputError, match="one dimension"):
        sway_record(np.zeros((100, 2)), np.zeros((100, 2)), RATE)


def test_5_no_descriptor_but_the_mean_knows_the_origin() -> None:
    r = coloured(40.0)
    near, far = (quijoux_measures(sway_record(r[:, 0] + d, r[:, 1] - d, RATE)) for d in (0.0, 1e4))
    assert not any("vfy" in name for name in near)
    for name, one in near.items():
        if name in ("cop_mean_ap", "cop_mean_ml"):
            assert abs(far[name].value - one.value) == pytest.approx(1e4)
        else:
            assert far[name].value == (None if one.value is None else pytest.approx(one.value, rel=1e-4, abs=1e-7))


def test_6_the_one_threshold_with_a_unit_scales_when_it_is_told() -> None:
    r = coloured(30.0)
    plain, _ = sway_density(sway_record(r[:, 0], r[:, 1], RATE))
    metres, _ = sway_density(sway_record(r[:, 0] / 1000, r[:, 1] / 1000, RATE), DENSITY_RADIUS_MM / 1000)
    assert plain.size > 100
    assert metres == pytest.approx(plain, rel=1e-6)


def test_7_the_critical_point_lies_within_the_fitted_times() -> None:
    given = 0
    for seed in range(12):
        r = coloured(60.0, seed)
        found = quijoux_measures(sway_record(r[:, 0], r[:, 1], RATE))
        for axis in ("ap", "ml"):
            time = found[f"cop_critical_time_{axis}"]
            given += time.value is not None
            assert 0.1 <= time.value <= 10 if time.value is not None else "do not cross" in time.reason
    assert given > 0


def test_8_the_first_and_the_last_sample_count() -> None:
    r = coloured(30.0)
    for end in (0, -1):
        moved = r.copy()
        moved[end] += 100.0
        found = quijoux_measures(sway_record(moved[:, 0], moved[:, 1], RATE))
        assert found["cop_range_ap"].value > 80
        assert found["cop_mean_ap"].value == pytest.approx(moved[:, 0].mean(), rel=1e-9)
        assert found["cop_rms_ap"].value == pytest.approx(moved[:, 0].std(), rel=1e-9)
    assert velocity(np.arange(500.0) * 0.02, RATE) == pytest.approx(2.0, rel=1e-9)


def test_9_what_never_turns_back_has_no_peaks() -> None:
    drift = np.linspace(0, 500, 4000)
    found = quijoux_measures(sway_record(drift, drift, RATE))
    assert found["cop_velocity_crossings_ap"].value == 0
    for name in ("cop_peak_velocity_ap", "cop_peak_velocity_pos_ap", "cop_sway_density_peak"):
        assert found[name].value is None
        assert found[name].reason


def test_10_the_ellipse_is_the_prediction_ellipse() -> None:
    r = coloured(20.0)
    found = position_measures(sway_record(r[:, 0], r[:, 1], RATE))["cop_ellipse_area"].value
    assert found == pytest.approx(prediction_ellipse(r)[0], rel=1e-9)
    twice = np.concatenate([r, r])
    # A confidence ellipse of the mean would shrink by half.
    assert prediction_ellipse(twice)[0] == pytest.approx(found, rel=2e-3)


def test_11_another_radius_gives_another_sway_density() -> None:
    r = coloured(30.0)
    record = sway_record(r[:, 0], r[:, 1], RATE)
    narrow, wide = (float(np.mean(sway_density(record, radius)[0])) for radius in (1.0, 3.0))
    assert narrow < 0.7 * wide


def test_12_only_numpy_is_imported_with_the_package() -> None:
    for path in Path(package.__file__).parent.glob("*.py"):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            for name in names:
                root = name.split(".")[0]
                assert root in ("numpy", "heelraise", "__future__", "math", "dataclasses", "functools", "collections")
                assert not name.startswith("numpy.core")


def test_the_table_has_their_72_names_once() -> None:
    theirs = [one.quijoux for one in COP if one.quijoux]
    assert len(theirs) == len(set(theirs)) == 72
    r = coloured(40.0)
    given = quijoux_measures(sway_record(r[:, 0], r[:, 1], RATE))
    assert set(given) == {one.name for one in COP if one.quijoux} | {"cop_path"}

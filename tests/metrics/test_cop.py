"""Which sway measures a phase gets, and what stands in their place where one cannot be had."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from heelraise.labelled.build import build_signals
from heelraise.labelled.model import Noise, Signals
from heelraise.metrics.cop import cop_metrics
from heelraise.metrics.cop_base import MAX_LIFT_MM, base_of_support
from heelraise.metrics.definitions.cop import COP
from heelraise.metrics.model import Metric
from heelraise.phases.model import Phase
from heelraise.protocol import load_protocol
from heelraise.trial import read_c3d

SAMPLE = Path(__file__).parents[2] / "sample_c3d" / "normal_hold.c3d"
DECLARED = {one.name: one for one in COP}
SHORT = {
    "cop_path",
    "cop_mean_velocity",
    "cop_mean_velocity_ap",
    "cop_mean_velocity_ml",
    "cop_rms_ap",
    "cop_rms_ml",
    "cop_rms_radius",
    "cop_range_ap",
    "cop_range_ml",
    "cop_range_planar",
    "cop_ellipse_area",
}


@pytest.fixture(scope="module")
def signals() -> Signals:
    if not SAMPLE.is_file():
        pytest.skip("the samples are not beside the tests")
    return build_signals(read_c3d(SAMPLE), load_protocol(None).protocol)


def stance(seconds: float, phase: str = "hold", side: str = "left", start: float = 9.5) -> list[Phase]:
    return [Phase(side, 1, phase, start, start + seconds, "protocol")]


def by_name(records: list[Metric], side: str = "left") -> dict[str, Metric]:
    own = [one for one in records if one.side == side]
    assert len({one.name for one in own}) == len(own)
    return {one.name: one for one in own}


def test_a_short_hold_gives_path_velocity_rms_range_and_ellipse(signals: Signals) -> None:
    found = by_name(cop_metrics(signals, stance(12.0)))
    assert set(found) - {"cop_mean_frequency"} == SHORT == {one.name for one in COP if one.from_s < 20}
    for name in SHORT:
        one = found[name]
        assert one.status == "ok"
        assert one.unit == DECLARED[name].unit
        assert one.detail["comparable_to_norms"] is False
        assert (one.ci95 is None) == ("range" in name)
    assert found["cop_path"].detail["duration_s"] == pytest.approx(12.0)


@pytest.mark.parametrize("side", ["left", "both"])
def test_one_record_says_how_many_a_short_hold_does_not_get(signals: Signals, side: str) -> None:
    short = by_name(cop_metrics(signals, stance(19.9, side=side)), side)
    long = by_name(cop_metrics(signals, stance(20.1, side=side)), side)
    (record,) = [one for one in short.values() if one.status == "too_short"]
    missing = len(long) - len(SHORT)
    assert record.name == "cop_mean_frequency"
    assert record.reason == f"19.9 s, 20 s are needed; {missing} descriptors left out"
    assert record.detail == {"left_out": missing}


def test_from_20_s_on_everything_is_named_and_what_needs_30_s_is_too_short(signals: Signals) -> None:
    found = by_name(cop_metrics(signals, stance(25.0, start=5.0)), "both")
    assert set(found) == set(DECLARED)
    short = {name for name, one in found.items() if one.status == "too_short"}
    assert short == {name for name, one in DECLARED.items() if one.from_s > 25}
    assert found["cop_hurst_short_ap"].reason == "25 s, 30 s are needed"
    assert found["cop_f50_ap"].value > 0


def test_from_30_s_on_all_72_have_a_value_or_a_reason(signals: Signals) -> None:
    records = cop_metrics(signals, stance(32.0, "stance", "both", 2.0))
    for side in ("left", "right", "both"):
        found = by_name(records, side)
        assert {one.name for one in COP if one.quijoux} <= set(found)
        for one in found.values():
            assert (one.value is None) == (one.status == "not_available") == bool(one.reason)
            assert one.value is None or np.isfinite(one.value)
    for side in ("left", "right", "both"):
        one = by_name(records, side)["cop_rambling_rms_ap"]
        assert one.value > 0
        assert ("force" in one.detail) == (side != "both")


def test_a_foot_without_a_plate_of_its_own_says_so(signals: Signals) -> None:
    shared = replace(signals, cops={"both": signals.cops["both"]}, shared_plate=True)
    for case, reason in ((shared, "share a plate"), (replace(shared, shared_plate=False), "no plate of its own")):
        (record,) = [one for one in cop_metrics(case, stance(12.0, "stance", "both")) if one.side == "left"]
        assert record.status == "not_available"
        assert reason in record.reason


def test_under_a_second_and_over_a_gap_nothing_is_measured(signals: Signals) -> None:
    (brief,) = [one for one in cop_metrics(signals, stance(0.6)) if one.side == "left"]
    assert (brief.name, brief.status, brief.reason) == ("cop_path", "too_short", "0.6 s, 1 s are needed")
    cop = signals.cops["left"]
    holes = cop.sway.copy()
    holes[1000:1400] = np.nan
    lost = replace(signals, cops={"left": replace(cop, sway=holes)})
    (masked,) = cop_metrics(lost, stance(12.0))
    assert masked.status == "masked"


def test_the_plates_noise_stands_beside_the_rms(signals: Signals) -> None:
    series = tuple(
        replace(one, noise=Noise(1e6 if one.name == "cop_ml" else 4e-4, "test")) if one.name.startswith("cop") else one
        for one in signals.series
    )
    found = by_name(cop_metrics(replace(signals, series=series), stance(12.0)))
    assert found["cop_rms_ap"].noise_floor == pytest.approx(np.sqrt(4e-4 * 10))
    assert found["cop_rms_ap"].status == "ok"
    assert found["cop_rms_ml"].status == "below_noise_floor"
    assert found["cop_rms_ml"].value > 0
    assert found["cop_path"].noise_floor is None


def forefeet(signals: Signals, lift: float = 0.0, size: float = 1.0) -> Signals:
    """The sample's marker set knows no first and fifth metatarsal heads: put some about the CoP."""
    markers = dict(signals.markers)
    for side in ("left", "right"):
        cop = signals.cops[side]
        middle = np.nanmean(cop.sway, axis=0) @ cop.directions
        up = lift if side == "right" else 0.0
        for role, ap, ml in (("mt1", -20, -60), ("mt5", -20, 60), ("hallux", 80, 0)):
            place = middle + size * np.array([ap, ml]) @ cop.directions + [0, 0, 10.0 + up]
            markers[f"{side}.{role}"] = np.tile(place, (signals.frames, 1))
    return replace(signals, markers=markers)


def test_the_boundary_is_the_forefoot_in_a_hold_and_the_foot_in_stance(signals: Signals) -> None:
    known = forefeet(signals)
    # The window holds the raise as well, in which the CoP comes forward: a large foot keeps it inside.
    found = by_name(cop_metrics(forefeet(signals, size=4.0), stance(25.0, start=5.0)))
    assert found["cop_ttb_mean"].detail["boundary"] == "forefoot"
    assert found["cop_ttb_min"].value <= found["cop_ttb_mean"].value
    directions = signals.cops["left"].directions
    (hold,), (flat,) = stance(25.0, start=5.0), stance(25.0, "stance", start=5.0)
    fore, foot = (base_of_support(known, phase, "left", directions) for phase in (hold, flat))
    assert (fore.kind, foot.kind) == ("forefoot", "foot")
    assert len(fore.corners) == 3
    # The heel is behind all of the forefoot.
    assert foot.corners[:, 0].min() < fore.corners[:, 0].min() - 50


def test_a_lifted_foot_bears_nothing(signals: Signals) -> None:
    (phase,) = stance(25.0, start=5.0)
    directions = signals.cops["both"].directions
    both, one = (
        base_of_support(forefeet(signals, lift), phase, "both", directions).corners for lift in (0.0, MAX_LIFT_MM + 5)
    )
    assert np.ptp(both[:, 1]) > np.ptp(one[:, 1]) + 50


def test_corners_without_a_marker_are_those_of_an_average_foot(signals: Signals) -> None:
    (hold,) = stance(15.0, start=11.0)
    for side, inward in (("left", 1.0), ("right", -1.0)):
        directions = signals.cops[side].directions
        base = base_of_support(signals, replace(hold, side=side), side, directions)
        assert base.assumed == (f"{side}.mt1", f"{side}.mt5", f"{side}.hallux")
        ball = np.nanmean(signals.markers[f"{side}.mt2"][1100:2600], axis=0)
        heel = np.nanmean(signals.markers[f"{side}.heel"][1100:2600], axis=0)
        length = np.linalg.norm(ball - heel) / 0.74
        place = base.corners - directions @ ball
        # A third of the breadth lies on the medial side of the second head, the toes a quarter of the length ahead;
        # the foot turns out a little in the sample.
        assert (inward * place[:, 1]).max() == pytest.approx(0.375 * length / 3, rel=0.25)
        assert (inward * place[:, 1]).min() == pytest.approx(-2 * 0.375 * length / 3, rel=0.25)
        assert place[:, 0].max() == pytest.approx(0.26 * length, rel=0.1)
    # A marker that is there is believed.
    one = replace(signals, markers={**signals.markers, "left.mt5": signals.markers["left.mt2"] + [-30, 50, 0]})
    assert base_of_support(one, hold, "left", directions).assumed == ("left.mt1", "left.hallux")


def test_without_forefoot_markers_the_time_to_boundary_says_which_are_missing(signals: Signals) -> None:
    blind = replace(signals, markers={r: path for r, path in signals.markers.items() if not r.endswith(".mt2")})
    found = by_name(cop_metrics(blind, stance(25.0, start=5.0)))
    assert found["cop_ttb_mean"].status == "not_available"
    assert "the left foot has no marker for mt1, mt5, hallux, nor the heel" in found["cop_ttb_mean"].reason
    # An average foot that the centre of pressure is not on is no boundary either.
    outside = by_name(cop_metrics(signals, stance(25.0, start=5.0)))["cop_ttb_mean"]
    assert outside.status == "not_available"
    assert "outside the markers' polygon" in outside.reason

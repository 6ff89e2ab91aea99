from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from heelraise.kinematics import subject_axes


def feet(heading, toe_out=10.0, frames=4):
    """Feet of a subject who faces `heading` (deg from +X towards +Y), toes turned out."""
    markers = {}
    for side, sign in (("left", 1.0), ("right", -1.0)):
        foot = np.radians(heading + sign * toe_out)
        across = np.radians(heading + 90.0 * sign)
        heel = 100.0 * np.array([np.cos(across), np.sin(across), 0.4])
        toe = heel + 180.0 * np.array([np.cos(foot), np.sin(foot), 0.05])
        markers[f"{side}.heel"] = np.tile(heel, (frames, 1))
        markers[f"{side}.mt2"] = np.tile(toe, (frames, 1))
    return markers


@given(heading=st.floats(-180.0, 180.0), toe_out=st.floats(-20.0, 40.0))
def test_forward_is_where_both_feet_point_and_right_is_to_the_right(heading, toe_out):
    markers = feet(heading, toe_out)
    axes = subject_axes(markers)
    forward = np.array([np.cos(np.radians(heading)), np.sin(np.radians(heading)), 0.0])
    np.testing.assert_allclose(axes.ap["both"], forward, atol=1e-9)
    to_the_right = markers["right.heel"][0] - markers["left.heel"][0]
    assert axes.ml["both"] @ to_the_right == pytest.approx(200.0)
    np.testing.assert_allclose(np.cross(axes.ap["both"], [0.0, 0.0, 1.0]), axes.ml["both"], atol=1e-12)
    assert axes.divergence_deg == pytest.approx(2 * abs(toe_out), abs=1e-4)


def test_one_foot_stands_for_both():
    axes = subject_axes({k: v for k, v in feet(30.0).items() if k.startswith("left")})
    np.testing.assert_array_equal(axes.ap["both"], axes.ap["left"])
    assert "right" not in axes.ap
    assert axes.divergence_deg is None


def test_only_the_chosen_frames_count():
    markers = {key: np.concatenate([a, b]) for (key, a), b in zip(feet(0.0).items(), feet(90.0).values(), strict=True)}
    mask = np.array([True] * 4 + [False] * 4)
    np.testing.assert_allclose(subject_axes(markers, mask).ap["both"], (1.0, 0.0, 0.0), atol=1e-12)
    np.testing.assert_allclose(subject_axes(markers, slice(4, 8)).ap["both"], (0.0, 1.0, 0.0), atol=1e-12)
    everything = subject_axes(markers).ap["both"]
    np.testing.assert_allclose(subject_axes(markers, np.zeros(8, dtype=bool)).ap["both"], everything)


def test_oddities_are_notes():
    assert [n.code for n in subject_axes({}).notes] == ["no_subject_axes"]
    assert subject_axes({}).ap == {}
    wide = subject_axes(feet(0.0, 60.0))
    assert [n.code for n in wide.notes] == ["feet_diverge"]
    opposite = subject_axes(feet(0.0, 90.0))
    assert "both" not in opposite.ap
    markers = feet(0.0)
    little = {key.replace("mt2", "mt5"): value for key, value in markers.items()}
    assert {n.code for n in subject_axes(little).notes} == {"foot_direction_approximate"}

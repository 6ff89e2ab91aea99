"""The built-in model made to size from quiet stance."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heelraise.osim.built_in import leg_skeleton
from heelraise.osim.files.axes import Y_UP
from heelraise.osim.forward import marker_positions
from heelraise.osim.own_scaling import scale_from_stance
from heelraise.osim.shank_foot import LegShape


def _stance(shape: LegShape | None = None) -> dict[str, np.ndarray]:
    """Markers (mm, Z up) of a right leg with all angles zero."""
    chain = leg_skeleton(LegShape() if shape is None else shape)
    places = 1e3 * marker_positions(chain, np.zeros((1, len(chain.coordinates))))[0] @ Y_UP
    return dict(zip(chain.marker_names, places, strict=True))


def _centred() -> dict[str, np.ndarray]:
    """A leg whose landmarks lie on the anatomy exactly: the knee above the ankle, the foot straight ahead."""
    places = _stance()
    ankle, across = np.array([0.0, 0.0, -430.0]), np.array([0.0, 1.0, 0.0])
    places |= {"lateral_malleolus": ankle - 38.0 * across, "medial_malleolus": ankle + 38.0 * across}
    places |= {"mt2": places["heel"] + [200.0, 0.0, 5.0]}
    return places


def test_landmarks_give_back_the_size():
    scaled = scale_from_stance(_centred())
    assert scaled.shape is not None
    assert scaled.shape.shank_m == pytest.approx(0.43, abs=1e-12)
    assert scaled.shape.foot_scale == pytest.approx(1.0, abs=1e-12)
    assert not scaled.note


@settings(max_examples=30, deadline=None)
@given(st.floats(-3.1, 3.1), st.floats(0.7, 1.3), st.floats(-2000, 2000))
def test_markers_are_met_exactly_wherever_the_person_stands(heading, size, shift):
    c, s = np.cos(heading), np.sin(heading)
    turn = np.array([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]])
    means = {role: size * (turn @ place) + shift for role, place in _centred().items()}
    scaled = scale_from_stance(means)
    assert scaled.shape is not None
    assert scaled.rotation is not None
    assert scaled.origin is not None
    assert scaled.shape.shank_m == pytest.approx(0.43 * size, rel=1e-9)
    chain = leg_skeleton(scaled.shape)
    still = marker_positions(chain, np.zeros((1, len(chain.coordinates))))[0]
    for name, place in zip(chain.marker_names, still, strict=True):
        assert np.allclose(scaled.rotation @ place + scaled.origin, 1e-3 * means[name], atol=1e-9)


def test_only_tracked_markers_become_markers():
    tracked = {"shank_1", "lateral_malleolus", "lateral_epicondyle", "heel", "mt2"}
    scaled = scale_from_stance(_centred(), tracked)
    assert scaled.shape is not None
    assert set(scaled.shape.markers) == tracked
    # The medial malleolus sets the joint's centre although it is not worn afterwards.
    assert not scaled.note


def test_epicondyles_stay_out_where_the_shank_has_enough():
    scaled = scale_from_stance(_centred())
    assert scaled.shape is not None
    assert "lateral_epicondyle" not in scaled.shape.markers


def test_guesses_are_told():
    means = {role: place for role, place in _centred().items() if role != "medial_malleolus"}
    assert "medial malleolus is not marked" in scale_from_stance(means).note
    low = ("lateral_malleolus", "medial_malleolus", "shank_1", "shank_2", "heel", "mt2")
    assert "knee is not marked" in scale_from_stance({role: _centred()[role] for role in low}).note


@pytest.mark.parametrize(
    ("lost", "says"),
    [
        ({"heel"}, "heading is unknown"),
        ({"lateral_malleolus"}, "lateral malleolus"),
        ({"mt1", "mt2", "mt5"}, "heading is unknown"),
    ],
)
def test_missing_landmarks_are_one_clause(lost, says):
    scaled = scale_from_stance({role: place for role, place in _centred().items() if role not in lost})
    assert scaled.shape is None
    assert says in scaled.problem


def test_wrong_units_are_refused():
    scaled = scale_from_stance({role: 1e-3 * place for role, place in _centred().items()})
    assert scaled.shape is None
    assert "no person's" in scaled.problem


def test_foot_along_the_shank_is_refused():
    means = _centred()
    means["heel"], means["mt2"] = np.array([0.0, 0.0, -300.0]), np.array([0.0, 0.0, -500.0])
    means = {role: place for role, place in means.items() if role not in ("mt1", "mt5")}
    assert "along the shank" in scale_from_stance(means).problem

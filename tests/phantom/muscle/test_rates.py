import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from heelraise.errors import UsageError
from heelraise.phantom.muscle import SPECS, PoolSpec, drive_for, steady_force
from heelraise.phantom.muscle.rates import adapted_rate, firing_rate, fused_force, kick, maximal_force
from heelraise.phantom.muscle.spec import units_of

GENERIC = PoolSpec("generic")
specs = st.sampled_from([GENERIC, *SPECS.values()])


def test_generic_pool_has_the_published_endpoints():
    units = units_of(GENERIC)
    assert units.threshold[[0, -1]] == pytest.approx([1, 50])
    assert units.peak_rate[[0, -1]] == pytest.approx([35, 25])
    assert units.force[[0, -1]] == pytest.approx([1, 100])
    assert units.contraction_s[[0, -1]] == pytest.approx([0.090, 0.030])
    assert units.fatigue[[0, -1]] == pytest.approx([0.000125, 2.25])
    assert GENERIC.maximum_excitation == pytest.approx(67)
    assert maximal_force(GENERIC, units) == pytest.approx(2215.98, abs=0.01)


@given(specs, st.floats(0, 1.2))
def test_units_are_recruited_smallest_first_and_later_units_never_fire_faster(spec, drive):
    rate = firing_rate(spec, units_of(spec), drive * spec.maximum_excitation)
    recruited = rate > 0
    assert not np.any(np.diff(recruited.astype(int)) > 0)
    assert np.all(np.diff(rate) <= 1e-9)
    assert np.all(rate[recruited] >= spec.minimum_rate_hz - 1e-9)


@given(specs, st.floats(0, 1), st.floats(0, 1))
def test_force_and_rates_grow_with_the_drive(spec, one, other):
    low, high = sorted((one, other))
    units = units_of(spec)
    rates = [firing_rate(spec, units, drive * spec.maximum_excitation) for drive in (low, high)]
    assert np.all(rates[1] >= rates[0])
    force = steady_force(spec, np.array([low, high]))
    assert 0 <= force[0] <= force[1] <= 1 + 1e-12


@given(st.floats(0.001, 5), st.floats(0.001, 5))
def test_fusion_grows_with_the_rate_and_a_regular_train_of_kicks_gives_it(one, other):
    x = np.array(sorted((one, other)))
    fused = fused_force(x)
    assert 0 < fused[0] <= fused[1] <= 1
    # A kick decays as k t/T exp(-t/T), of area k T, and there are x of them per T.
    assert kick(x) * x == pytest.approx(fused)


def test_fusion_has_no_step_where_its_two_laws_meet():
    below, above = fused_force(np.array([0.4, 0.4 + 1e-9]))
    assert below == pytest.approx(1 - np.exp(-2 * 0.4**3))
    assert above == pytest.approx(below, abs=1e-8)


def test_adaptation_spares_the_first_unit_and_takes_most_from_the_last():
    units = units_of(GENERIC)
    rate = firing_rate(GENERIC, units, 67.0)
    adapted = adapted_rate(GENERIC, units, rate, np.ones(GENERIC.units))
    assert adapted[0] == rate[0]
    assert rate[-1] - adapted[-1] == pytest.approx(0.67 * (25 - 8 + 2))


@given(specs, st.floats(0.01, 0.99))
def test_drive_for_a_force_gives_that_force(spec, force):
    units = units_of(spec)
    # The last unit's force at recruitment is the largest step that the relation has.
    step = fused_force(spec.minimum_rate_hz * units.contraction_s[-1]) * units.force[-1] / maximal_force(spec, units)
    assert steady_force(spec, np.array([drive_for(spec, force)]))[0] == pytest.approx(force, abs=float(step))


@pytest.mark.parametrize(
    "field",
    [
        {"units": 1},
        {"recruitment_range": 1.0},
        {"minimum_rate_hz": 25.0},
        {"minimum_rate_hz": 0.0},
        {"interval_cv": 0.4},
    ],
)
def test_impossible_pools_are_refused(field):
    with pytest.raises(UsageError, match="pool odd"):
        PoolSpec("odd", **field)

import numpy as np
import pytest

from heelraise.errors import UsageError
from heelraise.phantom.muscle import SPECS, PoolSpec
from heelraise.phantom.muscle.check import ENDURANCE_PUBLISHED_S
from heelraise.phantom.muscle.endurance import MeanRatePool, ankle_endurance, hold

GENERIC = PoolSpec("generic")


@pytest.mark.parametrize("level", [0.2, 0.5, 0.8])
def test_endurance_is_the_published_one(level):
    effort = hold(GENERIC, level, 600.0)
    assert effort.endurance_s == pytest.approx(ENDURANCE_PUBLISHED_S[level], rel=0.01)
    assert effort.capacity[0] == pytest.approx(1.0)
    # Failure is where the capacity has come down to the target, within one step's loss.
    assert effort.capacity[-1] == pytest.approx(level, abs=0.005)
    assert np.all(np.diff(effort.capacity) < 1e-12)
    assert effort.drive[-1] > effort.drive[0]
    # Excitation is found on a grid of 0.01: the force is met and hardly exceeded.
    assert np.all(effort.force >= level)
    assert effort.force.max() < level + 0.004


def test_maximal_effort_loses_force_as_published():
    effort = hold(GENERIC, 1.0, 75.0)
    assert 100 * (effort.force[0] - effort.force[200]) / 20 == pytest.approx(1.4, rel=0.1)
    assert 100 * effort.force[700] == pytest.approx(50, abs=2)
    assert np.isnan(effort.endurance_s)


def test_the_smallest_units_hardly_tire():
    left = hold(GENERIC, 0.5, 200.0).force_left
    assert left[0] > 0.98
    assert left.min() < 0.6
    assert np.all(left >= 0)


def test_soleus_outlasts_gastrocnemius():
    for level in (0.5, 0.8):
        soleus, gastrocnemius = (hold(SPECS[n], level, 400.0).endurance_s for n in ("soleus", "gastrocnemius_medialis"))
        assert soleus > gastrocnemius


def test_endurance_of_people_falls_with_force_and_never_ends_at_small_ones():
    times = [ankle_endurance(level) for level in (0.2, 0.5, 0.8)]
    assert times == pytest.approx([837.6, 154.8, 36.6], abs=0.1)
    assert ankle_endurance(0.1) == np.inf


def test_excitation_found_from_above_is_the_one_found_from_below():
    pool = MeanRatePool(GENERIC)
    for target in (0.05, 0.3, 0.9):
        found = {pool.excitation_for(target, guess) for guess in (0.5, 20.0, 66.0, 90.0)}
        assert len(found) == 1
        excitation = found.pop()
        assert excitation is not None
        assert pool.force(excitation) >= target > pool.force(excitation - 0.01)
    assert pool.excitation_for(1.01, 30.0) is None


def test_no_force_is_no_effort():
    with pytest.raises(UsageError, match="no effort"):
        hold(GENERIC, 0.0, 1.0)

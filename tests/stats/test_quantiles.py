import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st

from heelraise.errors import InputError
from heelraise.stats.quantiles import chi2_quantile, chi2_tail, f2_quantile, f_tail, normal_quantile, t_quantile

PROBABILITIES = st.floats(1e-6, 1 - 1e-6)
DOF = st.floats(0.5, 5000)


@settings(max_examples=200, deadline=None)
@given(PROBABILITIES)
def test_normal_quantiles_are_those_of_scipy(p: float) -> None:
    assert normal_quantile(p) == pytest.approx(scipy.stats.norm.ppf(p), abs=1e-9)


@settings(max_examples=200, deadline=None)
@given(PROBABILITIES, DOF)
def test_chi_square_quantiles_are_those_of_scipy(p: float, dof: float) -> None:
    assert chi2_quantile(p, dof) == pytest.approx(scipy.stats.chi2.ppf(p, dof), rel=1e-8)


@settings(max_examples=100, deadline=None)
@given(st.floats(0.001, 0.999), DOF)
def test_t_quantiles_are_those_of_scipy(p: float, dof: float) -> None:
    assert t_quantile(p, dof) == pytest.approx(scipy.stats.t.ppf(p, dof), rel=1e-8, abs=1e-8)


@settings(max_examples=100, deadline=None)
@given(PROBABILITIES, DOF)
def test_f_quantiles_with_two_degrees_are_those_of_scipy(p: float, dof: float) -> None:
    assert f2_quantile(p, dof) == pytest.approx(scipy.stats.f.ppf(p, 2, dof), rel=1e-8)


@settings(max_examples=100, deadline=None)
@given(st.floats(1e-3, 200), DOF)
def test_chi_square_tails_are_those_of_scipy(x: float, dof: float) -> None:
    assert chi2_tail(x, dof) == pytest.approx(scipy.stats.chi2.sf(x, dof), rel=1e-8, abs=1e-12)


@settings(max_examples=100, deadline=None)
@given(st.floats(1e-3, 50), DOF, DOF)
def test_f_tails_are_those_of_scipy(x: float, above: float, below: float) -> None:
    assert f_tail(x, above, below) == pytest.approx(scipy.stats.f.sf(x, above, below), rel=1e-6, abs=1e-12)


@pytest.mark.parametrize("p", [0.0, 1.0, -0.1, np.nan])
def test_probabilities_outside_the_open_interval_are_refused(p: float) -> None:
    for quantile in (normal_quantile, lambda q: chi2_quantile(q, 3), lambda q: t_quantile(q, 3)):
        with pytest.raises(InputError, match="probability"):
            quantile(p)


@pytest.mark.parametrize("dof", [0.0, -1.0, np.nan])
def test_degrees_of_freedom_must_be_positive(dof: float) -> None:
    with pytest.raises(InputError, match="degrees of freedom"):
        chi2_quantile(0.5, dof)
    with pytest.raises(InputError, match="degrees of freedom"):
        t_quantile(0.6, dof)
    with pytest.raises(InputError, match="degrees of freedom"):
        f_tail(1.0, 3.0, dof)

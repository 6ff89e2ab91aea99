"""Published counts: context beside a count of the same task."""

from __future__ import annotations

import pytest

from heelraise.metrics.model import Metric
from heelraise.metrics.norms import norm_metrics, norms_for, norms_of_repetitions
from heelraise.protocol import load_protocol


def protocol(name="repetitions_to_fatigue", **subject):
    setting = load_protocol(name).protocol
    return setting.model_copy(update={"subject": setting.subject.model_copy(update=subject)})


def count(side="left"):
    return Metric("repetitions", "heel_vertical", side, "raise", "1", value=22)


def test_every_norm_has_its_source_and_conditions():
    for norm in norms_of_repetitions():
        assert norm.source
        assert "one leg" in norm.conditions
        assert norm.age[0] < norm.age[1]
        assert 0 < norm.typical[0] <= norm.typical[1]


@pytest.mark.parametrize("sex", ["female", "male"])
def test_each_adult_age_has_one_norm_of_2017_and_it_falls_with_age(sex):
    found = [[n for n in norms_for(age, sex) if "2017" in n.source] for age in range(20, 95)]
    assert {len(norms) for norms in found} == {1}
    typical = [norms[0].typical[0] for norms in found]
    assert typical == sorted(typical, reverse=True)
    assert norms_for(12, sex) == ()


def test_a_matching_task_gets_every_matching_norm_as_context():
    found = norm_metrics([count()], protocol(age_years=34.0, sex="male"))
    assert {m.detail["reference"].split(",")[0] for m in found} == {
        "Hébert-Losier et al. 2017",
        "Lunsford and Perry 1995",
    }
    assert [m.value for m in found] == [32.5, 27.9]
    assert {(m.side, m.status, m.detail["meaning"]) for m in found} == {("left", "ok", "context, not a limit")}


@pytest.mark.parametrize(
    ("counts", "subject", "why"),
    [
        ([count()], {}, "age and sex"),
        ([count()], {"age_years": 12.0, "sex": "male"}, "no published count"),
        ([count(), count("right")], {"age_years": 34.0, "sex": "male"}, "of one leg"),
    ],
)
def test_what_does_not_match_is_not_available(counts, subject, why):
    (found,) = norm_metrics(counts, protocol(**subject))
    assert found.status == "not_available"
    assert found.value is None
    assert why in found.reason


@pytest.mark.parametrize("name", ["auto", "slow_eccentric", "bilateral_hold"])
def test_another_task_has_no_norm(name):
    assert norm_metrics([count()], protocol(name, age_years=34.0, sex="male")) == []

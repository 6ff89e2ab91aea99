"""Static trials, and the trials that take their zero from them."""

from __future__ import annotations

import pytest

from heelraise.batch.discover import DiscoverOptions, discover
from heelraise.batch.discover.statics import named_static
from heelraise.errors import ProtocolError


def roles(paths, **options):
    return {job.name: (job.role, job.static_name) for job in discover(paths, DiscoverOptions(**options)).jobs}


@pytest.mark.parametrize(
    "stem",
    ["static", "Static01", "S01_static_2", "STATIC", "standing", "Standing 2", "cal_01", "Calibration", "HC_Cal"],
)
def test_names_of_statics(stem):
    assert named_static(stem)


@pytest.mark.parametrize(
    "stem",
    [
        "trial01",
        "standing_left",
        "single_leg_standing",
        "static_balance",
        "StaticHold",
        "ecstatic",
        "local",
        "physical_1",
    ],
)
def test_names_of_trials(stem):
    assert not named_static(stem)


def test_a_static_in_the_folder_serves_its_trials_and_is_analysed(touch):
    top = touch("s1/d1/hold.c3d", "s1/d1/static.c3d", "s2/d1/hold.c3d")
    plan = discover([top])
    assert roles([top]) == {
        "s1/d1/hold.c3d": ("trial", "static.c3d"),
        "s1/d1/static.c3d": ("static", ""),
        "s2/d1/hold.c3d": ("trial", ""),
    }
    assert plan.jobs[0].static.path == plan.jobs[1].path
    assert plan.jobs[0].static.size == plan.jobs[1].size
    assert roles([top], pair_statics=False)["s1/d1/hold.c3d"] == ("trial", "")


def test_a_static_above_serves_the_sessions_below(touch):
    top = touch("s1/d1/hold.c3d", "s1/static.c3d", "s2/d1/hold.c3d", "s1/d2/hold.c3d", "s1/d2/static_2.c3d")
    found = roles([top])
    assert found["s1/d1/hold.c3d"] == ("trial", "static.c3d")
    assert found["s1/d2/hold.c3d"] == ("trial", "static_2.c3d")
    assert found["s2/d1/hold.c3d"] == ("trial", "")


def test_in_a_flat_folder_everyone_has_his_own(touch):
    top = touch("S1_hold.c3d", "S1_static.c3d", "S2_hold.c3d", "S2_static.c3d", "S3_hold.c3d")
    found = roles([top], name_pattern=r"(?P<subject>S\d)")
    assert [found[f"S{n}_hold.c3d"][1] for n in (1, 2, 3)] == ["S1_static.c3d", "S2_static.c3d", ""]


def test_of_several_the_first_is_used_and_said(touch):
    top = touch("hold.c3d", "static1.c3d", "static2.c3d")
    plan = discover([top])
    assert roles([top])["hold.c3d"] == ("trial", "static1.c3d")
    assert [note.code for note in plan.notes] == ["static_choice"]


def test_the_type_in_an_enf_file_goes_before_the_name(touch):
    top = touch("a.c3d", "static.c3d", "b.c3d")
    (top / "a.Trial.enf").write_text("[TRIAL_INFO]\nTYPE=Static\n")
    (top / "static.Trial.enf").write_text("[TRIAL_INFO]\nTRIAL_TYPE=Dynamic\n")
    assert roles([top]) == {"a.c3d": ("static", ""), "b.c3d": ("trial", "a.c3d"), "static.c3d": ("trial", "a.c3d")}


def test_the_type_in_a_session_xml(touch):
    top = touch("a.c3d", "ref.c3d")
    (top / "session.xml").write_text('<Session><Measurement Filename="ref.qtm" Type="Static - CGM2"/></Session>')
    assert roles([top]) == {"a.c3d": ("trial", "ref.c3d"), "ref.c3d": ("static", "")}


@pytest.mark.parametrize("pattern", ["*_ref.c3d", "../d1/*_ref.c3d"])
def test_the_protocols_pattern_alone_decides(touch, pattern):
    top = touch("d1/a.c3d", "d1/b_ref.c3d", "d1/static.c3d", "d2/a.c3d", "d2/static.c3d")
    found = roles([top], static_pattern=pattern)
    assert found["d1/a.c3d"] == ("trial", "b_ref.c3d")
    assert found["d1/static.c3d"] == ("trial", "b_ref.c3d")
    assert found["d2/a.c3d"][1] == ("" if pattern == "*_ref.c3d" else "b_ref.c3d")


def test_with_a_pattern_subjects_in_one_folder_have_their_own(touch):
    top = touch("S1_hold.c3d", "S1_ref.c3d", "S2_hold.c3d", "S2_ref.c3d", "S3_hold.c3d")
    options = DiscoverOptions(name_pattern=r"(?P<subject>S\d)", static_pattern="*_ref.c3d")
    plan = discover([top], options)
    assert [job.static_name for job in plan.jobs] == [
        "S1_ref.c3d",
        "S2_ref.c3d",
        "S2_ref.c3d",
        "S1_ref.c3d",
        "S1_ref.c3d",
    ]
    assert [job.role for job in plan.jobs] == ["trial", "static", "trial", "static", "trial"]
    assert {note.code for note in plan.notes} == {"static_of_another"}


@pytest.mark.parametrize("pattern", ["*_ref.c3d", "ref*", "*.c3d", "one.c3d", "../in/t*.c3d", "ref.dat", "none*"])
def test_a_pattern_finds_what_the_analysis_of_one_file_finds(touch, pattern):
    from types import SimpleNamespace

    from heelraise import pipeline

    top = touch("in/a_ref.c3d", "in/b_ref.c3d", "in/one.c3d", "in/t1.c3d", "in/t2.c3d", "in/ref.dat")
    for job in discover([top / "in"], DiscoverOptions(static_pattern=pattern)).jobs:
        trial = SimpleNamespace(container=SimpleNamespace(path=job.path), file=job.path.name)
        resolved = SimpleNamespace(protocol=SimpleNamespace(static=pattern), source="p")
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("heelraise.trial.read_c3d", lambda path: path)
            expected, _ = pipeline.static_trial(trial, None, resolved)
        found = job.static.path if job.static is not None else None
        assert (found and found.resolve()) == (expected and expected.resolve())


def test_a_pattern_that_is_none_is_an_error(touch):
    top = touch("a.c3d")
    with pytest.raises(ProtocolError, match="static cannot be used"):
        discover([top], DiscoverOptions(static_pattern="a/**b/c"))


def test_a_trial_named_alone_has_the_static_of_its_folder(touch):
    top = touch("hold.c3d", "static.c3d")
    assert roles([top / "hold.c3d"]) == {"hold.c3d": ("trial", "static.c3d")}


def test_a_static_within_an_archive(pack):
    path = pack("data.zip", [("s1/d1/hold.c3d", b"h"), ("s1/static.c3d", b"st"), ("s2/hold.c3d", b"k")])
    jobs = discover([path]).jobs
    assert [(job.role, job.static_name) for job in jobs] == [("trial", "static.c3d"), ("static", ""), ("trial", "")]
    assert jobs[0].static == jobs[1].source

import sys
from pathlib import Path

import pytest

from heelraise.c3d import Ezc3dJudge, append, read_container, verify_ezc3d
from heelraise.c3d.container import Container
from heelraise.c3d.verify_ezc3d import SpareJudge

CHILD = """
import json, os, sys, time
plan = {plan!r}
started = len([n for n in os.listdir({folder!r}) if n.startswith("started")])
open(os.path.join({folder!r}, f"started{{started}}"), "w").close()
for step in plan[min(started, len(plan) - 1)]:
    if step == "die":
        os.abort()
    if step == "hang":
        time.sleep(600)
    if step == "wait":
        sys.stdin.readline()
        continue
    print(json.dumps({{"status": step, "reason": "said so"}}), flush=True)
"""


@pytest.fixture
def play(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Replace the child by one that follows a plan, one list of steps per process started."""

    def use(*plan: list[str]) -> Path:
        script = tmp_path / "child.py"
        script.write_text(CHILD.format(plan=plan, folder=str(tmp_path)))
        monkeypatch.setattr(verify_ezc3d, "CHILD", script)
        return tmp_path / "trial.c3d"

    return use


def copy_of(original: Container, additions, tmp_path: Path) -> Path:
    target = tmp_path / "copy.c3d"
    append(original, target, **additions(original))
    return target


@pytest.mark.parametrize("storage", ["float", "int16"])
def test_equal(write_trial, additions, tmp_path: Path, storage: str) -> None:
    original = write_trial(storage=storage)
    with Ezc3dJudge(original.path) as judge:
        copy = copy_of(original, additions, tmp_path)
        verdict = judge.judge(copy, original)
        assert (verdict.status, verdict.acceptable) == ("equal", True)
        again = read_container(copy)
        second = tmp_path / "second.c3d"
        append(again, second, **additions(original))
        assert judge.judge(second, original).status == "equal"


def test_a_replaced_channel_may_differ(write_trial, additions, tmp_path: Path) -> None:
    original = write_trial()
    stamped = read_container(copy_of(original, additions, tmp_path))
    other = additions(original)
    other["channels"] = other["channels"][1:]
    with Ezc3dJudge(stamped.path) as judge:
        append(stamped, tmp_path / "second.c3d", **other)
        assert judge.judge(tmp_path / "second.c3d", stamped).status == "equal"
        assert judge.judge(tmp_path / "second.c3d").status == "different"


def test_different_and_unreadable_copies(write_trial, additions, tmp_path: Path) -> None:
    original = write_trial()
    copy = copy_of(original, additions, tmp_path)
    container = read_container(copy)
    raw = bytearray(copy.read_bytes())
    with Ezc3dJudge(original.path) as judge:
        raw[container.layout.start + 1] ^= 1
        copy.write_bytes(raw)
        assert judge.judge(copy, original).status == "different"
        copy.write_bytes(b"no C3D file at all")
        verdict = judge.judge(copy, original)
        assert (verdict.status, verdict.acceptable) == ("copy_unreadable", False)


def test_original_that_ezc3d_cannot_read(write_trial, additions, tmp_path: Path) -> None:
    original = write_trial(processor="mips")
    with Ezc3dJudge(original.path) as judge:
        verdict = judge.judge(copy_of(original, additions, tmp_path), original)
    assert (verdict.status, verdict.acceptable) == ("original_unreadable", True)
    assert "MIPS" in verdict.reason


def test_original_that_ezc3d_garbles(write_trial, additions, tmp_path: Path) -> None:
    original = write_trial(parameters={("ANALOG", "RATE"): None})
    with Ezc3dJudge(original.path) as judge:
        verdict = judge.judge(copy_of(original, additions, tmp_path), original)
    assert verdict.status == "original_unreadable"
    assert "4 analog channels" in verdict.reason


def test_crash_on_the_original(play) -> None:
    with Ezc3dJudge(play(["die"])) as judge:
        verdict = judge.judge("copy.c3d")
    assert (verdict.status, verdict.acceptable) == ("original_unreadable", True)


def test_crash_on_the_copy_is_tried_again(play) -> None:
    with Ezc3dJudge(play(["ready", "wait", "die"])) as judge:
        assert judge.judge("copy.c3d").status == "crashed"


def test_a_crash_of_another_cause_is_survived(play) -> None:
    with Ezc3dJudge(play(["ready", "wait", "die"], ["ready", "wait", "equal"])) as judge:
        assert judge.judge("copy.c3d").status == "equal"


@pytest.mark.parametrize(
    ("steps", "status"),
    [
        (["ready", "wait", "hang"], "timeout"),
        (["hang"], "original_unreadable"),
        (["unavailable"], "unavailable"),
    ],
)
def test_hanging_or_missing(play, steps: list[str], status: str) -> None:
    judge = Ezc3dJudge(play(steps), timeout_s=2.0)
    with judge:
        process = judge._child.process
        assert judge.judge("copy.c3d").status == status
    assert process.returncode is not None
    assert judge.judge("copy.c3d").status == "unavailable"


def test_no_interpreter(write_trial, monkeypatch: pytest.MonkeyPatch) -> None:
    original = write_trial()
    monkeypatch.setattr(sys, "executable", "/nonexistent/python")
    with Ezc3dJudge(original.path) as judge:
        assert judge.judge(original.path).status == "unavailable"


def test_noise_does_not_leak(write_trial, additions, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    original = write_trial(processor="mips")
    with Ezc3dJudge(original.path) as judge:
        judge.judge(original.path)
    assert capfd.readouterr() == ("", "")


def test_a_channel_behind_ours_is_the_originals(write_trial, additions, tmp_path: Path) -> None:
    # As another program leaves it that adds a channel to a copy of ours.
    original = write_trial(
        analog_labels=["FX1", "FY1", "HR_PF_L", "THEIRS"], parameters={("HEELRAISE", "CHANNELS"): ["HR_PF_L"]}
    )
    with Ezc3dJudge(original.path) as judge:
        copy = copy_of(original, additions, tmp_path)
        assert read_container(copy).analog_labels[:3] == ("FX1", "FY1", "THEIRS")
        assert judge.judge(copy, original).status == "equal"


def started(folder: Path) -> int:
    return len(list(folder.glob("started*")))


def test_a_spare_judge_loads_once(play, tmp_path: Path) -> None:
    first = ["ready", "wait", "equal", "wait"]
    trial, spare = play([*first, "wait", "ready", "wait", "equal", "wait"]), SpareJudge()
    for _ in range(2):
        with Ezc3dJudge(trial, spare=spare) as judge:
            assert judge.judge("copy.c3d").status == "equal"
    child = spare.take()
    assert child is not None
    child.close()
    assert started(tmp_path) == 1


@pytest.mark.parametrize("said", [["die"], ["original_unreadable"], ["ready", "wait", "different"]])
def test_what_a_used_judge_finds_wrong_a_new_one_confirms(play, tmp_path: Path, said: list[str]) -> None:
    spare = SpareJudge()
    used = ["ready", "wait", "equal", "wait", "wait", *said]
    trial = play(used, ["ready", "wait", "equal"])
    with Ezc3dJudge(trial, spare=spare) as judge:
        assert judge.judge("copy.c3d").status == "equal"
    with Ezc3dJudge(trial, spare=spare) as judge:
        assert judge.judge("copy.c3d").status == "equal"
    spare.close()
    assert started(tmp_path) == 2


def test_a_judge_that_found_something_wrong_is_not_kept(play) -> None:
    spare = SpareJudge()
    with Ezc3dJudge(play(["ready", "wait", "different"]), spare=spare) as judge:
        assert judge.judge("copy.c3d").status == "different"
    with Ezc3dJudge(play(["ready"]), spare=spare):
        pass
    assert spare.take() is None


def test_a_spare_judge_sees_the_next_original(write_trial, additions, tmp_path: Path) -> None:
    spare = SpareJudge()
    with Ezc3dJudge(write_trial(storage="float").path, spare=spare) as judge:
        original = write_trial(storage="float")
        assert judge.judge(original.path, original).status == "equal"
    bad = tmp_path / "bad.c3d"
    bad.write_bytes(b"no C3D at all")
    with Ezc3dJudge(bad, spare=spare) as judge:
        assert judge.judge(bad).status == "original_unreadable"
    spare.close()

"""Output folders that vanish during a run, and a disk that is full in earnest."""

from __future__ import annotations

import shutil

import pytest

from heelraise.batch.trial import run_trial

OPTIONS = ("--layout", "{subject}/{session}/{trial}", "-q")


@pytest.mark.parametrize(
    ("victim", "after", "statuses"),
    [
        # The second trial's outputs go with the first one's, just after they were written; the third finds no folder.
        ("S1", "S1/day1/b.c3d", ["failed", "failed", "done", "failed"]),
        # The last good one's alone; it is in no session.
        ("S2", "S2/day1/a.c3d", ["done", "done", "failed", "failed"]),
        # Lock, journal and unpacked members go, too; without its lock a run writes nothing more, since it cannot know
        # whether another one has begun there.
        (".", "S1/day1/b.c3d", ["failed", "failed", "failed", "failed"]),
    ],
)
def test_an_output_folder_that_vanishes_costs_what_was_in_it(
    archive, cli, content, rows, calm, tmp_path, monkeypatch, victim, after, statuses
):
    out, before = tmp_path / "out", content(archive)

    def gone_then(task):
        outcome = run_trial(task)
        if task.name == after:
            shutil.rmtree(out / victim)
        return outcome

    with monkeypatch.context() as patch:
        patch.setattr("heelraise.batch.trial.run_trial", gone_then)
        ended = cli("in", "-o", "out", *OPTIONS)
    assert ended.returncode == 1
    assert "Traceback" not in ended.stderr
    found = rows(out / "trials.csv")
    assert [row["status"] for row in found.values()] == statuses
    lost = [row for name, row in found.items() if row["status"] == "failed" and "bad" not in name]
    assert {row["kind"] for row in lost} == {"output"}
    written = [row["message"] for row in lost if "nothing was written" not in row["message"]]
    assert written
    assert all("its outputs have gone since they were written; run again" in message for message in written)
    # Who is refused finds no lock.
    assert (len(written) < len(lost)) == (victim == ".")
    # What is done is whole, and nothing unfinished is left.
    whole = {name: value for name, value in content(out).items() if "/" in name}
    assert whole.items() <= calm.items()
    assert not list(out.rglob(".*"))
    assert cli("in", "-o", "out", *OPTIONS).returncode == 1
    assert content(out) == calm
    assert content(archive) == before


def test_a_full_disk_costs_what_does_not_fit_until_there_is_room(archive, undisturbed, faults, content, rows, tmp_path):
    calm, before = undisturbed / "out", content(archive)
    biggest = max(path.stat().st_size for path in calm.rglob("*"))
    all_of_it = sum(path.stat().st_size for path in calm.rglob("*") if path.is_file())
    # One trial fits and the tables do; the copy of another does not.
    kilobytes = (all_of_it - biggest) // 1000
    place = tmp_path / "place"
    statuses = faults.on_a_small_disk(place, kilobytes, lambda disk: faults.command_line(archive, disk / "out"))
    if statuses is None:
        pytest.skip("nobody may mount anything here")
    assert statuses == [1, 1]
    full, room = content(place / "full/out"), content(place / "room/out")
    found = rows(place / "full/out/trials.csv")
    assert [row["kind"] for row in found.values()].count("output") >= 1
    assert [row["status"] for row in found.values()].count("done") >= 1
    assert len(found) == 4
    whole = content(calm)
    assert {name: value for name, value in full.items() if "/a_" in name or "/b_" in name}.items() <= whole.items()
    assert not [name for name in full if ".part" in name or name.startswith(".")]
    assert room == whole
    assert content(archive) == before

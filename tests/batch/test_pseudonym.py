"""No name of a person in any byte of any output."""

from __future__ import annotations

import csv
import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

from heelraise.batch.discover import DiscoverOptions, Source, content_sha256, discover, open_member
from heelraise.batch.discover.mask import mask_file
from heelraise.batch.pseudonym import Pseudonyms, check_place, pseudonymised, read_key
from heelraise.batch.security import tls_security
from heelraise.c3d import NewC3D, read_container, write_c3d
from heelraise.c3d.events import Event
from heelraise.errors import InputError, UsageError

FIRST, LAST = "Änne", "Mustermann"
WORDS = (FIRST, LAST, FIRST.lower(), LAST.upper(), "Anne", LAST.lower(), "Besuchmitmutter", "Halteversuch")


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "heelraise", "batch", *arguments, "--verify", "own"]
    env = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONIOENCODING": "utf-8"}
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=200, env=env)


def named(tiny: Path, target: Path, *, prefix: str = f"{FIRST} {LAST}") -> Path:
    """The trial as a lab's software writes it: a name wherever one fits."""
    c = read_container(tiny)
    who = f"{FIRST} {LAST}"
    labels = [f"{prefix}:{label}" for label in c.point_labels]
    labels[-1] = f"{LAST}_extra"
    new = NewC3D(
        points=c.points(),
        point_rate=c.point_rate,
        point_labels=labels,
        residuals=c.residuals(),
        analogs=c.analogs(),
        analog_labels=list(c.analog_labels),
        analog_units=list(c.analog_units),
        analog_descriptions=[f"of {who}"] * c.analog_count,
        analog_per_frame=c.analog_per_frame,
        events=[Event(f"{FIRST} talks", "General", 0.5)],
        parameters={
            **{("FORCE_PLATFORM", p.name): p.numbers() for p in c.parameters if p.group == "FORCE_PLATFORM"},
            ("SUBJECTS", "NAMES"): [who],
            ("SUBJECTS", "LABEL_PREFIXES"): [f"{prefix}:"],
            ("PATIENT", LAST.upper()): [who],
            ("TRIAL", "NOTES"): [f"{who} was tired"],
            ("MANUFACTURER", "COMPANY"): [who],
        },
    )
    target.parent.mkdir(parents=True, exist_ok=True)
    write_c3d(target, new)
    with target.open("r+b") as stream:
        # Unused words of the header, and a tail that belongs to nobody.
        stream.seek(100)
        stream.write(LAST.encode())
        stream.seek(0, 2)
        stream.write(LAST.encode("utf-16") * 20)
    return target


def leaks(folder: Path) -> list[tuple[str, str, str]]:
    """Where names are: in names of files, and in bytes as five encodings store them."""
    found = []
    for path in sorted(folder.rglob("*")):
        data = path.read_bytes() if path.is_file() else b""
        for word in WORDS:
            for encoding in ("utf-8", "latin-1", "utf-16-le", "utf-16-be", "cp850"):
                if word.encode(encoding) in data or word in str(path.relative_to(folder)):
                    found.append((path.name, word, encoding))
            if json.dumps(word)[1:-1].encode() in data:
                found.append((path.name, word, "json"))
    return found


@pytest.fixture(scope="module")
def ran(tiny, inside, tmp_path_factory) -> Path:
    """An archive with names, analysed under one key by workers, and asked for again."""
    folder = tmp_path_factory.mktemp("named")
    day = folder / "in" / f"{FIRST} {LAST}" / "Besuchmitmutter"
    named(tiny, day / f"{LAST}_Halteversuch1.c3d")
    shutil.copy(day / f"{LAST}_Halteversuch1.c3d", day / f"{LAST}_Halteversuch2.c3d")
    named(tiny, day / f"{FIRST}_static.c3d")
    (day / f"{FIRST}_kaputt.c3d").write_bytes(b"no C3D, " + LAST.encode())
    with zipfile.ZipFile(day.parent / f"{LAST}.zip", "w") as archive:
        archive.write(day / f"{LAST}_Halteversuch1.c3d", f"{LAST}_Halteversuch1.c3d")
        archive.write(day / f"{FIRST}_kaputt.c3d", f"{FIRST}_kaputt.c3d")
    (folder / "subjects.csv").write_text(f"subject,mass_kg\n{FIRST} {LAST},71.5\n", encoding="utf-8")
    (folder / "mine.yaml").write_text(
        f"extends: auto\nsubject: {{id: {LAST}}}\nstatic: '{FIRST}_static.c3d'\n", encoding="utf-8"
    )
    for again in (False, True):
        arguments = ["in", "-o", "out", "-p", "mine.yaml", "--subjects", "subjects.csv", "--parquet"]
        arguments += ["--pseudonymise", "--pseudonym-key", "my.key", "--log", "out.log", "--json-lines"]
        process = inside(folder, *arguments) if again else run(folder, *arguments)
        assert process.returncode == 1, process.stderr
        (folder / "told").mkdir(exist_ok=True)
        (folder / "told" / f"lines{again:d}.jsonl").write_text(process.stdout + process.stderr, encoding="utf-8")
        shutil.copy(folder / "out.log", folder / "told" / "log.txt")
    return folder


def test_no_byte_of_any_output_holds_a_name(ran):
    assert leaks(ran / "in"), "the inputs must hold what is looked for"
    assert leaks(ran / "out") == []
    assert leaks(ran / "told") == []


def test_every_trial_is_there_and_the_second_run_did_nothing_again(ran):
    rows = list(csv.DictReader((ran / "out/trials.csv").open(encoding="utf-8")))
    assert sorted(row["status"] for row in rows) == ["done"] * 4 + ["failed"] * 2
    assert len({row["subject"] for row in rows}) == 1
    assert sum(bool(row["duplicate_of"]) for row in rows) == 3
    end = json.loads((ran / "told/lines1.jsonl").read_text().strip().splitlines()[-1])
    assert (end["resumed"], end["done"], end["failed"]) == (4, 4, 2)


def test_the_copy_says_that_it_is_none_of_the_original(ran):
    row = next(row for row in csv.DictReader((ran / "out/trials.csv").open()) if row["status"] == "done")
    copy = read_container(ran / "out" / row["c3d"])
    assert "blanked" in copy.parameters.text("HEELRAISE", "PSEUDONYMISED")
    assert "LHEE" in copy.point_labels


def test_samples_and_numbers_are_those_of_the_original(tiny, tmp_path):
    path = named(tiny, tmp_path / "a.c3d")
    before = read_container(path)
    points, analogs, rate = before.points(), before.analogs(), before.analog_rate
    mask_file(path, ("Änne Mustermann",))
    after = read_container(path)
    assert np.array_equal(points, after.points(), equal_nan=True)
    assert np.array_equal(analogs, after.analogs())
    assert after.analog_rate == rate
    assert after.point_labels[:-1] == read_container(tiny).point_labels[:-1]
    assert after.point_labels[-1] != before.point_labels[-1]


def test_two_subjects_of_one_file_stay_apart(tiny, tmp_path):
    c = read_container(tiny)
    count = c.point_count
    labels = [f"{('Anna', 'Bert')[k % 2]}:M{k // 2}" for k in range(count)]
    write_c3d(tmp_path / "a.c3d", NewC3D(points=c.points(), point_rate=c.point_rate, point_labels=labels))
    mask_file(tmp_path / "a.c3d")
    after = read_container(tmp_path / "a.c3d").point_labels
    assert after == tuple(f"{'AB'[k % 2]}:M{k // 2}" for k in range(count))


def test_a_copy_of_ours_is_refused_since_it_holds_its_original(ran, tmp_path):
    copy = next((ran / "out").rglob("*_heelraise.c3d"))
    shutil.copy(copy, tmp_path / "a.c3d")
    with pytest.raises(InputError, match="holds its original"):
        mask_file(tmp_path / "a.c3d")


def test_an_original_is_never_touched(tiny, tmp_path):
    path = named(tiny, tmp_path / "a.c3d")
    before = path.read_bytes()
    source = Source(path, alias="trial-x", hidden=LAST)
    with open_member(source, tmp_path) as masked:
        assert masked.name == "trial-x.c3d"
        assert LAST.encode() not in masked.read_bytes()
    assert path.read_bytes() == before
    assert content_sha256(source) != content_sha256(path)
    assert [one.name for one in tmp_path.iterdir()] == ["a.c3d"]


def test_pseudonyms_hang_on_key_and_name_alone():
    one, other = Pseudonyms(b"k" * 16), Pseudonyms(b"l" * 16)
    assert one.of("sub", "Änne") == one.of("sub", "A\u0308nne") != other.of("sub", "Änne")
    assert one.of("sub", "Anna") != one.of("sub", "Anne")
    assert one.of("sub", "a", "b") != one.of("sub", "ab", "")
    assert one.of("sub", "") == ""


def test_the_order_of_the_plan_is_that_of_the_pseudonyms(archive):
    plan = pseudonymised(discover([archive], DiscoverOptions(duplicates=False)), Pseudonyms(b"k" * 16))
    names = [job.name for job in plan.jobs]
    assert names == sorted(names)
    assert [job.index for job in plan.jobs] == list(range(len(names)))


def test_key_files(tmp_path):
    with pytest.raises(UsageError, match="no key yet"):
        read_key(tmp_path / "key", make=False)
    made = read_key(tmp_path / "key")
    assert read_key(tmp_path / "key") == made
    (tmp_path / "short").write_text("abc")
    with pytest.raises(UsageError, match="too short"):
        read_key(tmp_path / "short")
    with pytest.raises(UsageError, match="among the outputs"):
        check_place(tmp_path / "key", tmp_path)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--pseudonymise"], "--pseudonym-key"),
        (["--pseudonym-key", "k"], "--pseudonymise"),
        (["--tls-ca", "ca.pem"], "--tls-cert and --tls-key not given"),
        (["--tls-ca", "c", "--tls-cert", "c", "--tls-key", "c"], "TLS is for a cluster"),
        (["--tls-ca", "c", "--tls-cert", "c", "--tls-key", "c", "--scheduler", "tcp://h:1"], "does not speak TLS"),
    ],
)
def test_options_that_do_not_go_together(archive, cli, tmp_path, arguments, sentence):
    process = cli("in", "-o", "out", *arguments)
    assert process.returncode == 2
    assert sentence in process.stderr
    assert not (tmp_path / "out").exists()


def test_a_folder_with_names_is_not_continued_with_pseudonyms(archive, cli, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out/batch.yaml").write_text("schema: heelraise-batch/1\npseudonymised: false\n")
    process = cli("in", "-o", "out", "--pseudonymise", "--pseudonym-key", "my.key")
    assert process.returncode == 2
    assert "outputs of a run with names" in process.stderr


def test_three_files_make_the_settings_of_tls(tmp_path):
    files = [tmp_path / name for name in ("ca.pem", "me.pem", "me.key")]
    for file in files:
        file.write_text("x")
    pytest.importorskip("distributed")
    settings = tls_security("tls://host:8786", *files)
    assert settings.require_encryption
    assert settings.tls_ca_file == str(files[0])
    for who in ("client", "scheduler", "worker"):
        assert getattr(settings, f"tls_{who}_cert") == str(files[1])
        assert getattr(settings, f"tls_{who}_key") == str(files[2])
    assert tls_security("tcp://host:8786", None, None, None) is None
    with pytest.raises(InputError, match=r"gone\.key: cannot be read"):
        tls_security("slurm", files[0], files[1], tmp_path / "gone.key")

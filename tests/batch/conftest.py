"""Small trials and the command line."""

from __future__ import annotations

import contextlib
import csv
import hashlib
import io
import os
import pickle
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import partial
from importlib import import_module
from pathlib import Path

import pytest

import heelraise.cli
from heelraise.batch.workers import Done, Task
from heelraise.phantom import build_scenario, simulate, write_trial


@pytest.fixture(scope="session")
def tiny(tmp_path_factory) -> Path:
    """A trial of one short raise without EMG: half a second of analysis."""
    task = {"sides": ["left"], "stands_on": "left", "stand_s": 2, "hold_s": 3, "after_s": 2}
    data = {"name": "tiny", "task": task, "left": {"rms_deg": 0.5, "width_hz": 0.5}, "emg": {"muscles": []}}
    path = tmp_path_factory.mktemp("tiny") / "tiny.c3d"
    write_trial(simulate(build_scenario(data)), path)
    return path


def build(tiny: Path, folder: Path) -> Path:
    """Two subjects: three good trials, two of them alike, and one that is none."""
    for name in ("S1/day1/a.c3d", "S1/day1/b.c3d", "S2/day1/a.c3d"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(tiny, folder / name)
    # An unused word of the header: another content, the same trial.
    with (folder / "S1/day1/b.c3d").open("r+b") as stream:
        stream.seek(500)
        stream.write(b"b")
    (folder / "S2/day1/bad.c3d").write_bytes(b"no C3D at all")
    return folder


@pytest.fixture
def archive(tiny, tmp_path) -> Path:
    """A small archive."""
    return build(tiny, tmp_path / "in")


@pytest.fixture(scope="session")
def undisturbed(tiny, tmp_path_factory) -> Path:
    """A folder with that archive, the outputs of one run, and its log."""
    folder = tmp_path_factory.mktemp("calm")
    build(tiny, folder / "in")
    process = start(
        folder, "in", "-o", "out", "--layout", "{subject}/{session}/{trial}", "-q", "-j", 2, "--log", "log.txt"
    )
    _, told = process.communicate(timeout=120)
    assert process.returncode == 1, told
    return folder


@pytest.fixture(scope="session")
def calm(undisturbed) -> dict[str, str]:
    """What an undisturbed run leaves of that archive."""
    return hashes(undisturbed / "out")


def start(folder: Path, *arguments: object, **more: object) -> subprocess.Popen[str]:
    """``heelraise batch`` in a process group of its own."""
    command = [sys.executable, "-m", "heelraise", "batch", *map(str, arguments), "--verify", "own"]
    return subprocess.Popen(
        command,
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        **more,
    )


@pytest.fixture
def shelf(tmp_path, tmp_path_factory, monkeypatch) -> Iterator[str]:
    """URL of the folder `there` in a store that processes share; each finds it as it finds the store of a package."""
    fsspec = pytest.importorskip("fsspec")
    site = tmp_path_factory.mktemp("site")
    shutil.copy(Path(__file__).with_name("shelf_store.py"), site)
    about = site / "shelf_store-1.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: shelf-store\nVersion: 1\n")
    (about / "entry_points.txt").write_text("[fsspec.specs]\nshelf = shelf_store:Shelf\n")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, (str(site), os.environ.get("PYTHONPATH")))))
    monkeypatch.syspath_prepend(site)
    fsspec.register_implementation("shelf", "shelf_store.Shelf", clobber=True)
    yield f"shelf://{(tmp_path / 'there').as_posix()}"
    fsspec.get_filesystem_class("shelf").clear_instance_cache()


@pytest.fixture
def begin(tmp_path):
    """Start a batch; whatever a test does, it does not outlive it."""
    started: list[subprocess.Popen[str]] = []

    def call(*arguments: object, **more: object) -> subprocess.Popen[str]:
        started.append(start(tmp_path, *arguments, **more))
        return started[-1]

    yield call
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()


def inline(tasks: Iterable[Task], function: str, **_: object) -> Iterator[Done]:
    """The tasks in this process, through the same pickles as in a worker; what workers are for has its own tests."""
    module, _, name = function.rpartition(".")
    for task in tasks:
        value = getattr(import_module(module), name)(pickle.loads(pickle.dumps(task.payload)))
        yield Done(task.key, pickle.loads(pickle.dumps(value)), None, 1, 0.0)


@pytest.fixture(scope="session")
def inside():
    """Run a batch in a folder to its end, command line and all, in this process and without workers.

    No content is analysed twice under one protocol.
    """
    from heelraise import analysis

    real, analysed = analysis.analyze, {}

    def analyze(trial, resolved, *, static=None):
        still = static.container.sha256 if static is not None else None
        key = (trial.container.sha256, resolved.sha256, still)
        if key not in analysed:
            analysed[key] = real(trial, resolved, static=static)
        return replace(analysed[key], trial=trial, static=static)

    def call(folder: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
        words, out, err = ["batch", *map(str, arguments), "--verify", "own"], io.StringIO(), io.StringIO()
        with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            patch.setattr("heelraise.batch.run.run_jobs", inline)
            patch.setattr(analysis, "analyze", analyze)
            patch.setattr(sys, "argv", ["heelraise", *words])
            patch.chdir(folder)
            try:
                heelraise.cli.main()
                status = 0
            except SystemExit as end:
                status = int(end.code or 0)
        return subprocess.CompletedProcess(words, status, out.getvalue(), err.getvalue())

    return call


@pytest.fixture
def cli(inside, tmp_path):
    """The same in an empty folder."""
    return partial(inside, tmp_path)


def hashes(folder: Path) -> dict[str, str]:
    """Names and hashes of all files below a folder, the journal aside."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != "run.jsonl"
    }


@pytest.fixture
def content():
    """Names and hashes of all files below a folder, the journal aside."""
    return hashes


@pytest.fixture
def rows():
    """A table by its first column."""

    def call(path: Path, key: str = "trial") -> dict[str, dict[str, str]]:
        with path.open(encoding="utf-8", newline="") as stream:
            return {row[key]: row for row in csv.DictReader(stream)}

    return call


def alive(pid: int) -> bool:
    """Whether a process runs; a zombie does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[0] not in (b"Z", b"X")
    except OSError:
        if Path("/proc/self").exists():
            return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.fixture
def gone() -> Callable[[int], bool]:
    """Wait until a process is gone; False when it stays."""

    def wait(pid: int) -> bool:
        for _ in range(200):
            if not alive(pid):
                return True
            time.sleep(0.05)
        return False

    return wait

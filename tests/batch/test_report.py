"""What a terminal sees of a run: how many, how fast, how long yet, how many failed."""

from __future__ import annotations

import io
from contextlib import redirect_stderr
from types import SimpleNamespace

import pytest

from heelraise.batch.report import Counts, Reporter, Telling
from heelraise.batch.trial import Outcome

DONE = Outcome("done", "within_noise")
FAILED = Outcome("failed", kind="input", message="S1/b.c3d: no C3D file")


class Terminal(io.StringIO):
    """Where bars are drawn."""

    def isatty(self):
        return True

    def last_bar(self):
        return [line for line in self.getvalue().splitlines() if "trials " in line][-1]


@pytest.fixture
def clock(monkeypatch):
    """Seconds that pass when a test says so."""
    now = SimpleNamespace(s=1000.0)
    monkeypatch.setattr("heelraise.batch.report.time", SimpleNamespace(monotonic=lambda: now.s))
    return now


@pytest.fixture
def screen(monkeypatch):
    for name, value in (("TERM", "xterm"), ("COLUMNS", "150"), ("NO_COLOR", "1")):
        monkeypatch.setenv(name, value)
    return Terminal()


def test_the_bar_tells_rate_time_left_and_failures(clock, screen):
    with redirect_stderr(screen), Reporter(Telling(), Counts(10)) as reporter:
        for number in range(4):
            clock.s += 3.0
            reporter.outcome(f"{number}.c3d", FAILED if number == 1 else DONE)
    # Four trials in twelve seconds; six are left.
    assert screen.last_bar().rstrip().endswith("4/10 20 trials/min 0:00:18 left 1 failed")
    assert screen.getvalue().count("failed: S1/b.c3d: no C3D file") == 1


def test_trials_known_from_before_are_no_measure_of_rate_and_time_left(clock, screen):
    with redirect_stderr(screen), Reporter(Telling(), Counts(10_000)) as reporter:
        for number in range(9000):
            reporter.outcome(f"{number}.c3d", DONE, resumed=True)
        assert "trials/min" not in screen.getvalue()
        # Trials so long that none of them ends within rich's own half minute.
        for number in range(3):
            clock.s += 40.0
            reporter.outcome(f"n{number}.c3d", DONE)
    assert screen.last_bar().rstrip().endswith("9003/10000 1.5 trials/min 11:04:40 left 0 failed")


@pytest.mark.parametrize("telling", [Telling(quiet=True), Telling(json_lines=True)])
def test_no_bar_for_schedulers(clock, screen, telling, capsys):
    with redirect_stderr(screen), Reporter(telling, Counts(2)) as reporter:
        reporter.outcome("a.c3d", DONE)
        reporter.outcome("b.c3d", FAILED)
    assert screen.getvalue() == ""
    assert (capsys.readouterr().out.count("\n") == 2) is telling.json_lines

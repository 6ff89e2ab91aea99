"""ezc3d as an independent judge of our copies, in a child process that may crash, hang or eat memory."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from heelraise.c3d.base import GROUP, base_of
from heelraise.c3d.child import Child
from heelraise.c3d.container import Container
from heelraise.errors import InputError

CHILD = Path(__file__).with_name("_ezc3d_child.py")
TIMEOUT_S = 60.0
ACCEPTABLE = ("equal", "original_unreadable", "unavailable")


@dataclass(frozen=True)
class Ezc3dVerdict:
    """What ezc3d says about a copy.

    Attributes
    ----------
    status : str
        ``equal``: it reads both, and points and the original's analogs are the same bits.
        ``original_unreadable``: it cannot read the original (or is known to garble it), so the copy need
        not satisfy it. ``copy_unreadable``, ``different``, ``crashed``, ``timeout``: the copy fails.
        ``unavailable``: ezc3d is not installed.
    reason : str
        In words, or empty.
    """

    status: str
    reason: str = ""

    @property
    def acceptable(self) -> bool:
        """Whether the copy may take its name."""
        return self.status in ACCEPTABLE


class SpareJudge:
    """Keeps a child that has ezc3d loaded, from one original to the next: loading it takes half an analysis.

    A child is kept only after it found a copy equal, and what one that has read other files says is believed only when
    it is that: anything else is asked again of a new one. So a verdict never depends on what was judged before.
    """

    #: Originals for one child; what a library leaks is then bounded.
    MOST = 100

    def __init__(self) -> None:
        self._child: Child | None = None
        self._served: dict[int, int] = {}

    def take(self) -> Child | None:
        """The kept child, if there is one."""
        child, self._child = self._child, None
        return child

    def give(self, child: Child) -> None:
        """Keep a child that has nothing left to answer."""
        served = self._served.get(id(child), 0) + 1
        if served >= self.MOST or self._child is not None:
            child.close()
            return
        child.ask({"original": None})
        self._child, self._served = child, {id(child): served}

    def close(self) -> None:
        """End the kept child."""
        if (child := self.take()) is not None:
            child.close()


class Ezc3dJudge:
    """Starts reading the original at once, so that it happens beside other work; then judges copies.

    Use it as a context manager: the child is always ended and collected.

    Parameters
    ----------
    original : Path or str
    timeout_s : float
        For reading the original, and again for each copy.
    spare : SpareJudge, optional
        Where a loaded child may wait, and where ours may wait for the next original.
    """

    def __init__(self, original: Path | str, timeout_s: float = TIMEOUT_S, spare: SpareJudge | None = None) -> None:
        self._original = Path(original).resolve()
        self._timeout = timeout_s
        self._about_original: Ezc3dVerdict | None = None
        self._child: Child | None = None
        self._failed_start = ""
        self._spare = spare
        self._sound = False
        self._child = spare.take() if spare is not None else None
        self._used = self._child is not None
        if self._child is not None:
            self._child.started = time.monotonic()
            self._child.ask({"original": str(self._original)})
        else:
            self._start()

    def _start(self) -> None:
        self._used = False
        try:
            self._child = Child(CHILD, str(self._original), "ezc3d")
        except OSError as error:
            self._failed_start = error.strerror or str(error)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the child process, or leave it to the next judge."""
        if self._child is not None:
            if self._spare is not None and self._sound:
                self._spare.give(self._child)
            else:
                self._child.close()
            self._child = None

    def judge(self, copy: Path | str, original: Container | None = None) -> Ezc3dVerdict:
        """Let ezc3d read a copy and compare it with the original.

        Parameters
        ----------
        copy : Path or str
        original : Container, optional
            The original as we read it: where ezc3d sees other counts of points or channels in it, it cannot
            judge. It also tells which channels are of an earlier run of ours, and so may be replaced.

        Returns
        -------
        Ezc3dVerdict
        """
        request: dict[str, object] = {"copy": str(Path(copy).resolve())}
        request |= {"points": None, "analogs": None, "kept": None}
        if original is not None:
            request["points"], request["analogs"] = original.point_count, original.analog_count
            request["kept"] = _kept(original)
        verdict = self._ask(request)
        if verdict.status == "crashed" or (self._used and verdict.status != "equal"):
            # A second try in a new process tells a crash on this file from one of another cause.
            self._sound = False
            self.close()
            self._about_original = None
            self._start()
            verdict = self._ask(request)
        if verdict.status == "different" and original is not None:
            # It may have garbled the original already: a few frames as we read them tell.
            frames = sorted({0, original.frame_count // 2, original.frame_count - 1})
            rows = [frame * original.analog_per_frame for frame in frames] if original.analog_count else []
            # One marker's coordinates after the other, as ezc3d's arrays turned round have them.
            values = [original.points()[frames].tolist(), original.analogs()[rows].tolist()]
            request |= {"count": original.frame_count, "frames": frames, "rows": rows, "values": values}
            verdict = self._ask(request)
        self._sound = verdict.status == "equal"
        return verdict

    def _ask(self, request: dict[str, object]) -> Ezc3dVerdict:
        if self._child is None:
            reason = self._failed_start or "the judge is closed"
            return Ezc3dVerdict("unavailable", reason)
        if self._about_original is None:
            elapsed = time.monotonic() - self._child.started
            about = self._answer(self._child, self._timeout - elapsed)
            if about.status in ("crashed", "timeout"):
                # What it cannot survive in the original it need not survive in the copy.
                self._about_original = Ezc3dVerdict("original_unreadable", about.reason)
                return self._about_original
            self._about_original = about
        if self._about_original.status != "ready":
            return self._about_original
        self._child.ask(request)
        return self._answer(self._child, self._timeout)

    def _answer(self, child: Child, timeout: float) -> Ezc3dVerdict:
        found = child.answer(timeout, self._timeout)
        return Ezc3dVerdict(found.status, found.reason)


def _kept(original: Container) -> list[int] | None:
    """The channels that are the original's own, wherever an earlier run's lie; None for all of them."""
    if not original.parameters.strings(GROUP, "CHANNELS", joined=True):
        return None
    try:
        return [int(channel) for channel in base_of(original).keep]
    except InputError:
        return None

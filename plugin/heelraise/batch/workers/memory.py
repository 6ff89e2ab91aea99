"""Resident memory of workers and of all they started."""

from __future__ import annotations

import os
import sys
import time
from collections import defaultdict
from collections.abc import Iterable
from importlib import import_module
from pathlib import Path
from typing import Any

_TICK_S = 0.1
_WHOLE_S = 0.5


class MemoryWatch:
    """Looks at the memory of process groups, seldom enough to cost at most a fiftieth of a core.

    To find what workers started, every process of the machine has to be asked; the workers themselves are few, and are
    looked at more often. Linux is read through ``/proc``, other systems through psutil where it is installed; ``able``
    is False elsewhere.
    """

    def __init__(self) -> None:
        self._next = self._whole = 0.0
        self.able = sys.platform == "linux" or _psutil() is not None

    def look(self, leaders: Iterable[int]) -> dict[int, int]:
        """Bytes per group leader; empty when it is too early to look again."""
        begin = time.monotonic()
        if begin < self._next:
            return {}
        self._next = begin + _TICK_S
        if begin < self._whole:
            return {pid: own(pid) for pid in leaders} if sys.platform == "linux" else {}
        found = resident(leaders)
        end = time.monotonic()
        self._whole = end + max(_WHOLE_S, 50 * (end - begin))
        return found


def resident(leaders: Iterable[int]) -> dict[int, int]:
    """Resident bytes of each leader's process group (Linux), or of the leader and its descendants (psutil)."""
    wanted = set(leaders)
    if sys.platform != "linux":
        return _by_psutil(wanted)
    page = os.sysconf("SC_PAGE_SIZE")
    found: defaultdict[int, int] = defaultdict(int)
    for entry in Path("/proc").iterdir() if wanted else ():
        if entry.name.isdigit():
            try:
                # The name in parentheses may hold spaces and parentheses; what follows the last one does not.
                fields = (entry / "stat").read_bytes().rpartition(b")")[2].split()
            except OSError:
                continue
            group = int(fields[2])
            if group in wanted:
                found[group] += int(fields[21]) * page
    return dict(found)


def own(pid: int) -> int:
    """Resident bytes of one process, 0 where that cannot be known."""
    if sys.platform != "linux":
        return _by_psutil({pid}).get(pid, 0)
    try:
        return int(Path(f"/proc/{pid}/statm").read_bytes().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0


def _psutil() -> Any:
    try:
        return import_module("psutil")
    except ImportError:
        return None


def _by_psutil(leaders: set[int]) -> dict[int, int]:
    psutil = _psutil()
    found = {}
    for leader in leaders if psutil is not None else ():
        try:
            process = psutil.Process(leader)
            found[leader] = sum(p.memory_info().rss for p in (process, *process.children(recursive=True)))
        except psutil.Error:
            continue
    return found

"""Who holds something, told so that another process can find out whether that process has ended.

A process number means something only among the processes that count alike. Containers may share a host name, a
folder and even a kernel and still count on their own; so do machines that were copied from one image.
"""

from __future__ import annotations

import hashlib
import os
import platform
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from heelraise.c3d.atomic import has_ended

#: What this process holds, by the names of the runs.
HELD: set[str] = set()


def myself(run: str) -> dict[str, Any]:
    """What a lock says of who holds it, for the run of this name."""
    pid = os.getpid()
    return {"pid": pid, "host": platform.node(), "started": started(pid), "among": among(), "run": run}


@cache
def among() -> str:
    """The processes that are numbered with this one: of one boot of one machine, in one name space of numbers.

    A hash, since a machine's id is to be kept to the machine; what a system lacks is empty.
    """
    parts = [platform.node(), _said("/etc/machine-id"), _said("/proc/sys/kernel/random/boot_id")]
    try:
        parts.append(str(os.stat("/proc/self/ns/pid").st_ino))
    except OSError:
        parts.append("")
    return hashlib.sha256("\n".join(parts).encode("utf-8", "surrogateescape")).hexdigest()[:16]


def started(pid: int) -> str:
    """When a process started, in the kernel's own count; a number that is used again does not deceive us."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except (OSError, IndexError, ValueError):
        return ""


def ended(owner: Mapping[str, Any]) -> bool:
    """Whether the holder has ended for certain; False where it lives, or where that cannot be known from here."""
    pid, then = owner.get("pid"), owner.get("started", "")
    if not isinstance(pid, int) or owner.get("among") != among():
        return False
    now = started(pid)
    if then and now and then != now:
        # The number has been given to another, perhaps to us.
        return True
    if pid == os.getpid():
        return owner.get("run") not in HELD
    return has_ended(pid)


def _said(file: str) -> str:
    try:
        return Path(file).read_text(encoding="ascii", errors="replace").strip()
    except OSError:
        return ""

"""Temporary folders that tell whose they are, so that what a killed process left can be taken away.

They may hold trials with the names of persons in them.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile

from heelraise.batch.owner import among, ended, started

#: Start of the folders of trials whose outputs are sent elsewhere.
TEMPORARY = ".trial-"
#: Start of the folder of a run whose outputs go to a store.
DESK = "heelraise-desk-"
_OWN = re.compile(r".+-([0-9a-f]{16})-(\d+)-(\d*)-[^-]+")


def own_prefix(start: str) -> str:
    """A temporary folder's name up to what makes it unique, with the process that makes it."""
    pid = os.getpid()
    return f"{start.rstrip('-')}-{among()}-{pid}-{started(pid)}-"


def sweep_temporary(*starts: str) -> int:
    """Remove the folders of processes that have ended on this machine since it was started; how many there were.

    Parameters
    ----------
    *starts : str
        As `own_prefix` was given them.
    """
    removed = 0
    try:
        entries = list(os.scandir(tempfile.gettempdir()))
    except OSError:
        return 0
    for entry in entries:
        found = _OWN.fullmatch(entry.name) if entry.name.startswith(starts) else None
        if found is None:
            continue
        owner = {"among": found[1], "pid": int(found[2]), "started": found[3]}
        # Our own, in use or not, are ours to remove.
        if owner["pid"] == os.getpid() and found[3] == started(os.getpid()):
            continue
        if ended(owner) and entry.is_dir(follow_symlinks=False):
            # Another user's is left alone: we cannot remove it.
            shutil.rmtree(entry.path, ignore_errors=True)
            removed += not os.path.lexists(entry.path)
    return removed

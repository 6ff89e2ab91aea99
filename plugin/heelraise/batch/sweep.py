"""What killed processes left behind: unfinished files, unpacked members."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

from heelraise.batch.place import OF_THE_RUN
from heelraise.batch.work import WORK
from heelraise.c3d.atomic import is_left_over

_PART = re.compile(r"^\.(.+)\.[0-9a-f]+-\d+\.\d+\.part$")


def sweep(output: Path, started_ns: int) -> int:
    """Remove unfinished outputs below a folder whose lock is ours and whose workers have ended; how many there were.

    A part goes when its process has ended, or when nobody has written to it since the run began: process numbers are
    used again, and those of other machines say nothing here.
    """
    removed = 0
    shutil.rmtree(output / WORK, ignore_errors=True)
    for root, _, names in os.walk(output):
        for name in names:
            found = _PART.match(name)
            if found is None or not ("_heelraise." in found[1] or found[1] in OF_THE_RUN or len(found[1]) == 32):
                continue
            path = Path(root, name)
            try:
                if is_left_over(name, Path(root, found[1])) or path.stat().st_mtime_ns < started_ns:
                    path.unlink()
                    removed += 1
            except OSError:
                continue
    return removed

"""The right of a run's workers to write, which ends with the run's lock.

A worker on another machine may outlive its run: it was out of reach when the run ended, or hung. What it would still
write could replace what the next run made.
"""

from __future__ import annotations

import json
import os
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from heelraise.batch.workers import paths
from heelraise.errors import HeelraiseError, OutputError


@dataclass(frozen=True)
class Claim:
    """What a run hands to its workers.

    Attributes
    ----------
    lock : str
        Absolute path or URL of the run's lock.
    run : str
        Name of the run, as the lock has it.
    """

    lock: str
    run: str

    def check(self) -> None:
        """Ask once more, right before outputs take their names.

        Raises
        ------
        OutputError
            The lock has gone or is another run's.
        """
        if self._stands():
            return
        # A network disk may remember that there was no such file, until its folder is opened; a store, too.
        with suppress(OSError, HeelraiseError):
            if paths.is_remote(self.lock):
                paths.open_store(self.lock)[0].invalidate_cache()
            else:
                os.listdir(os.path.dirname(self.lock))
        if not self._stands():
            raise OutputError(
                "nothing was written", why="the run that asked for it has ended, or its folder was removed"
            )

    def _stands(self) -> bool:
        try:
            found: Any = json.loads(self._read() or b"{}")
        except (OSError, ValueError):
            return False
        except HeelraiseError as error:
            raise OutputError("nothing was written", why=f"the run's lock cannot be read: {error}") from error
        return isinstance(found, dict) and found.get("run") == self.run

    def _read(self) -> bytes | None:
        if paths.is_remote(self.lock):
            return paths.read(self.lock, limit=4096)
        with open(self.lock, "rb") as stream:
            return stream.read(4096)

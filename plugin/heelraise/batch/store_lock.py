"""One run at a time into a folder of a store, which knows no locks.

Each run leaves a file of its own name and then looks which others are there; who sees another goes. Of two that come
at once the one that looks last sees both files, so that at most one stays, as long as a store lists what was written
before: S3, Google's and Azure's stores and file servers do. A run that was killed leaves its file; on the machine of
that run, as long as that has not been started again, the next one sees that it has ended, elsewhere only its user can
know.
"""

from __future__ import annotations

import json
import secrets
import tempfile
from pathlib import Path
from types import TracebackType

from heelraise.batch.claim import Claim
from heelraise.batch.lock import NAME, refusal
from heelraise.batch.owner import HELD, ended, myself
from heelraise.batch.workers import paths, sending
from heelraise.errors import HeelraiseError, OutputError

_ATTEMPTS = 20


class StoreLock:
    """Hold a folder of a store while entered.

    Parameters
    ----------
    url : str

    Raises
    ------
    OutputError
        On entering: another run holds it, or the store cannot be written to.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self._run = secrets.token_hex(8)
        self._own = f"{NAME}-{self._run}"

    def __enter__(self) -> Claim:
        HELD.add(self._run)
        try:
            self._come()
            for name in self._others():
                self._ask(name)
        except BaseException:
            self._leave()
            raise
        return Claim(f"{self.url}/{self._own}", self._run)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._leave()

    def _come(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / self._own
            file.write_text(json.dumps(myself(self._run)), encoding="utf-8")
            sending.send([file], self.url)

    def _others(self) -> list[str]:
        for _ in range(_ATTEMPTS):
            names = [name for name in paths.sizes(self.url, deep=False) if name.startswith(f"{NAME}-")]
            # A list that lacks what we have written says nothing: it changed while it was made.
            if self._own in names:
                return [name for name in names if name != self._own]
        what = "the folder cannot be locked"
        raise OutputError(what, where=paths.shown(self.url), why="the store does not list what was written to it")

    def _ask(self, name: str) -> None:
        """Take the file of a run of this machine that has ended away; refuse for any other."""
        url = f"{self.url}/{name}"
        data = paths.read(url, limit=4096)
        if data is None:
            return
        try:
            owner = dict(json.loads(data))
        except (ValueError, TypeError):
            owner = {}
        if ended(owner):
            sending.remove([url])
            return
        raise refusal(owner, paths.shown(self.url), name)

    def _leave(self) -> None:
        try:
            sending.remove([f"{self.url}/{self._own}"])
        except HeelraiseError:
            # Out of reach: the next run on this machine sees that we have ended.
            return
        finally:
            HELD.discard(self._run)

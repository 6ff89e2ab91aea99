"""Where the outputs of a batch go: a folder of this machine, or one of a store that fsspec reaches.

For a store a run sits at a desk, a temporary folder that has what the run reads again of earlier outputs (records,
tables of trials, journal) and nothing else. Workers send what they made themselves, record last; the run fetches the
record, as one would who comes later. So a store holds half of a trial at no time that its record is there.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path

from heelraise.batch import journal, layout, manifest, tables
from heelraise.batch.claim import Claim
from heelraise.batch.lock import FolderLock
from heelraise.batch.record import ENDINGS, output_path, read_record, remove_outputs, size_on_disk
from heelraise.batch.store_lock import StoreLock
from heelraise.batch.temporary import DESK, own_prefix
from heelraise.batch.workers import paths, sending
from heelraise.batch.workers.urls import local_folder, no_folder, without_place
from heelraise.errors import HeelraiseError, OutputError

_READ_BEFORE = (journal.NAME, manifest.NAME)
_READ_AGAIN = ("csv", "json")
#: Start of the name of a desk whose tables could not be sent; nobody sweeps it.
_KEPT = "heelraise-kept-"
#: In the order in which they are sent: the manifest says that the tables before it are those of this run.
OF_THE_RUN = (
    *tables.NAMES,
    *(f"{name.removesuffix('csv')}parquet" for name in tables.NAMES),
    layout.DESCRIPTION,
    journal.NAME,
    manifest.NAME,
)


class Place:
    """A folder of this machine.

    Attributes
    ----------
    folder : Path
        Where the run reads and writes.
    url : str
        Of the folder of a store; empty for this machine.
    shown : str
        The place in messages.
    """

    url = ""

    def __init__(self, folder: Path) -> None:
        self.folder, self.shown = folder, str(folder)

    def lock(self) -> AbstractContextManager[Claim]:
        """Nobody else works there while entered."""
        return FolderLock(self.folder)

    def url_of(self, stem: Path) -> str:
        """Folder of a store to which a worker sends the outputs of a trial; empty where it leaves them."""
        return ""

    def size(self, path: Path) -> int | None:
        """Bytes of an output, None where it is not there."""
        return size_on_disk(path)

    def bring(self, stems: Iterable[Path]) -> None:
        """Make what earlier runs left of these trials and sessions readable."""

    def take(self, stem: Path) -> None:
        """Make the outputs that a worker has just made readable."""

    def names(self) -> Iterator[str]:
        """Names of all files there."""
        for root, _, files in os.walk(self.folder):
            yield from (Path(root, name).relative_to(self.folder).as_posix() for name in files)

    def look(self) -> None:
        """Ask once more what is there, since tables are to say so."""

    def put(self, stem: Path) -> None:
        """Bring outputs that this run made itself to where they belong."""

    def drop(self, stem: Path) -> None:
        """Take away whatever there is of a trial or session."""
        remove_outputs(stem)

    def finish(self) -> None:
        """Bring tables and journal to where they belong, and remove what broke off on its way."""


class Store(Place):
    """A folder of a store, and the desk of a run that works for it.

    Parameters
    ----------
    desk : Path
        An empty folder of this run's own.
    url : str

    Raises
    ------
    OutputError
        The store cannot be reached; each method raises it.
    UsageError
        fsspec or the package for this kind of URL is not installed, or it names no folder.
    """

    def __init__(self, desk: Path, url: str) -> None:
        super().__init__(desk)
        self.url, self.shown = url.rstrip("/"), paths.shown(url).rstrip("/")
        self._check()
        self._sizes = paths.sizes(self.url)
        self._bring(name for name in _READ_BEFORE if name in self._sizes)

    def lock(self) -> AbstractContextManager[Claim]:
        """Nobody else works there while entered; every run looks there."""
        return StoreLock(self.url)

    def url_of(self, stem: Path) -> str:
        """The folder of the store in which the outputs of a stem belong."""
        return f"{self.url}/{self._name(stem.parent)}".removesuffix("/.")

    def size(self, path: Path) -> int | None:
        """Bytes of an output in the store, as it said when it was last asked."""
        return self._sizes.get(self._name(path))

    def bring(self, stems: Iterable[Path]) -> None:
        """Fetch journal, records and tables of trials; C3D copies and summaries stay where they are."""
        # From here on a manifest at the desk is one that this run wrote.
        (self.folder / manifest.NAME).unlink(missing_ok=True)
        self._sizes = paths.sizes(self.url)
        wanted = [output_path(stem, ending) for stem in stems for ending in _READ_AGAIN]
        names = [journal.NAME, *map(self._name, wanted)]
        self._bring(name for name in names if name in self._sizes)

    def take(self, stem: Path) -> None:
        """Fetch record and table, and note what the record says of the others: the worker saw them arrive."""
        try:
            self._bring(self._name(output_path(stem, ending)) for ending in _READ_AGAIN)
        except HeelraiseError as error:
            # It becomes a cell of a table, and where the store is is no result.
            what = "record and table cannot be fetched from the store"
            raise OutputError(what, why=without_place(error.why or error.what, self.url)) from error
        record = read_record(stem, None)
        arrived = record.outputs if record is not None else {}
        self._sizes |= {self._name(stem.with_name(name)): size for name, size in arrived.items()}

    def names(self) -> Iterator[str]:
        """Names of all files in the store, as it said when it was last asked."""
        yield from self._sizes

    def look(self) -> None:
        """Ask for all sizes, and clear from the desk what is no longer in the store as it is here."""
        try:
            self._sizes = paths.sizes(self.url)
        except HeelraiseError:
            # A store out of reach takes no tables either: whoever sends them says so.
            return
        for root, _, files in os.walk(self.folder):
            for path in (Path(root, file) for file in files if "_heelraise." in file):
                if self._sizes.get(self._name(path)) != size_on_disk(path):
                    path.unlink(missing_ok=True)

    def put(self, stem: Path) -> None:
        """Send the outputs of a session, its record last."""
        files = [path for path in (output_path(stem, ending) for ending in reversed(ENDINGS)) if path.exists()]
        sending.deliver(files, self.url_of(stem))
        self._sizes |= {self._name(path): path.stat().st_size for path in files}

    def drop(self, stem: Path) -> None:
        """Take outputs away, here and there, the record first."""
        super().drop(stem)
        names = [self._name(output_path(stem, ending)) for ending in ENDINGS]
        with suppress(OutputError):
            # As with a folder that has gone: the table says what failed.
            sending.remove([f"{self.url}/{name}" for name in names])
        for name in names:
            self._sizes.pop(name, None)

    def finish(self) -> None:
        """Send tables and journal; whoever was killed while sending may have left a file on its way.

        Raises
        ------
        OutputError
            What could not be sent stays in a folder that the error names.
        """
        try:
            sending.remove([f"{self.url}/{name}" for name in paths.sizes(self.url) if paths.PART in name])
            files = [self.folder / name for name in OF_THE_RUN if (self.folder / name).is_file()]
            if any(file.name in tables.NAMES for file in files):
                # It speaks of the tables that stood there until now.
                sending.remove([f"{self.url}/{manifest.NAME}"])
            sending.send(files, self.url)
        except HeelraiseError as error:
            kept = self._keep()
            if kept is None:
                raise
            what = f"tables and journal could not all be sent; they are kept in {kept}"
            raise OutputError(what, where=self.shown, why=str(error), todo="run again to send them") from error

    def _keep(self) -> Path | None:
        """Move what would be sent to where it outlives the run; None where there is no room."""
        try:
            kept = Path(tempfile.mkdtemp(prefix=_KEPT))
            for file in (self.folder / name for name in OF_THE_RUN):
                if file.is_file():
                    shutil.move(file, kept)
        except OSError:
            return None
        return kept

    @paths.again
    def _check(self) -> None:
        with paths.told(self.url, OutputError, "cannot be opened"):
            if not paths.open_store(self.url)[1].strip("/"):
                raise no_folder(self.url)

    def _name(self, path: Path) -> str:
        return path.relative_to(self.folder).as_posix()

    def _bring(self, names: Iterable[str]) -> None:
        paths.bring(self.url, {name: self.folder / name for name in names})


@contextmanager
def opened(output: Path | str) -> Iterator[Place]:
    """The place that a user names, by a path or a URL.

    Raises
    ------
    OutputError, UsageError
        A store cannot be reached, or the URL names no folder.
    """
    folder = local_folder(output)
    if folder is not None:
        yield Place(folder)
        return
    with tempfile.TemporaryDirectory(prefix=own_prefix(DESK), ignore_cleanup_errors=True) as desk:
        yield Store(Path(desk), str(output))

"""A folder, or a folder within an archive: the C3D files in it and what stands beside them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from heelraise.batch.discover.safe import fold
from heelraise.batch.workers.urls import without_query

_TRIAL_ENF = re.compile(r"(.+?)(\.trial\d*)?\.enf", re.IGNORECASE)
_OTHER_ENF = re.compile(r"(.+)\.(session|subject|patient|project)[ \d]*\.enf", re.IGNORECASE)


@dataclass(frozen=True)
class Root:
    """A source that the user named; names and outputs are below it."""

    path: str

    @property
    def name(self) -> str:
        """Its last component."""
        return self.path.replace("\\", "/").rstrip("/").rpartition("/")[2]


@dataclass(eq=False)
class Shelf:
    """Files side by side.

    Attributes
    ----------
    path : str
        The folder, or the archive.
    inner : str, optional
        Folder within the archive, with ``/`` at its end unless empty; None on the disk.
    levels : tuple of str
        Folders below the root.
    parent : Shelf, optional
        The one above, within the source.
    c3d : dict
        Name and bytes of the C3D files.
    read : callable
        Bytes of a file beside the trials, by name.
    enf : dict
        ENF file of a trial, by the trial's folded stem.
    others : tuple of str
        ENF files of subject and session.
    session_xml : str, optional
    url : str
        Folder of a store; empty on the disk.
    """

    path: str
    inner: str | None
    levels: tuple[str, ...]
    parent: Shelf | None
    c3d: dict[str, int]
    read: Callable[[str], bytes]
    enf: dict[str, str] = field(default_factory=dict)
    others: tuple[str, ...] = ()
    session_xml: str | None = None
    url: str = ""

    def label(self, name: str = "") -> str:
        """A name in it as the user knows it, below the source."""
        return "/".join((*self.levels, name) if name else self.levels) or "."

    def take_beside(self, names: Iterable[str]) -> None:
        """Sort ENF and XML files by what they describe."""
        others = []
        for name in sorted(names):
            if name.lower().endswith(".xml"):
                if name.lower() == "session.xml":
                    self.session_xml = self.session_xml or name
            elif _OTHER_ENF.fullmatch(name):
                others.append(name)
            elif match := _TRIAL_ENF.fullmatch(name):
                self.enf.setdefault(fold(match[1]), name)
        self.others = tuple(others)


@dataclass(frozen=True, slots=True)
class Found:
    """A C3D file before it has a name in the plan; ``real`` is its path without links."""

    root: Root
    shelf: Shelf
    file: str
    path: str
    real: str
    member: str | None
    size: int
    linked: bool = False
    url: str = ""

    @property
    def rel(self) -> str:
        """Path below the root."""
        return "/".join((*self.shelf.levels, self.file))


def place_of(url: str) -> str:
    """What stands for a URL where a path is wanted: as distinct as the URL, and never a file of this machine."""
    return f".store/{without_query(url).replace('://', '/')}"


def stem_of(file: str) -> str:
    """File name without its ending."""
    stem, dot, _ = file.rpartition(".")
    return stem if dot and stem else file

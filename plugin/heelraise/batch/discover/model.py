"""What discovery finds: jobs, the plan that holds them, and the options that shape it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from heelraise.notes import Note


@dataclass(frozen=True, slots=True)
class Source:
    """A file on the disk, or a member of a ZIP archive on the disk.

    Attributes
    ----------
    path : Path
        The file, or the archive that holds it.
    member : str, optional
        Name within the archive; None for a file of its own.
    size : int
        Bytes of the file, or of the unpacked member; 0 where it is not known.
    alias : str
        Pseudonym that takes the file's name; its texts are masked then, see `heelraise.batch.discover.mask`.
    hidden : str
        Name of the subject, which no label of a masked file may hold.
    url : str
        Where it is fetched from; `path` ends with its name then.
    """

    path: Path
    member: str | None = None
    size: int = 0
    alias: str = ""
    hidden: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class TrialJob:
    """One trial to analyse. Small and picklable; a plan holds as many as the archive has trials.

    Attributes
    ----------
    index : int
        Place in the plan's order, from 0.
    path : Path
        The file, or the ZIP archive that holds it.
    member : str, optional
        Name within the archive.
    name : str
        Unique in the plan, for tables and messages: the path below its source, with ``/``. Valid Unicode.
    folder : str
        Where the outputs go, below the output folder, with ``/``; ``.`` is the output folder itself.
    subject, session, trial : str
        As read, cleaned for display; subject and session are empty where nothing names them.
    subject_path, session_path : str
        The same, safe as one component of a path and distinct within the plan; empty where the name is empty.
    role : str
        ``trial`` or ``static``. Statics are analysed too.
    static : Source, optional
        The static trial that sets the zero of this one.
    static_name : str
        The static trial's file name, or empty.
    size : int
        Bytes, unpacked; 0 for a listed file that is not there.
    sha256 : str
        Of the content, where discovery had to compute it; else empty.
    duplicate_of : str
        Name of the first job of equal content, or empty.
    alias, hidden, url : str
        See `Source`.
    """

    index: int
    path: Path
    member: str | None
    name: str
    folder: str
    subject: str = ""
    session: str = ""
    trial: str = ""
    subject_path: str = ""
    session_path: str = ""
    role: str = "trial"
    static: Source | None = None
    static_name: str = ""
    size: int = 0
    sha256: str = ""
    duplicate_of: str = ""
    alias: str = ""
    hidden: str = ""
    url: str = ""

    @property
    def source(self) -> Source:
        """The job's file."""
        return Source(self.path, self.member, self.size, self.alias, self.hidden, self.url)


@dataclass(frozen=True)
class ArchiveLimits:
    """Bounds of what a ZIP archive may unpack to.

    Attributes
    ----------
    member_bytes, total_bytes : int
        Largest unpacked member, and all C3D members of an archive together.
    ratio : float
        Largest unpacked size per packed byte; members below ``small_bytes`` may have any.
    small_bytes : int
    directory_bytes : int
        Largest table of contents, which is read into memory.
    """

    member_bytes: int = 4 << 30
    total_bytes: int = 256 << 30
    ratio: float = 200.0
    small_bytes: int = 4 << 20
    directory_bytes: int = 64 << 20


@dataclass(frozen=True)
class DiscoverOptions:
    """What the user may say about an archive.

    Attributes
    ----------
    lists : tuple of Path
        List files, besides those given as ``@list.txt``.
    layout : str, optional
        Such as ``{subject}/{session}/{trial}``, held against the path below the source without ``.c3d``.
    name_pattern : str, optional
        Regular expression with groups ``subject``, ``session`` or ``trial``, searched in the file name without its
        ending.
    static_pattern : str, optional
        The protocol's ``static``, resolved beside each trial. It replaces pairing by type and name.
    pair_statics : bool
        Pair static trials found by their type or name.
    sidecars : bool
        Read ENF files and ``session.xml``.
    duplicates : bool
        Look for equal content.
    limits : ArchiveLimits
    """

    lists: tuple[Path, ...] = ()
    layout: str | None = None
    name_pattern: str | None = None
    static_pattern: str | None = None
    pair_statics: bool = True
    sidecars: bool = True
    duplicates: bool = True
    limits: ArchiveLimits = field(default_factory=ArchiveLimits)


@dataclass(frozen=True)
class Plan:
    """All jobs in a stable order, and what was seen on the way.

    Attributes
    ----------
    jobs : tuple of TrialJob
        Ordered by name: neither the file system nor the order of the arguments plays a part.
    notes : tuple of Note
        Refused members, folders that vanished, damaged archives; names in them are below their source.
    """

    jobs: tuple[TrialJob, ...]
    notes: tuple[Note, ...] = ()

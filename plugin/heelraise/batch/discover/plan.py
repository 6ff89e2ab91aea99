"""Discovery as a whole: from paths and options to a plan."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from heelraise.batch.discover.content import close_archives
from heelraise.batch.discover.duplicates import find_duplicates
from heelraise.batch.discover.mirror import places, prefixes
from heelraise.batch.discover.model import DiscoverOptions, Plan, Source, TrialJob
from heelraise.batch.discover.names import Namer, Names
from heelraise.batch.discover.safe import distinct_names
from heelraise.batch.discover.shelf import Found
from heelraise.batch.discover.sources import Sources
from heelraise.batch.discover.statics import Statics
from heelraise.batch.workers.paths import is_remote, shown
from heelraise.errors import InputError
from heelraise.notes import Note


def discover(paths: Sequence[Path | str], options: DiscoverOptions | None = None) -> Plan:
    """Find the trials of an archive.

    Parameters
    ----------
    paths : sequence of Path or str
        Folders, C3D files, ZIP archives, patterns with ``*``, ``?``, ``[`` or ``**``, ``@list.txt``, and URLs
        of files and folders in a store.
    options : DiscoverOptions, optional

    Returns
    -------
    Plan
        It depends on what the paths hold, not on their order nor on the file system's. Nothing is unpacked.

    Raises
    ------
    UsageError
        A layout or pattern of file names cannot be used.
    ProtocolError
        The protocol's ``static`` is no pattern of file names.
    InputError
        A path or list does not exist, an archive that was named cannot be opened, or there is no C3D file at all.
    """
    try:
        return _discover([path if is_remote(path) else Path(path) for path in paths], options or DiscoverOptions())
    finally:
        # Whoever only looks at an archive leaves it free to be moved.
        close_archives()


def _discover(given: Sequence[Path | str], options: DiscoverOptions) -> Plan:
    notes: list[Note] = []
    namer = Namer(options, notes)
    found = Sources(options.limits, notes).find(given, options.lists)
    if not found:
        where = ", ".join(shown(os.fspath(path)) for path in (*given, *options.lists))
        raise InputError("no C3D file found", where=where, why=notes[0].message.rstrip(".") if notes else "")
    prefix = prefixes(one.root for one in found)
    found.sort(key=lambda one: (prefix[one.root], one.rel.split("/"), one.member or ""))
    order = [prefix[one.root] for one in found]
    known = [namer.names(one.shelf, one.file, before) for one, before in zip(found, order, strict=True)]
    names, folders = places(found, prefix)
    sources = [_source(one) for one in found]
    sha256, first = find_duplicates(sources, names) if options.duplicates else ([""] * len(found), [""] * len(found))
    subjects = distinct_names({one.subject for one in known if one.subject})
    sessions = _sessions(known)
    statics = Statics(namer, options.static_pattern, options.pair_statics, notes)
    jobs = []
    for n, (one, own) in enumerate(zip(found, known, strict=True)):
        role, static, static_name = statics.of(one.shelf, one.file, own, order[n])
        jobs.append(
            TrialJob(
                index=n,
                path=sources[n].path,
                member=one.member,
                name=names[n],
                folder=folders[n],
                subject=own.subject,
                session=own.session,
                trial=own.trial,
                subject_path=subjects.get(own.subject, ""),
                session_path=sessions.get((own.subject, own.session), ""),
                role=role,
                static=static,
                static_name=static_name,
                size=one.size,
                url=one.url,
                sha256=sha256[n],
                duplicate_of=first[n],
            )
        )
    if namer.unmatched:
        text = f"{min(namer.unmatched)}: the layout does not fit it, nor {len(namer.unmatched) - 1} others."
        notes.append(Note("layout_unmatched", text))
    # One sentence once, in an order of their own: two ways to a folder say the same of it.
    return Plan(tuple(jobs), tuple(sorted(set(notes), key=lambda note: (note.code, note.message))))


def _source(found: Found) -> Source:
    return Source(Path(found.path), found.member, found.size, url=found.url)


def _sessions(known: Sequence[Names]) -> dict[tuple[str, str], str]:
    """Safe session names, distinct among the sessions of one subject."""
    by_subject: dict[str, set[str]] = {}
    for one in known:
        if one.session:
            by_subject.setdefault(one.subject, set()).add(one.session)
    return {
        (subject, session): safe
        for subject, sessions in by_subject.items()
        for session, safe in distinct_names(sessions).items()
    }

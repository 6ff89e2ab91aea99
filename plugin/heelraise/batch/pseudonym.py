"""``--pseudonymise``: the plan of an archive with pseudonyms for everybody and every file.

A pseudonym is a keyed hash: the same person has the same one in every run with the same key, and without the key nobody
can try out names. Whoever has the key can, so it is kept where the outputs are not.
"""

from __future__ import annotations

import base64
import hmac
import os
import re
import secrets
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from heelraise.batch.discover import Plan, Source, TrialJob
from heelraise.batch.journal import recall
from heelraise.batch.subjects import Subjects
from heelraise.errors import InputError, OutputError, UsageError
from heelraise.notes import Note

if TYPE_CHECKING:
    from heelraise.batch.place import Place
    from heelraise.protocol import ResolvedProtocol

_LETTERS = 12
_FEWEST_BYTES = 16
_TRIAL = re.compile(rf"(^|/)trial-[a-z2-7]{{{_LETTERS}}}$")
_OUTPUT = re.compile(r"(?:^|/)([^/]*)_heelraise\.(?:json|csv|yaml|c3d)$")
_OF_PSEUDONYM = re.compile(rf"(trial-[a-z2-7]{{{_LETTERS}}}|ses-[a-z2-7]{{{_LETTERS}}}(_session_[0-9a-f]{{8}})?)")


@dataclass(frozen=True)
class Pseudonyms:
    """Pseudonyms under one key."""

    key: bytes

    def of(self, kind: str, *names: str) -> str:
        """``<kind>-<12 letters>`` for names, the same whatever way their accents are stored; empty for none."""
        if not any(names):
            return ""
        text = "\0".join((kind, *(unicodedata.normalize("NFC", name) for name in names)))
        digest = hmac.digest(self.key, text.encode("utf-8", "surrogateescape"), "sha256")
        return f"{kind}-{base64.b32encode(digest).decode().lower()[:_LETTERS]}"


def read_key(path: Path, *, make: bool = True) -> Pseudonyms:
    """The key of a file; a file that is not there is made, for its owner alone.

    Raises
    ------
    UsageError
        It holds less than 16 bytes, or is missing and `make` is False.
    InputError, OutputError
        It cannot be read or made.
    """
    try:
        key = path.read_bytes().strip()
    except FileNotFoundError:
        if not make:
            raise UsageError(
                "there is no key yet", where=str(path), todo="a run makes it; --dry-run does not"
            ) from None
        key = secrets.token_hex(32).encode()
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as stream:
                stream.write(key + b"\n")
        except OSError as error:
            raise OutputError("the key cannot be written", where=str(path), why=error.strerror or "") from error
    except OSError as error:
        raise InputError("the key cannot be read", where=str(path), why=error.strerror or "") from error
    if len(key) < _FEWEST_BYTES:
        raise UsageError("the key is too short", where=str(path), todo=f"give it {_FEWEST_BYTES} random bytes or more")
    return Pseudonyms(key)


def check_place(key: Path, output: Path) -> None:
    """The key opens what the outputs close: it must not be handed on with them.

    Raises
    ------
    UsageError
    """
    if Path(os.path.realpath(key)).is_relative_to(os.path.realpath(output)):
        raise UsageError("the key must not lie among the outputs", where=str(key), todo="keep it in another folder")


def without_names(
    plan: Plan, protocol: ResolvedProtocol, subjects: Subjects | None, key: Path, place: Place
) -> tuple[Plan, ResolvedProtocol, Subjects | None]:
    """Plan, protocol and table of subjects under the pseudonyms of a key.

    Raises
    ------
    UsageError
        The key is among the outputs or too short, or the folder holds outputs with names.
    InputError, OutputError
        The key cannot be read or made.
    """
    check_place(key, place.folder)
    _check_earlier(place)
    pseudonyms = read_key(key)
    table = subjects_of(subjects, pseudonyms) if subjects is not None else None
    return pseudonymised(plan, pseudonyms), protocol_of(protocol, pseudonyms), table


def _check_earlier(place: Place) -> None:
    """Outputs of an earlier run are not renamed: what it wrote would stay beside the pseudonyms."""
    memory = recall(place.folder)
    try:
        named = "\npseudonymised: true\n" not in (place.folder / "batch.yaml").read_text(encoding="utf-8")
    except (OSError, ValueError):
        named = False
    # A run that was killed has sent neither manifest nor journal to its store.
    outputs = (found[1] for found in map(_OUTPUT.search, place.names()) if found is not None)
    if (
        named
        or not all(_TRIAL.search(name) for name in (*memory.hashes, *memory.failures))
        or not all(_OF_PSEUDONYM.fullmatch(stem) for stem in outputs)
    ):
        todo = "name a new output folder"
        raise UsageError("the folder holds outputs of a run with names", where=place.shown, todo=todo)


def pseudonymised(plan: Plan, pseudonyms: Pseudonyms) -> Plan:
    """The plan in the order of its pseudonyms, since the order of names says something of them."""
    alias = {job.name: pseudonyms.of("trial", job.name) for job in plan.jobs}
    by_source = {(job.path, job.member): alias[job.name] for job in plan.jobs}

    def still(job: TrialJob) -> Source | None:
        if job.static is None:
            return None
        place = (job.static.path, job.static.member)
        # A static trial that is none of the plan's has no name there.
        name = by_source.get(place) or pseudonyms.of("trial", str(job.static.path.name), job.static.member or "")
        return replace(job.static, alias=name, hidden=job.subject)

    jobs = []
    for job in plan.jobs:
        subject = pseudonyms.of("sub", job.subject)
        session = pseudonyms.of("ses", job.subject, job.session) if job.session else ""
        static = still(job)
        jobs.append(
            replace(
                job,
                name="/".join(filter(None, (subject, session, alias[job.name]))),
                folder="/".join(filter(None, (subject, session))) or ".",
                subject=subject,
                session=session,
                trial=alias[job.name],
                subject_path=subject,
                session_path=session,
                static=static,
                static_name=static.alias if static is not None else "",
                duplicate_of="",
                alias=alias[job.name],
                hidden=job.subject,
            )
        )
    jobs.sort(key=lambda job: job.name)
    return Plan(tuple(replace(job, index=n) for n, job in enumerate(jobs)), _notes(plan.notes))


def subjects_of(subjects: Subjects, pseudonyms: Pseudonyms) -> Subjects:
    """The table under pseudonyms."""
    rows = {pseudonyms.of("sub", name): row for name, row in subjects.rows.items()}
    lines = {pseudonyms.of("sub", name): line for name, line in subjects.lines.items()}
    return Subjects("subjects.csv", rows, lines)


def protocol_of(protocol: ResolvedProtocol, pseudonyms: Pseudonyms) -> ResolvedProtocol:
    """The protocol without the subject's name and without the pattern of static trials, which are found by now."""
    from heelraise.protocol.load import fingerprint
    from heelraise.protocol.schema import Protocol

    known = protocol.resolved["subject"]
    identity = pseudonyms.of("sub", known["id"]) if known.get("id") else known.get("id")
    resolved = {**protocol.resolved, "static": None, "subject": {**known, "id": identity}}
    settings = protocol.protocol.model_copy(
        update={"static": None, "subject": Protocol.model_validate(resolved).subject},
    )
    return replace(protocol, protocol=settings, resolved=resolved, sha256=fingerprint(resolved))


def _notes(notes: Iterable[Note]) -> tuple[Note, ...]:
    """Notes of discovery name files and folders; how many there are of each kind may be said."""
    codes = sorted(note.code for note in notes)
    told = "--dry-run without --pseudonymise names them"
    return tuple(Note(code, f"{codes.count(code)} of this kind; {told}.") for code in dict.fromkeys(codes))

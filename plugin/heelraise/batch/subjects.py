"""``--subjects subjects.csv``: who was recorded, joined to the trials by the subject's name."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from heelraise.errors import InputError, UsageError
from heelraise.notes import Note

if TYPE_CHECKING:
    from heelraise.protocol import ResolvedProtocol

KEY = "subject"
COLUMNS = (
    "mass_kg",
    "height_m",
    "age_years",
    "sex",
    "involved_side",
    "dominant_side",
    "symptoms",
    "shoes",
)
_NUMBERS = ("mass_kg", "height_m", "age_years")
#: In the cell of symptoms: nobody asked is an empty cell, and nothing was reported is this word.
NONE = "none"
_LISTED = 20
_MOST_COMPARED = 10_000
_MOST_BYTES = 64 << 20


@dataclass(frozen=True)
class Subjects:
    """The table: subject to the cells that are not empty, and the line of each for messages."""

    file: str
    rows: Mapping[str, Mapping[str, Any]]
    lines: Mapping[str, int]


def read_subjects(path: Path) -> Subjects:
    """Read and check the table.

    The first line names the columns: ``subject``, and any of mass_kg (kg), height_m (m), age_years, sex,
    involved_side, dominant_side, symptoms (parted by semicolons; ``none`` where none were reported, empty where nobody
    asked) and shoes. An empty cell leaves what the protocol says.

    Raises
    ------
    InputError
        The file cannot be read.
    UsageError
        With every problem on a line of its own, each with file, line and column.
    """
    try:
        raw = path.read_bytes() if path.stat().st_size <= _MOST_BYTES else None
        if raw is None:
            raise InputError("is too large for a table of subjects", where=str(path))
        text = raw.decode("utf-8-sig")
    except OSError as error:
        raise InputError("cannot be read", where=str(path), why=error.strerror or "") from error
    except UnicodeDecodeError as error:
        raise InputError("is not UTF-8 text", where=str(path), todo="save it as CSV UTF-8") from error
    table, comma = _lines(text, path.name)
    problems: list[str] = []
    header = [name.strip().casefold() for name in table[0][1]] if table else []
    problems += _header_problems(path.name, header)
    if problems:
        raise UsageError("\n".join(problems))
    rows: dict[str, dict[str, Any]] = {}
    lines: dict[str, int] = {}
    for number, cells in table[1:]:
        where = f"{path.name}:{number}"
        if len(cells) != len(header):
            guess = "; numbers have a decimal point" if len(cells) > len(header) else ""
            problems.append(f"{where}: {len(cells)} cells in a table of {len(header)} columns{guess}")
            continue
        broken = next((column for column, cell in enumerate(cells, start=1) if not _one_line(cell)), 0)
        if broken:
            problems.append(
                f"{where}:{broken}: the cell holds a line end or a control character; is a quote not closed?"
            )
            continue
        entry = {name: cell.strip() for name, cell in zip(header, cells, strict=True)}
        subject = entry.pop(KEY)
        place = f"{where}:{header.index(KEY) + 1}"
        if not subject:
            problems.append(f"{place}: the subject has no name")
        elif subject in rows:
            problems.append(f"{place}: subject '{subject}' stands in line {lines[subject]} already; keep one")
        else:
            rows[subject] = _values(entry, where, header, problems, comma)
            lines[subject] = number
    if problems:
        raise UsageError(_listed(problems))
    return Subjects(path.name, rows, lines)


def _lines(text: str, file: str) -> tuple[list[tuple[int, list[str]]], bool]:
    """Cells by line, and whether a comma may stand for a decimal point.

    A semicolon or tab parts cells where the first line has one and no comma, as some spreadsheets write it; the line
    ``sep=;`` says so, too. Columns without name and content are what a spreadsheet leaves behind.
    """
    text = "\n".join(text.replace("\r\n", "\n").split("\r"))
    first, _, rest = text.partition("\n")
    told = first.lower().startswith("sep=") and len(first.strip()) == 5
    named = rest.partition("\n")[0] if told else first
    delimiter = first.strip()[4] if told else next((c for c in ";\t" if c in named and "," not in named), ",")
    reader, table, before = csv.reader(io.StringIO(text), delimiter=delimiter), [], 0
    try:
        for cells in reader:
            # A cell may go on over several lines: the first of them is where to look.
            number, before = before + 1, reader.line_num
            if any(cell.strip() for cell in cells) and not (told and number == 1):
                table.append((number, cells))
    except csv.Error as error:
        what = f"{file}:{before + 1}: the line cannot be read ({error}); is a quote not closed?"
        raise UsageError(what) from error
    width = max((_filled(cells) for _, cells in table), default=0)
    return [(number, cells[: max(width, _filled(cells))]) for number, cells in table], delimiter != ","


def _filled(cells: list[str]) -> int:
    return max((n for n, cell in enumerate(cells, start=1) if cell.strip()), default=0)


def _one_line(cell: str) -> bool:
    return all(ord(letter) >= 32 or letter == "\t" for letter in cell)


def _header_problems(file: str, header: list[str]) -> list[str]:
    from heelraise.protocol.problems import nearest

    if KEY not in header:
        return [f"{file}:1: there is no column '{KEY}'; the first line names the columns"]
    problems = []
    for column, name in enumerate(header, start=1):
        if not name:
            problems.append(f"{file}:1:{column}: the column has no name")
        elif name not in (KEY, *COLUMNS):
            guess = nearest(name, (KEY, *COLUMNS))
            todo = f"did you mean '{guess}'?" if guess else f"known are {', '.join((KEY, *COLUMNS))}"
            problems.append(f"{file}:1:{column}: unknown column '{name}'; {todo}")
        elif header.index(name) < column - 1:
            problems.append(f"{file}:1:{column}: column '{name}' stands there twice")
    return problems


def _values(
    entry: Mapping[str, str], where: str, header: list[str], problems: list[str], comma: bool
) -> dict[str, Any]:
    """Cells as the protocol's section `subject` takes them; each is checked by the protocol's own rules."""
    from pydantic import ValidationError

    from heelraise.protocol.sections import Subject

    values: dict[str, Any] = {}
    for name, cell in entry.items():
        if not cell:
            continue
        value: Any = cell
        if name in _NUMBERS:
            try:
                value = float(cell.replace(",", ".") if comma and cell.count(",") == 1 and "." not in cell else cell)
            except ValueError:
                todo = "write digits and a decimal point, without the unit"
                problems.append(f"{where}:{header.index(name) + 1}: {name} is '{cell}' and not a number; {todo}")
                continue
        elif name == "symptoms":
            value = [] if cell.lower() == NONE else [word.strip() for word in cell.split(";") if word.strip()]
        try:
            Subject.model_validate({name: value})
        except ValidationError as error:
            problems.append(f"{where}:{header.index(name) + 1}: {name} is '{cell}'; {error.errors()[0]['msg']}")
            continue
        values[name] = value
    return values


def check_known(subjects: Subjects, wanted: Iterable[str]) -> None:
    """Every subject of the archive must have a row: what nobody wrote down must not pass for what nobody reported.

    Raises
    ------
    UsageError
        Names the subjects without one.
    """
    missing = sorted({name for name in wanted if name and name not in subjects.rows})
    if missing:
        shown = ", ".join(f"'{name}'{_nearly(name, subjects)}" for name in missing[:_LISTED])
        more = f" and {len(missing) - _LISTED} more" if len(missing) > _LISTED else ""
        todo = "add a row for each; its other cells may stay empty"
        raise UsageError(f"the table has no row for {shown}{more}", where=subjects.file, todo=todo)


def _nearly(name: str, subjects: Subjects) -> str:
    from heelraise.protocol.problems import nearest

    same = [known for known in subjects.rows if known.casefold() == name.casefold()]
    guess = same[0] if same else nearest(name, tuple(subjects.rows)) if len(subjects.rows) <= _MOST_COMPARED else None
    return f" (line {subjects.lines[guess]} has '{guess}')" if guess else ""


def unused(subjects: Subjects, present: Iterable[str]) -> tuple[Note, ...]:
    """A note where the table has subjects of whom there is no trial: one of the two may be misspelt."""
    known = set(present)
    missing = [name for name in subjects.rows if name not in known]
    if not missing:
        return ()
    shown = ", ".join(f"'{name}' (line {subjects.lines[name]})" for name in missing[:_LISTED])
    more = f" and {len(missing) - _LISTED} more" if len(missing) > _LISTED else ""
    return (Note("subjects_without_trials", f"{subjects.file}: no trial of {shown}{more}."),)


def for_subject(protocol: ResolvedProtocol, subject: str, subjects: Subjects | None) -> ResolvedProtocol:
    """The protocol with what the table says of a subject, and a fingerprint of its own."""
    from heelraise.protocol.load import fingerprint
    from heelraise.protocol.schema import Protocol

    row = subjects.rows.get(subject) if subjects is not None else None
    if row is None:
        return protocol
    resolved = {**protocol.resolved, "subject": {**protocol.resolved["subject"], "id": subject[:200], **row}}
    section = Protocol.model_validate(resolved).subject
    joined = protocol.protocol.model_copy(update={"subject": section})
    return replace(protocol, protocol=joined, resolved=resolved, sha256=fingerprint(resolved))


def _listed(problems: list[str]) -> str:
    more = [f"and {len(problems) - _LISTED} more problems"] if len(problems) > _LISTED else []
    return "\n".join([*problems[:_LISTED], *more])

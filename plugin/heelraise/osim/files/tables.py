"""Tables of OpenSim (``.sto``, ``.mot``): read with every check in front, written for each of OpenSim's own readers.

OpenSim's own readers wait for ever on a text without ``endheader``, drop rows with NaN without a word (``Storage``),
or keep what they read before a broken line. Here such files are refused in one sentence.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from heelraise.errors import InputError
from heelraise.osim.files.numbers import check_times, format_rows, parse_number, parse_rows
from heelraise.osim.files.text_file import read_lines
from heelraise.outputs.atomic import write_text

Array = NDArray[np.float64]
KIND: Final = "an OpenSim table (.sto or .mot)"
#: Headers in the field have 5 to 20 lines; whatever has no end after this many is no table.
MAX_HEADER_LINES: Final = 2000
_ROWS: Final = ("nRows", "datarows")
_COLUMNS: Final = ("nColumns", "datacolumns")


@dataclass(frozen=True, eq=False)
class Table:
    """Columns over time.

    Attributes
    ----------
    name : str
        First line of the file.
    labels : tuple of str
        Names of the columns without the time, (C,).
    times : ndarray (T,)
        s, increasing.
    values : ndarray (T, C)
    in_degrees : bool
        Whether angles are in degrees.
    header : mapping of str to str
        What else the header says, in its order.
    comments : tuple of str
        Lines of the header that are no ``key=value``.
    """

    name: str
    labels: tuple[str, ...]
    times: Array = field(repr=False)
    values: Array = field(repr=False)
    in_degrees: bool = False
    header: Mapping[str, str] = field(default_factory=dict)
    comments: tuple[str, ...] = ()

    def column(self, label: str) -> Array:
        """Values (T,) of a column.

        Raises
        ------
        InputError
            There is none of that name, or several (files of OpenSim's own examples name columns twice).
        """
        count = self.labels.count(label)
        if count != 1:
            why = f"it has {', '.join(self.labels[:30])}" if not count else f"{count} columns have this name"
            said = "no column" if not count else "no single column"
            raise InputError(f"the table '{self.name}' has {said} '{label}'", why=why, todo="check its names")
        return self.values[:, self.labels.index(label)]


def read_table(path: Path | str, *, finite: bool = True) -> Table:
    """Read a ``.sto`` or ``.mot`` file.

    Parameters
    ----------
    path : Path or str
    finite : bool
        Refuse values that are not finite. Otherwise they come as they are.

    Raises
    ------
    InputError
        The file is missing, binary or huge, has no ``endheader``, no time column, rows of another length, fewer rows
        than it says, times that do not increase, or (`finite`) values that are not numbers.
    """
    where = str(path)
    lines = read_lines(path, KIND)
    end = next((k for k, line in enumerate(lines[:MAX_HEADER_LINES]) if line.strip().lower() == "endheader"), None)
    if end is None:
        why = "its header has no line 'endheader'"
        raise InputError(f"the file is not {KIND}", where=where, why=why, todo="name a table that OpenSim wrote")
    header, comments = _read_header(lines[:end])
    kind = header.get("DataType", "double")
    if kind != "double":
        why = f"DataType is {kind}"
        raise InputError("the table does not hold plain numbers", where=where, why=why, todo="flatten it in OpenSim")
    start = next((k for k in range(end + 1, len(lines)) if lines[k].strip()), None)
    if start is None:
        raise InputError("the table is empty", where=where, why="nothing follows 'endheader'", todo="export it again")
    labels = _split_labels(lines[start])
    if not labels or labels[0].lower() != "time":
        why = f"the first column is called '{labels[0][:40] if labels else ''}'"
        raise InputError("the table has no time", where=f"{where}:{start + 1}", why=why, todo="call the column time")
    declared = _count(header, _COLUMNS)
    if declared is not None and declared != len(labels):
        why = f"the header says {declared} columns, but {len(labels)} are named"
        raise InputError("the table contradicts itself", where=f"{where}:{start + 1}", why=why, todo="export it again")
    values = _read_rows(lines, start + 1, len(labels), where)
    declared = _count(header, _ROWS)
    if declared is not None and len(values) < declared:
        why = f"{len(values)} rows of {declared}"
        raise InputError("the table is cut off", where=where, why=why, todo="export it again")
    if not len(values):
        raise InputError("the table is empty", where=where, why="no row follows the names", todo="export it again")
    check_times(values[:, 0], where, start + 2)
    if finite:
        _check_finite(labels, values, where, start + 2)
    degrees = header.get("inDegrees", "no").lower() in ("yes", "y", "true", "1")
    return Table(comments[0] if comments else "", tuple(labels[1:]), values[:, 0], values[:, 1:], degrees, header,
                 tuple(comments[1:]))  # fmt: skip


def format_table(table: Table) -> str:
    """The text of a table, for ``.sto`` and ``.mot``.

    Raises
    ------
    ValueError
        A value is not finite: OpenSim's ``Storage``, which the GUI plots from, loses rows with NaN without a word.
        The names are not unique, or hold tabs or line ends, or shapes do not agree.
    """
    if table.values.shape != (table.times.size, len(table.labels)):
        raise ValueError(f"Expected values {(table.times.size, len(table.labels))}, but got {table.values.shape}")
    if len(set(table.labels)) < len(table.labels) or any(label != clean_name(label) for label in table.labels):
        raise ValueError(f"Expected unique names without spaces, but got {table.labels}")
    if not np.isfinite(table.values).all() or not np.isfinite(table.times).all():
        column = int(np.flatnonzero(~np.isfinite(table.values).all(axis=0)).min(initial=len(table.labels)))
        name = table.labels[column] if column < len(table.labels) else "time"
        raise ValueError(f"Expected finite values, but '{name}' holds some that are not")
    head = [_one_line(table.name) or "table", "version=1"]
    if not any(c.isalpha() for c in head[0]):
        # OpenSim takes a first line of digits for another format and then finds no end of the header.
        head[0] = f"table {head[0]}"
    head += [f"nRows={table.times.size}", f"nColumns={len(table.labels) + 1}"]
    head += [f"inDegrees={'yes' if table.in_degrees else 'no'}"]
    head += [f"{key}={value}" for key, value in table.header.items() if key not in _WRITTEN]
    head += [f"# {_one_line(comment)}" for comment in table.comments]
    rows = format_rows(np.column_stack([table.times, table.values]))
    return "\n".join([*head, "endheader", "\t".join(("time", *table.labels))]) + "\n" + rows


def write_table(target: Path, table: Table) -> Path:
    """Write a table; the file appears whole or not at all.

    Raises
    ------
    OutputError
        The folder is missing or not writable, or the disk is full.
    ValueError
        As for `format_table`.
    """
    write_text(target, format_table(table))
    return target


def _one_line(text: str) -> str:
    """Text for the header: one line, printable, and no equals sign, which would make a property of it."""
    return " ".join("".join(c if c.isprintable() else " " for c in text.replace("=", ":")).split())


def clean_name(name: str) -> str:
    """A name without white space, which separates columns in some of OpenSim's readers."""
    return "_".join(name.replace("\0", " ").split())


_WRITTEN: Final = frozenset({*_ROWS, *_COLUMNS, "version", "inDegrees", "DataType", "OpenSimVersion", "range", "name"})


def _read_header(lines: Sequence[str]) -> tuple[dict[str, str], list[str]]:
    """Properties and other lines. Older files write ``nRows=3``, ``datarows 3`` and ``range 0 1``."""
    header: dict[str, str] = {}
    comments: list[str] = []
    for line in (line.strip() for line in lines):
        key, found, value = line.partition("=")
        words = line.split(None, 1)
        if found and key.strip():
            header[key.strip()] = value.strip()
        elif words and words[0] in (*_ROWS, *_COLUMNS, "range", "otherdata") and len(words) == 2:
            header[words[0]] = words[1].strip()
        elif words and words[0] == "name" and len(words) == 2 and not comments:
            comments.append(words[1].strip())
        elif line:
            comments.append(line.removeprefix("# "))
    return header, comments


def _split_labels(line: str) -> list[str]:
    # Names of muscles and markers may hold spaces where tabs separate.
    cells = line.split("\t") if "\t" in line.strip() else line.split()
    return [cell.strip() for cell in cells if cell.strip()]


def _count(header: Mapping[str, str], names: Sequence[str]) -> int | None:
    text = next((header[name] for name in names if name in header), None)
    value = parse_number(text) if text is not None else None
    return int(value) if value is not None and np.isfinite(value) and value >= 0 else None


def _read_rows(lines: Sequence[str], start: int, columns: int, where: str) -> Array:
    stop = len(lines)
    while stop > start and not lines[stop - 1].strip():
        stop -= 1
    rows = [line.split() for line in lines[start:stop]]
    for k, row in enumerate(rows):
        if len(row) != columns:
            why = f"{len(row)} values for {columns} columns"
            raise InputError("a row has another length", where=f"{where}:{start + k + 1}", why=why, todo="mend the row")
    return parse_rows(rows, where, start + 1)


def _check_finite(labels: Sequence[str], values: Array, where: str, first_line: int) -> None:
    bad = np.argwhere(~np.isfinite(values))
    if bad.size:
        row, column = (int(k) for k in bad[0])
        rows = len(np.unique(bad[:, 0]))
        why = f"'{labels[column]}' at {values[row, 0]:.10g} s, in {rows} rows in all"
        raise InputError("a value is missing", where=f"{where}:{first_line + row}", why=why, todo="fill or cut the gap")

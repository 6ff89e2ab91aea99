"""Numbers as OpenSim's text files hold them: enough digits, no minus zero, the same bytes everywhere."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from heelraise.errors import InputError

Array = NDArray[np.float64]

#: Significant digits of values. A tremor of 0.05 deg moves a heel marker by 0.05 mm and less: at 2 m from the origin
#: the 6 digits of most exporters are 0.01 mm, a fifth of it. 10 digits are 1e-6 mm there, and give back the single
#: precision of a C3D file bit for bit.
DIGITS: Final = 10
#: Significant digits of times: steps of 0.5 ms after an hour of recording are still told exactly.
TIME_DIGITS: Final = 12
#: What compilers of older programs write where a value is not a number or infinite.
_OLD_SPELLINGS: Final = {
    "1.#qnan": "nan", "1.#ind": "nan", "1.#snan": "nan", "nan(ind)": "nan", "nan(snan)": "nan", "1.#inf": "inf",
}  # fmt: skip


def format_rows(rows: Array, lead: tuple[str, ...] = (f"%.{TIME_DIGITS}g",)) -> str:
    """Lines of tab-separated numbers.

    Parameters
    ----------
    rows : ndarray (T, C)
    lead : tuple of str
        Formats of the first columns; the others get `DIGITS` significant digits.

    Returns
    -------
    str
        T lines, each with its line end. What is not a number is written ``NaN``.
    """
    line = "\t".join((*lead, *[f"%.{DIGITS}g"] * (rows.shape[1] - len(lead)))) + "\n"
    # Adding zero turns minus zero into zero.
    text = "".join(line % tuple(row) for row in (rows + 0.0).tolist())
    return text.replace("nan", "NaN")


def parse_number(text: str) -> float | None:
    """A number as the formats of OpenSim spell it, None where the text is none."""
    try:
        # Python reads 1_000 as a number; no other program does.
        return None if "_" in text else float(text)
    except ValueError:
        word = text.lower()
        sign = -1.0 if word.startswith("-") else 1.0
        # Digits may follow the old spellings: -1.#IND00.
        known = _OLD_SPELLINGS.get(word.lstrip("+-").rstrip("0"))
        return sign * float(known) if known is not None else None


def parse_rows(rows: list[list[str]], where: str, first_line: int) -> Array:
    """Numbers (T, C) from cells.

    Parameters
    ----------
    rows : list of list of str
        All of one length.
    where : str
        File, for messages.
    first_line : int
        Number of the first row's line.

    Raises
    ------
    InputError
        A cell is no number.
    """
    if not rows:
        return np.empty((0, 0))
    values = np.empty((len(rows), len(rows[0])))
    for k, row in enumerate(rows):
        try:
            values[k] = [float(cell) for cell in row]
            plain = not any("_" in cell for cell in row)
        except ValueError:
            plain = False
        if plain:
            continue
        for column, cell in enumerate(row):
            value = parse_number(cell)
            if value is None:
                why = f"column {column + 1} holds '{cell[:40]}'"
                raise InputError("a number was expected", where=f"{where}:{first_line + k}", why=why, todo=DOT)
            values[k, column] = value
    return values


DOT: Final = "write numbers with a point and without units"


def check_times(times: Array, where: str, first_line: int) -> None:
    """Refuse times that are not finite or do not increase, which OpenSim refuses too (or reads as fewer rows).

    Raises
    ------
    InputError
    """
    bad = np.flatnonzero(~np.isfinite(times))
    if bad.size:
        raise InputError(
            "the time is not a number", where=f"{where}:{first_line + int(bad[0])}", todo="export it again"
        )
    back = np.flatnonzero(np.diff(times) <= 0)
    if back.size:
        k = int(back[0]) + 1
        why = f"{times[k]:.10g} s comes after {times[k - 1]:.10g} s"
        raise InputError("the time does not increase", where=f"{where}:{first_line + k}", why=why, todo="sort the rows")

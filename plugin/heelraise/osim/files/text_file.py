"""Text files from elsewhere, read whole and never blindly."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from heelraise.errors import InputError

#: Larger tables are refused: an hour of 200 columns at 1 kHz is 7 GB of text and 6 GB in memory.
MAX_BYTES: Final = 2 << 30


def read_lines(path: Path | str, kind: str) -> list[str]:
    """Lines of a text file without their line ends.

    Parameters
    ----------
    path : Path or str
    kind : str
        What the file should be, for messages (``an OpenSim table``).

    Raises
    ------
    InputError
        It is missing, no plain file, too large, or binary.
    """
    path = Path(path)
    try:
        if path.exists() and not path.is_file():
            # Pipes and devices may never end.
            raise InputError("is no file", where=str(path), why=f"{kind} was expected", todo="name a file")
        size = path.stat().st_size
        if size > MAX_BYTES:
            why = f"{size} bytes, of {MAX_BYTES} at most"
            raise InputError("the file is too large", where=str(path), why=why, todo="cut it into parts")
        raw = path.read_bytes()
    except FileNotFoundError as error:
        raise InputError("there is no such file", where=str(path), todo="check the name") from error
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or type(error).__name__
        raise InputError("the file cannot be read", where=str(path), why=why) from error
    if b"\0" in raw:
        raise InputError(f"the file is not {kind}", where=str(path), why="it is binary", todo="name a text file")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        # Names with accents from Western European systems; every byte means something in Latin-1.
        text = raw.decode("latin-1")
    # Not splitlines(): form feeds and other separators of Unicode may stand in names.
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")

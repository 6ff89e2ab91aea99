"""Text files that appear whole or not at all, and folders to put them in."""

from __future__ import annotations

import os
from pathlib import Path
from typing import BinaryIO

from heelraise.c3d.atomic import write_atomically
from heelraise.errors import OutputError

#: Start of the temporary folders of trials whose names were taken out before they were analysed.
MASKED = ".pseudonymised-"


def ensure_folder(folder: Path) -> None:
    """Make the folder and its parents.

    Raises
    ------
    OutputError
        It is a file, or not writable.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not os.access(folder, os.W_OK):
            raise PermissionError(13, "Permission denied")
    except FileExistsError as error:
        raise OutputError("is a file, not a folder", where=str(folder), todo="name another folder") from error
    except OSError as error:
        raise OutputError(
            "cannot be written",
            where=str(folder),
            why=error.strerror or type(error).__name__,
            todo="name another folder",
        ) from error


def write_text(target: Path, text: str) -> None:
    """Write UTF-8 text with Unix line ends through a temporary neighbour that is renamed when complete."""

    def fill(stream: BinaryIO) -> None:
        stream.write(text.encode("utf-8"))

    write_atomically(target, fill)

"""The opensim package, kept quiet, and models that load or are refused in one sentence."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from heelraise.errors import InputError, UsageError
from heelraise.osim.xml_text import read_xml


def load_opensim() -> Any:
    """The opensim module with its log file switched off, or one clear sentence.

    Raises
    ------
    UsageError
        It cannot be imported.
    """
    try:
        import opensim
    except ImportError as error:
        raise UsageError(
            "the OpenSim features need the opensim package", why="it cannot be imported here", todo="install opensim"
        ) from error
    # Its first message would put opensim.log into the working directory.
    opensim.Logger.removeFileSink()
    opensim.Logger.setLevelString("Error")
    return opensim


@contextmanager
def quiet_stdout() -> Iterator[None]:
    """Send what native code prints (file descriptors 1 and 2) to nowhere.

    OpenSim's tools print blocks of text at every log level, past ``sys.stdout``. Not for use in two threads at once.
    """
    _flush()
    saved: list[tuple[int, int]] = []
    null = os.open(os.devnull, os.O_WRONLY)
    try:
        for number in (1, 2):
            # A program without a console has no such descriptor, and nothing to keep quiet.
            with suppress(OSError):
                saved.append((number, os.dup(number)))
                os.dup2(null, number)
        yield
    finally:
        _flush()
        for number, copy in saved:
            os.dup2(copy, number)
            os.close(copy)
        os.close(null)


def load_model(path: Path | str) -> Any:
    """Load a model.

    Parameters
    ----------
    path : Path or str
        ``.osim`` file.

    Returns
    -------
    opensim.Model
        With its system built once, so that its connections are known to be sound.

    Raises
    ------
    InputError
        The file is missing, is no XML (or one with a document type or entities), is no model, or is one that OpenSim
        cannot build.
    UsageError
        There is no opensim package.
    """
    path = Path(path)
    root = read_xml(path)
    if root.tag != "OpenSimDocument" or root.child("Model") is None:
        raise InputError(
            "the file is not an OpenSim model",
            where=f"{path}:{root.line}",
            why="an OpenSimDocument with a Model in it was expected",
            todo="name an .osim file",
        )
    if "Version" not in root.attributes:
        raise InputError("the model tells no version of its format", where=f"{path}:{root.line}", todo="save it again")
    opensim = load_opensim()
    try:
        with quiet_stdout():
            model = opensim.Model(str(path))
            model.initSystem()
    except Exception as error:
        # Which class OpenSim raises through its wrapper depends on the failure; all of them mean the same here.
        raise InputError("OpenSim cannot build this model", where=str(path), why=native_reason(error)) from error
    return model


def native_reason(error: BaseException | str) -> str:
    """The sentence in an exception of OpenSim, without its C++ functions, files and lines."""
    text = str(error) or type(error).__name__
    if text.startswith("std::exception in '") and "': " in text:
        text = text.split("': ", 1)[1]
    noise = ("Thrown at", "In Object", "In Component", "SimTK Exception thrown at", "(Required condition")
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    kept = next((line for line in lines if not line.startswith(noise)), lines[0] if lines else "no reason given")
    kept = kept.removeprefix("Error detected by Simbody method ").replace("(details: ", "")
    return kept.rstrip(".")[:300]


def _flush() -> None:
    """Empty Python's and the C library's output buffers, so that text goes where it was meant to go."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(AttributeError, OSError, ValueError):
            stream.flush()
    import ctypes

    with suppress(AttributeError, OSError):
        ctypes.CDLL("ucrtbase" if sys.platform == "win32" else None).fflush(None)

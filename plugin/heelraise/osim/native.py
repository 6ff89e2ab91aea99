"""OpenSim's own tools, run so that a crash or a hang of native code is one sentence of ours."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from xml.sax.saxutils import escape

from heelraise.errors import HeelraiseError, InputError
from heelraise.osim.library import native_reason

#: A tool that has not ended after this many seconds is taken to hang.
LIMIT_S = 3600.0
_SCRIPT = Path(__file__).with_name("_native_child.py")


def run_native_tool(
    tool: str, settings: Sequence[tuple[str, str]], model: Path, folder: Path, *, limit_s: float = LIMIT_S
) -> None:
    """Run one of OpenSim's tools in a child process.

    Parameters
    ----------
    tool : str
        Class of OpenSim: ``InverseKinematicsTool``, ``InverseDynamicsTool``.
    settings : sequence of (tag, XML)
        Content of the tool's setup, in order; values are XML already (`text` makes it from a word).
    model : Path
        ``.osim`` file that `load_model` took.
    folder : Path
        Scratch folder: the setup and whatever the tool writes go there.
    limit_s : float
        Seconds after which the child is ended.

    Raises
    ------
    InputError
        The tool fails, crashes or hangs.
    """
    setup = folder / "setup.xml"
    body = "".join(f"<{tag}>{value}</{tag}>" for tag, value in settings)
    setup.write_text(
        f'<?xml version="1.0" encoding="UTF-8"?>\n<OpenSimDocument Version="40000">'
        f'<{tool} name="heelraise">{body}</{tool}></OpenSimDocument>\n',
        encoding="utf-8",
    )
    request = {"tool": tool, "setup": str(setup), "model": str(model.resolve())}
    status, reason = _ask(request, folder, limit_s)
    if status != "ok":
        raise InputError(f"OpenSim's {tool} failed", where=str(model), why=reason)


def text(value: object) -> str:
    """A word or number as XML."""
    return escape(str(value))


def _ask(request: Mapping[str, str], folder: Path, limit_s: float) -> tuple[str, str]:
    try:
        # -P keeps the script's own folder, with modules named like common ones, off the child's path.
        done = subprocess.run(
            [sys.executable, "-P", str(_SCRIPT)],
            input=json.dumps(request).encode("ascii"),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=folder,
            env={**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
            timeout=limit_s,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return "failed", f"it did not finish within {limit_s:g} s"
    except OSError as error:
        raise HeelraiseError("no process can be started for OpenSim", why=error.strerror or "") from error
    if done.returncode != 0 or not done.stdout:
        return "failed", f"it crashed with status {done.returncode}"
    answer = json.loads(done.stdout)
    return str(answer["status"]), native_reason(str(answer["reason"]))

"""Make the analysis of some contents crash, eat memory or hang, where this folder is on ``PYTHONPATH``.

``HEELRAISE_FAULTS`` names them: a JSON object of the SHA-256 of a trial to ``crash``, ``memory`` or ``timeout``, the
kinds by which ``trials.csv`` will call it. Python imports a module of this name in every process that it starts, so
that workers misbehave without a hook for it in the package.
"""

from __future__ import annotations

import ctypes
import json
import os
import time
from typing import Any, NoReturn

#: A machine on which nobody watches the memory must outlive it.
_FULL = 3_000_000_000
_BITE = 25_000_000


def crash() -> None:
    """Read where nothing is."""
    ctypes.string_at(0)


def memory() -> NoReturn:
    """Take and touch memory until somebody minds."""
    eaten = []
    while len(eaten) * _BITE < _FULL:
        eaten.append(b"x" * _BITE)
        time.sleep(0.01)
    raise SystemExit("nobody watched the memory")


def timeout() -> None:
    """Wait for ever in C, with Python's lock held: no thread of this process runs any more."""
    ctypes.PyDLL(None).pause()


def _misbehave(faults: dict[str, str]) -> None:
    from heelraise import analysis

    real = analysis.analyze

    def analyze(trial: Any, *arguments: Any, **more: Any) -> Any:
        kind = faults.get(trial.container.sha256)
        if kind is not None:
            {"crash": crash, "memory": memory, "timeout": timeout}[kind]()
        return real(trial, *arguments, **more)

    analysis.analyze = analyze


if "HEELRAISE_FAULTS" in os.environ:
    _misbehave(json.loads(os.environ["HEELRAISE_FAULTS"]))

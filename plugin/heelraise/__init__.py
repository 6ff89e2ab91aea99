"""heelraise: ankle oscillation, centre-of-pressure sway and EMG tremor bands of heel raises in C3D trials."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from heelraise._version import __version__

if TYPE_CHECKING:
    from heelraise.analysis import analyze
    from heelraise.errors import HeelraiseError, InputError, OutputError, ProtocolError, UsageError
    from heelraise.protocol import load_protocol
    from heelraise.result import TrialResult
    from heelraise.trial import Trial, read_c3d

__all__ = [
    "HeelraiseError",
    "InputError",
    "OutputError",
    "ProtocolError",
    "Trial",
    "TrialResult",
    "UsageError",
    "__version__",
    "analyze",
    "load_protocol",
    "read_c3d",
]

# Names are looked up when they are used: importing heelraise itself costs nothing.
_HOMES = {
    "analyze": "heelraise.analysis",
    "load_protocol": "heelraise.protocol",
    "TrialResult": "heelraise.result",
    "Trial": "heelraise.trial",
    "read_c3d": "heelraise.trial",
}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'heelraise' has no attribute '{name}'")
    from importlib import import_module

    return getattr(import_module(_HOMES.get(name, "heelraise.errors")), name)

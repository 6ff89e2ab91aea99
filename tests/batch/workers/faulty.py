"""Functions for workers: some behave, most do not."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any


def act(payload: tuple[str, Any]) -> Any:
    """Run the named function of this module."""
    name, argument = payload
    return globals()[name](argument)


def echo(value: Any) -> Any:
    return value


def pid(_: Any) -> int:
    return os.getpid()


def crash(_: Any) -> None:
    print("last words", file=sys.stderr, flush=True)
    ctypes.string_at(0)


def killed(_: Any) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def raises(text: str) -> None:
    raise ValueError(text)


def leaves(code: int) -> None:
    sys.exit(code)


def drops(code: int) -> None:
    os._exit(code)


def hang(_: Any) -> None:
    while True:
        time.sleep(60)


def hang_hard(_: Any) -> None:
    """Never come back from a C function that holds the interpreter's lock."""
    ctypes.PyDLL(None).sleep(600)


def hog(_: Any) -> None:
    """Grow slowly without end."""
    kept = []
    while True:
        kept.append(bytearray(os.urandom(1)) * 20_000_000)
        time.sleep(0.02)


def gulp(_: Any) -> int:
    """Ask for far too much at once."""
    return len(bytearray(50_000_000_000))


def hog_by_child(_: Any) -> None:
    """A process that the task starts grows."""
    code = "import time\nkept=[]\nwhile True: kept.append(bytearray(b'x')*20_000_000); time.sleep(.02)"
    subprocess.run([sys.executable, "-c", code], check=False)


def big(size: int) -> bytes:
    return b"x" * size


def unsendable(_: Any) -> Any:
    return lambda: None


class Unreadable:
    def __reduce__(self) -> Any:
        return (_refuse, ())


def _refuse() -> None:
    raise ValueError("cannot be made again")


def unreadable(_: Any) -> Unreadable:
    return Unreadable()


def noisy(text: str) -> str:
    print(text, flush=True)
    os.write(1, text.encode())
    os.system(f"echo {text}")
    sys.stdin.read()
    return text


def forks(value: Any) -> Any:
    """Come back twice."""
    os.fork()
    return value


def leaves_child(_: Any) -> int:
    """A process that the task leaves behind."""
    return subprocess.Popen([sys.executable, "-c", "import time; time.sleep(300)"]).pid


def leaves_child_and_dies(_: Any) -> None:
    subprocess.Popen([sys.executable, "-c", "import time; time.sleep(300)"])
    os._exit(7)


def meet(place: str) -> int:
    """How many tasks were seen at the same time as this one."""
    mark = Path(place) / str(os.getpid())
    mark.touch()
    time.sleep(0.15)
    seen = len(list(Path(place).iterdir()))
    mark.unlink()
    return seen


def meet_once(argument: tuple[str, str]) -> int:
    """Fail the first time; the second time count the company."""
    place, name = argument
    mark = Path(place).parent / f"{name}.tried"
    if not mark.exists():
        mark.touch()
        os._exit(3)
    return meet(place)


def nap(seconds: float) -> float:
    time.sleep(seconds)
    return seconds


def announce(argument: tuple[str, str]) -> None:
    """Write the process number to a file, then hang or compute."""
    path, how = argument
    Path(path).write_text(str(os.getpid()), encoding="ascii")
    globals()[how](None)


def announce_child(path: str) -> None:
    """Write the number of a process that this one started, then hang."""
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(300)"])
    Path(path).write_text(str(child.pid), encoding="ascii")
    hang(None)


def threads(_: Any) -> str | None:
    return os.environ.get("OPENBLAS_NUM_THREADS")


def dask_parent_dies(_: Any) -> None:
    """Kill the process that started this one, as when a machine goes down."""
    os.kill(os.getppid(), signal.SIGKILL)
    hang(None)


def dask_parent_dies_once(mark: str) -> str:
    if Path(mark).exists():
        return "second"
    Path(mark).write_text(str(os.getpid()), encoding="ascii")
    dask_parent_dies(None)
    return "never"


def dies_over_a_trial(_: Any) -> None:
    """Leave a temporary folder behind, as a worker that is killed while it works for a store."""
    from heelraise.batch.temporary import TEMPORARY, own_prefix

    tempfile.mkdtemp(prefix=own_prefix(TEMPORARY))
    os.kill(os.getpid(), signal.SIGKILL)

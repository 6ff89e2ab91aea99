"""The command line."""

from __future__ import annotations

import os
import sys
import traceback
from typing import NoReturn

INTERRUPTED, TERMINATED = 130, 143


def main() -> None:
    """Run the command line; every failure is one sentence and an exit status."""
    # One thread for linear algebra: the same bytes on every machine, and no start-up of idle threads.
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(name, "1")
    from heelraise.errors import HeelraiseError

    debug = "--debug" in sys.argv
    try:
        from heelraise.cli.app import app

        app(prog_name="heelraise")
    except HeelraiseError as error:
        _leave(str(error), error.exit_status, debug)
    except KeyboardInterrupt:
        _leave("interrupted", INTERRUPTED, debug=False)
    except SystemExit as end:
        # typer turns an interrupt into this status and says nothing.
        if end.code == INTERRUPTED:
            _leave("interrupted", INTERRUPTED, debug=False)
        if end.code == TERMINATED:
            _leave("ended by SIGTERM", TERMINATED, debug=False)
        raise
    except BrokenPipeError:
        # The reader went away (``heelraise ... | head``): nothing is lost, and nothing can be told.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(0) from None
    except MemoryError:
        _leave("the trial needs more memory than this process may use", 4, debug)
    except Exception as error:
        # A defect of ours: say so in one sentence, and how to see more.
        text = f"internal error, {type(error).__name__}: {error}; please report it with the output of --debug"
        _leave(text, 1, debug)


def _leave(sentence: str, status: int, debug: bool) -> NoReturn:
    if debug:
        traceback.print_exc()
    sys.stderr.write(f"heelraise: {sentence}\n")
    raise SystemExit(status) from None

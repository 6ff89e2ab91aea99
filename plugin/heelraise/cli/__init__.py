"""The command line."""

from __future__ import annotations

import os
import sys


def main() -> None:
    """Run the command line; every failure is one sentence and an exit status."""
    # One thread for linear algebra: the same bytes on every machine, and no start-up of idle threads.
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(name, "1")
    from heelraise.errors import HeelraiseError

    debug = "--debug" in sys.argv
    try:
        from heelraise.cli.app import app

        status = app(prog_name="heelraise", standalone_mode=True)
        raise SystemExit(status)
    except HeelraiseError as error:
        if debug:
            raise
        sys.stderr.write(f"heelraise: {error}\n")
        raise SystemExit(error.exit_status) from None
    except KeyboardInterrupt:
        sys.stderr.write("heelraise: interrupted\n")
        raise SystemExit(130) from None
    except BrokenPipeError:
        # The reader went away (``heelraise ... | head``): nothing is lost, and nothing can be told.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(0) from None
    except MemoryError:
        if debug:
            raise
        sys.stderr.write("heelraise: the trial needs more memory than this process may use\n")
        raise SystemExit(4) from None
    except Exception as error:
        # A defect of ours: say so in one sentence, and how to see more.
        if debug:
            raise
        sys.stderr.write(
            f"heelraise: internal error, {type(error).__name__}: {error}; "
            "please report it with the output of the same command and --debug\n"
        )
        raise SystemExit(1) from None

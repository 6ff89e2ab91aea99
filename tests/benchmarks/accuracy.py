"""Compare the analysis with the phantom's truth over a designed grid, and write the accuracy table.

    python tests/benchmarks/accuracy.py -j 2 --lines accuracy.jsonl --table plugin/docs/accuracy.md

Every finished trial is a line of the file; a run that was killed goes on where it stopped. Lines of another design or
of other code are passed over.
"""

from __future__ import annotations

import argparse
import os
import shlex
import sys
from pathlib import Path

# A process a core: threads within them would only fight. Read when numpy is loaded, hence before it.
for _name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")
sys.path.insert(0, str(Path(__file__).parent))

from accuracy_grid.design import Design  # noqa: E402
from accuracy_grid.document import table  # noqa: E402
from accuracy_grid.goals import goals  # noqa: E402
from accuracy_grid.run import run  # noqa: E402


def command_of(design: Design, page: Path) -> str:
    """The command that makes this table of this design, for the table's head."""
    return (
        f"python tests/benchmarks/accuracy.py --trials {design.tremor} --still {design.still}"
        f" --physiological {design.physiological} --seed {design.seed} --table {shlex.quote(page.as_posix())}"
    )


def main() -> None:
    """Run the design, or what is left of it, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    usual = Design()
    parser.add_argument("--trials", type=int, default=usual.tremor, help="kinematic trials with tremor")
    parser.add_argument("--still", type=int, default=usual.still, help="kinematic trials without tremor")
    parser.add_argument("--physiological", type=int, default=usual.physiological, help="trials of the muscle model")
    parser.add_argument("--seed", type=int, default=usual.seed)
    parser.add_argument("-j", "--jobs", type=int, default=1, help="processes")
    parser.add_argument("--lines", type=Path, default=Path("accuracy.jsonl"), help="one line of JSON a trial")
    parser.add_argument("--table", type=Path, help="where the table goes (Markdown)")
    options = parser.parse_args()
    design = Design(options.trials, options.still, options.physiological, options.seed)
    rows = run(design, options.lines, options.jobs, progress=sys.stderr.isatty())
    print("\n".join(goals(rows)))
    if options.table:
        options.table.parent.mkdir(parents=True, exist_ok=True)
        options.table.write_text(table(rows, design, command_of(design, options.table)), encoding="utf-8")


if __name__ == "__main__":
    main()

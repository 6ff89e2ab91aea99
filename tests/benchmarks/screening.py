"""Hold screening against the simulator, or print what it says of a folder of C3D files.

    python tests/benchmarks/screening.py -j 2 --lines screening.jsonl --page plugin/docs/screening.md
    python tests/benchmarks/screening.py --corpus FOLDER

Every finished trial is a line of the file; a run that was killed goes on where it stopped.
"""

from __future__ import annotations

import argparse
import os
import sys
from functools import partial
from pathlib import Path
from typing import Any

# A process a core: threads within them would only fight. Read when numpy is loaded, hence before it.
for _name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")
sys.path.insert(0, str(Path(__file__).parent))

from accuracy_grid.run import run  # noqa: E402
from screening_grid import screen  # noqa: E402
from screening_grid.design import Design  # noqa: E402
from screening_grid.document import publish, tables  # noqa: E402


def corpus(folder: Path, protocol: str | None) -> None:
    """A line for every file: verdict, what was observed and on what evidence, and what could not be assessed."""
    from heelraise import analyze, read_c3d

    for path in sorted(p for p in folder.rglob("*") if p.suffix.lower() == ".c3d"):
        name = path.relative_to(folder)
        try:
            result = analyze(read_c3d(path), protocol)
        except Exception as error:
            print(f"{name}: {type(error).__name__}: {error}")
            continue
        phases = sorted({p.phase for p in result.phases})
        print(f"{name}: {result.verdict}; {', '.join(phases) or 'no phase'}; {result.signals['primary']}", flush=True)
        for check in result.checks:
            if check.status == "observed":
                print(f"    observed {check.check}: {dict(check.evidence)}")
        for advice in result.advice:
            print(f"    advice {advice.advice}: {advice.finding} {advice.evidence if advice.evidence else ''}")


def main() -> None:
    """Run the design, or what is left of it, and write the page."""
    usual = Design()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kinematic", type=int, default=usual.kinematic, help="kinematic trials of every scenario")
    parser.add_argument("--physiological", type=int, default=usual.physiological, help="trials of the muscle model")
    parser.add_argument("--seed", type=int, default=usual.seed)
    parser.add_argument("--only", nargs="*", default=[], help="these scenarios")
    parser.add_argument("-j", "--jobs", type=int, default=1, help="processes")
    parser.add_argument("--lines", type=Path, default=Path("screening.jsonl"), help="one line of JSON a trial")
    parser.add_argument("--trials", type=Path, help="folder that keeps the simulated files for the next run")
    parser.add_argument("--page", type=Path, help="Markdown page that takes the tables between its marks")
    parser.add_argument("--corpus", type=Path, help="print what screening says of these C3D files instead")
    parser.add_argument("-p", "--protocol", help="protocol for the corpus")
    options = parser.parse_args()
    if options.corpus:
        corpus(options.corpus, options.protocol)
        return
    design = Design(options.kinematic, options.physiological, options.seed, tuple(options.only))
    source = Path(screen.__file__)
    trial_row: Any = screen.one
    if options.trials:
        options.trials.mkdir(parents=True, exist_ok=True)
        trial_row = partial(screen.one, trials=options.trials)
    rows = run(design, options.lines, options.jobs, sys.stderr.isatty(), trial_row, design.kinds(), source)
    command = (
        f"python tests/benchmarks/screening.py --kinematic {design.kinematic} --physiological {design.physiological}"
        f" --seed {design.seed} --page plugin/docs/screening.md"
    )
    text = tables(rows, design, command)
    print(text)
    if options.page:
        publish(options.page, text)


if __name__ == "__main__":
    main()

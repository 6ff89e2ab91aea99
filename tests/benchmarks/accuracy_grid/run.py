"""Run a design in processes; every finished trial is a line of a file, so that a killed run goes on."""

from __future__ import annotations

import hashlib
import json
import sys
import time
from collections.abc import Mapping
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from itertools import islice
from pathlib import Path
from typing import Any

from accuracy_grid.compare import compare
from accuracy_grid.design import STREAMS, Design, scenario_of

import heelraise

Row = dict[str, Any]


#: Code that no result depends on, and code on which only the physiological model does.
_ASIDE = ("cli/", "batch/")
_PHYSIOLOGY = ("phantom/muscle/", "phantom/physics/", "phantom/physiological.py")


def version_key(kind: str) -> str:
    """Version of the package and a hash of the sources that decide: other code, other results."""
    root = Path(heelraise.__file__).parent
    aside = _ASIDE if kind == "physiological" else _ASIDE + _PHYSIOLOGY
    digest = hashlib.sha256(Path(__file__).with_name("compare.py").read_bytes())
    for file in sorted([*root.rglob("*.py"), *root.rglob("*.csv")]):
        name = file.relative_to(root).as_posix()
        if not name.startswith(aside):
            digest.update(name.encode() + file.read_bytes())
    return f"{heelraise.__version__}+{digest.hexdigest()[:12]}"


def one(design: Design, kind: str, index: int) -> Row:
    """The line of one trial; an error is a result, too, and belongs in the table."""
    began = time.perf_counter()
    scenario = scenario_of(design, kind, index)
    line: Row = {"kind": kind, "index": index, "hold_s": scenario["task"]["hold_s"]}
    try:
        line |= compare(scenario)
    except Exception as error:
        line["error"] = f"{type(error).__name__}: {error}"
    return line | {"seconds": round(time.perf_counter() - began, 3)}


def finished(path: Path, keys: Mapping[str, Row]) -> dict[tuple[str, int], Row]:
    """Lines whose design and version are those of their kind; a line that a kill cut off is passed over."""
    rows: dict[tuple[str, int], Row] = {}
    if not path.is_file():
        return rows
    for text in path.read_text(encoding="utf-8").splitlines():
        try:
            row = json.loads(text)
        except json.JSONDecodeError:
            continue
        if keys.get(row.get("kind", "")) == {key: row.get(key) for key in ("design", "version")}:
            rows[row["kind"], row["index"]] = row
    return rows


def run(design: Design, path: Path, jobs: int = 1, progress: bool = False) -> list[Row]:
    """Run what is missing and return all lines, by kind and index.

    Parameters
    ----------
    path : Path
        JSON lines; made where absent, appended to where present.
    jobs : int
        Processes; 1 stays in this one.
    """
    keys = {kind: {"design": design.key(kind), "version": version_key(kind)} for kind in STREAMS}
    done = finished(path, keys)
    todo = [trial for trial in design.trials() if trial not in done]
    path.parent.mkdir(parents=True, exist_ok=True)
    torn = path.is_file() and not path.read_bytes().endswith(b"\n") and path.stat().st_size > 0
    with path.open("a", encoding="utf-8") as file:
        if torn:
            file.write("\n")

        def keep(row: Row) -> None:
            # As it will be read again: numbers and lists of JSON.
            text = json.dumps(keys[row["kind"]] | row)
            done[row["kind"], row["index"]] = json.loads(text)
            file.write(text + "\n")
            file.flush()
            if progress:
                sys.stderr.write(f"\r{len(done)} trials")
                sys.stderr.flush()

        if jobs <= 1:
            for kind, index in todo:
                keep(one(design, kind, index))
        else:
            _spread(design, todo, jobs, keep)
    if progress:
        sys.stderr.write("\n")
    return [done[trial] for trial in design.trials()]


def _spread(design: Design, todo: list[tuple[str, int]], jobs: int, keep: Any) -> None:
    left = iter(todo)
    with ProcessPoolExecutor(jobs) as executor:
        # Few are under way at once: an interrupt then loses few.
        waiting = {executor.submit(one, design, *trial) for trial in islice(left, 2 * jobs)}
        while waiting:
            ready, waiting = wait(waiting, return_when=FIRST_COMPLETED)
            for future in ready:
                keep(future.result())
                trial = next(left, None)
                if trial is not None:
                    waiting.add(executor.submit(one, design, *trial))

"""Run a design in processes; every finished trial is a line of a file, so that a killed run goes on."""

from __future__ import annotations

import hashlib
import json
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from itertools import islice
from pathlib import Path
from typing import Any

from accuracy_grid.compare import compare
from accuracy_grid.design import STREAMS, Design, scenario_of

import heelraise
from heelraise.resources import config_path, list_configs

Row = dict[str, Any]


_COMPARE = Path(__file__).with_name("compare.py")
#: Code that no result depends on, and code on which only the physiological model does.
_ASIDE = ("cli/", "batch/", "session/", "osim/")
_PHYSIOLOGY = ("phantom/muscle/", "phantom/physics/", "phantom/physiological.py")
#: Folders of ``configs`` on which results depend; what a scenario says is in the design's own key.
_DECIDING = ("marker_sets", "protocols")


def version_key(kind: str, compared_by: Path = _COMPARE) -> str:
    """Version of the package and a hash of the sources and configurations that decide: with others, other results."""
    root = Path(heelraise.__file__).parent
    aside = _ASIDE if kind.endswith("physiological") else _ASIDE + _PHYSIOLOGY
    digest = hashlib.sha256(compared_by.read_bytes())
    for file in sorted([*root.rglob("*.py"), *root.rglob("*.csv")]):
        name = file.relative_to(root).as_posix()
        if not name.startswith(aside):
            digest.update(name.encode() + file.read_bytes())
    for parts in [("muscles.yaml",), *((kind, f"{name}.yaml") for kind in _DECIDING for name in list_configs(kind))]:
        # The very files that the package would read, installed or in a source tree.
        digest.update("/".join(parts).encode() + config_path(*parts).read_bytes())
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


def run(
    design: Any,
    path: Path,
    jobs: int = 1,
    progress: bool = False,
    trial_row: Callable[[Any, str, int], Row] | None = None,
    kinds: Iterable[str] = STREAMS,
    compared_by: Path = _COMPARE,
) -> list[Row]:
    """Run what is missing and return all lines, by kind and index.

    Parameters
    ----------
    design : Design
        Or another benchmark's, with its `key` and `trials`.
    trial_row : callable
        Makes the line of one trial from design, kind and index; without it: `one`.
    kinds : iterable of str
        Kinds of trials in the design.
    compared_by : Path
        Source file that decides what a line says.
    path : Path
        JSON lines; made where absent, appended to where present.
    jobs : int
        Processes; 1 stays in this one.
    """
    trial_row = trial_row or one
    versions = {ending: version_key(ending, compared_by) for ending in ("kinematic", "physiological")}
    keys = {kind: {"design": design.key(kind), "version": versions[_ending(kind)]} for kind in kinds}
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
                keep(trial_row(design, kind, index))
        else:
            _spread(design, todo, jobs, keep, trial_row)
    if progress:
        sys.stderr.write("\n")
    return [done[trial] for trial in design.trials()]


def _ending(kind: str) -> str:
    return "physiological" if kind.endswith("physiological") else "kinematic"


def _spread(
    design: Any, todo: list[tuple[str, int]], jobs: int, keep: Any, trial_row: Callable[[Any, str, int], Row]
) -> None:
    left = iter(todo)
    with ProcessPoolExecutor(jobs) as executor:
        # Few are under way at once: an interrupt then loses few.
        waiting = {executor.submit(trial_row, design, *trial) for trial in islice(left, 2 * jobs)}
        while waiting:
            ready, waiting = wait(waiting, return_when=FIRST_COMPLETED)
            for future in ready:
                keep(future.result())
                trial = next(left, None)
                if trial is not None:
                    waiting.add(executor.submit(trial_row, design, *trial))

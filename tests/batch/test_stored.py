"""What records keep for sessions is all that sessions read, to the last digit."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heelraise.analysis import analyze
from heelraise.batch.record import Record, read_record, write_record
from heelraise.batch.stored import needed, read_stored, stored_part
from heelraise.errors import InputError
from heelraise.metrics.model import Metric
from heelraise.notes import Note
from heelraise.phantom import build_scenario, simulate, write_trial
from heelraise.phases.model import Phase
from heelraise.protocol import load_protocol
from heelraise.session.pool import pool
from heelraise.trial import read_c3d


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """Two short trials of one person: raises of both legs, and of the left one alone."""
    found = []
    for name, sides in (("both", ["left", "right"]), ("left", ["left"])):
        task = {"sides": sides, "stand_s": 2, "hold_s": 3, "after_s": 2}
        task |= {"stands_on": "left"} if sides == ["left"] else {}
        legs = {side: {"rms_deg": 0.5, "width_hz": 0.5} for side in sides}
        path = tmp_path_factory.mktemp("stored") / f"{name}.c3d"
        write_trial(simulate(build_scenario({"name": name, "task": task, **legs})), path)
        found.append(analyze(read_c3d(path)))
    return found


PROTOCOL = load_protocol()


def kept(result, folder):
    stem = folder / result.trial.name
    write_record(stem, Record(result.trial.container.sha256, "key", "verdict"), [], stored_part(result))
    return read_stored(stem, result.trial.name, PROTOCOL)


def test_a_session_from_records_is_that_of_the_results(results, tmp_path):
    live, stored = pool(results, "s"), pool([kept(one, tmp_path) for one in results], "s")
    assert stored.metrics == live.metrics
    assert len(live.metrics) > 3
    assert any(m.value is not None and m.value != float(f"{m.value:.6g}") for m in live.metrics)
    assert (stored.checks, stored.verdict, stored.advice) == (live.checks, live.verdict, live.advice)
    assert stored.summary() == live.summary()


def test_a_session_reads_nothing_that_is_not_kept(results):
    names, places = needed()

    def spoilt(metric):
        if metric.name in names or (metric.name, metric.phase) in places:
            return metric
        return replace(metric, value=1e6, ci95=(1e5, 1e7), upper_limit=1e6, status="ok", unit="nonsense", detail={})

    others = [replace(one, metrics=tuple(map(spoilt, one.metrics))) for one in results]
    changed = sum(
        a != b
        for one, other in zip(results, others, strict=True)
        for a, b in zip(one.metrics, other.metrics, strict=True)
    )
    assert changed > 200
    assert pool(others, "s").summary() == pool(results, "s").summary()


def test_hash_seeds_change_no_digit(results, tmp_path):
    # The order of a set is another one in every process; this one has a seed of its own.
    code = "import sys; from heelraise.batch.stored import stored_part as s; from heelraise import analyze, read_c3d\n"
    code += "sys.stdout.write(s(analyze(read_c3d(sys.argv[1]))))"
    path = results[1].trial.container.path
    environment = {**os.environ, "PYTHONHASHSEED": "1", "OMP_NUM_THREADS": "1"}
    told = subprocess.run([sys.executable, "-c", code, path], env=environment, capture_output=True, text=True)
    assert told.stdout == stored_part(results[1]), told.stderr


numbers = st.none() | st.floats(allow_nan=False, allow_infinity=False)
details = st.dictionaries(st.text(max_size=5), st.booleans() | st.integers() | st.text(max_size=5) | numbers)


@settings(max_examples=30)
@given(numbers, st.none() | st.tuples(st.floats(0, 1e300), st.floats(0, 1e300)), st.text(), details)
def test_a_record_keeps_every_digit(tmp_path_factory, value, ci95, text, detail):
    metric = Metric(
        "tremor_frequency", "s", "left", "hold", "Hz", value, 1, (4.0, 8.0), ci95, reason=text, detail=detail
    )
    phase = Phase("both", None, "stance", 0.1, 1 / 3, "protocol")
    trial = SimpleNamespace(name="t", file="t.c3d", container=SimpleNamespace(sha256="0"))
    fields = {"verdict": text, "notes": (Note("code", text),), "phases": (phase,), "metrics": (metric,)}
    result = SimpleNamespace(trial=trial, signals={"primary": "s"}, **fields)
    found = kept(result, tmp_path_factory.mktemp("kept"))
    assert (found.metrics, found.phases, found.notes, found.verdict) == (
        (metric,),
        (phase,),
        (Note("code", text),),
        text,
    )


def test_numpy_and_what_is_not_finite(results, tmp_path):
    detail = {
        "a": np.float64(0.1),
        "b": np.arange(2),
        "c": np.bool_(True),
        "d": {"x": float("nan")},
        "e": (1.5, np.inf),
    }
    metric = Metric("tremor_frequency", "s", "left", "hold", "Hz", value=float("inf"), detail=detail)
    found = kept(replace(results[1], metrics=(metric,)), tmp_path)
    expected = {"a": 0.1, "b": [0, 1], "c": True, "d": {"x": None}, "e": [1.5, None]}
    assert found.metrics == (replace(metric, value=None, detail=expected),)


def test_a_record_is_json_and_what_is_asked_of_every_trial_is_its_first_line(results, tmp_path):
    kept(results[1], tmp_path)
    path = tmp_path / "left_heelraise.json"
    assert json.loads(path.read_bytes())["pool"]["file"] == "left.c3d"
    before = read_record(tmp_path / "left")
    path.write_bytes(path.read_bytes().split(b"\n")[0] + b"\ncut")
    assert read_record(tmp_path / "left") == before
    with pytest.raises(InputError, match=r"left_heelraise\.json: is no record that this version wrote"):
        read_stored(tmp_path / "left", "left", PROTOCOL)

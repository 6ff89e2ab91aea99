"""Reads files with ezc3d in a process of its own, where it may crash: started by `verify_ezc3d`, by path.

It imports nothing of this package. Arguments: the original's path. It writes one JSON line about the
original, then for each line of input, a JSON object with the path of a copy, one JSON line about that. A line with
the path of another original takes its place and is answered like the first; null only forgets the one there was.
"""

from __future__ import annotations

import itertools
import json
import os
import sys
from typing import Any

MEMORY_BYTES = 4 << 30
CPU_SECONDS = 120


def main() -> None:
    """Answer until the input ends."""
    answers = os.fdopen(os.dup(1), "w", encoding="ascii")
    silence = os.open(os.devnull, os.O_WRONLY)
    # ezc3d prints from C++ as well.
    os.dup2(silence, 1)
    os.dup2(silence, 2)
    _limit()

    def answer(**fields: Any) -> None:
        answers.write(json.dumps(fields) + "\n")
        answers.flush()

    try:
        import ezc3d
        import numpy
    except ImportError as error:
        answer(status="unavailable", reason=str(error))
        return
    original: dict[str, Any] = {}
    for line in itertools.chain([json.dumps({"original": sys.argv[1]})], sys.stdin):
        request = json.loads(line)
        if "original" in request:
            original = {}
            if request["original"] is None:
                continue
            _allow_time()
            try:
                original = _read(ezc3d, numpy, request["original"])
            except Exception as error:
                answer(status="original_unreadable", reason=_said(error))
                continue
            answer(status="ready", reason="")
            continue
        try:
            copied = _read(ezc3d, numpy, request["copy"])
        except Exception as error:
            answer(status="copy_unreadable", reason=_said(error))
            continue
        status, reason = _compare(original, copied, request)
        answer(status=status, reason=reason)


def _limit() -> None:
    try:
        import resource
    except ImportError:
        return
    _set(resource.RLIMIT_AS, MEMORY_BYTES)
    _set(resource.RLIMIT_CPU, CPU_SECONDS)
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))


def _allow_time() -> None:
    """Each original and its copies have the processor for as long, however many came before."""
    try:
        import resource
    except ImportError:
        return
    _set(resource.RLIMIT_CPU, CPU_SECONDS + int(sum(os.times()[:2])))


def _set(kind: int, amount: int) -> None:
    import resource

    hard = resource.getrlimit(kind)[1]
    if hard == resource.RLIM_INFINITY or hard > amount:
        resource.setrlimit(kind, (amount, hard))


def _read(ezc3d: Any, numpy: Any, path: str) -> dict[str, Any]:
    """Points (4, M, T) and analogs (C, N) as ezc3d sees them."""
    data = ezc3d.c3d(path)["data"]
    return {"points": numpy.asarray(data["points"]), "analogs": numpy.asarray(data["analogs"])[0]}


def _compare(original: dict[str, Any], copied: dict[str, Any], request: dict[str, Any]) -> tuple[str, str]:
    """Status and reason; the request tells how many points and channels the original really has."""
    seen = (original["points"].shape[1], original["analogs"].shape[0])
    points, analogs, kept = (request[name] for name in ("points", "analogs", "kept"))
    if points is not None and seen != (points, analogs):
        held = f"{points} points and {analogs} analog channels of the original as {seen[0]} and {seen[1]}"
        return "original_unreadable", f"ezc3d takes {held}"
    if "frames" in request and not _as_we_read(original, request):
        return "original_unreadable", "ezc3d reads other samples in the original than are there"
    if not _same(original["points"], copied["points"]):
        return "different", "ezc3d sees other points in the copy"
    before = original["analogs"] if kept is None else original["analogs"][kept]
    if len(before) and not _same(before, copied["analogs"][: len(before)]):
        return "different", "ezc3d sees other analog samples in the copy"
    return "equal", ""


def _as_we_read(original: dict[str, Any], request: dict[str, Any]) -> bool:
    """Whether ezc3d sees in a few frames of the original what we see there."""
    points, analogs = original["points"], original["analogs"]
    if points.shape[2] != request["count"] or max([*request["rows"], -1]) >= analogs.shape[1]:
        return False
    seen = (points[:3, :, request["frames"]].T, analogs[:, request["rows"]].T)
    return all(_close(ours, theirs.tolist()) for ours, theirs in zip(request["values"], seen, strict=True))


def _close(ours: Any, theirs: Any) -> bool:
    """Nested lists of numbers that are equal within single precision, NaN being equal to NaN."""
    if isinstance(ours, list):
        return len(ours) == len(theirs) and all(map(_close, ours, theirs))
    return bool(ours == theirs or (ours != ours and theirs != theirs) or abs(ours - theirs) <= 1e-5 * abs(ours))


def _same(a: Any, b: Any) -> bool:
    return bool(a.shape == b.shape and a.dtype == b.dtype and a.tobytes() == b.tobytes())


def _said(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]


if __name__ == "__main__":
    main()

"""The reference contraction in whose percentage EMG amplitudes are given."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from heelraise.errors import HeelraiseError, ProtocolError
from heelraise.labelled.model import EmgSeries
from heelraise.notes import Note

if TYPE_CHECKING:
    from heelraise.protocol.schema import Protocol
    from heelraise.trial import Trial

Array = NDArray[np.float64]
Reader = Callable[["Trial", "Protocol"], tuple[tuple[EmgSeries, ...], dict[str, Any], tuple[Note, ...]]]

#: Window whose largest rms is the reference's amplitude, s.
WINDOW_S = 0.5
#: A channel with one of these flags tells nothing of its muscle's strength.
UNFIT = frozenset({"dead", "clipped"})


def normalised(
    series: Sequence[EmgSeries], trial: Trial, protocol: Protocol, read: Reader
) -> tuple[list[EmgSeries], dict[str, Any], list[Note]]:
    """Give every muscle its reference amplitude.

    Parameters
    ----------
    series : sequence of EmgSeries
    trial : Trial
        The reference is sought beside its file.
    protocol : Protocol
        With `emg.normalisation` and `emg.reference`.
    read : callable
        `read_emg`, by which the reference trials are read like this one.

    Returns
    -------
    series : list of EmgSeries
        With `reference` where one was found.
    description : dict
        ``kind``, ``files`` with their sha256, and ``missing`` muscles.
    notes : list of Note

    Raises
    ------
    ProtocolError
        The reference is one file's name, and there is no such file. A pattern may find none.

    Notes
    -----
    The amplitude is the largest rms over 500 ms of all reference trials (Besomi et al. 2020, CEDE: standardised
    maximal or submaximal contraction). Clipped and dead channels are no reference.
    """
    kind = protocol.emg.normalisation
    plain = protocol.model_copy(
        update={"emg": protocol.emg.model_copy(update={"normalisation": "none", "reference": None})}
    )
    best: dict[tuple[str, str, str], tuple[float, str]] = {}
    files: list[dict[str, str]] = []
    notes: list[Note] = []
    wanted = protocol.emg.reference or ""
    sought = _files(trial.container.path.parent, wanted)
    if not sought and not any(mark in wanted for mark in "*?["):
        raise ProtocolError(
            f"the EMG reference '{Path(wanted).name}' is not there",
            where="emg.reference",
            why=f"no such file beside {trial.file or 'the trial'}",
            todo=f"put it there, name the right one, or write a pattern such as {kind}_*.c3d, which may find none",
        )
    own = [path for path in sought if path.name == trial.file]
    if own and len(own) == len(sought):
        text = f"The EMG reference '{own[0].name}' is this trial itself, which is no reference of its own."
        notes.append(Note("emg_reference_is_trial", text))
    for path in sought:
        if path in own:
            continue
        try:
            other = _load(path)
        except HeelraiseError as error:
            notes.append(Note("emg_reference_unreadable", f"The EMG reference '{path.name}' cannot be read: {error}."))
            continue
        files.append({"file": path.name, "sha256": other.container.sha256})
        for one in read(other, plain)[0]:
            amplitude = peak_rms(one.values, one.rate) if not UNFIT & set(one.flags) else None
            key = (one.muscle, one.side, one.unit)
            if amplitude is not None and amplitude > best.get(key, (0.0, ""))[0]:
                best[key] = (amplitude, path.name)
    found, missing = [], []
    for one in series:
        amplitude, name = best.get((one.muscle, one.side, one.unit), (None, ""))
        found.append(replace(one, reference=amplitude, reference_name=f"{kind}: {name}" if name else ""))
        if amplitude is None:
            missing.append(f"{one.side} {one.muscle}")
    description: dict[str, Any] = {"kind": kind, "files": files}
    if missing:
        description["missing"] = missing
        # A pattern that finds nothing is named as it was written, without the folders of this machine.
        where = ", ".join(one["file"] for one in files) or f"'{Path(wanted).name}', which finds none"
        if own and len(own) == len(sought):
            where = "any other trial"
        text = f"No {kind} reference in {where} for {', '.join(missing)}: their amplitudes stay as recorded."
        notes.append(Note("emg_reference_missing", text))
    return found, description, notes


def peak_rms(values: Array, rate: float, window_s: float = WINDOW_S) -> float | None:
    """Largest root mean square over a window (n,), of stretches without missing samples; None without one."""
    size = max(1, round(window_s * rate))
    if values.size < size:
        return None
    known = np.isfinite(values)
    power = np.concatenate([[0.0], np.cumsum(np.where(known, values, 0.0) ** 2)])
    lost = np.concatenate([[0], np.cumsum(~known)])
    whole = lost[size:] == lost[:-size]
    if not whole.any():
        return None
    largest = float(np.max((power[size:] - power[:-size])[whole])) / size
    return float(np.sqrt(largest)) if largest > 0 else None


def _files(folder: Path, pattern: str) -> list[Path]:
    """Files of that name or pattern beside the trial, or at that path."""
    if Path(pattern).is_absolute():
        return [Path(pattern)] if Path(pattern).is_file() else []
    try:
        return sorted(file for file in folder.glob(pattern) if file.is_file())
    except (ValueError, IndexError, NotImplementedError):
        return []


def _load(path: Path) -> Trial:
    from heelraise.trial import read_c3d

    return read_c3d(path)

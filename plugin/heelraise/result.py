"""The result of one trial: everything that any output is made from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from heelraise.metrics.model import Metric
from heelraise.notes import Note
from heelraise.phases.model import Phase

if TYPE_CHECKING:
    from heelraise.screening.advice import Advice
    from heelraise.screening.model import Check
    from heelraise.trial import Trial

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Channel:
    """A time series that goes into the C3D copy.

    Attributes
    ----------
    label, unit, description : str
    samples : ndarray (T,) or (N,)
        At the point rate, or at the analog rate where `analog` is true.
    held : bool
        True for codes, which are repeated and never interpolated.
    """

    label: str
    unit: str
    description: str
    samples: Array
    analog: bool = False
    held: bool = False


@dataclass(frozen=True)
class TrialResult:
    """What was found in one trial.

    Built by `heelraise.analyze`; read-only. Times are seconds from the trial's first frame.
    """

    trial: Trial
    static: Trial | None
    protocol: Mapping[str, Any]
    signals: Mapping[str, Any]
    phases: tuple[Phase, ...]
    metrics: tuple[Metric, ...]
    checks: tuple[Check, ...]
    verdict: str
    headline: Mapping[str, Any]
    noise_floor: tuple[Mapping[str, Any], ...]
    gaps: tuple[Mapping[str, Any], ...]
    notes: tuple[Note, ...]
    channels: tuple[Channel, ...] = field(repr=False, default=())
    advice: tuple[Advice, ...] = ()

    def metric(
        self, name: str, signal: str, side: str, phase: str = "hold", repetition: int | None = 1
    ) -> Metric | None:
        """The record of that name, or None."""
        for record in self.metrics:
            if (record.name, record.signal, record.side, record.phase, record.repetition) == (
                name,
                signal,
                side,
                phase,
                repetition,
            ):
                return record
        return None

    def summary(self, outputs: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """The summary as a plain mapping, in the order in which it is written."""
        from heelraise.outputs.summary import build_summary

        return build_summary(self, outputs)

    def to_yaml(self, path: Path | str, outputs: Mapping[str, Any] | None = None) -> None:
        """Write the summary; the file appears whole or not at all.

        Raises
        ------
        OutputError
            The folder is not writable or the disk is full.
        """
        from heelraise.outputs.summary import write_summary

        write_summary(self, Path(path), outputs)

    def write_c3d(self, path: Path | str) -> dict[str, Any]:
        """Write the lossless copy with our channels, events and values; returns what was appended.

        Raises
        ------
        OutputError
            The copy cannot be written.
        InputError
            The original cannot carry more without a change of meaning; the reason is named.
        """
        from heelraise.outputs.copy import write_copy

        return write_copy(self, Path(path))

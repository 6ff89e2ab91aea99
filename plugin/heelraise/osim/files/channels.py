"""Heel-raise channels and EMG as tables that OpenSim plots beside a motion."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, Literal

import numpy as np
from numpy.typing import NDArray

from heelraise.labelled.muscles import volts
from heelraise.osim.files.tables import Table
from heelraise.signal.filters import lowpass

if TYPE_CHECKING:
    from heelraise.labelled.model import EmgSeries
    from heelraise.result import Channel
    from heelraise.trial import Trial

Array = NDArray[np.float64]
EmgKind = Literal["envelope", "raw"]
SHORT: Final = {"left": "L", "right": "R"}
ENVELOPE: Final = "rectified, 6 Hz low-pass of zero phase"


def channel_table(trial: Trial, channels: Sequence[Channel], name: str) -> Table | None:
    """All heel-raise channels at the point rate; None without any.

    Parameters
    ----------
    trial : Trial
    channels : sequence of Channel
        From `heelraise.outputs.channels.build_channels`; their masked samples are held, as `HR_QC` tells.
    name : str
        First line of the file.

    Notes
    -----
    A table has one time for all columns. Channels at the analog rate are low-passed at 0.4 of the point rate before
    samples are picked; what they hold (10 Hz sway, 30 Hz tremor stream, 15 Hz EMG) stays below that from 100 Hz on.
    """
    if not channels or trial.point_rate <= 0 or not trial.frames:
        return None
    columns = [_at_frames(channel, trial) for channel in channels]
    kept = [(channel, column) for channel, column in zip(channels, columns, strict=True) if np.isfinite(column).all()]
    if not kept:
        return None
    times = trial.start_s + np.arange(trial.frames) / trial.point_rate
    comments = tuple(f"{channel.label}: {channel.unit or '1'}, {channel.description}" for channel, _ in kept)
    labels = tuple(channel.label for channel, _ in kept)
    return Table(name, labels, times, np.column_stack([c for _, c in kept]), in_degrees=True, comments=comments)


def emg_table(
    trial: Trial, emg: Sequence[EmgSeries], channels: Sequence[Channel], name: str, kind: EmgKind = "envelope"
) -> Table | None:
    """EMG of all muscles at the analog rate, one column a muscle (``soleus_r``); None without any.

    Parameters
    ----------
    trial : Trial
    emg : sequence of EmgSeries
    channels : sequence of Channel
        Those that hold the envelopes.
    name : str
        First line of the file.
    kind : {'envelope', 'raw'}
        Rectified and smoothed with the protocol's delay taken out, or the samples as the file holds them.
    """
    by_label = {channel.label: channel for channel in channels}
    labels: list[str] = []
    columns: list[Array] = []
    comments: list[str] = []
    for one in emg:
        label = f"{one.muscle}_{SHORT[one.side].lower()}"
        channel = by_label.get(f"HR_E_{one.code}_{SHORT[one.side]}")
        if kind == "envelope":
            found = (channel.samples, channel.unit, f"{ENVELOPE}{_delay(one)}") if channel is not None else None
        else:
            found = _stored(trial, one.label)
        if found is None or label in labels or not np.isfinite(found[0]).all():
            continue
        labels.append(label)
        columns.append(found[0])
        comments.append(f"{label}: {found[1]}, {found[2]}; channel {one.label}")
    if not columns:
        return None
    times = trial.start_s + np.arange(columns[0].size) / trial.analog_rate
    return Table(name, tuple(labels), times, np.column_stack(columns), comments=tuple(comments))


def _delay(one: EmgSeries) -> str:
    return f", {one.delay_ms:g} ms of delay taken out" if one.delay_ms is not None else ", delay not corrected"


def _stored(trial: Trial, label: str) -> tuple[Array, str, str] | None:
    if trial.analog_labels.count(label) != 1:
        return None
    column = trial.analog_labels.index(label)
    unit = trial.analog_units[column].strip()
    factor = volts(unit)
    samples = trial.analogs[:, column] * (factor if factor is not None else 1.0)
    return samples, "V" if factor is not None else (unit or "as stored"), "samples as stored, delay not corrected"


def _at_frames(channel: Channel, trial: Trial) -> Array:
    samples, step = channel.samples, trial.analog_per_frame
    if channel.analog and step > 1:
        if not channel.held and np.isfinite(samples).all():
            samples = lowpass(samples, trial.analog_rate, 0.4 * trial.point_rate, order=8)
        samples = samples[::step]
    return samples[: trial.frames]

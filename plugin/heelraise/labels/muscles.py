"""Which analog channel is the EMG of which muscle."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from heelraise.errors import ProtocolError
from heelraise.labels.muscle_names import MuscleTable, muscle_table
from heelraise.labels.muscle_reader import LabelReader
from heelraise.labels.outputs import is_force_plate
from heelraise.labels.text import find_label, near_matches, not_in_file, plain, words
from heelraise.labels.vocabulary import NOT_EMG

_OTHER_UNITS: Final = re.compile(
    r"^(?:k?n(?:[.\- ]?m{1,2})?|nt(?:mm)?|m{1,2}|cm|deg(?:rees)?|°|rad|g|kg|hz|k?pa|bar|"
    r"(?:mm|m|deg|rad|°)/s(?:\^?2|²)?)$"
)
_VOLT_UNITS: Final = re.compile(r"^(?:m|u|µ|μ|n|micro)?v(?:olts?)?$")
_EMG_WORD: Final = re.compile(r"(?<![a-z])s?emg(?![a-z])")


@dataclass(frozen=True)
class EmgChannel:
    """An analog channel that is, or may be, EMG.

    Attributes
    ----------
    column : int
        Column of the analog data.
    muscle : str or None
        Canonical name; None for EMG that no one named.
    side : str
        ``left``, ``right`` or, where the label does not tell, an empty string.
    label : str
        As the file has it.
    rule : str
        Why, for people.
    confidence : str
        ``certain``, ``likely`` or ``unassigned``.
    code : str
        The muscle's short form for channel names, or an empty string.
    """

    column: int
    muscle: str | None
    side: str
    label: str
    rule: str
    confidence: str
    code: str = ""


def identify_muscles(
    labels: Sequence[str],
    units: Sequence[str] = (),
    overrides: Mapping[str, str] | None = None,
    *,
    descriptions: Sequence[str] = (),
    plate_columns: Collection[int] = (),
) -> tuple[EmgChannel, ...]:
    """Find the EMG channels of a file and their muscles.

    Parameters
    ----------
    labels : sequence of str
        ANALOG:LABELS, (C,).
    units : sequence of str
        ANALOG:UNITS; may be shorter. Forces and lengths are no EMG.
    overrides : mapping of str to str, optional
        ``left.soleus`` to the label of its channel; an empty label drops the muscle.
    descriptions : sequence of str
        ANALOG:DESCRIPTIONS; read where the label says nothing.
    plate_columns : collection of int
        Columns that force plates use.

    Returns
    -------
    tuple of EmgChannel
        In the order of the file. Of two channels for one muscle the surer, then the first, has it.

    Raises
    ------
    ProtocolError
        An override names an unknown muscle or a label that the file lacks.
    """
    table = muscle_table()
    reader = LabelReader(table, labels)
    channels: dict[int, EmgChannel] = {}
    for column, label in enumerate(labels):
        if column in plate_columns or is_force_plate(label):
            continue
        unit = plain(units[column]).strip() if column < len(units) else ""
        text = descriptions[column] if column < len(descriptions) else ""
        channel = _read_channel(reader, column, label, unit, text)
        if channel is not None:
            channels[column] = channel
    _settle_rivals(channels)
    _apply_overrides(channels, overrides or {}, labels, table)
    return tuple(channels[column] for column in sorted(channels))


def _read_channel(reader: LabelReader, column: int, label: str, unit: str, description: str) -> EmgChannel | None:
    tokens = set(words(label)) | set(words(label, camel=True))
    found = reader.read(label)
    # "Trigno IMU EMG" is the name of a device that records EMG as well.
    foreign = tokens & NOT_EMG - ({"imu"} if tokens & {"emg", "semg"} else set())
    if foreign or (_OTHER_UNITS.match(unit) and found.confidence != "certain"):
        return None
    if not found.muscle and label.strip() and description.strip() != label.strip():
        told = reader.read(description, exact=False)
        if told.muscle:
            found = replace(told, side=told.side or found.side, rule="description", confidence="likely")
    if found.muscle:
        code = reader.table.muscles[found.muscle].code
        return EmgChannel(column, found.muscle, found.side, label, found.rule, found.confidence, code)
    named_emg = _EMG_WORD.search(plain(label)) or (_EMG_WORD.search(plain(description)) and _VOLT_UNITS.match(unit))
    if named_emg or (_VOLT_UNITS.match(unit) and label.strip() and reader.is_anonymous(label)):
        rule = "EMG without a muscle's name" if named_emg else "channel in volts without a name"
        return EmgChannel(column, None, found.side, label, rule, "unassigned")
    return None


def _settle_rivals(channels: dict[int, EmgChannel]) -> None:
    holders: dict[tuple[str, str], EmgChannel] = {}
    for column in sorted(channels, key=lambda c: (channels[c].confidence != "certain", c)):
        channel = channels[column]
        if channel.muscle is None:
            continue
        holder = holders.setdefault((channel.muscle, channel.side), channel)
        if holder is not channel:
            rule = f"second channel for {channel.side} {channel.muscle}, which is '{holder.label}'".replace("  ", " ")
            channels[column] = replace(channel, muscle=None, rule=rule, confidence="unassigned", code="")


def _apply_overrides(
    channels: dict[int, EmgChannel], overrides: Mapping[str, str], labels: Sequence[str], table: MuscleTable
) -> None:
    for key, wanted in overrides.items():
        side, _, name = key.rpartition(".")
        if name not in table.muscles or side not in ("", "left", "right"):
            near = near_matches(name, table.muscles)
            raise ProtocolError(
                f"there is no muscle '{key}'",
                todo=f"near: {', '.join(near)}" if near else "see configs/muscles.yaml",
            )
        for column, channel in channels.items():
            if (channel.muscle, channel.side) == (name, side):
                channels[column] = replace(
                    channel, muscle=None, rule="replaced in the protocol", confidence="unassigned", code=""
                )
        if not wanted.strip():
            continue
        column_found = find_label(wanted, labels)
        if column_found is None:
            raise ProtocolError(not_in_file(wanted, labels), where=f"muscle {key}")
        code = table.muscles[name].code
        channels[column_found] = EmgChannel(
            column_found, name, side, labels[column_found], "named in the protocol", "certain", code
        )

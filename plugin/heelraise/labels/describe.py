"""What every label of a file would be taken for."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from heelraise.labels.identification import MarkerIdentification
from heelraise.labels.muscles import EmgChannel
from heelraise.labels.outputs import is_force_plate, is_model_output
from heelraise.labels.roles import ROLES
from heelraise.labels.text import split_subjects


@dataclass(frozen=True)
class LabelRow:
    """One label, for the table of ``heelraise inspect``.

    Attributes
    ----------
    table : str
        ``point`` or ``analog``.
    column : int
        Column of that table's data.
    label : str
        As the file has it.
    kind : str
        ``marker``, ``model output``, ``force plate``, ``emg`` or ``unknown``.
    meaning : str
        Role or side and muscle; empty where there is none.
    rule : str
        Why, for people.
    """

    table: str
    column: int
    label: str
    kind: str
    meaning: str
    rule: str


def describe_labels(
    point_labels: Sequence[str],
    analog_labels: Sequence[str],
    markers: MarkerIdentification,
    emg: Sequence[EmgChannel],
    *,
    model_outputs: Collection[str] = (),
    plate_columns: Collection[int] = (),
) -> tuple[LabelRow, ...]:
    """Describe every point and analog label.

    Parameters
    ----------
    point_labels, analog_labels : sequence of str
        All labels of the file.
    markers : MarkerIdentification
        From `identify_markers` on the same labels.
    emg : sequence of EmgChannel
        From `identify_muscles` on the same labels.
    model_outputs : collection of str
        Labels that the file declares as outputs of a model.
    plate_columns : collection of int
        Analog columns that force plates use.

    Returns
    -------
    tuple of LabelRow
        Points first, each in the order of the file.
    """
    by_column = {match.column: match for match in markers.matches.values()}
    rows: list[LabelRow] = []
    for column, (label, (_, core)) in enumerate(zip(point_labels, split_subjects(point_labels), strict=True)):
        match = by_column.get(column)
        if match is not None:
            kind = "model output" if ROLES[match.role].virtual else "marker"
            rows.append(LabelRow("point", column, label, kind, match.role, f"{match.rule}; {match.sure}"))
        elif not core:
            rows.append(LabelRow("point", column, label, "unknown", "", "empty label"))
        elif label in model_outputs or is_model_output(core):
            rule = "declared as output by the file" if label in model_outputs else "name of a computed quantity"
            rows.append(LabelRow("point", column, label, "model output", "", rule))
        else:
            rows.append(LabelRow("point", column, label, "unknown", "", "no role"))
    channels = {channel.column: channel for channel in emg}
    for column, label in enumerate(analog_labels):
        channel = channels.get(column)
        if channel is not None:
            meaning = f"{channel.side} {channel.muscle}".strip() if channel.muscle else "unassigned"
            rows.append(LabelRow("analog", column, label, "emg", meaning, f"{channel.rule}; {channel.confidence}"))
        elif column in plate_columns or is_force_plate(label):
            rule = "used by a force plate" if column in plate_columns else "name of a force plate's channel"
            rows.append(LabelRow("analog", column, label, "force plate", "", rule))
        else:
            rows.append(
                LabelRow("analog", column, label, "unknown", "", "empty label" if not label.strip() else "no rule")
            )
    return tuple(rows)

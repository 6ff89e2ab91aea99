from __future__ import annotations

from heelraise.labels import describe_labels, identify_markers, identify_muscles


def test_every_label_gets_a_row() -> None:
    points = ["A:LHEE", "A:LTOE", "A:LANK", "A:LKNE", "A:LAJC", "A:LAnkleAngles", "A:JUG", "A:STICK", ""]
    analogs = ["Fx1", "L SOL", "EMG2", "CH7", "CH8", ""]
    outputs = {"A:JUG"}
    markers = identify_markers(points, model_outputs=outputs)
    emg = identify_muscles(analogs, ["N", "V", "V", "", "", ""])
    rows = describe_labels(points, analogs, markers, emg, model_outputs=outputs, plate_columns={3})
    assert [(row.table, row.column, row.label) for row in rows] == [
        *(("point", i, label) for i, label in enumerate(points)),
        *(("analog", i, label) for i, label in enumerate(analogs)),
    ]
    assert [(row.kind, row.meaning) for row in rows] == [
        ("marker", "left.heel"),
        ("marker", "left.mt2"),
        ("marker", "left.lateral_malleolus"),
        ("marker", "left.lateral_epicondyle"),
        ("model output", "left.ankle_joint_centre"),
        ("model output", ""),
        ("model output", ""),
        ("unknown", ""),
        ("unknown", ""),
        ("force plate", ""),
        ("emg", "left soleus"),
        ("emg", "unassigned"),
        ("force plate", ""),
        ("unknown", ""),
        ("unknown", ""),
    ]
    assert all(row.rule for row in rows)

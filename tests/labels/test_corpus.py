"""What real files are taken for."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from heelraise.c3d import read_container
from heelraise.labels import MarkerIdentification, identify_markers, identify_muscles

pytestmark = pytest.mark.corpus

FEET = ("heel", "mt1", "mt2", "mt5", "lateral_malleolus", "medial_malleolus")


def markers_of(corpus: Path, name: str) -> tuple[MarkerIdentification, tuple[str, ...]]:
    container = read_container(corpus / "real_c3d" / name)
    points = container.points()
    validity = np.isfinite(points[..., 0]).mean(axis=0) if points.size else np.zeros(len(container.point_labels))
    texts = container.parameters.strings("POINT", "DESCRIPTIONS")
    return identify_markers(container.point_labels, validity, descriptions=texts), tuple(container.point_labels)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("gait_children/HC030A/HC030A01.c3d", "oxford_foot"),
        ("gait_children/HC030A/HC030A22.c3d", "oxford_foot"),
        ("gait_children/HC002D/HC002D06.c3d", "oxford_foot"),
        ("vendors/BTS.c3d", "helen_hayes"),
        ("vendors/FP_Type1.c3d", "helen_hayes"),
        ("vendors/Qualisys.c3d", "qualisys_full"),
        ("vendors/FP_Type3.c3d", "six_dof_clusters"),
        ("vendors/Vicon.c3d", "generic"),
        ("vendors/Optotrak.c3d", "none"),
        ("vendors/Kistler.c3d", "none"),
        ("opensim/walking2.c3d", "opensim_fullbody"),
        ("opensim/walking5.c3d", "opensim_fullbody"),
        ("c3d_org/sample09/PlugInC3D.c3d", "plug_in_gait"),
        ("c3d_org/sample04/sub_labels.c3d", "plug_in_gait"),
        ("c3d_org/sample10/type-2a.c3d", "helen_hayes"),
        ("c3d_org/sample10/TYPE-2.C3D", "none"),
        ("c3d_org/sample21/sample21.c3d", "helen_hayes"),
        ("c3d_org/sample28/type1.C3D", "helen_hayes"),
        ("c3d_org/sample28/standing.C3D", "helen_hayes"),
        ("c3d_org/sample01/Eb015pi.c3d", "generic"),
        ("optitrack/walkingOptiTrack.c3d", "none"),
    ],
)
def test_marker_set(corpus: Path, name: str, expected: str) -> None:
    found, _ = markers_of(corpus, name)
    assert found.marker_set == expected, found.why


@pytest.mark.parametrize(
    ("name", "labels"),
    [
        ("gait_children/HC030A/HC030A01.c3d", ("LHEE", "LD1M", "LTOE", "LD5M", "LANK", "LMMA")),
        ("vendors/BTS.c3d", ("l heel", "", "", "l met", "", "")),
        ("vendors/Qualisys.c3d", ("L_FCC", "L_FM1", "", "L_FM5", "L_FAL", "L_TAM")),
        ("opensim/walking2.c3d", ("LCAL", "LMT1", "LMT2", "", "LLMAL", "LMMAL")),
        ("c3d_org/sample09/PlugInC3D.c3d", ("LHEE", "", "LTOE", "", "LANK", "")),
        ("c3d_org/sample04/sub_labels.c3d", ("", "", "Matt:LTOE", "", "Matt:LANK", "")),
        ("c3d_org/sample28/type1.C3D", ("", "", "", "LMET", "LMALL", "")),
    ],
)
def test_foot_markers(corpus: Path, name: str, labels: tuple[str, ...]) -> None:
    found, in_file = markers_of(corpus, name)
    side = found.side("left")
    assert tuple(in_file[side[role]] if role in side else "" for role in FEET) == labels


def test_duplicates_the_visible_ankle_is_taken(corpus: Path) -> None:
    found, labels = markers_of(corpus, "c3d_org/sample10/type-2a.c3d")
    column = found.roles["right.lateral_malleolus"]
    assert (labels[column], labels.count("RANK"), column) == ("RANK", 2, 8)
    assert "duplicate_label" in {note.code for note in found.notes}


def test_a_heel_that_is_never_visible_is_said_to_be_missing(corpus: Path) -> None:
    found, _ = markers_of(corpus, "c3d_org/sample04/sub_labels.c3d")
    assert ("left.heel", "never visible") in {(m.role, m.reason) for m in found.missing}
    assert found.subject == "Matt"


def test_medial_twins_are_told_by_their_descriptions(corpus: Path) -> None:
    found, _ = markers_of(corpus, "c3d_org/sample21/sample21.c3d")
    side = found.side("right")
    assert (side["lateral_malleolus"], side["medial_malleolus"]) == (9, 10)


def test_labels_of_gait2392_trials(corpus: Path) -> None:
    table = corpus / "opensim_models" / "gait2392" / "subject01_static.trc"
    labels = [x for x in table.read_text().splitlines()[3].split("\t")[2:] if x]
    found = identify_markers(labels)
    assert found.marker_set == "gait2392"
    assert found.missing == ()
    assert labels[found.roles["right.mt5"]] == "R.Toe.Lat"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (
            "gait_children/HC030A/HC030A01.c3d",
            {"rectus_femoris", "hamstrings", "gastrocnemius", "tibialis_anterior", "tibialis_posterior"},
        ),
        (
            "vendors/BTS.c3d",
            {"rectus_femoris", "semimembranosus", "tibialis_anterior", "gastrocnemius_medialis"},
        ),
        (
            "c3d_org/sample10/type-2a.c3d",
            {"rectus_femoris", "hamstrings", "gastrocnemius", "tibialis_anterior"},
        ),
        ("opensim/walking2.c3d", set()),
        ("vendors/Kistler.c3d", set()),
        ("vendors/FP_Type1.c3d", set()),
    ],
)
def test_muscles_on_both_sides(corpus: Path, name: str, expected: set[str]) -> None:
    container = read_container(corpus / "real_c3d" / name)
    found = identify_muscles(
        container.analog_labels, container.analog_units, descriptions=container.analog_descriptions
    )
    for side in ("left", "right"):
        assert {c.muscle for c in found if c.side == side and c.muscle} == expected


@pytest.mark.parametrize(("name", "count"), [("vendors/Qualisys.c3d", 16), ("c3d_org/sample04/sub_labels.c3d", 16)])
def test_numbered_emg_is_listed_without_a_muscle(corpus: Path, name: str, count: int) -> None:
    container = read_container(corpus / "real_c3d" / name)
    found = identify_muscles(container.analog_labels, container.analog_units)
    numbered = [c for c in found if c.rule.startswith("EMG")]
    assert len(numbered) == count
    assert {c.muscle for c in found} == {None}

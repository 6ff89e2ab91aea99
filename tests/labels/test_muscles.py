from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heelraise.errors import ProtocolError
from heelraise.labels import EmgChannel, identify_muscles, muscle_table
from heelraise.labels.marker_sets import load_yaml
from heelraise.labels.vocabulary import SIDE_OF
from heelraise.resources import config_path


def read(label: str, *others: str, unit: str = "V", description: str = "") -> tuple[str | None, str] | None:
    """Muscle and side of the first label, None when it is not EMG."""
    labels = [label, *others]
    found = identify_muscles(labels, [unit] * len(labels), descriptions=[description])
    first = [channel for channel in found if channel.column == 0]
    return (first[0].muscle, first[0].side) if first else None


@pytest.mark.parametrize(
    ("label", "muscle", "side"),
    [
        # As in real files.
        ("Voltage.L Gast", "gastrocnemius", "left"),
        ("Voltage.R Tib Ant", "tibialis_anterior", "right"),
        ("Voltage.L GASM", "gastrocnemius_medialis", "left"),
        ("EMG1.L Gast", "gastrocnemius", "left"),
        ("Left Gastrocnemius medialis", "gastrocnemius_medialis", "left"),
        ("Right Semimembranosus", "semimembranosus", "right"),
        ("Delt_ant.EMG1", "deltoid_anterior", ""),
        # Abbreviations.
        ("LTA", "tibialis_anterior", "left"),
        ("TA_R", "tibialis_anterior", "right"),
        ("RSOL", "soleus", "right"),
        ("GML", "gastrocnemius_medialis", "left"),
        ("R_GL", "gastrocnemius_lateralis", "right"),
        ("L_MG", "gastrocnemius_medialis", "left"),
        ("LPL", "fibularis_longus", "left"),
        ("PB R", "fibularis_brevis", "right"),
        ("RF", "rectus_femoris", ""),
        ("RRF", "rectus_femoris", "right"),
        ("LST", "semitendinosus", "left"),
        ("RBF", "biceps_femoris", "right"),
        ("GM", "gastrocnemius_medialis", ""),
        ("GMAX_L", "gluteus_maximus", "left"),
        ("L GMED", "gluteus_medius", "left"),
        # Written together.
        ("LGastMed", "gastrocnemius_medialis", "left"),
        ("RTibAnt", "tibialis_anterior", "right"),
        ("SoleusLeft", "soleus", "left"),
        ("leftSoleus", "soleus", "left"),
        # Devices around the name.
        ("MiniWave 3: R SOL", "soleus", "right"),
        ("Trigno IM sensor 3 - L TA", "tibialis_anterior", "left"),
        ("EMG_07_R_Peroneus longus", "fibularis_longus", "right"),
        ("L.Soleus", "soleus", "left"),
        ("L Gast: EMG.A 1", "gastrocnemius", "left"),
        ("Trigno IMU EMG 3.R TA", "tibialis_anterior", "right"),
        # Languages.
        ("Gastrocnémien médial gauche", "gastrocnemius_medialis", "left"),
        ("soléaire droit", "soleus", "right"),
        ("jambier antérieur G", "tibialis_anterior", "left"),
        ("Droit fémoral gauche", "rectus_femoris", "left"),
        ("Droit fémoral droit", "rectus_femoris", "right"),
        ("droit fémoral", "rectus_femoris", ""),
        ("long fibulaire droit", "fibularis_longus", "right"),
        ("gemello mediale sinistra", "gastrocnemius_medialis", "left"),
        ("tibiale anteriore dx", "tibialis_anterior", "right"),
        ("peroneo lungo sx", "fibularis_longus", "left"),
        ("gemelo interno izq", "gastrocnemius_medialis", "left"),
        ("sóleo derecho", "soleus", "right"),
        ("tibial anterior esquerdo", "tibialis_anterior", "left"),
        ("Wadenmuskel medial rechts", "gastrocnemius_medialis", "right"),
        ("Schienbeinmuskel li", "tibialis_anterior", "left"),
        ("M. soleus links", "soleus", "left"),
        ("linker kuitspier", "gastrocnemius", "left"),
        ("lange kuitbeenspier rechts", "fibularis_longus", "right"),
    ],
)
def test_names_of_laboratories(label: str, muscle: str, side: str) -> None:
    expected = "left" if label.endswith(" G") else side
    others = ("jambier antérieur D",) if label.endswith(" G") else ()
    assert read(label, *others) == (muscle, expected)


@pytest.mark.parametrize(
    "label",
    [
        *[
            "Fx1",
            "FX1",
            "M1X",
            "PX1",
            "F1x12",
            "Mx1",
            "Force.Fx1",
            "Moment.My2",
            "FP1_FX",
            "PF2-MZ",
            "F1z4",
            "Fz",
        ],
        *[
            "CoPx1",
            "TAPIS FY1+4",
            "TAPIS FZ2",
            "Amti Gen 5 OR6-5-1000 3581_4",
            "Force Plate 1.Fz",
            "Kistler Fz1",
        ],
    ],
)
def test_channels_of_force_plates_are_not_emg(label: str) -> None:
    assert identify_muscles([label], ["V"]) == ()


@pytest.mark.parametrize(
    "label",
    [
        "Sync",
        "Nothing",
        "",
        "Sensor 1.ACC X",
        "Sensor 3.Gyro Y",
        "Footswitch L",
        "IMU1.L Gast",
        "Knee goniometer",
    ],
)
def test_other_devices_are_not_emg(label: str) -> None:
    assert identify_muscles([label], ["V"]) == ()


@pytest.mark.parametrize("unit", ["N", "Nmm", "N-M", "nt", "mm", "deg/s", "m/s^2", "g"])
def test_forces_and_lengths_are_not_emg(unit: str) -> None:
    assert identify_muscles(["CH13", "GM", "EMG3"], [unit] * 3) == ()
    assert read("Left soleus", unit=unit) == ("soleus", "left"), "a spelled-out muscle outweighs a wrong unit"


@pytest.mark.parametrize(
    ("label", "unit"), [("EMG1", ""), ("EMG 16", "V"), ("CH13", "mV"), ("Voltage.3", "V"), ("L Spare", "V")]
)
def test_channels_without_a_name_are_listed_and_not_guessed(label: str, unit: str) -> None:
    (channel,) = identify_muscles([label], [unit])
    assert (channel.muscle, channel.confidence, channel.code) == (None, "unassigned", "")


@pytest.mark.parametrize("unit", ["d.u.", ""])
def test_a_nameless_channel_without_volts_is_not_taken_for_emg(unit: str) -> None:
    assert identify_muscles(["CH7"], [unit]) == ()


def test_columns_of_plates_are_never_emg() -> None:
    assert identify_muscles(["CH1", "CH2"], ["V", "V"], plate_columns={0})[0].column == 1


@pytest.mark.parametrize(
    ("label", "text", "expected"),
    [
        ("CH17", "TIBIALIS ANTERIOR EMG - ELE#1", ("tibialis_anterior", "")),
        ("CH20", "QUADRICEPS VL EMG - ELE#4", ("vastus_lateralis", "")),
        ("RTGA", "Rt gastroc", ("gastrocnemius", "right")),
        ("Voltage.1", "Analog EMG::Voltage [10,1]", (None, "")),
    ],
)
def test_descriptions_are_read_where_the_label_says_nothing(
    label: str, text: str, expected: tuple[str | None, str]
) -> None:
    assert read(label, description=text) == expected


def test_a_label_that_names_a_muscle_outweighs_its_description() -> None:
    assert read("L SOL", description="Rt gastroc") == ("soleus", "left")


def test_a_letter_is_a_side_where_the_file_has_both() -> None:
    assert read("GASL") == ("gastrocnemius_lateralis", "")
    assert read("GASL", "GASM") == ("gastrocnemius_lateralis", "")
    assert read("GASL", "GASR") == ("gastrocnemius", "left")


@pytest.mark.parametrize(("left", "right"), [("g", "d"), ("s", "d"), ("i", "d"), ("e", "d")])
def test_letters_of_other_languages_need_their_pair(left: str, right: str) -> None:
    assert read(f"SOL {left.upper()}", f"SOL {right}") == ("soleus", "left")
    assert read(f"TA_{right}", f"TA_{left}") == ("tibialis_anterior", "right")
    muscle_and_side = read(f"SOL {left}")
    assert muscle_and_side is not None
    assert muscle_and_side[1] == ""


def test_of_two_channels_for_a_muscle_the_surer_has_it() -> None:
    first, second = identify_muscles(["L TA", "Left tibialis anterior"], ["V", "V"])
    assert (second.muscle, second.confidence) == ("tibialis_anterior", "certain")
    assert (first.muscle, first.confidence) == (None, "unassigned")
    assert "'Left tibialis anterior'" in first.rule


def test_overrides_name_muscles_and_drop_them() -> None:
    labels = ["EMG1", "L SOL", "R SOL"]
    found = identify_muscles(labels, ["V"] * 3, {"left.soleus": "emg1", "right.soleus": ""})
    assert [(c.muscle, c.side, c.confidence) for c in found] == [
        ("soleus", "left", "certain"),
        (None, "left", "unassigned"),
        (None, "right", "unassigned"),
    ]
    assert found[0] == EmgChannel(0, "soleus", "left", "EMG1", "named in the protocol", "certain", "SOL")


def test_overrides_that_cannot_be_met_are_errors_of_the_protocol() -> None:
    with pytest.raises(ProtocolError, match=r"left\.soleus: label 'EMG17' is not in the file; near: EMG1"):
        identify_muscles(["EMG1", "EMG2"], (), {"left.soleus": "EMG17"})
    with pytest.raises(ProtocolError, match=r"no muscle 'left\.solius'; near: soleus"):
        identify_muscles(["EMG1"], (), {"left.solius": "EMG1"})
    with pytest.raises(ProtocolError, match="no muscle"):
        identify_muscles(["EMG1"], (), {"middle.soleus": "EMG1"})


def test_codes_fit_channel_names() -> None:
    muscles = muscle_table().muscles
    codes = [muscle.code for muscle in muscles.values()]
    assert len(codes) == len(set(codes))
    assert all(re.fullmatch(r"[A-Z]{2,3}", code) for code in codes)
    assert {"GM", "GL", "SOL", "TA", "FL", "FB"} <= set(codes)


def test_no_name_stands_for_two_muscles() -> None:
    data = load_yaml(config_path("muscles.yaml"))
    owner: dict[str, str] = {}
    for muscle, entry in data.items():
        for text in (*entry["names"], *entry["short"]):
            key = re.sub(r"[\W_]", "", text.lower())
            assert owner.setdefault(key, muscle) == muscle, text


NAMES = sorted(
    (muscle, text) for muscle, entry in load_yaml(config_path("muscles.yaml")).items() for text in entry["names"]
)
SIDE_WORDS = sorted((word, side) for word, side in SIDE_OF.items() if len(word) > 3)


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(NAMES),
    st.sampled_from(SIDE_WORDS),
    st.booleans(),
    st.sampled_from([str.upper, str.lower, str.title]),
    st.sampled_from([" ", "_", ".", "-"]),
    st.sampled_from(["", "Voltage.", "EMG 3 ", "Sensor 12: "]),
)
def test_every_name_is_read_with_any_side_case_and_separator(
    name: tuple[str, str], word: tuple[str, str], first: bool, case: object, separator: str, device: str
) -> None:
    muscle, text = name
    label = f"{word[0]} {text}" if first else f"{text} {word[0]}"
    label = device + case(label).replace(" ", separator)  # type: ignore[operator]
    assert read(label) == (muscle, word[1])


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(NAMES), st.sampled_from([str.upper, str.lower, str.title]))
def test_every_name_is_read_without_a_side(name: tuple[str, str], case: object) -> None:
    assert read(case(name[1])) == (name[0], "")  # type: ignore[operator]


@settings(max_examples=100, deadline=None)
@given(st.lists(st.text(max_size=20) | st.sampled_from(["L TA", "EMG1", "Fx1"]), max_size=20), st.data())
def test_any_labels_give_each_muscle_once(labels: list[str], data: st.DataObject) -> None:
    units = data.draw(st.lists(st.sampled_from(["V", "N", "", "uV"]), max_size=25))
    found = identify_muscles(labels, units, descriptions=labels[::-1])
    assert [c.column for c in found] == sorted({c.column for c in found})
    named = [(c.muscle, c.side) for c in found if c.muscle]
    assert len(named) == len(set(named))

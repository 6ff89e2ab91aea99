"""The schema: documentation of every field, impossible values, places and suggestions."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from heelraise.labels.roles import ROLES as KNOWN_ROLES
from heelraise.phases.model import PHASE_NAMES, PhaseSettings
from heelraise.protocol import Protocol, check_protocol, load_protocol, schema_json
from heelraise.protocol.fields import NO_UNIT, PhaseName
from heelraise.protocol.presets import to_yaml
from heelraise.protocol.screening import Check, Screening
from heelraise.protocol.validate import walk_fields

UNITS = {"%", "deg/s", NO_UNIT, "1", "1/min", "s", "ms", "years", "mm", "m", "mm/s", "Hz", "N", "deg", "kg"}
FIELDS = [(".".join(path), info) for path, info in walk_fields(Protocol)]


def problems(folder: Path, text: str) -> list[str]:
    path = folder / "p.yaml"
    path.write_text(text, encoding="utf-8")
    return [str(problem).removeprefix(f"{folder}/") for problem in check_protocol(path)]


@pytest.mark.parametrize(("name", "info"), FIELDS, ids=[name for name, _ in FIELDS])
def test_every_field_has_a_description_and_a_unit(name: str, info: object) -> None:
    description = info.description  # type: ignore[attr-defined]
    assert description
    assert description[0].isupper()
    assert description.endswith(".")
    unit = info.json_schema_extra["unit"]  # type: ignore[attr-defined]
    assert unit in UNITS
    for suffix, expected in (("_hz", "Hz"), ("_ms", "ms"), ("_mm", "mm"), ("_n", "N"), ("_deg", "deg")):
        if name.endswith(suffix):
            assert unit == expected
    if name.endswith("_s") and not name.endswith("mm_s"):
        assert unit == "s"


def test_there_are_as_many_fields_as_the_specification_asks_for() -> None:
    names = {name for name, _ in FIELDS}
    assert {"phases.times.start_s", "exclude.reason", "screening.orthostatic_range.min_emg_rate_hz"} <= names
    checks = list(Screening.model_fields)
    assert checks == [
        "rest_tremor",
        "flat_stance_tremor",
        "cessation",
        "asymmetry",
        "other_body_parts",
        "clonus_like",
        "orthostatic_range",
        "reported_symptoms",
    ]


def test_settings_that_two_parts_share_are_the_same() -> None:
    phases = Protocol().phases
    for name, value in vars(PhaseSettings()).items():
        assert getattr(phases, name) == value
    assert get_args(PhaseName) == PHASE_NAMES


def test_default_rules_use_their_own_conditions_and_every_check_has_a_source() -> None:
    for check in vars(Protocol().screening).values():
        assert isinstance(check, Check)
        assert set(check.logic.conditions()) <= set(check.conditions)
        assert check.logic.evaluate(dict.fromkeys(check.conditions, False)) is False
        assert check.logic.evaluate(dict.fromkeys(check.conditions, True)) is True
        assert check.logic.evaluate({}) is None
        assert check.reference
        assert str(check.logic) == check.rule


def test_defaults_are_valid_when_written_out() -> None:
    protocol = Protocol()
    assert Protocol.model_validate(protocol.model_dump()) == protocol
    assert pickle.loads(pickle.dumps(protocol)) == protocol
    with pytest.raises(ValidationError):
        protocol.task = "quiet_stance"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "phases:\n  min_hold: 2\n",
            'p.yaml:2:3: unknown key "min_hold" in phases; did you mean "min_hold_s"?',
        ),
        ("min_hold_s: 2\n", 'p.yaml:1:1: unknown key "min_hold_s"; did you mean "phases.min_hold_s"?'),
        ("use_evnts: true\n", 'p.yaml:1:1: unknown key "use_evnts"; did you mean "phases.use_events"?'),
        ("Task: auto\n", 'p.yaml:1:1: unknown key "Task"; did you mean "task"?'),
        ("1: 2\n", 'p.yaml:1:1: unknown key "1"; known: name, title'),
        ("task: bilateral-hold\n", 'did you mean "bilateral_hold"?'),
        ("task: [auto]\n", "p.yaml:1:7: task must be one of auto, "),
        ("tremor:\n  band: [15, 4]\n", "p.yaml:2:9: tremor.band: the lower edge 15 is not below"),
        ("tremor: {band: [4]}\n", "p.yaml:1:16: tremor.band needs at least 2 entries; write [low, high]"),
        ("tremor: {band: [4, 5, 6]}\n", "p.yaml:1:16: tremor.band has too many entries; keep it to 2"),
        ("tremor: {band: [4, 40]}\n", "leaves the tremor stream of 2 to 30 Hz"),
        ("tremor: {sub_bands: [[4, 8], [8, 4]]}\n", "p.yaml:1:30: tremor.sub_bands: the lower edge 8"),
        ("tremor: {sub_bands: [[4, 8], [4, 8]]}\n", "twice"),
        (
            "tremor: {family_wise_rate: 0}\n",
            "p.yaml:1:28: tremor.family_wise_rate must be greater than 0, not 0",
        ),
        ("sway: {rate_hz: 15}\n", "p.yaml:1:17: lowpass_hz 10 is not below half of rate_hz 15"),
        ("sway: {rate_hz: 15, lowpass_hz: 9}\n", "p.yaml:1:33: lowpass_hz 9 is not below half"),
        ("sway: {rate_hz: .inf}\n", "p.yaml:1:17: sway.rate_hz must be a finite number"),
        ("sway: {rate_hz: 1e999}\n", "p.yaml:1:17: sway.rate_hz must be"),
        ("sway: {rate_hz: fast}\n", "without a unit"),
        ('sway: {rate_hz: "100"}\n', "remove the quotes"),
        ("sway: {rate_hz: true}\n", "p.yaml:1:17: sway.rate_hz must be a number, not true"),
        (
            "output: {events: yes}\n",
            'p.yaml:1:18: output.events must be true or false, not "yes"; yes and no',
        ),
        ("emg: {lowpass_hz: 15}\n", "p.yaml:1:19: highpass_hz 20 is not below lowpass_hz 15"),
        ("emg: {notch_hz: 55}\n", "p.yaml:1:17: emg.notch_hz must be one of 50, 60, not 55"),
        ("emg: 5\n", "p.yaml:1:6: emg must be a mapping of keys to values, not 5"),
        ("emg:\n", "p.yaml:1:5: emg must be a mapping of keys to values, not null; remove the key"),
        ("lab: {up: Y}\n", 'did you mean "y"?'),
        ("subject: {id: 12}\n", 'p.yaml:1:15: subject.id must be text, not 12; put it in quotes: "12"'),
        ("subject: {height_m: 178}\n", "subject.height_m must be at most 2.8 m, not 178"),
        ("subject: {symptoms: none}\n", "p.yaml:1:21: subject.symptoms must be a list"),
        ("subject: {symptoms: [weak]}\n", 'did you mean "weakness"?'),
        (
            "force_plates: {feet: {1: lft}}\n",
            "p.yaml:1:26: force_plates.feet must be one of left, right, both",
        ),
        ("force_plates: {feet: {a: left}}\n", 'p.yaml:1:23: force_plates.feet: "a" is no number of a plate'),
        ("force_plates: {feet: {0: left}}\n", "p.yaml:1:23: force_plates.feet: 0 is no number of a plate"),
        (
            "markers: {roles: {left.hell: LHEE}}\n",
            'p.yaml:1:10: no role is called "left.hell"; did you',
        ),
        ("markers: {roles: {Left Heel: LHEE}}\n", 'p.yaml:1:19: markers.roles: "Left Heel" is no role'),
        ("markers: {roles: {left.heel: 3}}\n", "p.yaml:1:30: markers.roles.left.heel must be text, not 3"),
        ("markers: {set: Plug In}\n", 'p.yaml:1:16: markers.set: "Plug In" is no name'),
        ("phases: {lowpass_hz: 4}\n", "p.yaml:1:22: phases.lowpass_hz must be less than 4 Hz, not 4"),
        ("phases: {on_height_mm: 25}\n", "p.yaml:1:24: on_height_mm 25 is above min_height_mm 20"),
        ("phases: {min_height_mm: 5}\n", "p.yaml:1:25: on_height_mm 10 is above min_height_mm 5"),
        ("phases: {hold_fraction: 0.1}\n", "p.yaml:1:25: on_fraction 0.1 is not below hold_fraction 0.1"),
        ("phases: {times: [{side: left}]}\n", 'p.yaml:1:18: the key "phase" is missing; add it'),
        (
            "exclude: [{side: left, repetition: 0, reason: x}]\n",
            "p.yaml:1:36: exclude.repetition must be at least 1",
        ),
        ("exclude: [{side: left, repetition: 1, reason: ''}]\n", "exclude.reason must not be empty"),
        (
            "exclude:\n- {side: left, repetition: 2, reason: x}\n- {side: both, repetition: 2, reason: y}\n",
            "p.yaml:3:28: repetition 2 of left is excluded twice",
        ),
        ("task: quiet_stance\nside: left\n", "p.yaml:2:7: the task quiet_stance is done on both legs"),
        ("side: both\ntask: single_leg_hold\n", "p.yaml:1:7: the task single_leg_hold is done on one leg"),
        ("tremor: {search: [2.5, 9]}\n", "p.yaml:1:18: phases.lowpass_hz 2.5 is not below the search band"),
        ("tremor: {search: [4, 6], band: [8, 12]}\n", "p.yaml:1:18: the search band and the tremor band"),
        ("tremor: {search: [9, 9.5]}\n", "p.yaml:1:18: the search band from 9 to 9.5 Hz is narrower than 1 Hz"),
        (
            "screening: {cesation: {}}\n",
            'p.yaml:1:13: unknown key "cesation" in screening; did you mean "cessation"?',
        ),
        (
            "screening: {asymmetry: {rule: ratio}}\n",
            "p.yaml:1:31: screening.asymmetry.rule: the rule names the",
        ),
        ("surface_height_mm: -1\n", "p.yaml:1:20: surface_height_mm must be at least 0 mm, not -1"),
        ("title: " + "x" * 3000 + "\n", "p.yaml:1:8: title is too long; keep it to 2000 characters"),
    ],
)
def test_what_is_wrong_has_its_place_and_remedy(tmp_path: Path, text: str, expected: str) -> None:
    found = problems(tmp_path, text)
    assert found
    assert expected in found[0]
    assert found[0].startswith("p.yaml:")


TIME = "{side: left, repetition: 1, phase: "


@pytest.mark.parametrize(
    ("times", "expected"),
    [
        (TIME + "hold, start_s: 5, stop_s: 4}", "p.yaml:2:66: stop_s 4 is not after start_s 5"),
        (TIME + "stance, start_s: 1, stop_s: 4}", "p.yaml:2:30: stance belongs to no repetition"),
        ("{side: left, phase: stance, start_s: 1, stop_s: 4}", "p.yaml:2:12: stance belongs to both sides"),
        (
            "{side: left, phase: hold, start_s: 1, stop_s: 4}",
            "p.yaml:2:5: phases.times: hold needs its repetition",
        ),
        (
            TIME + "rise, start_s: 1, stop_s: 3},\n    " + TIME + "hold, start_s: 2, stop_s: 4}",
            "p.yaml:3:55: hold from 2 s overlaps rise that lasts to 3 s",
        ),
        (
            TIME + "hold, start_s: 1, stop_s: 3},\n    " + TIME + "hold, start_s: 4, stop_s: 5}",
            "p.yaml:3:5: hold of left repetition 1 is given twice",
        ),
    ],
)
def test_times_that_cannot_be(tmp_path: Path, times: str, expected: str) -> None:
    found = problems(tmp_path, f"phases: {{times: [\n    {times}]}}\n")
    assert found
    assert found[0].startswith(expected)


def test_all_problems_at_once(tmp_path: Path) -> None:
    text = (
        "phases:\n"
        "  min_hold: 2\n"
        "  on_fraction: 0.01\n"
        "  drop_s: fast\n"
        "  drop_s: 0.3\n"
        "tremor: {band: [9, 8]}\n"
        "task: quiet_stance\n"
        "side: left\n"
        "tag: !x 3\n"
    )
    places = [problem.split(": ")[0] for problem in problems(tmp_path, text)]
    assert places == [f"p.yaml:{place}" for place in ("2:3", "3:16", "4:11", "5:3", "6:16", "8:7", "9:6")]


def test_a_default_in_the_place_of_a_wrong_value_is_not_blamed(tmp_path: Path) -> None:
    assert len(problems(tmp_path, "sway: {lowpass_hz: low, rate_hz: 15}\n")) == 1
    assert len(problems(tmp_path, "exclude: [{side: !x left, repetition: 1, reason: x}]\n")) == 1


def test_thousands_of_problems_are_told_briefly(tmp_path: Path) -> None:
    found = problems(tmp_path, "".join(f"key_{n}: 1\n" for n in range(5000)))
    assert 50 < len(found) <= 200


def test_json_schema_forbids_what_is_unknown_and_has_units() -> None:
    schema = json.loads(schema_json())
    assert schema["additionalProperties"] is False
    sections = {name: body for name, body in schema["$defs"].items() if "properties" in body}
    assert all(body["additionalProperties"] is False for body in sections.values())
    for body in [schema, *sections.values()]:
        for prop in body["properties"].values():
            # A reference has the description of what it refers to, unless it gives its own.
            target = schema["$defs"].get(prop.get("$ref", "").removeprefix("#/$defs/"), {})
            assert prop.get("description", target.get("description"))
            assert prop["unit"] in UNITS
    assert schema["properties"]["surface_height_mm"]["unit"] == "mm"


def test_nothing_costly_is_imported_before_it_is_used() -> None:
    code = (
        "import sys, heelraise.protocol as p; assert 'pydantic' not in sys.modules, 'at import';"
        "p.list_protocols(); p.show_protocol('auto'); assert 'pydantic' not in sys.modules, 'for a listing'"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


NUMBERS = {
    "phases": {"min_hold_s": (0.1, 9), "min_height_mm": (15, 90), "drop_s": (0, 2), "lowpass_hz": (1, 3.5)},
    "markers": {"max_gap_s": (0, 2)},
    "matching": {"angle_deg": (1, 20), "force_fraction": (0.01, 0.5)},
    "subject": {"mass_kg": (10, 200), "height_m": (0.5, 2.5)},
    "emg": {"delay_ms": (-100, 100), "highpass_hz": (5, 30), "lowpass_hz": (100, 500)},
    "tremor": {"family_wise_rate": (0.001, 0.1)},
}
LABELS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=30)
ROLES = st.sampled_from(sorted(KNOWN_ROLES))


def numbers(section: str) -> st.SearchStrategy[dict[str, float]]:
    return st.fixed_dictionaries({}, optional={key: st.floats(*ends) for key, ends in NUMBERS[section].items()})


MAPPINGS = st.fixed_dictionaries(
    {},
    optional={
        "title": LABELS,
        "task": st.sampled_from(["auto", "slow_eccentric", "supported_rest"]),
        "side": st.sampled_from(["auto", "left", "right", "both"]),
        "surface_height_mm": st.floats(0, 100) | st.integers(0, 100),
        "static": LABELS.filter(lambda text: not any(c in text for c in "/\\:")),
        **{section: numbers(section) for section in ("phases", "matching", "tremor", "emg", "subject")},
        "markers": st.fixed_dictionaries({"roles": st.dictionaries(ROLES, LABELS, max_size=4)}),
        "force_plates": st.fixed_dictionaries(
            {"feet": st.dictionaries(st.integers(1, 6), st.sampled_from(["left", "right", "both", "none"]))}
        ),
        "exclude": st.lists(
            st.fixed_dictionaries(
                {
                    "side": st.sampled_from(["left", "right"]),
                    "repetition": st.integers(1, 99),
                    "reason": LABELS,
                }
            ),
            max_size=3,
            unique_by=lambda entry: (entry["side"], entry["repetition"]),
        ),
    },
)


@settings(max_examples=60, deadline=None)
@given(MAPPINGS)
def test_any_valid_mapping_loads_back_the_same(
    tmp_path_factory: pytest.TempPathFactory, data: dict[str, object]
) -> None:
    expected = Protocol.model_validate({"name": "p", **data})
    path = tmp_path_factory.mktemp("p") / "p.yaml"
    path.write_text(to_yaml({"name": "p", **data}), encoding="utf-8")
    loaded = load_protocol(path)
    assert loaded.protocol == expected
    path.write_text(to_yaml(loaded.resolved), encoding="utf-8")
    again = load_protocol(path)
    assert again.resolved == loaded.resolved
    assert again.sha256 == loaded.sha256


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("emg: {normalisation: mvcc, reference: mvc.c3d}\n", "normalisation must be one of"),
        ("emg: {normalisation: mvc, reference: 5}\n", "reference must be text"),
    ],
)
def test_a_wrong_normalisation_or_reference_is_told_once(tmp_path: Path, text: str, wrong: str) -> None:
    (only,) = problems(tmp_path, text)
    assert wrong in only

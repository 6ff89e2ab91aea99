from __future__ import annotations

from collections import Counter

import pytest
import yaml

from heelraise.errors import ProtocolError
from heelraise.labels import ROLES, identify_markers, marker_set, marker_set_names
from heelraise.labels.marker_sets import parse_marker_set, plain_names, union_lookup
from heelraise.labels.text import normalise
from heelraise.resources import config_path, list_configs

PROMISED = {"plug_in_gait", "cgm2", "ior", "helen_hayes", "qualisys_full", "gait2392", "rajagopal"}


def test_the_promised_sets_exist() -> None:
    assert set(marker_set_names()) >= PROMISED
    assert "generic" not in marker_set_names()


@pytest.mark.parametrize("name", marker_set_names())
class TestEverySet:
    def test_names_itself_and_its_reference(self, name: str) -> None:
        one = marker_set(name)
        assert one.name == name
        assert len(one.title) > 10
        assert len(one.reference) > 10

    def test_gives_no_label_to_two_roles(self, name: str) -> None:
        count = Counter(key for keys in marker_set(name).keys.values() for key in set(keys))
        assert [key for key, times in count.items() if times > 1] == []

    def test_is_alike_on_both_sides(self, name: str) -> None:
        roles = marker_set(name).roles
        sided = {key for key in roles if ROLES[key].side}
        mirrored = {
            key.replace("left.", "right.") if key.startswith("left.") else key.replace("right.", "left.")
            for key in sided
        }
        assert sided == mirrored

    def test_remarks_and_options_are_about_its_own_roles(self, name: str) -> None:
        one = marker_set(name)
        assert set(one.sure) <= set(one.roles)
        assert one.optional <= set(one.roles)
        assert {text.split(",")[0].split()[0] for text in one.sure.values()} <= {
            "certain",
            "likely",
            "approximate",
        }

    def test_is_recognised_in_its_own_labels(self, name: str) -> None:
        one = marker_set(name)
        labels = [labels[0] for labels in one.roles.values()]
        found = identify_markers(labels)
        assert found.marker_set == name
        assert found.roles == {role: column for column, role in enumerate(one.roles)}
        assert found.missing == ()


@pytest.mark.parametrize("name", list_configs("marker_sets"))
def test_yaml_has_no_duplicate_keys(name: str) -> None:
    """PyYAML lets the last of two equal keys win without a word."""
    node = yaml.compose(config_path("marker_sets", f"{name}.yaml").read_text(encoding="utf-8"), yaml.SafeLoader)
    todo = [node]
    while todo:
        one = todo.pop()
        if isinstance(one, yaml.MappingNode):
            keys = [key.value for key, _ in one.value]
            assert len(keys) == len(set(keys)), keys
            todo.extend(value for _, value in one.value)


def test_unknown_set_lists_near_names() -> None:
    with pytest.raises(ProtocolError, match="plug_in_gait") as caught:
        marker_set("plugin_gait")
    assert caught.value.exit_status == 3


def test_unknown_role_in_a_set_is_named() -> None:
    data = {
        "name": "x",
        "title": "",
        "reference": "",
        "roles": {"{side}.hell": ["LHEE"]},
        "sure": {},
        "others": [],
    }
    with pytest.raises(ProtocolError, match=r"'left\.hell'.*left\.heel"):
        parse_marker_set(data)


def test_union_leaves_out_what_sets_disagree_on() -> None:
    union = union_lookup()
    assert union["lsmh"] == ("left.mt2", "cgm2")
    # Toe means the second metatarsal in Plug-in Gait and the first in Rajagopal's models.
    assert "ltoe" not in union
    assert all(len(key) >= 4 for key in union)


@pytest.mark.parametrize(
    ("label", "role"),
    [
        ("Left Heel", "left.heel"),
        ("heel_R", "right.heel"),
        ("RightLateralMalleolus", "right.lateral_malleolus"),
        ("talon gauche", "left.heel"),
        ("Ferse links", "left.heel"),
        ("tallone dx", "right.heel"),
        ("malléole externe droite", "right.lateral_malleolus"),
        ("maleolo medial izq", "left.medial_malleolus"),
        ("Sacrum", "sacrum"),
        ("LMT5", "left.mt5"),
        ("ASISr", "right.asis"),
        ("heel", ""),
        ("LHE", ""),
    ],
)
def test_plain_names(label: str, role: str) -> None:
    assert plain_names().role(normalise(label)) == role


def test_roles_have_descriptions_and_known_sides() -> None:
    assert len(ROLES) == len({role.description for role in ROLES.values()})
    for key, role in ROLES.items():
        assert role.key == key == (f"{role.side}.{role.name}" if role.side else role.name)
        assert role.side in ("left", "right", "")

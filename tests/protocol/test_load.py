"""Finding, extending, resolving and fingerprinting protocols; the presets."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from heelraise.errors import ProtocolError
from heelraise.protocol import check_protocol, list_protocols, load_protocol, show_protocol
from heelraise.protocol.load import fingerprint
from heelraise.protocol.sources import MAX_EXTENDS
from heelraise.resources import config_path

PRESETS = [name for name, _ in list_protocols()]


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def refused(path: Path | str) -> str:
    with pytest.raises(ProtocolError) as caught:
        load_protocol(path)
    assert caught.value.exit_status == 3
    return str(caught.value)


def test_the_presets_of_the_issue_are_there_and_auto_is_the_first() -> None:
    assert PRESETS[0] == "auto"
    assert {"auto", "bilateral_hold", "single_leg_hold", "quiet_stance"} <= set(PRESETS)


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_is_valid_and_explains_itself(name: str) -> None:
    assert check_protocol(name) == []
    loaded = load_protocol(name)
    protocol = loaded.protocol
    assert (loaded.source, protocol.name, protocol.task) == (name, name, name)
    assert protocol.title
    assert len(protocol.title) < 80
    assert len(protocol.description) > 60
    assert protocol.reference
    text = show_protocol(name)
    assert text.startswith("# "), "a preset begins with what it is for"
    forbidden = ("diagnos", "patholog", "patient", "disease", "healthy")
    assert not [word for word in forbidden if word in text.lower()]


@pytest.mark.parametrize("name", PRESETS)
def test_what_is_shown_loads_to_the_same(tmp_path: Path, name: str) -> None:
    loaded = load_protocol(name)
    again = load_protocol(write(tmp_path, "other.yaml", show_protocol(name, resolved=True)))
    assert again.resolved == loaded.resolved
    assert again.sha256 == loaded.sha256
    assert again.protocol == loaded.protocol
    assert yaml.safe_load(show_protocol(name, resolved=True)).keys() == loaded.resolved.keys()


def test_the_file_itself_is_shown_with_its_comments(tmp_path: Path) -> None:
    path = write(tmp_path, "mine.yaml", "# why\nextends: auto # here\n")
    assert show_protocol(path) == path.read_text(encoding="utf-8")
    with pytest.raises(ProtocolError, match="no such file"):
        show_protocol("absent.yaml")
    with pytest.raises(ProtocolError, match='did you mean "auto"'):
        show_protocol("autto")


def test_nothing_means_auto() -> None:
    assert load_protocol().protocol == load_protocol("auto").protocol
    assert load_protocol(None).source == "auto"


def test_a_file_is_named_by_its_stem_unless_it_says_otherwise(tmp_path: Path) -> None:
    path = write(tmp_path, "ward 3.yaml", "extends: bilateral_hold\n")
    loaded = load_protocol(path)
    assert loaded.name == "ward 3"
    assert loaded.source == "ward 3.yaml"
    assert loaded.chain == ("bilateral_hold",)
    assert loaded.protocol.extends is None
    assert loaded.protocol.title == load_protocol("bilateral_hold").protocol.title
    assert load_protocol(write(tmp_path, "x.yaml", "name: calf\nextends: auto\n")).name == "calf"


def test_extends_merges_mappings_and_replaces_lists(tmp_path: Path) -> None:
    write(
        tmp_path,
        "lab/base.yaml",
        "phases: {min_hold_s: 3, drop_s: 0.2}\n"
        "emg: {muscles: {left.soleus: A, right.soleus: B}}\n"
        "tremor: {sub_bands: [[4, 8], [8, 12]]}\n"
        "exclude: [{side: left, repetition: 1, reason: slipped}]\n",
    )
    write(tmp_path, "lab/middle.yml", "extends: base.yaml\nphases: {drop_s: 0.4}\n")
    path = write(
        tmp_path,
        "mine.yaml",
        "extends: lab/middle.yml\nemg: {muscles: {right.soleus: C}}\ntremor: {sub_bands: [[5, 6]]}\nexclude: []\n",
    )
    loaded = load_protocol(path)
    protocol = loaded.protocol
    assert loaded.chain == ("middle.yml", "base.yaml")
    assert (protocol.phases.min_hold_s, protocol.phases.drop_s, protocol.phases.hold_fraction) == (
        3,
        0.4,
        0.5,
    )
    assert protocol.emg.muscles == {"left.soleus": "A", "right.soleus": "C"}
    assert protocol.tremor.sub_bands == ((5, 6),)
    assert protocol.exclude == ()


def test_problems_are_told_in_the_file_that_has_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path, "lab/base.yaml", "phases:\n  drop: 1\n  on_height_mm: 30\nsway: {rate_hz: 5}\n")
    write(tmp_path, "mine.yaml", "extends: lab/base.yaml\nsway:\n  rate_hz: 15\nlab: {up: w}\n")
    places = [line.split(": ")[0] for line in refused("mine.yaml").splitlines()]
    assert sorted(places) == ["lab/base.yaml:2:3", "lab/base.yaml:3:17", "mine.yaml:3:12", "mine.yaml:4:11"]


def test_a_value_that_a_file_replaces_has_the_place_of_the_file(tmp_path: Path) -> None:
    write(tmp_path, "base.yaml", "\n\n\nemg: {highpass_hz: 30, lowpass_hz: 100}\n")
    message = refused(write(tmp_path, "mine.yaml", "extends: base.yaml\nemg: {lowpass_hz: 25}\n"))
    assert "base.yaml:4:20: highpass_hz 30 is not below lowpass_hz 25" in message
    message = refused(write(tmp_path, "mine.yaml", "extends: base.yaml\nemg: 3\n"))
    assert "mine.yaml:2:6: emg must be a mapping" in message


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("extends: mine.yaml\n", "mine.yaml:1:10: extends goes in a circle: mine.yaml -> mine.yaml"),
        (
            "extends: other.yaml\n",
            "other.yaml:1:10: extends goes in a circle: mine.yaml -> other.yaml -> mine.yaml",
        ),
        (
            "task: auto\nextends: bilateral_hlod\n",
            '2:10: no preset is called "bilateral_hlod"; did you mean "bilateral_hold"?',
        ),
        ("extends: other\n", 'no preset is called "other"; did you mean "other.yaml"?'),
        ("extends: gone.yaml\n", 'mine.yaml:1:10: extends names the file "gone.yaml", which is not there'),
        ("extends: [auto]\n", "mine.yaml:1:10: extends must name a preset"),
        ("extends: 3\n", "mine.yaml:1:10: extends must name a preset"),
        ('extends: ""\n', "mine.yaml:1:10: extends must name a preset"),
    ],
)
def test_extends_that_leads_nowhere(tmp_path: Path, text: str, expected: str) -> None:
    write(tmp_path, "other.yaml", "extends: mine.yaml\n")
    assert expected in refused(write(tmp_path, "mine.yaml", text))


def test_extends_has_a_limit(tmp_path: Path) -> None:
    write(tmp_path, "p0.yaml", "task: auto\n")
    for n in range(1, MAX_EXTENDS + 2):
        write(tmp_path, f"p{n}.yaml", f"extends: p{n - 1}.yaml\n")
    assert len(load_protocol(tmp_path / f"p{MAX_EXTENDS}.yaml").chain) == MAX_EXTENDS
    assert f"more than {MAX_EXTENDS} files" in refused(tmp_path / f"p{MAX_EXTENDS + 1}.yaml")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("bilateral_hlod", 'no preset is called "bilateral_hlod"; did you mean "bilateral_hold"?'),
        ("zzz", "presets are auto, bilateral_hold"),
        ("", 'no preset is called ""'),
        ("gone.yaml", "gone.yaml: no such file"),
        (".", "is a folder"),
        ("x" * 300, "no preset is called"),
    ],
)
def test_names_that_are_no_protocol(name: str, expected: str) -> None:
    assert expected in refused(name)


def test_a_recording_is_no_protocol(tmp_path: Path) -> None:
    path = tmp_path / "trial.c3d"
    path.write_bytes(bytes([2, 0x50]) + bytes(range(256)) * 4)
    assert refused(path).startswith(f"{path}:3:115: not UTF-8 text")


def test_the_fingerprint_is_of_the_meaning_alone(tmp_path: Path) -> None:
    first = load_protocol(
        write(
            tmp_path,
            "p.yaml",
            "phases: {drop_s: 1, min_hold_s: 2.0}\nside: left\nforce_plates: {feet: {2: left, 1: right}}\n",
        )
    )
    second = load_protocol(
        write(
            tmp_path,
            "p.yaml",
            "# a comment\nside: 'left'\nextends: null\nforce_plates:\n  feet:\n    1: right\n    2: left\n"
            "phases:\n  min_hold_s: 2\n  drop_s: 1.00e0\n  hold_fraction: 0.5 # the default\n",
        )
    )
    other = load_protocol(write(tmp_path, "p.yaml", "phases: {drop_s: 1, min_hold_s: 2.5}\nside: left\n"))
    assert first.sha256 == second.sha256
    assert first.sha256 != other.sha256
    assert len(first.sha256) == 64
    assert fingerprint(dict(reversed(first.resolved.items()))) == first.sha256
    assert json.loads(json.dumps(first.resolved, allow_nan=False))["phases"]["drop_s"] == 1.0


@pytest.mark.parametrize(
    ("text", "by_hand", "used", "recorded"),
    [
        ("static: cal_*.c3d", None, "cal_*.c3d", "cal_*.c3d"),
        ("static: ../cal/s.c3d", None, "../cal/s.c3d", "../cal/s.c3d"),
        ("static: /data/ward/s.c3d", None, "/data/ward/s.c3d", "s.c3d"),
        ("static: 'D:\\ward\\s.c3d'", None, "D:\\ward\\s.c3d", "s.c3d"),
        ("static: a.c3d", "run/b.c3d", "run/b.c3d", "b.c3d"),
        ("task: auto", Path("run/b.c3d"), str(Path("run/b.c3d")), "b.c3d"),
        ("task: auto", None, None, None),
    ],
)
def test_no_folder_of_this_machine_is_recorded(
    tmp_path: Path, text: str, by_hand: str | Path | None, used: str | None, recorded: str | None
) -> None:
    loaded = load_protocol(write(tmp_path, "p.yaml", text + "\n"), static=by_hand)
    assert loaded.protocol.static == used
    assert loaded.resolved["static"] == recorded
    assert str(tmp_path) not in json.dumps([loaded.resolved, loaded.source, loaded.chain])


def test_plates_may_be_numbered_in_quotes_as_json_does(tmp_path: Path) -> None:
    plain = load_protocol(write(tmp_path, "p.yaml", "force_plates: {feet: {1: left, 12: right, 2: right}}\n"))
    quoted = load_protocol(
        write(tmp_path, "p.yaml", '{"force_plates": {"feet": {"2": "right", "12": "right", "1": "left"}}}')
    )
    assert plain.protocol.force_plates.feet == {1: "left", 2: "right", 12: "right"}
    assert quoted.sha256 == plain.sha256
    assert fingerprint(json.loads(json.dumps(plain.resolved))) == plain.sha256


def test_marker_sets_are_checked_against_those_there_are(tmp_path: Path) -> None:
    known = sorted(path.stem for path in config_path("marker_sets").glob("*.yaml"))
    if not known:
        pytest.skip("no marker sets yet")
    for name in ["auto", *known]:
        assert check_protocol(write(tmp_path, "p.yaml", f"markers: {{set: {name}}}\n")) == []
    message = refused(write(tmp_path, "p.yaml", f"markers: {{set: {known[0]}x}}\n"))
    assert f'p.yaml:1:16: no marker set is called "{known[0]}x"; did you mean "{known[0]}"?' in message


def test_unreadable_yaml_and_wrong_values_are_told_together(tmp_path: Path) -> None:
    message = refused(write(tmp_path, "p.yaml", "sway: {rate_hz: 5}\nlab: {up: !!python/none x}\n"))
    lines = message.splitlines()
    assert len(lines) == 2
    assert "p.yaml:1:17: sway.rate_hz must be at least 10 Hz" in lines[0]
    assert 'the tag "!!python/none" is refused' in lines[1]

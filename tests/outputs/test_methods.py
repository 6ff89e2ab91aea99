"""The methods paragraph from summaries."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from heelraise.cli.app import app
from heelraise.errors import InputError, UsageError
from heelraise.outputs.methods import methods_of
from heelraise.outputs.summary import dump_summary
from heelraise.protocol.load import load_protocol

SOFTWARE = {"heelraise": "1.2.3", "numpy": "2.0", "scipy": "1.0", "opensim": "4.6", "pyyaml": "6"}
METRICS = [
    {"name": "tremor_frequency", "signal": "ankle_plantarflexion", "value": 7.0, "status": "ok"},
    {"name": "cop_ellipse_area", "signal": "cop", "status": "not_available"},
]


@pytest.fixture
def summary(tmp_path):
    def write(name, **changes):
        made = {
            "schema": "heelraise-summary/1",
            "software": SOFTWARE,
            "protocol": {"name": "auto", "sha256": "0123456789abcdef"},
            "metrics": METRICS,
        }
        path = tmp_path / name
        path.write_text(dump_summary({**made, **changes}))
        return path

    return write


def test_the_paragraph_tells_what_has_a_value_by_which_version_and_protocol(summary):
    text = methods_of([summary("a.yaml")])
    opening = (
        "analysed with heelraise 1.2.3 (numpy 2.0, scipy 1.0, opensim 4.6), by the protocol auto (SHA-256 0123456789ab)"
    )
    assert opening in text
    assert "tremor_frequency (Hz): " in text
    assert "cop_ellipse_area" not in text
    assert "doi:10.7916/D8DR2VCC" in text.split("Sources: ")[1]


def test_several_summaries_and_a_session_name_each_protocol_once(summary):
    sway = [{"name": "cop_path", "value": 1.0}, {"name": "tremor_rms", "value": 1.0}]
    trials = [
        {"protocol": "supported_rest", "protocol_sha256": "ffff"},
        {"protocol": "auto", "protocol_sha256": "0123456789abcdef"},
    ]
    text = methods_of([summary("a.yaml"), summary("s.yaml", schema="heelraise-session/1", trials=trials, metrics=sway)])
    assert "by the protocols auto (SHA-256 0123456789ab), supported_rest (SHA-256 ffff)." in text
    assert all(f"{name} (" in text for name in ("tremor_frequency", "tremor_rms", "cop_path"))


def test_only_what_a_report_uses(summary):
    path = summary("a.yaml", metrics=[{"name": name, "value": 1.0} for name in ("cop_path", "tremor_rms")])
    assert "tremor_rms" not in methods_of([path], ["cop_path"])
    with pytest.raises(UsageError, match="no summary holds a value of 'emg_rms'"):
        methods_of([path], ["emg_rms"])


def protocol_of(folder, name, text):
    path = folder / f"{name}.yaml"
    path.write_text(text)
    made = load_protocol(path)
    return {"name": made.name, "sha256": made.sha256, "resolved": made.resolved}


MINE = "tremor: {band: [5, 12], search: [5, 12]}\nemg: {highpass_hz: 10, lowpass_hz: 400}\nsway: {lowpass_hz: 5}\n"
OF_ALL = [
    {"name": name, "signal": "x", "value": 1.0}
    for name in ("tremor_rms", "emg_median_frequency", "emg_fatigue_index", "cop_path", "heel_height_peak")
]


def test_bands_filters_and_limits_are_those_of_the_summary(summary, tmp_path):
    text = methods_of([summary("a.yaml", protocol=protocol_of(tmp_path, "mine", MINE), metrics=OF_ALL)])
    assert "tremor_rms (signal): square root of the power in 5 to 12 Hz (" in text
    assert "halves the power of the EMG in 10 to 400 Hz" in text
    assert "int P f^5 df, 10 to 400 Hz:" in text
    assert "sought in 5 to 12 Hz at a false-alarm rate of 1 %, amplitudes taken over 5 to 12 Hz" in text
    assert "low-passed at 5 Hz and sampled at 100 Hz" in text
    assert "EMG was filtered to 10 to 400 Hz" in text
    assert (
        "Settings that differ from the preset auto, whose value is in brackets: mine: emg.highpass_hz 10 Hz (20 Hz), "
        "emg.lowpass_hz 400 Hz (450 Hz), tremor.band 5 to 12 Hz (4 to 15 Hz), tremor.search 5 to 12 Hz (4 to 15 Hz), "
        "sway.lowpass_hz 5 Hz (10 Hz)."
    ) in text
    rest = text.replace("(4 to 15 Hz)", "").replace("(450 Hz)", "")
    assert not any(default in rest for default in ("4 to 15 Hz", "450 Hz"))


def test_the_default_is_told_in_a_word(summary):
    made = load_protocol()
    protocol = {"name": made.name, "sha256": made.sha256, "resolved": made.resolved}
    text = methods_of([summary("a.yaml", protocol=protocol)])
    assert "All settings are those of the preset auto. tremor_frequency (Hz):" in text
    assert "sought in 4 to 15 Hz" in text
    assert not any(word in text for word in ("EMG was", "sway is"))


def test_several_protocols_are_each_told_where_they_differ_and_only_by_what_they_gave(summary, tmp_path):
    of = {name: protocol_of(tmp_path, name, text) for name, text in (("mine", MINE), ("theirs", "side: left\n"))}
    paths = [summary("a.yaml", protocol=of["mine"], metrics=OF_ALL), summary("b.yaml", protocol=of["theirs"])]
    text = methods_of(paths)
    assert "amplitudes taken over 5 to 12 Hz (mine) or 4 to 15 Hz (theirs)" in text
    assert "mine: emg.highpass_hz 10 Hz (20 Hz)," in text
    assert "; theirs: side left (auto)." in text
    # The other summary holds no tremor_rms: its band is no part of how that was computed.
    assert "tremor_rms (signal): square root of the power in 5 to 12 Hz (three" in text
    both = methods_of([paths[0], summary("c.yaml", protocol=of["theirs"], metrics=OF_ALL)])
    assert "tremor_rms (signal): square root of the power in 5 to 12 Hz (mine) or 4 to 15 Hz (theirs) (three" in both
    assert "were found in trajectories low-passed at 2.5 Hz;" in both


def test_one_name_for_two_kinds_of_settings_is_told_with_the_hash(summary, tmp_path):
    (tmp_path / "other").mkdir()
    one, two = protocol_of(tmp_path, "mine", MINE), protocol_of(tmp_path / "other", "mine", "side: left\n")
    text = methods_of([summary("a.yaml", protocol=one), summary("b.yaml", protocol=two)])
    assert f"5 to 12 Hz (mine {one['sha256'][:12]}) or 4 to 15 Hz (mine {two['sha256'][:12]})" in text


def test_subjects_of_one_protocol_count_once(summary, tmp_path):
    (tmp_path / "other").mkdir()
    heavy, light = (
        protocol_of(folder, "mine", f"{MINE}subject: {{mass_kg: {mass}, id: P-{mass}}}\n")
        for folder, mass in ((tmp_path, 90), (tmp_path / "other", 60))
    )
    text = methods_of([summary("a.yaml", protocol=heavy), summary("b.yaml", protocol=light)])
    assert text.count("tremor.band 5 to 12 Hz") == 1
    assert "P-90" not in text


def test_a_session_has_the_settings_of_its_trials(summary, tmp_path):
    mine = protocol_of(tmp_path, "mine", MINE)
    preset = load_protocol("supported_rest")
    trials = [
        {"protocol": mine["name"], "protocol_sha256": mine["sha256"]},
        {"protocol": preset.name, "protocol_sha256": preset.sha256},
    ]
    named = {"name": mine["name"], "sha256": mine["sha256"]}
    session = summary("s.yaml", schema="heelraise-session/1", protocol=named, trials=trials, metrics=OF_ALL)
    text = methods_of([session, summary("a.yaml", protocol=mine)])
    assert "amplitudes taken over 5 to 12 Hz (mine) or 4 to 15 Hz (supported_rest)" in text
    alone = methods_of([session])
    assert "The settings of mine stand in the summaries of the trials." in alone
    assert "power in the protocol's tremor.band (mine) or 4 to 15 Hz (supported_rest)" in alone


def test_what_is_no_summary_is_refused(tmp_path):
    for text in ("a: [", "a: 1", "text", "schema: heelraise-truth/1"):
        (tmp_path / "x.yaml").write_text(text)
        with pytest.raises(InputError):
            methods_of([tmp_path / "x.yaml"])
    with pytest.raises(InputError):
        methods_of([tmp_path / "none.yaml"])


def test_the_command_prints_it(summary):
    done = CliRunner().invoke(app, ["methods", str(summary("a.yaml")), "-m", "tremor_frequency"])
    assert (done.exit_code, done.output.strip()) == (0, methods_of([summary("a.yaml")]))

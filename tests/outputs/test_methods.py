"""The methods paragraph from summaries."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from heelraise.cli.app import app
from heelraise.errors import InputError, UsageError
from heelraise.outputs.methods import methods_of
from heelraise.outputs.summary import dump_summary

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

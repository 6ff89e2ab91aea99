import os

import pytest

from heelraise.errors import InputError
from heelraise.osim.library import load_model, native_reason, quiet_stdout

EMPTY = '<OpenSimDocument Version="40000"><Model name="m"></Model></OpenSimDocument>'
BROKEN = """<OpenSimDocument Version="40000"><Model name="m"><JointSet name="jointset"><objects>
<PinJoint name="hinge"><socket_parent_frame>/bodyset/nobody</socket_parent_frame>
<socket_child_frame>/ground</socket_child_frame></PinJoint></objects></JointSet></Model></OpenSimDocument>"""


def test_a_model_loads_quietly_and_leaves_no_log(tmp_path, monkeypatch, capfd):
    pytest.importorskip("opensim")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "m.osim").write_text(EMPTY)
    assert load_model(tmp_path / "m.osim").getName() == "m"
    assert os.listdir(tmp_path) == ["m.osim"]
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("hello", "not well-formed"),
        (EMPTY[:-5], "not well-formed"),
        ("<Model/>", "not an OpenSim model"),
        ('<OpenSimDocument Version="40000"><ScaleTool/></OpenSimDocument>', "not an OpenSim model"),
        ('<OpenSimDocument><Model name="m"></Model></OpenSimDocument>', "no version"),
        ("<!DOCTYPE a>" + EMPTY, "refused"),
        (BROKEN, "nobody"),
    ],
)
def test_what_is_no_model_is_one_sentence(text, says, tmp_path, monkeypatch, capfd):
    pytest.importorskip("opensim")
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "m.osim"
    path.write_text(text)
    with pytest.raises(InputError, match=says) as caught:
        load_model(path)
    assert str(caught.value).startswith(str(path))
    assert "\n" not in str(caught.value)
    assert os.listdir(tmp_path) == ["m.osim"]
    assert capfd.readouterr() == ("", "")


def test_a_missing_model_is_named(tmp_path):
    with pytest.raises(InputError, match=r"none\.osim: the file cannot be read"):
        load_model(tmp_path / "none.osim")


def test_native_output_is_kept_off_and_ours_comes_through(capfd):
    print("before")
    with quiet_stdout():
        os.write(1, b"native\n")
        os.write(2, b"native\n")
    print("after")
    assert capfd.readouterr() == ("before\nafter\n", "")


def test_output_comes_back_after_an_error(capfd):
    def fail():
        with quiet_stdout():
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    print("after")
    assert capfd.readouterr().out == "after\n"


def test_reasons_lose_their_source_lines():
    raw = (
        "std::exception in 'OpenSim::Model::Model(std::string const &)': SimTK Exception thrown at Xml.cpp:817:\n"
        "  Error detected by Simbody method Xml::Element::getAs(): The given Node was not an Element.\n"
        "  (Required condition 'isA(node)' was not met.)\n"
    )
    assert native_reason(raw) == "Xml::Element::getAs(): The given Node was not an Element"
    assert native_reason(ValueError("plain.")) == "plain"

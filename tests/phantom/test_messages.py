"""A scenario that is wrong is refused with the place, a sentence and what to do."""

from __future__ import annotations

import math

import pytest
from pydantic import BaseModel

from heelraise.errors import ProtocolError
from heelraise.phantom import Scenario, build_scenario, load_scenario


def floats(model, path=()):
    """Every field that takes a number with a fraction."""
    for name, field in model.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from floats(kind, (*path, name))
        elif "float" in str(kind):
            yield (*path, name), "tuple" in str(kind)


@pytest.mark.parametrize("value", [math.inf, -math.inf, math.nan])
def test_no_number_may_be_infinite(value):
    fields = list(floats(Scenario))
    assert len(fields) > 70
    for path, several in fields:
        data = [value] if several else value
        for name in reversed(path):
            data = {name: data}
        with pytest.raises(ProtocolError, match=r"\.".join(path)) as caught:
            build_scenario(data)
        assert caught.value.exit_status == 3


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("task:\n  hold: 3\n", 't.yaml:2:3: unknown key "task.hold"; did you mean "task.hold_s"?'),
        ("task: {}\nhold_s: 3\n", 't.yaml:2:1: unknown key "hold_s"; did you mean "task.hold_s"?'),
        ("frequency_hz: 3\n", "left.frequency_hz or right.frequency_hz"),
        ("qqqq: 3\n", "known here: name, title"),
        ("left:\n  rms_deg: .inf\n", "t.yaml:2:12: left.rms_deg: Input should be a finite number, not inf"),
        ("lab: {plate_zero: true}\n", "lab.plate_zero: no effect without task.step_on_s"),
        ("lab:\n  marker_set: none\n", 't.yaml:2:15: lab.marker_set: the phantom wears no marker set "none"; known: '),
        ("lab: {marker_set: plugin_gait}\n", 'did you mean "plug_in_gait"?'),
        ("emg:\n  muscles: [soleus, soleus]\n", "t.yaml:2:12: emg.muscles: name each muscle once"),
        ("emg: {muscles: [soleu]}\n", 'no muscle is called "soleu"; did you mean "soleus"?'),
        ("", 'the document is empty; begin with a key such as "task:"'),
        ("- 1\n", "a scenario is a mapping"),
        ("task: {}\n---\na: 1\n", "keep one scenario in a file"),
        ("task: 3\n", "t.yaml:1:7: task: "),
    ],
)
def test_messages_have_place_and_remedy(tmp_path, text, message):
    path = tmp_path / "t.yaml"
    path.write_text(text)
    with pytest.raises(ProtocolError) as caught:
        load_scenario(str(path))
    assert message in str(caught.value)
    assert "auto" not in str(caught.value)
    assert "protocol" not in str(caught.value)


def test_several_faults_are_told_in_the_order_of_the_file(tmp_path):
    path = tmp_path / "t.yaml"
    path.write_text("left: {rms_deg: -1}\ntask: {hold: 3}\n")
    with pytest.raises(ProtocolError, match=r"(?s)t\.yaml:1:17: left\.rms_deg.*\nt\.yaml:2:8: unknown key"):
        load_scenario(str(path))


def test_muscles_of_the_analysis_s_table_may_be_recorded():
    assert build_scenario({"emg": {"muscles": ["vastus_lateralis"]}}).emg.muscles == ("vastus_lateralis",)

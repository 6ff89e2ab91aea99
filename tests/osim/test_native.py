import pytest

from heelraise.errors import InputError
from heelraise.osim import native


@pytest.mark.parametrize(
    ("script", "says"),
    [
        ("import os; os.abort()", "crashed with status"),
        ("import time; time.sleep(60)", "did not finish within 1 s"),
        ("raise SystemExit(3)", "crashed with status 3"),
        ("pass", "crashed with status 0"),
    ],
)
def test_a_crash_or_a_hang_is_one_sentence(script, says, tmp_path, monkeypatch):
    child = tmp_path / "child.py"
    child.write_text(script)
    monkeypatch.setattr(native, "_SCRIPT", child)
    with pytest.raises(InputError, match=says) as caught:
        native.run_native_tool("AnyTool", [], tmp_path / "m.osim", tmp_path, limit_s=1.0)
    assert str(caught.value).startswith(f"{tmp_path / 'm.osim'}: OpenSim's AnyTool failed")


def test_values_are_escaped():
    assert native.text("a<b&c") == "a&lt;b&amp;c"

"""The commands of the README's section on OpenSim, as a stranger would copy them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def test_they_run_and_write_what_is_said(tmp_path):
    pytest.importorskip("opensim")
    section = re.search(r"^## OpenSim\n(.*?)^## ", (ROOT / "README.md").read_text(encoding="utf-8"), re.M | re.S)
    assert section is not None
    commands = re.search(r"```sh\n(.*?)```", section[1], re.S)
    assert commands is not None
    for line in commands[1].splitlines():
        words, _, target = line.partition(" > ")
        head, *arguments = words.split()
        assert head == ".venv/bin/heelraise"
        arguments = [str(ROOT / word) if word.startswith("sample_c3d/") else word for word in arguments]
        done = subprocess.run(
            [sys.executable, "-m", "heelraise", *arguments],
            cwd=tmp_path,
            env=dict(os.environ),
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, ""), line
        if target:
            (tmp_path / target).write_text(done.stdout)
    written = {path.name for path in (tmp_path / "opensim_out").iterdir()}
    assert {"no_tremor.trc", "no_tremor_model.osim"} <= written
    assert {f"no_tremor{end}" for end in re.findall(r"`(_[a-z_]+\.[a-z]+)`", section[1])} <= written
    assert sorted(path.name for path in tmp_path.iterdir()) == ["opensim_out", "setup.xml"]

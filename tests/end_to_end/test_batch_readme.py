"""What README and the manual say about archives holds on the samples."""

from __future__ import annotations

import csv
import re
import shlex
from dataclasses import fields
from pathlib import Path

from heelraise.batch.rows import CHECK_COLUMNS, METRIC_COLUMNS, PHASE_COLUMNS
from heelraise.batch.tables import TrialRow

ROOT = Path(__file__).parents[2]
MANUAL = ROOT / "plugin" / "docs" / "batch.md"


def commands() -> list[list[str]]:
    section = (ROOT / "README.md").read_text(encoding="utf-8").partition("\n## Archives\n")[2].partition("\n## ")[0]
    block = re.search(r"```sh\n(.*?)```", section, re.DOTALL)
    assert block is not None
    return [shlex.split(line)[1:] for line in block[1].splitlines()]


def test_the_commands_of_the_readme_do_what_it_says(cli, tmp_path):
    (tmp_path / "sample_c3d").mkdir()
    # The shortest of the samples: the others are analysed elsewhere.
    (tmp_path / "sample_c3d/single_leg_firm.c3d").symlink_to(ROOT / "sample_c3d/single_leg_firm.c3d")
    preview, first, second = (cli(*command) for command in commands())
    assert (preview.returncode, first.returncode, second.returncode) == (0, 0, 0), first.stderr
    assert "to analyse: 1; done before: 0; failed before: 0" in preview.stdout
    assert "1 done, 0 failed (0 known from before)" in first.stdout
    assert "1 done, 0 failed (1 known from before)" in second.stdout
    with (tmp_path / "study_out/metrics.csv").open(encoding="utf-8", newline="") as stream:
        assert next(csv.reader(stream)) == ["subject", "session", "trial", *METRIC_COLUMNS]


def test_the_manual_names_every_column_and_option(cli):
    text = MANUAL.read_text(encoding="utf-8")
    named = set(re.findall(r"`([a-z_0-9]+)`", text))
    columns = {field.name for field in fields(TrialRow)} | {*METRIC_COLUMNS, *PHASE_COLUMNS, *CHECK_COLUMNS}
    assert columns <= named
    options = set(re.findall(r"(--[a-z][a-z0-9-]+)", cli("batch", "--help", COLUMNS="200", TERM="dumb").stdout))
    told = set(re.findall(r"(--[a-z][a-z0-9-]+)", text + (ROOT / "README.md").read_text(encoding="utf-8")))
    assert options - told <= {"--help", "--output", "--protocol", "--jobs", "--quiet"}

"""The reference page and the methods paragraph say what the declarations say."""

from __future__ import annotations

import re
from pathlib import Path

from heelraise.metrics.definitions import BY_NAME, DEFINITIONS
from heelraise.metrics.reference import methods, page

PAGE = Path(__file__).parents[2] / "plugin" / "docs" / "metrics.md"


def test_the_page_in_the_documentation_is_that_of_the_declarations() -> None:
    assert PAGE.read_text(encoding="utf-8") == page()


def test_every_metric_is_declared_once_with_a_formula_and_a_source() -> None:
    assert len(BY_NAME) == len(DEFINITIONS)
    for one in DEFINITIONS:
        assert all(text.strip() for text in (one.formula, one.reference, one.unit)), one.name
        assert page().count(f"| `{one.name}` |") == 1


def test_sway_says_from_which_duration_it_is_given() -> None:
    rows = {line.split("`")[1]: line for line in page().splitlines() if line.startswith("| `")}
    assert " From 1 s. |" in rows["cop_path"]
    assert " From 20 s. |" in rows["cop_f50_ap"]
    assert " From 30 s. |" in rows["cop_hurst_short_ml"]
    told = {name for name, row in rows.items() if re.search(r" From \d+ s\. \|", row)}
    assert told == {name for name in rows if name.startswith("cop_")}


def test_methods_name_what_was_measured_and_nothing_else() -> None:
    text = methods(["cop_ellipse_area", "emg_rms", "somebody_elses"])
    assert all(part in text for part in ("cop_ellipse_area", "Schubert and Kirchner 2014", "SENIAM"))
    assert not any(part in text for part in ("somebody_elses", "tremor"))
    assert methods([]) == ""


def test_a_source_is_named_once_and_ours_is_no_source() -> None:
    names = [one.name for one in DEFINITIONS if "Prieto" in one.reference]
    assert len(names) > 3
    text = methods(names)
    assert text.count("Prieto et al. 1996") == 1
    assert "heelraise" not in methods(["tremor_prominence"])
    assert "heelraise" not in methods(["tremor_frequency"])
    assert "tremor_frequency (Hz): power-weighted" in methods(["tremor_frequency"])

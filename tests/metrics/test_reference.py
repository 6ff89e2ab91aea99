"""The reference page and the methods paragraph say what the declarations say."""

from __future__ import annotations

import re
from pathlib import Path

from heelraise.metrics.definitions import BY_NAME, DEFINITIONS, FAMILIES
from heelraise.metrics.reference import methods, page
from heelraise.signal.spectrum import HALF_BANDWIDTH_HZ, LONG_FROM_S, LONG_HALF_BANDWIDTH_HZ

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


def test_tremor_tells_the_estimator_that_is_used() -> None:
    said = methods(["tremor_frequency"])
    of_short, of_long = f"{HALF_BANDWIDTH_HZ:g} Hz under {LONG_FROM_S:g} s", f"{LONG_HALF_BANDWIDTH_HZ:g} Hz from there"
    assert f"sine multitaper density of the detrended signal, half-bandwidth {of_short} and {of_long}" in said
    tremor = dict(FAMILIES)["Tremor"]
    assert not any("Welch" in one.formula for one in tremor)


def test_no_number_that_a_protocol_sets_is_written_into_a_formula() -> None:
    fixed = ("4 to 15 Hz", "20 to 450 Hz", "20 and 450 Hz", "3 to 4 s", "5 deg)")
    assert not [one.name for one in DEFINITIONS if any(number in one.formula for number in fixed)]
    assert not re.search(r"\{[a-z_]+\.", page())
    said = methods(["tremor_rms", "emg_rms", "tempo_compliance"], lambda name, key: f"<{name} {key}>")
    assert "<tremor_rms tremor.band>" in said
    assert "<emg_rms emg.band>" in said
    assert "<tempo_compliance tempo.lower_s>" in said

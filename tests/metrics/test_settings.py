"""Settings of a protocol in words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heelraise.metrics.settings import default_words, differing, fill, in_words
from heelraise.protocol.load import load_protocol
from heelraise.protocol.sources import preset_names


def changed(section, **values):
    resolved = dict(load_protocol().resolved)
    resolved[section] = {**resolved[section], **values}
    return in_words(resolved)


def test_words_have_units_and_shares_are_in_percent():
    words = default_words()
    expected = {
        "tremor.band": "4 to 15 Hz",
        "tremor.sub_bands": "2 to 4, 4 to 8, 8 to 12, 13 to 18 Hz",
        "tremor.family_wise_rate": "1 %",
        "emg.band": "20 to 450 Hz",
        "emg.notch_hz": "none",
        "phases.min_hold_s": "0.5 s",
        "phases.use_events": "yes",
        "matching.force_fraction": "5 %",
        "screening.asymmetry.ratio": "3",
        "screening.cessation.rule": "peak_in_hold and latency_beyond_limit",
    }
    assert {key: words[key] for key in expected} == expected


def test_the_default_differs_from_itself_in_nothing():
    assert differing(default_words()) == {}


@pytest.mark.parametrize("name", sorted(set(preset_names()) - {"auto"}))
def test_presets_differ_in_what_they_are_about_and_not_in_their_texts(name):
    found = differing(in_words(load_protocol(name).resolved))
    assert found["task"] == (name, "auto")
    assert not {key.rpartition(".")[2] for key in found} & {"name", "title", "description", "reference", "extends"}


def test_the_subject_and_the_files_of_a_recording_are_not_told():
    assert differing(changed("subject", id="P-17", mass_kg=71.0)) == {}
    found = differing(changed("emg", normalisation="mvc", reference="smith_mvc.c3d", muscles={"left.soleus": "EMG 3"}))
    assert found == {
        "emg.muscles": ("given", "none"),
        "emg.normalisation": ("mvc", "none"),
        "emg.reference": ("given", "none"),
    }


@given(low=st.floats(2, 10), width=st.floats(0.5, 10))
def test_a_changed_band_is_told_once_with_the_default_beside_it(low, width):
    found = differing(changed("tremor", band=[low, low + width]))
    assert found in ({}, {"tremor.band": (f"{low:g} to {low + width:g} Hz", "4 to 15 Hz")})


def test_settings_are_put_in_by_their_keys_and_other_braces_stay():
    words = {"tremor.band": "4 to 15 Hz", "screening.cessation.settled_s": "0.5 s"}
    text = fill("{axis} in {tremor.band} for {screening.cessation.settled_s}", words.__getitem__)
    assert text == "{axis} in 4 to 15 Hz for 0.5 s"


@pytest.mark.parametrize("damaged", [{}, {"tremor": None}, {"tremor": {"band": {"low": 4}}}, {"emg": 3, "static": []}])
def test_damaged_settings_are_read_as_far_as_they_go(damaged):
    assert isinstance(differing(in_words(damaged)), dict)

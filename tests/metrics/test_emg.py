"""Records of amplitude, fatigue, onset and co-contraction."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import scipy.interpolate
import scipy.signal

from heelraise.labelled.model import EmgSeries
from heelraise.metrics.definitions import BY_NAME
from heelraise.metrics.emg import emg_metrics
from heelraise.metrics.emg_spectral import CODES
from heelraise.phases.model import Phase
from heelraise.protocol.schema import Protocol

RATE = 1000.0


def noise(seed, seconds, low=40.0, high=160.0):
    x = np.random.default_rng(seed).normal(size=round(seconds * RATE))
    sos = scipy.signal.butter(4, (low, high), "bandpass", fs=RATE, output="sos")
    x = scipy.signal.sosfiltfilt(sos, x)
    return x / x.std()


def sliding(seed, seconds, squeeze=1.0, growth=1.0):
    """EMG whose spectrum is compressed by `squeeze` and whose amplitude grows `growth`-fold to its end."""
    n = round(seconds * RATE)
    share = np.linspace(0, 1, n)
    source = noise(seed, seconds + 10, 60, 140)
    at = np.cumsum(1 / (1 + (squeeze - 1) * share))
    spline = scipy.interpolate.CubicSpline(np.arange(source.size), source)
    return spline(at) * (1 + (growth - 1) * share)


def one(values, muscle="soleus", side="left", **rest):
    return EmgSeries(muscle, "XXX", side, muscle, RATE, np.asarray(values, dtype=float), **rest)


def measure(emg, phases):
    found = emg_metrics(SimpleNamespace(emg=tuple(emg)), phases, Protocol().tremor, np.random.default_rng(0))
    assert all(m.name in BY_NAME for m in found)
    assert all((m.value is None) or np.isfinite(m.value) for m in found)
    return found


def pick(found, name, phase="hold", signal=None):
    return [m for m in found if m.name == name and m.phase == phase and signal in (None, m.signal)]


HOLD = [Phase("left", 1, "hold", 0.0, 40.0, "protocol")]


@pytest.mark.parametrize(
    ("squeeze", "growth", "word"),
    [
        (1.5, 1.6, "fatigue"),
        (0.7, 1.6, "force_increase"),
        (1.5, 0.6, "force_decrease"),
        (0.7, 0.6, "recovery"),
        (1.0, 1.0, "indeterminate"),
    ],
)
def test_the_quadrant_is_a_number_and_a_word(squeeze, growth, word):
    found = measure([one(sliding(2, 40.0, squeeze, growth))], HOLD)
    (metric,) = pick(found, "emg_fatigue_quadrant")
    assert metric.detail["quadrant"] == word
    if word == "indeterminate":
        assert (metric.status, metric.value) == ("not_detected", None)
    else:
        # A soleus whose frequency rises is as good a finding as any.
        assert (metric.status, metric.value) == ("ok", CODES[word])
        (slope,) = pick(found, "emg_median_frequency_slope")
        assert (slope.value < 0) == (squeeze > 1)
        assert slope.detail["theil_sen"] == pytest.approx(slope.value, rel=0.4)


def test_the_fatigue_index_of_a_sliding_spectrum_is_its_compression_to_the_sixth():
    ratios = []
    for seed in range(6):
        (metric,) = pick(measure([one(sliding(seed, 40.0, 1.2))], HOLD), "emg_fatigue_index")
        assert metric.ci95[0] < metric.value < metric.ci95[1]
        ratios.append(metric.value)
    # First to last middle of an epoch: 39 of the 40 s.
    first, last = 1 + 0.2 * 0.0125, 1 + 0.2 * 0.9875
    assert np.exp(np.mean(np.log(ratios))) == pytest.approx((last / first) ** 6, rel=0.1)


def test_gain_changes_only_amplitudes_and_a_reference_makes_percentages():
    plain = measure([one(noise(1, 20.0))], HOLD)
    louder = measure([one(1e-4 * noise(1, 20.0))], HOLD)
    shares = measure([one(1e-4 * noise(1, 20.0), reference=4e-4, reference_name="mvc: mvc.c3d")], HOLD)
    for a, b, c in zip(plain, louder, shares, strict=True):
        assert a.name == b.name == c.name
        factor = 1e-4 if a.name == "emg_rms" else 1.0
        percent = 25.0 if a.name == "emg_rms" else 1.0
        if a.value is not None:
            assert b.value == pytest.approx(factor * a.value, rel=1e-6)
            assert c.value == pytest.approx(percent * a.value, rel=1e-6)
    (metric,) = pick(shares, "emg_rms")
    assert (metric.unit, metric.detail["reference"]) == ("%", "mvc: mvc.c3d")


def test_a_short_hold_has_no_slopes():
    found = measure([one(noise(1, 5.0))], [Phase("left", 1, "hold", 0.0, 5.0, "protocol")])
    for name in ("emg_rms_slope", "emg_median_frequency_slope", "emg_fatigue_index", "emg_fatigue_quadrant"):
        (metric,) = pick(found, name)
        assert (metric.status, metric.value) == ("too_short", None)
        assert metric.reason.startswith("5 epochs")


def set_of_raises(count=14, period=2.0):
    phases = []
    for k in range(count):
        start = 3.0 + k * period
        phases.append(Phase("left", k + 1, "rise", start, start + 0.8, "protocol"))
        phases.append(Phase("left", k + 1, "lower", start + 0.9, start + 1.7, "protocol"))
    return [Phase("left", 1, "stand_before", 0.0, 3.0, "protocol"), *phases]


def test_a_tiring_set_shows_osterbergs_direction():
    """Acceptance anchor: shortening, frequency down at unchanged rms; lengthening, both down."""
    phases = set_of_raises()
    tired, fresh = sliding(3, 34.0, 1.5), sliding(4, 34.0, 1.5, 0.4)
    x = tired.copy()
    for phase in phases:
        if phase.phase == "lower":
            rows = phase.frames(RATE, x.size)
            x[rows] = fresh[rows]
    found = measure([one(x)], phases)
    for phase, falls in (("rise", False), ("lower", True)):
        slopes = {m.name: m for m in found if m.phase == phase and m.repetition is None}
        assert slopes["emg_median_frequency_slope"].ci95[1] < 0
        assert (slopes["emg_rms_slope"].ci95[1] < 0) == falls
        assert len(pick(found, "emg_mean_frequency", phase)) == 14
    assert not [m for m in measure([one(x)], phases[:10]) if m.repetition is None]


def test_a_rise_that_the_trial_cuts_off_gives_no_epoch():
    phases = set_of_raises()
    x = sliding(3, 34.0)
    last = max(p.repetition for p in phases if p.phase == "rise")
    cut = [replace(p, cut="the trial ends in it") if p.repetition == last else p for p in phases]
    numbers = {m.repetition for m in pick(measure([one(x)], cut), "emg_rms", "rise")}
    assert last not in numbers
    assert last - 1 in numbers


def standing(seed=5, at=4.7, seconds=10.0):
    x = 1e-5 * noise(seed, seconds)
    x[round(at * RATE) :] *= 10
    return x


RAISE = [
    Phase("left", 1, "stand_before", 0.0, 5.0, "protocol"),
    Phase("left", 1, "rise", 5.0, 6.0, "protocol"),
    Phase("left", 1, "lower", 8.0, 9.0, "protocol"),
]


def test_movements_have_intervals_and_single_onsets_say_why_not():
    phases, signal = [], []
    for k in range(3):
        signal.append(standing())
        phases += [replace(p, repetition=k + 1, start_s=p.start_s + 10 * k, stop_s=p.stop_s + 10 * k) for p in RAISE]
    found = measure([one(np.concatenate(signal))], phases)
    for name in ("emg_rms", "emg_median_frequency", "emg_mean_frequency"):
        for metric in pick(found, name, "rise"):
            assert metric.ci95[0] < metric.value < metric.ci95[1]
    onsets = pick(found, "emg_onset", "rise")
    assert [m.ci95 for m in onsets if m.repetition] == [None] * 3
    assert all("interval" in m.detail for m in onsets)
    (mean,) = [m for m in onsets if m.repetition is None]
    assert mean.value == pytest.approx(np.mean([m.value for m in onsets if m.repetition]))
    assert mean.detail["repetitions"] == 3


@pytest.mark.parametrize("shift", [0.0, 1.0, 2.5])
def test_the_onset_is_told_against_the_rise_and_shifts_with_it(shift):
    x = np.concatenate([1e-5 * noise(9, shift + 1)[: round(shift * RATE)], standing()])
    moved = [replace(p, start_s=p.start_s + shift, stop_s=p.stop_s + shift) for p in RAISE]
    (metric,) = pick(measure([one(x)], moved), "emg_onset", "rise")
    assert metric.value == pytest.approx(-0.3, abs=0.03)
    assert (metric.unit, metric.detail["delay_ms"]) == ("s", "unset")
    (known,) = pick(measure([one(x, delay_ms=0.0)], moved), "emg_onset", "rise")
    assert "delay_ms" not in known.detail


def test_an_onset_needs_quiet_stance_and_a_start():
    (early,) = pick(measure([one(standing(at=3.2))], RAISE), "emg_onset", "rise")
    assert early.value is None or early.value < -0.9
    (never,) = pick(measure([one(1e-5 * noise(5, 10.0))], RAISE), "emg_onset", "rise")
    assert never.status == "not_detected"
    for phases in (RAISE[1:], [replace(RAISE[0], start_s=3.8), *RAISE[1:]]):
        (absent,) = pick(measure([one(standing())], phases), "emg_onset", "rise")
        assert (absent.status, absent.value) == ("not_available", None)
        assert "quiet stance" in absent.reason
    x = standing()
    x[2000:4000] = np.nan
    (masked,) = pick(measure([one(x)], RAISE), "emg_onset", "rise")
    assert masked.status == "masked"


def test_cocontraction_needs_references_and_then_does_not_depend_on_gain():
    calf, front = noise(6, 40.0), 0.2 * noise(7, 40.0)
    bare = [one(calf), one(front, "tibialis_anterior")]
    (absent,) = pick(measure(bare, HOLD), "cocontraction_index")
    assert (absent.status, absent.value) == ("not_available", None)
    assert "emg.normalisation" in absent.reason
    values = []
    for gain in (1.0, 1e-5):
        known = [
            one(gain * calf, reference=2 * gain, reference_name="mvc: a.c3d"),
            one(front, "tibialis_anterior", reference=1.0, reference_name="mvc: a.c3d"),
        ]
        (metric,) = pick(measure(known, HOLD), "cocontraction_index")
        values.append(metric.value)
    assert values[0] == pytest.approx(values[1])
    # Half and a fifth of the reference, steady: 2 x 0.2 / 0.7.
    assert values[0] == pytest.approx(100 * 0.4 / 0.7, rel=0.05)
    assert metric.ci95[0] < metric.value < metric.ci95[1]
    assert metric.signal == "emg_soleus~emg_tibialis_anterior"


def test_cocontraction_at_the_references_own_effort_is_full():
    # One signal in both channels: two independent ones scatter against each other, which lowers min over max.
    x = noise(6, 40.0)
    emg = [
        one(gain * x, muscle, reference=gain * float(np.sqrt(np.mean(x**2))), reference_name="mvc: a.c3d")
        for muscle, gain in (("soleus", 1.0), ("tibialis_anterior", 1e-4))
    ]
    (metric,) = pick(measure(emg, HOLD), "cocontraction_index")
    assert metric.detail["rudolph"] == pytest.approx(2.0, abs=0.05)
    assert metric.value == pytest.approx(100.0)


def test_flags_of_a_channel_stay_with_rises_and_holds():
    x = noise(3, 40.0)
    moves = [Phase("left", n, "rise", 4.0 * n, 4.0 * n + 1.5, "protocol") for n in range(1, 4)]
    found = measure([one(x, flags=("clipped", "mains"))], [*moves, HOLD[0]])
    for name in ("emg_rms", "emg_median_frequency", "emg_mean_frequency"):
        for phase in ("rise", "hold"):
            records = pick(found, name, phase)
            assert records
            assert all(m.detail["flags"] == ["clipped", "mains"] for m in records)


@pytest.mark.parametrize(("depth", "buried"), [(0.0, None), (0.18, True), (0.6, False)])
def test_a_shallow_modulation_lies_below_the_floor_of_its_own_band(depth, buried):
    t = np.arange(40_000) / RATE
    emg = one((1 + depth * np.sin(2 * np.pi * 7 * t)) * noise(5, 40.0))
    found = {m.name: m for m in measure([emg], HOLD) if m.name.startswith("tremor_")}
    if buried is None:
        assert found["tremor_frequency"].status == "not_detected"
        return
    narrow = ("tremor_rms", "tremor_peak_rms", "tremor_peak_to_peak")
    assert len({found[name].band for name in narrow}) == 1
    assert len({found[name].status for name in (*narrow, "tremor_frequency")}) == 1
    assert found["tremor_rms"].status == "ok"
    # Of the same band: the two differ by what they take off, surrogates or background, and not by its width.
    gap = found["tremor_peak_rms"].value ** 2 - found["tremor_rms"].value ** 2
    assert abs(gap) < 2 * found["tremor_rms"].noise_floor ** 2
    assert found["tremor_peak_rms"].value == pytest.approx(depth, abs=0.08)
    for name in ("tremor_burst_mean", "tremor_burst_max"):
        assert found[name].status == ("below_noise_floor" if buried else "ok")
        assert (found[name].value < found[name].noise_floor) or not buried or name == "tremor_burst_max"


def test_a_quiet_antagonist_may_be_cross_talk_and_a_loud_one_not():
    for level, flagged in ((0.1, True), (0.3, False)):
        emg = [one(noise(8, 20.0)), one(level * noise(9, 20.0), "tibialis_anterior")]
        found = measure(emg, HOLD)
        (metric,) = pick(found, "emg_rms", signal="emg_tibialis_anterior")
        assert ("possible_crosstalk" in metric.detail.get("flags", ())) == flagged
        (metric,) = pick(found, "emg_rms", signal="emg_soleus")
        assert "flags" not in metric.detail

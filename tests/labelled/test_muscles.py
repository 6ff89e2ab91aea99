"""EMG channels: units, offsets, limits, dead channels and missing samples."""

from types import SimpleNamespace

import numpy as np
import pytest
import scipy.signal
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from heelraise.c3d import AnalogCoding, NewC3D, write_c3d
from heelraise.errors import HeelraiseError
from heelraise.labelled.model import EmgSeries
from heelraise.labelled.muscles import advance, read_emg, volts
from heelraise.labelled.rails import on_a_limit
from heelraise.labels import identify_muscles
from heelraise.metrics.emg import emg_metrics
from heelraise.outputs.channels import _emg as copied_channels
from heelraise.outputs.channels import _quality as quality_code
from heelraise.phases.model import Phase
from heelraise.protocol.schema import Protocol
from heelraise.signal.filters import bandpass
from heelraise.stats.emg import emg_epochs, emg_quality, modulation_depth, rectified
from heelraise.trial import read_c3d

RATE = 1000.0
SECONDS = 12
COUNT = int(SECONDS * RATE)
#: (file, column) of channels in real files that touch a limit without resting on it.
REAL_LIMITS = {
    ("Qualisys", 53),
    ("bad_parameter_section", 12),
    ("bad_parameter_section", 13),
    ("bad_parameter_section", 14),
    ("sub_labels", 20),
    ("sub_labels", 21),
}


def carrier(seed=0, modulation=0.5, count=COUNT):
    """EMG in volts that a tremor of 7 Hz modulates."""
    time = np.arange(count) / RATE
    noise = bandpass(np.random.default_rng(seed).normal(size=count), RATE, 40.0, 200.0)
    return 1e-4 * noise / noise.std() * (1 + modulation * np.sin(2 * np.pi * 7 * time))


def trial(columns, units="V", labels=("L SOL", "R SOL", "L GM", "R GM")):
    analogs = np.column_stack(columns)
    names = tuple(labels[: analogs.shape[1]])
    return SimpleNamespace(
        analogs=analogs,
        analog_rate=RATE,
        analog_labels=names,
        analog_units=(units,) * len(names) if isinstance(units, str) else tuple(units),
    )


def read(columns, units="V", **emg):
    return read_emg(trial(columns, units), Protocol.model_validate({"emg": {"delay_ms": 0, **emg}}))


def codes(notes):
    return {note.code for note in notes}


@pytest.mark.parametrize(
    ("unit", "factor"),
    [
        *[(unit, 1.0) for unit in ("V", "v", "volt", "Volts", " V ", "V\0\0")],
        *[(unit, 1e-3) for unit in ("mV", "MV", "m V", "mvolts", "millivolt", "Millivolts", "milli-volts")],
        *[
            (unit, 1e-6)
            for unit in ("uV", "UV", "µV", "\u03bcV", "Âµv", "uvolts", "microV", "microvolts", "Micro Volt")
        ],
        *[(unit, 1e-9) for unit in ("nV", "nanovolts")],
        *[(unit, None) for unit in ("", "N", "bits", "a.u.", "%", "eV", "Vs", "m/s", "deg", "mm")],
    ],
)
def test_units_of_voltage(unit, factor):
    assert volts(unit) == factor


@pytest.mark.parametrize(("unit", "factor"), [("V", 1.0), ("mV", 1e-3), ("µV", 1e-6), ("Microvolts", 1e-6)])
def test_every_voltage_becomes_volts(unit, factor):
    (one,), _, notes = read([carrier() / factor], unit)
    (plain,), _, _ = read([carrier()])
    assert one.unit == "V"
    assert_allclose(one.values, plain.values, rtol=1e-9, atol=1e-15)
    assert codes(notes) == set()


@pytest.mark.parametrize(("unit", "said"), [("", "has no unit"), ("furlong", "is in 'furlong', which is no voltage")])
def test_an_unknown_unit_is_kept_aloud(unit, said):
    (one,), _, notes = read([carrier()], unit)
    assert one.unit == (unit or "as stored")
    assert [note.code for note in notes] == ["emg_unit_unknown"]
    assert said in notes[0].message
    assert_allclose(one.values, read([carrier()])[0][0].values)


@pytest.mark.parametrize("offset", [-3.0, 1e-3, 2.5])
def test_a_constant_offset_makes_no_difference(offset):
    (one,), _, notes = read([carrier() + offset])
    (plain,), _, _ = read([carrier()])
    assert_allclose(one.values, plain.values, atol=1e-10)
    assert abs(np.mean(one.values)) < 1e-4 * np.std(one.values)
    assert codes(notes) == set()


@pytest.mark.parametrize("offset", [0, 2048, -300])
def test_integer_files_with_an_offset_of_their_own(tmp_path, offset):
    """A 12-bit converter of +-1 mV at the electrodes, stored from 0 to 4095 or around zero."""
    step = 2e-3 / 4096
    new = NewC3D(
        points=np.ones((COUNT // 10, 1, 3)),
        point_rate=RATE / 10,
        point_labels=["A"],
        analogs=carrier()[:, None],
        analog_labels=["L SOL"],
        analog_units=["V"],
        analog_per_frame=10,
        storage="int16",
        analog_codings=[AnalogCoding(step, offset)],
    )
    write_c3d(tmp_path / "a.c3d", new)
    (one,), _, notes = read_emg(read_c3d(tmp_path / "a.c3d"), Protocol())
    (plain,), _, _ = read([carrier()])
    assert np.abs(one.values - plain.values).max() < 2 * step
    assert codes(notes) == {"emg_delay_unset"}


def limited(kind):
    """Channels on a limit of some sort; the EMG has an rms of 0.1 mV and peaks of 0.6 mV."""
    x, generator = carrier(), np.random.default_rng(1)
    return {
        "flat": np.clip(x, -2e-4, 2e-4),
        "above only": np.minimum(x, 2.5e-4),
        "not quite flat": np.clip(x, -2.5e-4, 2.5e-4) + 1e-7 * generator.normal(size=COUNT),
        "single samples": np.clip(x, -3e-4, 3e-4),
        "int16": np.clip(np.rint(x / 6e-9), -32768, 32767) * 6e-9,
        "int16 with an offset": (np.clip(np.rint(x / 6e-9) + 8000, -32768, 32767) - 8000) * 6e-9,
        "12 bits": np.clip(np.rint(x / 1e-7), -2048, 2047) * 1e-7,
        "8 bits": np.clip(np.rint(x / 2e-6), -128, 127) * 2e-6,
        "an offset that saturates": np.clip(x + 3e-4, -5e-4, 5e-4),
    }[kind]


@pytest.mark.parametrize(
    "kind",
    [
        "flat",
        "above only",
        "not quite flat",
        "single samples",
        "int16",
        "int16 with an offset",
        "12 bits",
        "8 bits",
        "an offset that saturates",
    ],
)
def test_channels_on_a_limit_are_flagged(kind):
    (one,), description, notes = read([limited(kind)])
    assert "clipped" in one.flags
    assert "emg_clipped" in codes(notes)
    assert description["channels"][0]["flags"] == ["clipped"]
    assert np.isfinite(one.values).all()


def free(kind):
    x, time = carrier(), np.arange(COUNT) / RATE
    return {
        "EMG": x,
        "strongly modulated": carrier(2, 1.0),
        "quiet with a burst": x * np.where(np.abs(time - 6) < 0.2, 1.0, 0.02),
        "one spike": np.where(np.arange(COUNT) == 5000, 5e-3, x),
        "int16 filled to its peak": np.rint(x / np.abs(x).max() * 32767) * np.abs(x).max() / 32767,
        "8 bits": np.rint(x / np.abs(x).max() * 127) * 1e-6,
        "5 bits": np.rint(x / np.abs(x).max() * 15) * 1e-5,
        "drift": x + 1e-4 * time,
    }[kind]


@pytest.mark.parametrize(
    "kind",
    [
        "EMG",
        "strongly modulated",
        "quiet with a burst",
        "one spike",
        "int16 filled to its peak",
        "8 bits",
        "5 bits",
        "drift",
    ],
)
def test_channels_free_of_limits_are_not(kind):
    (one,), _, notes = read([free(kind)])
    assert one.flags == ()
    assert codes(notes) == set()


@settings(max_examples=100)
@given(
    frequency=st.floats(0.5, 110) | st.sampled_from([25.0, 50.0, 60.0, 100.0]),
    steps=st.integers(10, 30_000),
    rate=st.sampled_from([500.0, 1000.0, 4000.0]),
    phase=st.floats(0, 6),
    seed=st.integers(0, 2**32 - 1),
)
def test_hum_is_on_no_limit(frequency, steps, rate, phase, seed):
    """The signal that dwells longest at its extremes, at any rate (more than four samples a cycle) and resolution."""
    wave = np.sin(2 * np.pi * frequency * np.arange(int(8 * rate)) / rate + phase)
    wave += 0.01 * np.random.default_rng(seed).normal(size=wave.size)
    assert not on_a_limit(np.rint(wave * steps)[:, None] / steps)[0]


@given(seed=st.integers(0, 2**32 - 1), scale=st.floats(1e-7, 1e3), offset=st.floats(-1e3, 1e3))
@settings(max_examples=40)
def test_scale_and_offset_do_not_change_the_verdict(seed, scale, offset):
    x = np.random.default_rng(seed).normal(size=(5000, 1))
    both = np.hstack((x, np.clip(x, -1.8, 1.8)))
    moved = both * scale + offset * scale
    assert on_a_limit(both).tolist() == on_a_limit(moved).tolist() == [False, True]


@given(seed=st.integers(0, 2**32 - 1), count=st.integers(20, 3000), heavy=st.booleans())
@settings(max_examples=100)
def test_the_extremes_of_a_short_record_are_no_limit(seed, count, heavy):
    """Sparse tails alone put one or two samples far from all others."""
    generator = np.random.default_rng(seed)
    x = generator.laplace(size=(count, 3)) if heavy else generator.normal(size=(count, 3))
    assert not on_a_limit(x).any()


def test_a_short_record_has_no_verdict():
    assert on_a_limit(np.ones((3, 2))).tolist() == [False, False]


@pytest.mark.parametrize(
    ("samples", "missing"),
    [(np.zeros(COUNT), False), (np.full(COUNT, 2.5), False), (np.full(COUNT, np.nan), True)],
)
def test_dead_channels_are_flagged_and_not_measured(samples, missing):
    found, description, notes = read([samples, carrier()])
    assert found[0].flags == ("dead",)
    assert found[1].flags == ()
    assert codes(notes) == {"emg_dead"} | ({"emg_missing"} if missing else set())
    assert ("has no finite sample" in " ".join(note.message for note in notes)) == missing
    assert description["channels"][0]["flags"] == ["dead"]
    assert copied_channels(found[0], (4.0, 15.0)) == []
    assert {metric.side for metric in metrics_of(found)} == {"right"}


def metrics_of(found, stop_s=float(SECONDS)):
    tremor = Protocol().tremor
    signals = SimpleNamespace(emg=tuple(found))
    phases = [Phase("both", 1, "hold", 0.0, stop_s, "protocol")]
    return emg_metrics(signals, phases, tremor, np.random.default_rng(3))


def table(metrics, side="left"):
    return {metric.name: metric for metric in metrics if metric.side == side}


def holed(start, stop, value=np.nan):
    x = carrier() + 1.0
    x[start:stop] = value
    return x


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_missing_samples_are_masked_and_nothing_else(value):
    (one,), description, notes = read([holed(4000, 4300, value)])
    (plain,), _, _ = read([carrier()])
    lost = np.isnan(one.values)
    assert np.array_equal(np.flatnonzero(lost), np.arange(4000, 4300))
    # A zero in the gap would ring with the offset of 1 V; a straight line leaves what is beside it alone.
    far = np.abs(np.arange(COUNT) - 4150) > 400
    assert_allclose(one.values[far], plain.values[far], atol=2e-6)
    assert np.abs(one.values[~lost]).max() < 1.1 * np.abs(plain.values).max()
    assert description["channels"][0]["missing"] == pytest.approx(0.025)
    assert codes(notes) == {"emg_missing"}
    assert "2.5 % of its samples" in notes[0].message


def test_a_gap_does_not_move_the_metrics():
    """0.3 s of 12 s; zeros in their place would lower the amplitude and modulate it."""
    holes, _, _ = read([holed(4000, 4300)])
    plain, _, _ = read([carrier()])
    ours, theirs = table(metrics_of(holes)), table(metrics_of(plain))
    assert set(ours) == set(theirs)
    assert ours["emg_rms"].detail["epochs_missing"] == 1
    assert ours["emg_rms"].value == pytest.approx(theirs["emg_rms"].value, rel=0.02)
    assert ours["emg_median_frequency"].value == pytest.approx(theirs["emg_median_frequency"].value, rel=0.02)
    assert ours["tremor_frequency"].value == pytest.approx(7.0, abs=0.1)
    assert ours["tremor_rms"].value == pytest.approx(theirs["tremor_rms"].value, rel=0.05)


def test_a_gap_makes_no_tremor():
    x = carrier(5, 0.0)
    for start in range(500, COUNT - 500, 1200):
        x[start : start + 50] = np.nan
    found, _, _ = read([x])
    assert table(metrics_of(found))["tremor_rms"].value is None


def test_a_hold_that_lacks_too_much_is_masked_with_the_reason():
    found, _, _ = read([holed(2000, 5000), carrier(1)])
    ours = table(metrics_of(found))
    assert ours["emg_rms"].detail["epochs_missing"] == 3
    assert (ours["tremor_rms"].status, ours["tremor_frequency"].status) == ("masked", "masked")
    assert "25% of the samples are missing" in ours["tremor_rms"].reason
    assert table(metrics_of(found), "right")["tremor_frequency"].value == pytest.approx(7.0, abs=0.1)
    gone = table(metrics_of(read([holed(0, 5000)])[0], 5.0))
    assert (gone["emg_rms"].status, gone["emg_rms"].value) == ("masked", None)


def test_the_copy_holds_its_channels_over_a_gap():
    (one,), _, _ = read([holed(4000, 4300)])
    (plain,), _, _ = read([carrier()])
    for ours, theirs in zip(copied_channels(one, (4.0, 15.0)), copied_channels(plain, (4.0, 15.0)), strict=True):
        assert np.isfinite(ours.samples).all()
        assert np.all(ours.samples[4000:4300] == ours.samples[3999])
        assert_allclose(ours.samples[:3000], theirs.samples[:3000], atol=3e-6)
    silent = EmgSeries("soleus", "SOL", "left", "L SOL", RATE, np.full(COUNT, np.nan))
    assert copied_channels(silent, (4.0, 15.0)) == []


@pytest.mark.parametrize("samples", [48.0, 47.5, -12.25])
def test_the_delay_shifts_and_invents_nothing(samples):
    ramp = np.arange(200.0)[:, None]
    moved = advance(ramp, samples)[:, 0]
    inside = (np.arange(200) + samples >= 0) & (np.arange(200) + samples <= 199)
    assert_allclose(moved[inside], (np.arange(200) + samples)[inside])
    assert np.isnan(moved[~inside]).all()


@pytest.mark.parametrize("band", [(20.0, 450.0), (5.0, 60.0), (150.0, 350.0)])
def test_frequencies_are_taken_over_the_band_of_the_protocol(band):
    white = np.random.default_rng(5).normal(size=COUNT)
    found, *_ = read([white], highpass_hz=band[0], lowpass_hz=band[1])
    epochs = found[0].values.reshape(-1, int(RATE))
    freq, psd = scipy.signal.periodogram(epochs, RATE, "hann", detrend="constant", scaling="spectrum")
    rows = (freq >= band[0]) & (freq <= band[1])
    expected = np.mean(psd[:, rows] @ freq[rows] / psd[:, rows].sum(axis=1))
    assert table(metrics_of(found))["emg_mean_frequency"].value == pytest.approx(expected, rel=1e-6)


def test_epochs_count_what_is_there():
    x = np.tile([1.0, -1.0], 2000)
    x[100:120] = np.nan
    x[1000:1900] = np.nan
    epochs = emg_epochs(x, RATE)
    assert_allclose(epochs.rms, [1, np.nan, 1, 1])
    assert_allclose(epochs.arv, [1, np.nan, 1, 1])
    assert np.isnan(epochs.median_frequency[1])


def test_rectified_blocks_bridge_what_is_missing():
    x = np.tile([2.0, -2.0], 500)
    x[10:14] = np.nan
    x[503] = np.nan
    means, rate = rectified(x[:, None], RATE)
    assert rate == 200.0
    assert_allclose(means, 2.0)
    depth = modulation_depth(np.tile(x, 4), RATE, np.random.default_rng(0))
    assert np.isfinite(depth.floor)


@pytest.mark.corpus
def test_real_channels_on_a_limit(corpus):
    """Converters of 12 bits at their ends, an amplifier that saturates at -6.3 and 8.7 mV, and no other channel."""
    seen, found = 0, set()
    for path in sorted(path for path in (corpus / "real_c3d").rglob("*") if path.suffix.lower() == ".c3d"):
        try:
            recording = read_c3d(path)
        except HeelraiseError:
            continue
        if not recording.analogs.size or recording.analog_rate <= 0:
            continue
        columns = [channel.column for channel in identify_muscles(recording.analog_labels, recording.analog_units)]
        raw = np.nan_to_num(recording.analogs[:, columns])
        seen += len(columns)
        if not columns:
            continue
        quality = emg_quality(raw, recording.analog_rate)
        # Those with runs of one value are found without it.
        at = on_a_limit(raw) & ~quality.dead & ~quality.clipped
        found |= {(path.stem, columns[k]) for k in np.flatnonzero(at)}
    assert seen == 336
    assert found == REAL_LIMITS


def test_the_quality_code_tells_where_emg_is_masked():
    values = np.ones(COUNT)
    values[3000:3100] = np.nan
    emg = EmgSeries(
        label="SOL", code="SOL", muscle="soleus", side="left", unit="V", values=values, rate=RATE, flags=()
    )  # fmt: skip
    empty = SimpleNamespace(solution=None, roles=())
    signals = SimpleNamespace(
        frames=SECONDS * 100,
        rate=100.0,
        emg=(emg,),
        ankles={"left": empty, "right": empty},
        heels={"left": empty, "right": empty},
        filled={},
        missing={},
    )
    codes = quality_code(signals, "left").samples
    assert codes.tolist() == [3.0 if 300 <= k < 310 else 0.0 for k in range(1200)]
    assert not quality_code(signals, "right").samples.any()

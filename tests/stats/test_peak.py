import math
from pathlib import Path

import numpy as np
import pytest
import scipy.signal

from heelraise.errors import InputError
from heelraise.signal.spectrum import Spectrum, multitaper, spectrum
from heelraise.stats import calibrate
from heelraise.stats.background import fit_background
from heelraise.stats.peak import TABLE, null_quantiles, peak_statistic, test_peak

RATE = 100.0


def most_false_alarms(count: int, rate: float) -> float:
    """What a rate allows with four standard deviations of chance."""
    return rate + 4 * math.sqrt(rate * (1 - rate) / count)


@pytest.mark.parametrize("seconds", [3.0, 4.5, 7.0, 9.9, 10.0, 17.0, 40.0])
@pytest.mark.parametrize(("exponent", "knee"), [(0.0, 0.0), (3.0, 0.0), (3.0, 10.0)])
def test_noise_is_called_a_peak_in_one_percent_of_records_at_most(seconds: float, exponent: float, knee: float) -> None:
    count = 400
    generator = np.random.default_rng([int(10 * seconds), int(exponent), int(knee)])
    x = calibrate.coloured_noise(generator, round(seconds * RATE), RATE, exponent, knee, count)
    s = spectrum(x, RATE)
    threshold = null_quantiles(s.resolution_hz, s.dof, 30.0).ratio(0.01)
    rate = np.mean(peak_statistic(s, fit_background(s)) >= threshold)
    assert rate <= most_false_alarms(count, 0.01)


@pytest.mark.parametrize(("seconds", "rms"), [(3.0, 0.2), (5.0, 0.15), (19.0, 0.1)])
def test_a_tremor_over_sway_and_marker_noise_is_found(seconds: float, rms: float) -> None:
    generator = np.random.default_rng(8)
    n = round(seconds * RATE)
    t = np.arange(n) / RATE
    sway = calibrate.coloured_noise(generator, n, RATE, 3, 0, 30) * 0.06
    for k, frequency in enumerate(np.linspace(4.5, 14, 30)):
        x = sway[:, k] + 0.03 * generator.normal(size=n)
        x = x + math.sqrt(2) * rms * np.sin(2 * np.pi * frequency * t)
        s = spectrum(x, RATE)
        found = test_peak(s, fit_background(s))
        assert found.found
        assert found.p_value < 0.01
        assert found.frequency == pytest.approx(frequency, abs=s.resolution_hz / 2)
        assert found.prominence_db > 10 * math.log10(found.threshold) - 1e-9


def test_power_decides_between_a_tremor_and_its_harmonic() -> None:
    t = np.arange(1900) / RATE
    sway = calibrate.coloured_noise(np.random.default_rng(9), 1900, RATE, 4, 0)[:, 0] * 0.3
    x = sway + np.sin(2 * np.pi * 5 * t) + 0.3 * np.sin(2 * np.pi * 10 * t)
    s = spectrum(x, RATE)
    assert test_peak(s, fit_background(s)).frequency == pytest.approx(5, abs=0.5)


def test_p_values_and_thresholds_are_inverse_and_monotonic() -> None:
    null = null_quantiles(2.0, 10.0, 30.0)
    tails = np.geomspace(0.4, 1e-6, 30)
    ratios = np.array([null.ratio(p) for p in tails])
    assert (np.diff(ratios) > 0).all()
    np.testing.assert_allclose([null.p_value(r) for r in ratios], tails, rtol=1e-9)
    assert null.p_value(0.0) == 1.0


def test_thresholds_fall_with_degrees_of_freedom() -> None:
    for resolution in (1.0, 2.0):
        ratios = [null_quantiles(resolution, dof, 30.0).ratio(0.01) for dof in (10, 20, 40, 80)]
        assert (np.diff(ratios) < 0).all()


def test_a_family_of_tests_raises_the_threshold() -> None:
    s = spectrum(np.random.default_rng(10).normal(size=600), RATE)
    background = fit_background(s)
    thresholds = [test_peak(s, background, alpha=0.01 / m).threshold for m in (1, 2, 8)]
    assert (np.diff(thresholds) > 0).all()
    narrow = test_peak(s, background, (12.0, 15.0))
    assert narrow.threshold < thresholds[0]


def test_only_calibrated_estimators_are_tested() -> None:
    x = np.random.default_rng(11).normal(size=1200)
    welch = Spectrum(*scipy.signal.welch(x, RATE, "hann", 200, 100), 21.6, 0.75, "welch", 12.0)
    for s in (welch, multitaper(x, RATE, tapers="slepian")):
        with pytest.raises(InputError, match="calibrated"):
            test_peak(s, fit_background(s))
    batch = spectrum(x.reshape(600, 2), RATE)
    with pytest.raises(InputError, match="one spectrum"):
        test_peak(batch, fit_background(batch))


def test_the_calibration_command_writes_the_same_table_for_the_same_seed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(calibrate, "RECORDS", {1.0: ((3.0, 1), (4.0, 2))})
    texts = []
    for name, workers in (("a.csv", "1"), ("b.csv", "2")):
        path = tmp_path / name
        assert calibrate.main(["--count", "60", "--workers", workers, "--output", str(path)]) == 0
        texts.append(path.read_text(encoding="utf-8"))
    assert texts[0] == texts[1]
    assert "wrote" in capsys.readouterr().out
    shipped = Path(calibrate.__file__).with_name(TABLE).read_text(encoding="utf-8").splitlines()
    assert texts[0].splitlines()[2] == shipped[2]

"""Every built-in scenario simulates, agrees with itself, and shows what its title says."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
import yaml

from heelraise.outputs.numbers import plain
from heelraise.outputs.summary import dump
from heelraise.phantom import list_scenarios, load_scenario, simulate
from heelraise.phantom.truth import FIELDS
from heelraise.resources import list_configs

KINEMATIC = [name for name in list_configs("scenarios") if load_scenario(name).model == "kinematic"]
WANTED = {
    "normal_hold", "hold_to_fatigue", "asymmetric_hold", "one_sided_hold", "one_sided_tremor", "supported_rest_calm",
    "supported_rest_tremor", "flat_stance_tremor", "outlasting_tremor", "hand_tremor_own", "hand_tremor_carried",
    "clonus_like", "orthostatic", "no_tremor", "slow_eccentric_kept", "slow_eccentric_lost", "single_leg_firm",
    "single_leg_foam", "rolling_into_inversion", "before_training", "after_training", "prefiltered_archive", "walking",
    "repetitions", "quiet_stance", "drifting_plates", "tiring_calf", "strong_reflex",
    "supported_rest_drive", "orthostatic_drive", "pozos1982", "pozos1982_drive",
}  # fmt: skip


@cache
def made(name):
    return simulate(load_scenario(name))


def tremor(name, side):
    return next(t for t in made(name).truth["tremor"] if t["side"] == side)


def holds(name, key):
    return [row[key] for row in made(name).truth["cop"] if row["phase"] == "hold"]


def test_all_scenarios_are_there_with_title_and_description():
    listed = dict(list_scenarios())
    assert set(listed) >= WANTED
    for name, title in listed.items():
        scenario = load_scenario(name)
        assert scenario.name == name
        assert title
        assert len(scenario.description) > 40
    assert len(set(listed.values())) == len(listed)
    assert len({load_scenario(name).seed for name in listed}) == len(listed)


@pytest.mark.parametrize("name", KINEMATIC)
def test_truth_agrees_with_itself(name):
    simulated = made(name)
    truth, world, lab = simulated.truth, simulated.world, simulated.scenario.lab
    frames = world.time.size
    assert all(path.shape == (frames, 3) for path in simulated.points.values())
    assert all(np.isfinite(path).all() for path in simulated.points.values()) or lab.gaps
    assert all(c.samples.shape == (frames * lab.analog_per_frame,) for c in simulated.channels)
    assert all(np.isfinite(c.samples).all() for c in simulated.channels)
    duration = frames / lab.point_rate_hz
    assert len(truth["edges"]) == len(truth["phases"])
    for asked, came in zip(truth["phases"], truth["edges"], strict=True):
        assert (asked["side"], asked["repetition"]) == (came["side"], came["repetition"])
        for key in ("rise_s", "hold_s", "lower_s", "down_s"):
            assert 0 <= came[key] <= duration
        # Half of the way up and down is the same by either definition.
        for first, last in (("rise_s", "hold_s"), ("lower_s", "down_s")):
            assert asked[first] + asked[last] == pytest.approx(came[first] + came[last], abs=0.12)
    for record in truth["tremor"]:
        motion = simulated.motion[record["side"]]
        inside = (world.time >= record["start_s"]) & (world.time < record["stop_s"])
        assert record["rms_deg"] == pytest.approx(np.sqrt(np.mean(motion.tremor[inside] ** 2)), rel=1e-9)
        assert record["rms_4_15_hz_deg"] <= record["rms_deg"] * 1.001 + 1e-12
        if record["rms_deg"] > 1e-3:
            assert record["frequency_hz"] == pytest.approx(
                record["centroid_hz"], abs=0.1 + 1.0 / (record["stop_s"] - record["start_s"])
            )
        else:
            assert "frequency_hz" not in record
    for record in truth["cop"]:
        assert record["force_mean_n"] > 100
        assert record["range_ap_mm"] >= record["rms_ap_mm"]
    again = yaml.safe_load(dump(plain(truth)))
    assert again["schema"] == "heelraise-truth/1"
    assert again["scenario"]["name"] == name


@pytest.mark.parametrize("name", KINEMATIC)
def test_every_entry_of_the_truth_is_documented(name):
    truth = made(name).truth
    keys = {"side", "repetition", "phase", "name", "muscle"}
    for table, fields in FIELDS.items():
        known = {key for names in fields for key in names.split(", ")} | keys
        found = truth.get(table, [])
        rows = found if isinstance(found, list) else [found]
        assert {key for row in rows for key in row} <= known, table


@pytest.mark.parametrize("name", KINEMATIC)
def test_nothing_is_random_but_by_the_seed(name):
    one, two = made(name), simulate(load_scenario(name))
    assert all(np.array_equal(one.points[k], two.points[k], equal_nan=True) for k in one.points)
    assert all(np.array_equal(a.samples, b.samples) for a, b in zip(one.channels, two.channels, strict=True))
    assert plain(one.truth) == plain(two.truth)


def test_asymmetric_hold_shakes_eight_times_as_much_on_the_left():
    ratio = tremor("asymmetric_hold", "left")["rms_deg"] / tremor("asymmetric_hold", "right")["rms_deg"]
    assert ratio == pytest.approx(8, rel=1e-6)


def test_one_sided_scenarios():
    assert {row["side"] for row in made("one_sided_hold").truth["phases"]} == {"left"}
    assert tremor("one_sided_tremor", "left")["rms_deg"] == 0
    assert tremor("one_sided_tremor", "right")["rms_deg"] == pytest.approx(0.9)
    heights = {row["side"]: row["height_mm"] for row in made("one_sided_tremor").truth["edges"]}
    assert heights["left"] == pytest.approx(heights["right"], rel=0.03)


def test_fatigue_makes_tremor_grow_the_heel_sag_and_the_median_frequency_fall():
    simulated = made("hold_to_fatigue")
    edges = simulated.truth["phases"][0]
    time = simulated.world.time

    def rms(start, stop):
        return np.sqrt(np.mean(simulated.motion["left"].tremor[(time >= start) & (time < stop)] ** 2))

    assert rms(edges["lower_s"] - 8, edges["lower_s"]) > 2 * rms(edges["hold_s"], edges["hold_s"] + 8)
    slopes = [row["median_frequency_slope_percent_s"] for row in simulated.truth["emg"]]
    assert max(slopes) < -0.3
    pitch = simulated.motion["left"].pitch
    assert pitch[time < edges["lower_s"]][-100:].mean() < pitch[time > edges["hold_s"]][:100].mean() - 4


def test_supported_rest_is_unloaded_and_silent_and_one_leg_shakes_in_one_of_the_two():
    for name in ("supported_rest_calm", "supported_rest_tremor"):
        simulated = made(name)
        assert simulated.truth["cop"] == []
        assert {t["phase"] for t in simulated.truth["tremor"]} == {"supported_rest"}
        assert max(load.force.max() for load in simulated.world.loads.values()) == 0
        quiet = [c.samples.std() for c in simulated.channels if c.label.startswith("R ") or "TA" in c.label]
        assert max(quiet) < 3e-6
    assert "frequency_hz" not in tremor("supported_rest_calm", "left")
    assert tremor("supported_rest_tremor", "left")["frequency_hz"] == pytest.approx(4.8, abs=0.1)


def test_tremor_in_stance_and_after_landing():
    standing = made("flat_stance_tremor").truth["tremor_rms_in_flat_stance_deg"]
    assert standing["left"] > 0.5 * tremor("flat_stance_tremor", "left")["rms_deg"]
    assert all(5 < row["latency_s"] < 6.5 for row in made("outlasting_tremor").truth["cessation"])
    assert all(row["latency_s"] < 0.3 for row in made("normal_hold").truth["cessation"])


def hand_spectrum(name, start, stop):
    simulated = made(name)
    inside = (simulated.world.time >= start) & (simulated.world.time < stop)
    path = simulated.world.points["left.hand"][inside, 2]
    freq = np.fft.rfftfreq(path.size, 1 / simulated.scenario.lab.point_rate_hz)
    power = np.abs(np.fft.rfft((path - path.mean()) * np.hanning(path.size))) ** 2
    band = (freq > 4) & (freq < 12)
    return freq[band][power[band].argmax()], power[band].sum() / path.size**2


def test_hands_shake_on_their_own_or_are_shaken():
    own, carried = (made(name).truth["phases"][0] for name in ("hand_tremor_own", "hand_tremor_carried"))
    assert hand_spectrum("hand_tremor_own", 0, own["rise_s"])[0] == pytest.approx(5.2, abs=0.15)
    assert hand_spectrum("hand_tremor_own", own["hold_s"], own["lower_s"])[0] == pytest.approx(5.2, abs=0.15)
    frequency, power = hand_spectrum("hand_tremor_carried", carried["hold_s"], carried["lower_s"])
    assert frequency == pytest.approx(tremor("hand_tremor_carried", "left")["frequency_hz"], abs=0.5)
    assert hand_spectrum("hand_tremor_carried", 0, carried["rise_s"])[1] < 0.01 * power


def test_clonus_is_skewed_bursting_stretch_triggered_and_outlasting():
    simulated = made("clonus_like")
    m, time = simulated.motion["left"], simulated.world.time
    edges = simulated.truth["phases"][0]
    start = edges["hold_s"] + 2.0
    assert np.abs(m.tremor[time < start]).max() < 1e-9
    inside = (time > start + 1) & (time < edges["lower_s"])
    rising = float(np.mean(np.diff(m.tremor[inside]) > 0))
    # 72 ms of plantarflexion against 89 ms of dorsiflexion.
    assert rising / (1 - rising) == pytest.approx(72 / 89, abs=0.06)
    assert simulated.truth["cessation"][0]["latency_s"] > 3
    soleus = simulated.world.emg["soleus", "left"].envelope[:: simulated.scenario.lab.analog_per_frame][inside]
    low, high = np.percentile(soleus, [20, 95])
    assert high > 5 * low
    depth = {(r["muscle"], r["side"]): r["modulation_depth"] for r in simulated.truth["emg"]}
    assert depth["soleus", "left"] > 1.0 > depth["soleus", "right"]


def test_orthostatic_is_in_the_emg_of_both_legs_with_flat_feet_and_hardly_in_the_angle():
    simulated = made("orthostatic")
    assert tremor("orthostatic", "left")["rms_deg"] < 0.1
    assert tremor("orthostatic", "left")["frequency_hz"] == pytest.approx(15.2, abs=0.3)
    stand = slice(0, 20_000)
    bands = []
    for side in ("left", "right"):
        envelope = simulated.world.emg["soleus", side].envelope[stand]
        power = np.fft.rfft((envelope - envelope.mean()) * np.hanning(envelope.size))
        freq = np.fft.rfftfreq(envelope.size, 1e-3)
        assert freq[np.abs(power).argmax()] == pytest.approx(15.2, abs=0.8)
        bands.append(power[(freq > 13) & (freq < 18)])
    coherence = np.abs(np.vdot(*bands)) ** 2 / (np.vdot(bands[0], bands[0]) * np.vdot(bands[1], bands[1])).real
    assert coherence > 0.95
    depth = [r["modulation_depth_at_peak"] for r in simulated.truth["emg"] if r["muscle"] == "soleus"]
    assert min(depth) > 0.4


def test_without_tremor_there_is_none():
    for side in ("left", "right"):
        assert tremor("no_tremor", side)["rms_deg"] == 0
    assert made("no_tremor").truth["cessation"] == []
    assert max(r["modulation_depth"] for r in made("no_tremor").truth["emg"]) < 0.02


def test_slow_eccentric_tempo_is_kept_and_lost():
    for name, inside in (("slow_eccentric_kept", 8), ("slow_eccentric_lost", 2)):
        rows = [row for row in made(name).truth["phases"] if row["side"] == "left"]
        lowering = [row["down_s"] - row["lower_s"] for row in rows]
        assert sum(3 <= duration <= 4 for duration in lowering) == inside
    heights = [row["height_mm"] for row in made("slow_eccentric_lost").truth["edges"] if row["side"] == "left"]
    assert heights[-1] < 0.8 * heights[0]


def test_single_leg_stands_on_one_foot_and_sways_more_on_foam():
    firm, foam = made("single_leg_firm"), made("single_leg_foam")
    for simulated in (firm, foam):
        assert len(simulated.plates) == 1
        assert simulated.world.loads["right"].force.max() == 0
        assert simulated.world.points["right.mt2"][:, 2].min() > 80
    assert holds("single_leg_foam", "ellipse_area_mm2")[0] > 1.5 * holds("single_leg_firm", "ellipse_area_mm2")[0]
    raised = foam.world.points["left.mt2"][0, 2] - firm.world.points["left.mt2"][0, 2]
    assert raised == pytest.approx(60, abs=2)


def test_the_ankle_rolls_into_inversion():
    for side in ("left", "right"):
        rolling, straight = tremor("rolling_into_inversion", side), tremor("normal_hold", side)
        assert rolling["inversion_drift_deg_s"] == pytest.approx(0.55, abs=0.15)
        assert abs(straight["inversion_drift_deg_s"]) < 0.15
        assert rolling["inversion_mean_deg"] > 3


def test_six_weeks_of_training_change_what_they_should():
    before, after = made("before_training").truth, made("after_training").truth
    assert tremor("after_training", "left")["rms_deg"] < 0.6 * tremor("before_training", "left")["rms_deg"]

    def span(truth, first, last):
        return truth["phases"][0][last] - truth["phases"][0][first]

    assert span(after, "hold_s", "lower_s") > span(before, "hold_s", "lower_s")
    assert span(after, "lower_s", "down_s") > 3 > span(before, "lower_s", "down_s")
    assert after["edges"][0]["height_mm"] > before["edges"][0]["height_mm"]


def test_prefiltered_archive_had_the_tremor_that_its_markers_lack():
    assert tremor("prefiltered_archive", "left")["rms_deg"] == pytest.approx(0.4)
    simulated = made("prefiltered_archive")
    path = simulated.points["L heel"]
    path = path[np.isfinite(path[:, 0]), 1]
    power = np.abs(np.fft.rfft((path - path.mean()) * np.hanning(path.size))) ** 2
    freq = np.fft.rfftfreq(path.size, 0.01)
    exact = simulated.world.points["left.heel"][:, 2] / 1000
    whole = np.abs(np.fft.rfft((exact - exact.mean()) * np.hanning(exact.size))) ** 2
    there = np.fft.rfftfreq(exact.size, 0.01)
    assert power[(freq > 8) & (freq < 9)].sum() < 0.1 * whole[(there > 8) & (there < 9)].sum()


def test_walking_travels_and_hits_each_plate_once():
    simulated = made("walking")
    assert simulated.truth["phases"] == []
    travelled = np.ptp(simulated.world.points["sacrum"][:, 0])
    assert travelled == pytest.approx(1100 * 6, rel=0.05)
    for load in simulated.world.loads.values():
        on = load.force[:, 2] > 20
        assert np.count_nonzero(np.diff(on.astype(int)) == 1) == 1
        assert 0.5 < on.sum() / 1000 < 0.8
        assert load.force[:, 2].max() == pytest.approx(1.1 * 70 * 9.80665, rel=0.02)


def test_plates_that_drift_are_empty_first():
    simulated = made("drifting_plates")
    time = simulated.world.analog_time
    for load in simulated.world.loads.values():
        assert load.force[time < 3.4].max() == 0
        assert load.force[time > 5, 2].min() > 200


def test_the_command_lists_scenarios_with_their_titles():
    from typer.testing import CliRunner

    from heelraise.cli.app import app

    result = CliRunner().invoke(app, ["simulate", "--list"])
    assert result.exit_code == 0
    lines = dict(line.split(maxsplit=1) for line in result.stdout.splitlines())
    assert lines == dict(list_scenarios())


def test_no_built_in_scenario_writes_what_ezc3d_cannot_read():
    assert {load_scenario(name).lab.processor for name in list_configs("scenarios")} == {"intel", "dec"}

"""The laboratory: markers, plates of every type, EMG, and the file; what goes in comes out again."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heelraise.kinematics.axes import up_rotation
from heelraise.labels import identify_markers
from heelraise.labels.marker_sets import GENERIC, marker_set_names
from heelraise.phantom import build_scenario, trial_of, write_trial
from heelraise.phantom.ground import FootLoad, combined
from heelraise.phantom.lab.file import axes_of, to_file
from heelraise.phantom.lab.markers import labels_of
from heelraise.phantom.lab.plates import calibration, record_plates
from heelraise.phantom.sections import Lab
from heelraise.plates import compute_plates, read_plates, zero_slice

QUIET = {"marker_noise_mm": 0.0, "force_noise_n": 0.0}
FORWARD = [("z", f) for f in ("+x", "-x", "+y", "-y")] + [("y", f) for f in ("+x", "-x", "+z", "-z")]


def decoded(trial, baseline="none"):
    """Plates of a trial as our own reader sees them, with the vertical up."""
    to_mm = 1000.0 if trial.point_unit == "m" else 1.0
    geometries, notes = read_plates(trial.container, to_mm)
    up = "+Y" if trial.directions["POINT:Y_SCREEN"] == "+Y" else "+Z"
    zero = zero_slice(trial.container, trial.analog_per_frame, trial.analogs.shape[0])
    plates, more = compute_plates(
        geometries,
        trial.analogs,
        trial.analog_units,
        to_lab=up_rotation(up),
        zero=zero,
        baseline=baseline,
        rate=trial.analog_rate,
    )
    return plates, [note.code for note in (*notes, *more)]


def seen_in_canonical_axes(vectors, lab):
    """The phantom's vectors in the axes in which plates are decoded."""
    return to_file(vectors, lab.model_copy(update={"units": "mm"})) @ up_rotation(f"+{lab.up.upper()}").T


@pytest.mark.parametrize(
    ("kind", "plates", "place"), [(k, p, FORWARD[(3 * k + p) % 8]) for k, p in itertools.product((1, 2, 3, 4), (1, 2))]
)
@pytest.mark.parametrize("units", ["mm", "m"])
def test_every_type_of_plate_gives_back_force_and_centre_of_pressure(short, kind, plates, place, units):
    up, forward = place
    lab = {**QUIET, "plate_type": kind, "plates": plates, "up": up, "forward": forward, "units": units}
    simulated = short(lab=lab)
    found, codes = decoded(trial_of(simulated))
    assert len(found) == plates
    assert not set(codes) - {"plate_volts"}
    loads = simulated.world.loads
    truths = [combined(dict(loads))] if plates == 1 else [loads["left"], loads["right"]]
    for plate, truth in zip(found, truths, strict=True):
        force = seen_in_canonical_axes(truth.force, simulated.scenario.lab)
        assert np.abs(plate.force - force).max() < 0.01
        cop = np.column_stack([truth.cop, np.zeros(len(truth.cop))])
        assert np.abs(plate.cop - seen_in_canonical_axes(cop, simulated.scenario.lab)).max() < 0.05
        assert np.abs(plate.free_moment - truth.free_moment).max() < 5.0


@given(
    force=st.tuples(*[st.floats(-200, 200)] * 2, st.floats(50, 1500)),
    cop=st.tuples(st.floats(-100, 300), st.floats(0, 200)),
    free=st.floats(-5000, 5000),
    kind=st.sampled_from([1, 2, 3, 4]),
    height=st.floats(0, 100),
)
@settings(max_examples=60)
def test_forward_and_inverse_models_of_plates_are_inverse(force, cop, free, kind, height):
    from heelraise.plates.transducers import decode, surface_vector

    scenario = build_scenario({"task": {"surface_height_mm": height}, "lab": {**QUIET, "plate_type": kind}})
    load = FootLoad(np.array([force]), np.array([cop]), np.array([free]))
    record = record_plates(
        dict.fromkeys(("left", "right"), load), dict.fromkeys(("left", "right"), np.zeros((1, 6))), None, scenario
    )[0]
    samples = np.column_stack([c.samples for c in record.channels])
    wrench = decode(
        kind,
        samples,
        np.ones(samples.shape[1]),
        origin=record.origin,
        to_surface=surface_vector(kind, record.origin, False),
        cal_matrix=record.cal_matrix,
    )
    # Forward, left, up of the phantom are x, -y, -z of a plate.
    assert wrench.force[0] == pytest.approx(np.array(force) * [1, -1, -1], abs=1e-6)
    centre = record.corners.mean(axis=0)
    # Foam lifts the sole: shear shifts the pressure on the plate below it.
    x = cop[0] - centre[0] - height * force[0] / force[2]
    y = -(cop[1] - centre[1]) + height * force[1] / force[2]
    assert wrench.cop[0] == pytest.approx([x, y], abs=1e-6)
    assert wrench.free_moment[0] == pytest.approx(-free, abs=1e-3)


def test_calibration_matrices_of_both_units_differ_by_the_unit_alone():
    mm, m = calibration("mm"), calibration("m")
    assert np.allclose(mm[:3], m[:3])
    assert np.allclose(mm[3:], 1000 * m[3:])
    assert np.linalg.cond(mm / np.abs(mm).max(axis=1, keepdims=True)) < 2


def test_an_offset_disappears_with_the_baseline_and_stays_without(short):
    task = {"step_on_s": 3, "stand_s": 5}
    lab = {"plate_offset_n": 8.0, "plate_zero": True, "force_noise_n": 0.1}
    simulated = short(task=task, lab=lab)
    trial = trial_of(simulated)
    truth = simulated.world.loads["left"].force[:, 2]
    errors = {}
    for baseline in ("none", "auto"):
        plates, _ = decoded(trial, baseline)
        errors[baseline] = float(np.abs(plates[0].vertical - truth)[-1000:].mean())
    assert errors["auto"] < 0.2
    assert errors["none"] > 1.0
    unloaded = simulated.world.analog_time < 2.0
    assert truth[unloaded].max() == 0
    assert truth[-1000:].min() > 200


def test_drift_grows_with_time(short):
    simulated = short(lab={**QUIET, "plate_drift_n_min": 6.0})
    straight = short(lab=QUIET)
    drift = simulated.channels[2].samples - straight.channels[2].samples
    assert drift[0] == 0
    assert np.ptp(np.diff(drift)) < 1e-9
    assert abs(drift[-1]) > 0.01


@pytest.mark.parametrize("name", [*marker_set_names(), GENERIC])
@pytest.mark.parametrize("extra", [False, True])
def test_every_marker_set_is_recognised_by_its_labels(name, extra):
    labels = labels_of(Lab(marker_set=name, extra_markers=extra))
    assert len(set(labels.values())) == len(labels)
    for side in ("left", "right"):
        assert f"{side}.heel" in labels
        assert {f"{side}.mt1", f"{side}.mt2", f"{side}.mt5"} & labels.keys()
    columns = list(labels)
    found = identify_markers(list(labels.values()))
    for role, column in found.roles.items():
        assert columns[column] == role
    needed = {role for role in columns if role.split(".")[-1] in ("heel", "mt2", "mt5", "lateral_malleolus")}
    assert needed <= found.roles.keys()


@pytest.mark.parametrize(("up", "forward"), FORWARD)
def test_axes_are_a_rotation_that_keeps_up_and_forward(up, forward):
    turn = axes_of(Lab(up=up, forward=forward))
    assert np.allclose(turn @ turn.T, np.eye(3))
    assert np.linalg.det(turn) == pytest.approx(1)
    point = to_file(np.array([[1.0, 2.0, 3.0]]), Lab(up=up, forward=forward))[0]
    assert np.allclose(point, turn @ [1.0, 2.0, 3.0])
    assert point["xyz".index(up)] == 3.0
    assert point["xyz".index(forward[1])] == (1.0 if forward[0] == "+" else -1.0)


def test_wobble_moves_markers_and_nothing_else(short):
    still, loose = short(lab=QUIET), short(lab={**QUIET, "wobble_mm": 1.0})
    assert still.truth["noise"]["wobble_mm"] == 0
    assert 0.2 < loose.truth["noise"]["wobble_mm"] < 1.0
    for one, two in zip(still.channels, loose.channels, strict=True):
        assert np.array_equal(one.samples, two.samples)
    assert still.truth["tremor"] == loose.truth["tremor"]
    moved = {label: float((loose.points[label] - still.points[label]).std()) for label in still.points}
    assert moved["LTIB"] > 2 * moved["LHEE"] > 0


def test_wobble_rings_after_a_landing_and_carries_some_tremor(short):
    lab = {**QUIET, "wobble_mm": 1.0, "wobble_of_tremor": 0.1}
    still, loose = (short(lab={**lab, "wobble_mm": w}, left={"rms_deg": 2.0}) for w in (0.0, 1.0))
    slide = loose.points["LTIB"] - still.points["LTIB"]
    rate = 100.0
    fast = np.diff(slide, axis=0)
    down = still.truth["phases"][0]["down_s"]
    after = slice(round(down * rate), round((down + 0.2) * rate))
    later = slice(round((down + 0.8) * rate), None)
    assert np.abs(fast[after]).max() > 5 * np.abs(fast[later]).max()
    hold = slice(round(3.2 * rate), round(5.8 * rate))
    skin = np.abs(np.fft.rfft(np.diff(slide[hold, 2]))).argmax()
    tremor = np.abs(np.fft.rfft(np.diff(still.motion["left"].tremor[hold]))).argmax()
    assert abs(int(skin) - int(tremor)) <= 1


def test_gaps_have_their_length_and_lie_on_feet(short):
    simulated = short(lab={"gaps": 4, "gap_s": 0.25})
    missing = {label: int(np.isnan(path[:, 0]).sum()) for label, path in simulated.points.items()}
    assert 25 <= sum(missing.values()) <= 100
    assert {label for label, count in missing.items() if count} <= {"LHEE", "RHEE", "LTOE", "RTOE"}


def test_upstream_low_pass_takes_the_tremor_and_leaves_the_truth(short):
    open_, closed = short(lab=QUIET), short(lab={**QUIET, "lowpass_hz": 4.0})
    hold = slice(320, 580)

    def power(simulated):
        path = simulated.points["LHEE"][hold, 2]
        spectrum = np.abs(np.fft.rfft(path - path.mean())) ** 2
        return spectrum[np.fft.rfftfreq(path.size, 0.01) > 6].sum()

    assert power(closed) < 0.02 * power(open_)
    assert closed.truth["tremor"] == open_.truth["tremor"]


def test_hum_and_cross_talk_are_what_was_asked(short):
    plain = short(emg={"noise_v": 0.0})
    hum = short(emg={"noise_v": 0.0, "hum_v": 1e-4, "hum_hz": 60})
    mixed = short(emg={"noise_v": 0.0, "crosstalk": 0.1})
    by = {name: {c.label: c.samples for c in s.channels} for name, s in (("p", plain), ("h", hum), ("m", mixed))}
    line = by["h"]["L TA"] - by["p"]["L TA"]
    assert np.sqrt(2) * line.std() == pytest.approx(1e-4, rel=0.01)
    assert np.fft.rfftfreq(line.size, 1e-3)[np.abs(np.fft.rfft(line)).argmax()] == pytest.approx(60, abs=0.1)
    assert np.allclose(by["m"]["L TA"] - by["p"]["L TA"], 0.1 * by["p"]["L PL"])
    assert np.allclose(by["m"]["R GM"] - by["p"]["R GM"], 0.1 * (by["p"]["R GL"] + by["p"]["R SOL"]))


def test_system_delay_moves_the_emg_against_the_markers(short):
    late = short(emg={"delay_ms": 100}, task={"hold_s": 6})
    prompt = short(task={"hold_s": 6})
    for key, one in late.world.emg.items():
        assert np.allclose(one.envelope[100:], prompt.world.emg[key].envelope[:-100], rtol=0.02)


@pytest.mark.parametrize(
    ("kind", "labels"),
    [
        ("none", set()),
        ("start", {"Trial Start"}),
        ("header", {"STRT"}),
        ("phases", {"HR_RISE", "HR_HOLD", "HR_LOWER", "HR_DOWN"}),
    ],
)
def test_events_are_those_asked_for(short, kind, labels):
    simulated = short(lab={"events": kind, "first_frame": 51})
    trial = trial_of(simulated)
    assert {event.label for event in trial.events} == labels
    if kind == "phases":
        first = min(event.time_s for event in trial.events)
        assert first - trial.start_s == pytest.approx(simulated.truth["phases"][0]["rise_s"], abs=1e-3)


@pytest.mark.parametrize(
    "lab",
    [
        {"storage": "float", "plate_type": 2, "up": "z", "forward": "-y"},
        {"storage": "int16", "plate_type": 2, "up": "y", "units": "m"},
        {"storage": "float", "plate_type": 4, "plates": 1},
        {"storage": "int16", "plate_type": 3, "units": "m", "forward": "+y"},
        {"storage": "float", "plate_type": 1, "gaps": 2},
    ],
)
def test_ezc3d_reads_points_analogs_and_plates(short, tmp_path, lab):
    import ezc3d

    simulated = short(lab={**lab, "force_noise_n": 0.0, "first_frame": 31})
    write_trial(simulated, tmp_path / "t.c3d")
    plates = lab["plate_type"] != 1
    file = ezc3d.c3d(str(tmp_path / "t.c3d"), extract_forceplat_data=plates)
    labels = file["parameters"]["POINT"]["LABELS"]["value"]
    assert labels == list(simulated.points)
    stored = np.stack(list(simulated.points.values()), axis=1)
    step = float(np.nanmax(np.abs(stored))) / 32000 if lab["storage"] == "int16" else 1e-4
    found = file["data"]["points"][:3].transpose(2, 1, 0)
    assert np.array_equal(np.isnan(found), np.isnan(stored))
    assert np.nanmax(np.abs(found - stored)) <= step
    for k, channel in enumerate(simulated.channels):
        got = file["data"]["analogs"][0, k]
        size = np.abs(channel.samples).max()
        assert np.abs(got - channel.samples).max() <= size * (1e-4 if lab["storage"] == "int16" else 1e-6)
    assert file["header"]["points"]["first_frame"] == 30
    if plates:
        scale = 1000.0 if lab.get("units") == "m" else 1.0
        truths = simulated.world.loads
        expected = [combined(dict(truths))] if lab.get("plates") == 1 else [truths["left"], truths["right"]]
        for plate, truth in zip(file["data"]["platform"], expected, strict=True):
            force = to_file(truth.force, simulated.scenario.lab.model_copy(update={"units": "mm"}))
            assert np.abs(plate["force"].T - force).max() < 0.2
            cop = to_file(np.column_stack([truth.cop, 0 * truth.cop[:, 0]]), simulated.scenario.lab) * scale
            assert np.abs(plate["center_of_pressure"].T * scale - cop).max() < 2.0

"""Real plates against two other programs: ezc3d's platform view and OpenSim's reference outputs."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose

from heelraise.c3d import AnalogChannel, append, read_container
from heelraise.plates import assign_feet, compute_plate, compute_plates, length_in_mm, read_plates, zero_slice

pytestmark = pytest.mark.corpus

UP = dict.fromkeys(("BTS", "Kistler", "MotionMonitorC3D", "FP_Type1", "dynamic", "standing", "type1"), (0.0, 1.0, 0.0))

# Files with plates whose plates ezc3d does not give: why, and who judges ours instead.
EZC3D_REFUSES = {
    "Eb015si": ("MIPS byte order", "Eb015pi"),
    "Eb015sr": ("MIPS byte order", "Eb015pr"),
    "sgi_int": ("MIPS byte order", "pc_int"),
    "sgi_real": ("MIPS byte order", "pc_real"),
    "bad_parameter_section": ("damaged parameter section, runs out of memory", "nobody: ANALOG:OFFSET is lost"),
    "dynamic": ("ANALOG:RATE is missing, so it reads no analogs", "ezc3d, of a copy with the rate"),
    "standing": ("ANALOG:RATE is missing, so it reads no analogs", "ezc3d, of a copy with the rate"),
    "type1": ("ANALOG:RATE is 0, so it reads no analogs", "ezc3d, of a copy with the rate"),
}

TYPE_1_MOMENT = (
    "ezc3d takes F x CoP - Tz, the negative of the moment about the plate's centre",
    "ours: moved to the centre of pressure, a moment of one foot has no part in the plane of the plate",
)
NO_DISTANCES = (
    "ORIGIN holds no distances of the transducers: ezc3d multiplies by zero, we say not available",
    "ours: its centre of pressure is the centre of the plate in every sample",
)

# (file, plate): quantity, what the two do, and who is right and how we know (tested below).
DIFFERS = {
    ("FP_Type1", 1): {"moment": TYPE_1_MOMENT},
    ("FP1", 1): dict.fromkeys(("moment", "cop", "free_moment"), NO_DISTANCES),
    ("FP2", 1): dict.fromkeys(("moment", "cop", "free_moment"), NO_DISTANCES),
}

# Samples missing in ours: a converter at its limit has one number in all channels, to ezc3d it is force.
STUCK = {("sample21", 1): 6349, ("sample21", 2): 6346}

# Plates left out, and the reason.
DROPPED = {("FP_Type1", number): "CORNERS" for number in (2, 3, 4)}

LOADED_N = 1.0
COMPARED = {1: 1, 2: 75, 3: 6, 4: 6}
REFUSED = {1: 3, 2: 10}

# The same formulas in the same precision: what is left is rounding.
ATOL = {"force": 1e-11, "moment": 1e-9, "cop": 1e-11, "free_moment": 1e-9}


def trials(corpus: Path) -> list[Path]:
    found = sorted(p for p in (corpus / "real_c3d").rglob("*") if p.suffix.lower() == ".c3d")
    return [path for path in found if path.stem != "phasespace_sample"]


def read(path: Path):
    container = read_container(path)
    to_mm = length_in_mm(container.point_units) or 1.0
    geometries, notes = read_plates(container, to_mm)
    return container, to_mm, geometries, notes


def test_every_plate_equals_ezc3ds_or_differs_for_a_known_reason(corpus):
    import ezc3d

    compared, differing, dropped, refused, seen = Counter(), set(), set(), Counter(), set()
    for path in trials(corpus):
        container, to_mm, geometries, notes = read(path)
        dropped |= {(path.stem, int(note.message.split()[2])) for note in notes if note.code == "plate_dropped"}
        if not geometries:
            continue
        plates, refusals = compute_plates(
            geometries,
            container.analogs(),
            container.analog_units,
            up=UP.get(path.stem, (0.0, 0.0, 1.0)),
            load_threshold_n=None,
        )
        assert len(plates) == len(geometries), (path, refusals)
        if path.stem in EZC3D_REFUSES:
            seen.add(path.stem)
            refused.update(geometry.type for geometry in geometries)
            continue
        theirs = ezc3d.c3d(str(path), extract_forceplat_data=True)["data"]["platform"]
        for plate, geometry in zip(plates, geometries, strict=True):
            view = theirs[plate.index - 1]
            sign = -1.0 if plate.flipped else 1.0
            at = plate.loaded & (np.abs(plate.vertical) > LOADED_N)
            there = ~np.isnan(plate.force[:, 0])
            assert np.count_nonzero(~there) == STUCK.get((path.stem, plate.index), 0)
            pairs = {
                "force": (plate.force[there], sign * view["force"].T[there]),
                "moment": (plate.moment[there], sign * to_mm * view["moment"].T[there]),
                "cop": (plate.cop[at], to_mm * view["center_of_pressure"].T[at]),
                "free_moment": (plate.free_moment[at], sign * to_mm * view["Tz"].T[at] @ plate.normal),
            }
            known = DIFFERS.get((path.stem, plate.index), {})
            for name, (ours, other) in pairs.items():
                equal = np.allclose(ours, other, rtol=0, atol=ATOL[name])
                assert equal == (name not in known), (path.name, plate.index, name)
                if name in known:
                    differing.add((path.stem, plate.index))
            compared[geometry.type] += 1
    assert compared == COMPARED
    assert differing == set(DIFFERS)
    assert dropped == set(DROPPED)
    assert refused == REFUSED
    assert seen == set(EZC3D_REFUSES)


def plates_of(corpus, stem, **options):
    path = next(path for path in trials(corpus) if path.stem == stem)
    container, _, geometries, _ = read(path)
    options = {"up": UP.get(stem, (0.0, 0.0, 1.0)), "load_threshold_n": None} | options
    return path, geometries, compute_plates(geometries, container.analogs(), container.analog_units, **options)[0]


@pytest.mark.parametrize("stem", [stem for stem, (why, _) in EZC3D_REFUSES.items() if "MIPS" in why])
def test_mips_files_equal_their_twins(corpus, stem):
    _, _, ours = plates_of(corpus, stem)
    _, _, twins = plates_of(corpus, EZC3D_REFUSES[stem][1])
    assert len(ours) == len(twins) == 2
    for plate, twin in zip(ours, twins, strict=True):
        assert np.array_equal(plate.force, twin.force)
        assert np.array_equal(plate.moment, twin.moment)


@pytest.mark.parametrize("stem", [stem for stem, (why, _) in EZC3D_REFUSES.items() if "ANALOG:RATE" in why])
def test_files_without_an_analog_rate_equal_ezc3ds_view_of_a_copy_with_it(corpus, tmp_path, stem):
    import ezc3d

    path, _, (plate,) = plates_of(corpus, stem)
    container = read_container(path)
    nothing = np.zeros(container.frame_count * container.analog_per_frame)
    append(container, tmp_path / "copy.c3d", channels=[AnalogChannel("X", "V", "nothing", nothing)])
    (view,) = ezc3d.c3d(str(tmp_path / "copy.c3d"), extract_forceplat_data=True)["data"]["platform"]
    at = np.abs(plate.vertical) > LOADED_N
    assert at.any()
    assert_allclose(view["force"].T, plate.force, rtol=0, atol=ATOL["force"])
    assert_allclose(view["center_of_pressure"].T[at], plate.cop[at], rtol=0, atol=ATOL["cop"])
    # The moment of type 1 again.
    assert in_the_plane(plate.moment, plate, at) < 1e-6
    assert in_the_plane(view["moment"].T, plate, at) > 1e3


def in_the_plane(moment, plate, at):
    """Largest part in the plane of a moment (N mm) that was moved to the centre of pressure."""
    moved = moment[at] - np.cross(plate.cop[at] - plate.centre, plate.force[at])
    return np.abs(moved - np.outer(moved @ plate.normal, plate.normal)).max()


def test_the_moment_of_type_1_has_no_part_in_the_plane_of_the_plate(corpus):
    import ezc3d

    path, _, plates = plates_of(corpus, "FP_Type1")
    view = ezc3d.c3d(str(path), extract_forceplat_data=True)["data"]["platform"][0]
    at = np.abs(plates[0].vertical) > 0
    assert in_the_plane(plates[0].moment, plates[0], at) < 1e-6
    assert in_the_plane(1000.0 * view["moment"].T, plates[0], at) > 1e3


@pytest.mark.parametrize("stem", ["FP1", "FP2"])
def test_without_distances_ezc3ds_centre_of_pressure_never_moves(corpus, stem):
    import ezc3d

    path, (geometry,), (plate,) = plates_of(corpus, stem)
    (view,) = ezc3d.c3d(str(path), extract_forceplat_data=True)["data"]["platform"]
    assert not geometry.origin.any()
    at = np.abs(plate.vertical) > LOADED_N
    assert at.sum() > 100
    cop = 1000.0 * view["center_of_pressure"].T[at]
    assert np.ptp(cop, axis=0).max() < 1e-9
    assert_allclose(cop[0], geometry.centre, atol=1e-9)


def test_stuck_samples_hold_one_number_in_six_channels(corpus):
    path, geometries, plates = plates_of(corpus, "sample21")
    analogs = read_container(path).analogs()
    for geometry, plate in zip(geometries, plates, strict=True):
        stuck = np.isnan(plate.force[:, 0])
        assert np.count_nonzero(stuck) == STUCK[("sample21", geometry.index)]
        part = analogs[np.ix_(stuck, geometry.channels)]
        assert np.all(part == part[:, :1])
        assert np.unique(part).size < 10


def test_loaded_plates_push_up_and_have_their_centre_of_pressure_on_them(corpus):
    seen = 0
    for path in trials(corpus):
        container, _, geometries, _ = read(path)
        if not geometries:
            continue
        plates, notes = compute_plates(
            geometries,
            container.analogs(),
            container.analog_units,
            up=UP.get(path.stem, (0.0, 0.0, 1.0)),
            zero=zero_slice(container, container.analog_per_frame, container.frame_count * container.analog_per_frame),
            baseline="auto",
            rate=container.analog_rate,
        )
        seen += sum(plate.loaded.any() for plate in plates)
        assert not [note for note in notes if note.code in ("cop_off_plate", "plate_not_level")], path
        for plate in plates:
            assert np.nanmin(plate.vertical) > -100.0, (path.name, plate.index)
    assert seen > 80


@pytest.mark.parametrize("trial", ["walking2", "walking5"])
@pytest.mark.parametrize("reference", ["std_cop_{}_grfs.sto", "std_{}_grfs.sto"])
def test_opensims_reference_outputs(corpus, trial, reference):
    folder = corpus / "real_c3d" / "opensim"
    container, _, geometries, _ = read(folder / f"{trial}.c3d")
    table = np.loadtxt(folder / reference.format(trial), skiprows=6)
    # Every 100th sample and the last; axes, N, mm and N mm as in the file, nothing masked.
    rows = np.round(table[:, 0] * container.analog_rate).astype(int)
    assert len(table) > 85
    analogs = container.analogs()
    for number, geometry in enumerate(geometries):
        plate = compute_plate(geometry, analogs, container.analog_units, load_threshold_n=None)
        force, point, moment = np.split(table[:, 1 + 9 * number : 10 + 9 * number], 3, axis=1)
        assert_allclose(plate.force[rows], force, rtol=5e-6, atol=5e-6)
        if "cop" in reference:
            assert_allclose(plate.cop[rows], point, rtol=5e-6, atol=5e-6)
            assert_allclose(np.outer(plate.free_moment[rows], plate.normal), moment, rtol=5e-6, atol=5e-6)
        else:
            assert_allclose(np.broadcast_to(plate.centre, point.shape), point, rtol=5e-6, atol=5e-6)
            assert_allclose(plate.moment[rows], moment, rtol=5e-6, atol=5e-6)


@pytest.mark.parametrize(
    ("trial", "expected"),
    [
        ("HC030A/HC030A01", {1: "both", 2: "none"}),
        ("HC031A/HC031A01", {1: "both", 2: "none"}),
        ("HC030A/HC030A05", None),
        ("HC032A/HC032A03", None),
    ],
)
def test_feet_of_children_standing_and_walking(corpus, trial, expected):
    container, _, geometries, _ = read(corpus / "real_c3d" / "gait_children" / f"{trial}.c3d")
    plates, _ = compute_plates(geometries, container.analogs(), container.analog_units)
    points = container.points()
    labels = [label.rpartition(":")[2] for label in container.point_labels]
    feet = {
        side: (points[:, labels.index(letter + "HEE")] + points[:, labels.index(letter + "TOE")]) / 2
        for side, letter in (("left", "L"), ("right", "R"))
    }
    found = assign_feet(plates, geometries, feet, container.analog_per_frame, rate=container.point_rate)
    if expected is None:
        # Walking: one foot on each, and not the same one.
        assert sorted(found.values()) == ["left", "right"]
    else:
        assert found == expected


def test_a_baseline_from_the_file_removes_the_offset(corpus):
    path = corpus / "real_c3d" / "c3d_org" / "sample01" / "Eb015pi.c3d"
    container, _, geometries, _ = read(path)
    analogs = container.analogs()
    zero = zero_slice(container, container.analog_per_frame, len(analogs))
    plain = compute_plate(geometries[0], analogs, container.analog_units)
    zeroed = compute_plate(geometries[0], analogs, container.analog_units, zero=zero, baseline="auto")
    # The empty plate reads more than the load threshold, so that most of the trial seems loaded.
    assert plain.loaded.mean() > 0.9
    assert "cop_off_plate" in {note.code for note in plain.notes}
    assert zeroed.loaded.mean() < 0.25
    assert "cop_off_plate" not in {note.code for note in zeroed.notes}

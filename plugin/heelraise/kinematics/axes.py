"""Which way is up in a file, and in which unit: evidence gathered, weighed and told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from heelraise.errors import InputError
from heelraise.kinematics.anatomy import body_axis, plausible_units, right_foot_on_left
from heelraise.kinematics.arrays import Floats, Markers, cross
from heelraise.notes import Note

#: Millimetres per unit, by the spellings found in files (cut to four letters, lower case).
UNITS_MM = {
    "mm": 1.0,
    "mill": 1.0,
    "cm": 10.0,
    "cent": 10.0,
    "dm": 100.0,
    "m": 1000.0,
    "mete": 1000.0,
    "metr": 1000.0,
}
UNITS_MM |= {"in": 25.4, "inch": 25.4, "ft": 304.8, "feet": 304.8, "um": 1e-3, "micr": 1e-3}

# Witnesses in the order in which they are believed.
_DECLARED = ("force plates", "TRIAL directions", "POINT:Y_SCREEN")
_NAMES = ("+X", "-X", "+Y", "-Y", "+Z", "-Z")
# C3D files of one vendor code the direction of each axis as a number.
_DIRECTION_CODES = {"5": "up", "6": "down"}


@dataclass(frozen=True, eq=False)
class LabAxes:
    """From the file's frame to the canonical one: millimetres, Z up, right-handed.

    Attributes
    ----------
    rotation : (3, 3) array
        Takes the file's directions to canonical ones.
    to_mm : float
        Millimetres per file unit.
    up_axis : str
        The file's axis that points up (``+Y``).
    source, unit_source : str
        What decided the axis and the unit.
    notes : tuple of Note
    """

    rotation: Floats
    to_mm: float
    up_axis: str
    source: str
    unit_source: str
    notes: tuple[Note, ...] = ()

    def points(self, positions: ArrayLike) -> Floats:
        """Positions (..., 3) of the file in canonical millimetres."""
        return self.directions(positions) * self.to_mm

    def directions(self, vectors: ArrayLike) -> Floats:
        """Vectors (..., 3) of the file in the canonical frame, lengths unchanged (forces)."""
        values = np.asarray(vectors, dtype=np.float64)
        turned: Floats = values @ self.rotation.T
        return turned


def up_rotation(axis: str) -> Floats:
    """Rotation (3, 3) that brings the file's `axis` (such as ``+Y``) to +Z by a quarter or half turn."""
    turns: dict[str, list[list[int]]] = {
        "+Z": [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
        "-Z": [[1, 0, 0], [0, -1, 0], [0, 0, -1]],
        "+Y": [[1, 0, 0], [0, 0, -1], [0, 1, 0]],
        "-Y": [[1, 0, 0], [0, 0, 1], [0, -1, 0]],
        "+X": [[0, 0, -1], [0, 1, 0], [1, 0, 0]],
        "-X": [[0, 0, 1], [0, 1, 0], [-1, 0, 0]],
    }
    return np.array(turns[axis], dtype=np.float64)


def plate_normals(corners: ArrayLike) -> Floats:
    """Upward normals (P, 3) of force plates with corners (P, 4, 3); plates without an area are left out.

    A plate's own Z, X x (corner 1 - corner 4) with X from corner 2 to corner 1, points into the ground.
    """
    c = np.asarray(corners, dtype=np.float64).reshape(-1, 4, 3)
    along, across = c[:, 0] - c[:, 1], c[:, 0] - c[:, 3]
    # Corners outside any laboratory are the remains of an empty parameter; they must not overflow below.
    sane = np.isfinite(c).all(axis=(1, 2)) & (np.abs(np.nan_to_num(c)).max(axis=(1, 2), initial=0.0) < 1e6)
    normal = -cross(along[sane], across[sane])
    length = np.sqrt(np.einsum("pi,pi->p", normal, normal))
    real = length > 1e-9
    up: Floats = normal[real] / length[real, np.newaxis]
    return up


def find_lab_axes(
    *,
    direction: Mapping[str, object] | None = None,
    screen: Mapping[str, str] | None = None,
    units: str | Sequence[str] | None = None,
    plate_normals: ArrayLike | None = None,
    markers: Markers | None = None,
    up: str | None = None,
    unit: str | None = None,
) -> LabAxes:
    """Find the vertical and the unit of a file from everything that speaks of them.

    What the protocol says goes first. Otherwise the anatomy decides (knees above malleoli above feet in the
    median frame), since it is the one thing that cannot be typed wrong; then the plates' normals, the TRIAL
    directions and the screen axes. Two other witnesses that agree outvote the anatomy on the axis,
    because a subject may lie. Disagreement and guesses become notes.

    Parameters
    ----------
    direction : mapping, optional
        TRIAL parameters such as ``{"Z_DIRECTION": 5}`` (5 or ``up``; 6 or ``down``).
    screen : mapping, optional
        ``{"X_SCREEN": "+X", "Y_SCREEN": "+Z"}``; Y_SCREEN is the vertical of the screen.
    units : str or sequence of str, optional
        POINT:UNITS.
    plate_normals : (P, 3) array, optional
        Upward normals of the force plates, see `plate_normals`.
    markers : mapping of str to (T, 3) array, optional
        By role, in the file's frame and unit.
    up, unit : str, optional
        The protocol's word.

    Returns
    -------
    LabAxes

    Raises
    ------
    InputError
        If `up` or `unit` cannot be understood.
    """
    notes: list[Note] = []
    axis, source = _vertical(direction or {}, screen or {}, plate_normals, markers or {}, up, notes)
    to_mm, unit_source = _unit(units, markers or {}, unit, notes)
    rotation = up_rotation(axis)
    if markers and right_foot_on_left(markers, rotation):
        message = "the right foot is left of the feet's direction: sides swapped, or left-handed axes"
        notes.append(Note("sides_or_handedness", message))
    return LabAxes(rotation, to_mm, axis, source, unit_source, tuple(notes))


def _axis_name(text: object) -> str | None:
    name = str(text).strip().upper()
    name = name if name[:1] in "+-" else f"+{name}"
    return name if name in _NAMES else None


def _named_axis(vector: Floats, share: float) -> str | None:
    """Name of the axis that holds at least `share` of the length of `vector` (3,)."""
    size = float(np.linalg.norm(vector))
    k = int(np.argmax(np.abs(vector)))
    if not np.isfinite(size) or size <= 0.0 or abs(vector[k]) < share * size:
        return None
    return ("+" if vector[k] > 0.0 else "-") + "XYZ"[k]


def _vertical(
    direction: Mapping[str, object],
    screen: Mapping[str, str],
    normals: ArrayLike | None,
    markers: Markers,
    up: str | None,
    notes: list[Note],
) -> tuple[str, str]:
    if up is not None and up.strip().lower() != "auto":
        named = _axis_name(up)
        if named is None:
            raise InputError(f"'{up}' is no axis", todo=f"use one of {', '.join(_NAMES)} or auto")
        return named, "protocol"
    declared: dict[str, str] = {}
    found = _from_direction(direction)
    if found:
        declared["TRIAL directions"] = found
    found = _axis_name(screen.get("Y_SCREEN", screen.get("Y", "")))
    if found:
        declared["POINT:Y_SCREEN"] = found
    found = _from_plates(normals)
    if found:
        declared["force plates"] = found
    body = body_axis(markers)
    anatomy = None if body is None else _named_axis(body, 0.8)
    if anatomy is None:
        for name in _DECLARED:
            if name in declared:
                _tell_disagreement(declared, declared[name], name, notes)
                return declared[name], name
        notes.append(Note("axis_guessed", "nothing in the file tells which axis is up, +Z is assumed"))
        return "+Z", "assumed"
    lines = [name[1] for name in declared.values()]
    for letter in sorted(set(lines)):
        if letter != anatomy[1] and lines.count(letter) >= 2 and anatomy[1] not in lines:
            winner = next(n for n in _DECLARED if n in declared and declared[n][1] == letter)
            message = (
                f"the shanks lie along {anatomy} but {' and '.join(declared)} say {declared[winner]} is up: "
                "the subject is taken to be lying"
            )
            notes.append(Note("axis_guessed", message))
            return declared[winner], winner
    _tell_disagreement(declared, anatomy, "anatomy", notes)
    if not declared:
        message = f"{anatomy} is taken for up, since knees are above ankles along it; the file does not say"
        notes.append(Note("axis_guessed", message))
    return anatomy, "anatomy"


def _tell_disagreement(declared: Mapping[str, str], axis: str, winner: str, notes: list[Note]) -> None:
    others = [f"{name} says {value}" for name, value in declared.items() if value != axis]
    if others:
        why = "knees are above ankles along it" if winner == "anatomy" else f"the {winner} show it"
        notes.append(Note("axis_disagreement", f"{axis} is taken for up because {why}, though {', '.join(others)}"))


def _from_direction(direction: Mapping[str, object]) -> str | None:
    for letter in "ZYX":
        value = direction.get(f"{letter}_DIRECTION", direction.get(letter))
        if value is None:
            continue
        values = np.ravel(np.asarray(value, dtype=object))
        word = str(values[0]).strip().lower() if len(values) else ""
        word = _DIRECTION_CODES.get(word.removesuffix(".0"), word)
        if word in ("up", "down"):
            return ("+" if word == "up" else "-") + letter
    return None


def _from_plates(normals: ArrayLike | None) -> str | None:
    if normals is None:
        return None
    up = np.asarray(normals, dtype=np.float64).reshape(-1, 3)
    up = up[np.isfinite(up).all(axis=1)]
    return _named_axis(up.sum(axis=0), 0.8) if len(up) else None


def _unit(
    units: str | Sequence[str] | None, markers: Markers, override: str | None, notes: list[Note]
) -> tuple[float, str]:
    if override is not None and override.strip().lower() != "auto":
        factor = UNITS_MM.get(override.strip().lower()[:4])
        if factor is None:
            raise InputError(f"'{override}' is no unit of length", todo="use mm, cm, m or auto")
        return factor, "protocol"
    words = [units] if isinstance(units, str) else list(units or ())
    word = next((w.strip().lower() for w in words if w.strip()), "")
    declared = UNITS_MM.get(word[:4])
    plausible = plausible_units(markers)
    if declared is not None:
        if not plausible or declared in plausible:
            return declared, "POINT:UNITS"
        best = plausible[0]
        message = f"POINT:UNITS says '{word}', but the body's size fits {best:g} mm per unit, which is used"
        notes.append(Note("unit_disagreement", message))
        return best, "anatomy"
    what = f"POINT:UNITS says '{word}'" if word else "the file names no unit"
    if plausible:
        notes.append(Note("unit_guessed", f"{what}, the body's size fits {plausible[0]:g} mm per unit"))
        return plausible[0], "anatomy"
    notes.append(Note("unit_guessed", f"{what}, millimetres are assumed"))
    return 1.0, "assumed"

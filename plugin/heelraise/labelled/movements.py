"""Series of what moves: ankles and heels of each side, hands and head."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from heelraise.kinematics import MODELS, AnkleAngles, HeelHeight, effective_bandwidth
from heelraise.labelled.body import BodyMarkers
from heelraise.labelled.floors import angle_floor, marker_noise
from heelraise.labelled.model import Noise, Series
from heelraise.notes import Note

if TYPE_CHECKING:
    from heelraise.osim.solved import SolvedAnkle

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
SIDES = ("left", "right")
#: No camera system is this quiet in 4 to 15 Hz (mm): markers below it were smoothed before they reached us.
SMOOTHED_MM = 5e-4
#: Upper end of what such markers can still show, Hz.
SMOOTHED_HZ = 4.0


def side_series(
    side: str,
    body: BodyMarkers,
    heel: HeelHeight,
    ankle: AnkleAngles,
    quiet: Mask,
    rate: float,
    fitted: SolvedAnkle | None = None,
) -> tuple[list[Series], list[Note]]:
    """One leg's angles (deg), heel height (mm) and heel acceleration (m/s^2), each with bandwidth and noise.

    `fitted` holds the markers and models of an ankle that a kinematic model has solved.
    """
    sigmas, source = marker_noise(side, body.markers, quiet, rate)
    width = min(15.0, 0.45 * rate) - 4.0
    bandwidth, notes = _bandwidth(body.markers, side, rate), []
    if sigmas and max(sigmas.values()) < SMOOTHED_MM:
        bandwidth = min(bandwidth or SMOOTHED_HZ, SMOOTHED_HZ)
        text = (
            f"The {side} leg's markers hold {max(sigmas.values()):.1g} mm of noise in 4 to 15 Hz, less than any camera "
            "measures: they were smoothed before they reached us, and tremor cannot be told from them."
        )
        notes.append(Note("markers_smoothed", text))
    found: list[Series] = []
    markers, models = (body.markers, MODELS) if fitted is None else (fitted.markers, fitted.models)
    floors = angle_floor(side, markers, ankle, quiet, sigmas, models)
    for name, values in (
        ("ankle_plantarflexion", ankle.plantarflexion),
        ("ankle_inversion", ankle.inversion),
    ):
        if values is None:
            continue
        sigma = floors.get(name)
        noise = Noise(sigma**2 / width, source) if sigma is not None and width > 0 else None
        found.append(Series(name, side, "deg", rate, values, bandwidth, noise))
    if heel.height is not None:
        height, roles = _own_height(side, body.markers, heel)
        parts = [sigmas[role] for role in roles if role in sigmas]
        # One marker, or one less another (two less a third): their variances add, which is the upper bound.
        known = len(parts) == len(roles) and width > 0
        noise = Noise(float(np.sum(np.square(parts))) / width, source) if known else None
        found.append(Series("heel_vertical", side, "mm", rate, height, bandwidth, noise))
        marker = body.markers.get(f"{side}.heel")
        if marker is not None and rate >= 60:
            heel_noise = Noise(sigmas["heel"] ** 2 / width / 1e6, source, 2) if "heel" in sigmas and width > 0 else None
            found.append(
                Series(
                    "heel_acceleration",
                    side,
                    "m/s^2",
                    rate,
                    acceleration(marker[:, 2], rate),
                    bandwidth,
                    heel_noise,
                    marker[:, 2] / 1000.0,
                )
            )
    return found, notes


def _own_height(side: str, markers: Mapping[str, Array], heel: HeelHeight) -> tuple[Array, tuple[str, ...]]:
    """The heel marker's own rise above flat stance, which publications and m g h mean, and the roles it rests on.

    Raises are sought on the height against the forefoot; that one depends on which forefoot marker a set has, since a
    marker on top of the foot sinks as the foot pitches. It stands in where the trial never shows the foot flat.
    """
    assert heel.height is not None
    roles = tuple(role for role in heel.roles if role.startswith(("heel", "calcaneus")))
    z = np.mean([markers[f"{side}.{role}"][:, 2] for role in roles], axis=0)
    level = z[heel.flat & np.isfinite(z)] if heel.flat.size == z.size else z[:0]
    if not level.size:
        return heel.height, heel.roles
    return z - float(np.median(level)), roles


def acceleration(z: Array, rate: float) -> Array:
    """Second derivative of a height in mm, in m/s^2, exact up to 30 Hz.

    Spectral differentiation with the tremor stream's low-pass, so that marker noise above it is not blown up;
    masked samples stay NaN.
    """
    known = np.isfinite(z)
    if known.sum() < 8:
        return np.full_like(z, np.nan)
    index = np.arange(z.size)
    full = np.interp(index, index[known], z[known]) / 1000.0
    # Mirror about both ends so that the periodic transform sees no step.
    line = full[0] + (full[-1] - full[0]) * index / max(z.size - 1, 1)
    odd = full - line
    extended = np.concatenate([odd, -odd[-2:0:-1]])
    freq = np.fft.rfftfreq(extended.size, 1 / rate)
    gain = -((2 * np.pi * freq) ** 2) / (1.0 + (freq / min(40.0, 0.45 * rate)) ** 16)
    values: Array = np.fft.irfft(np.fft.rfft(extended) * gain, extended.size)[: z.size]
    values[~known] = np.nan
    return values


def _bandwidth(markers: Mapping[str, Array], side: str, rate: float) -> float | None:
    columns = [markers[f"{side}.{role}"][:, 2] for role in ("heel", "mt2", "mt1", "mt5") if f"{side}.{role}" in markers]
    if not columns or rate <= 0 or len(columns[0]) < 2 * rate:
        return None
    found = effective_bandwidth(np.stack(columns, axis=1), rate)
    return found if np.isfinite(found) else None


def other_parts(body: BodyMarkers, rate: float, bandwidths: list[float]) -> list[Series]:
    """Vertical movement of hands and head; their floor is unknown, for no segment of theirs is rigid.

    All markers of a trial went through the same filter: the lowest bandwidth found on the legs holds for them.
    """
    bandwidth = min(bandwidths, default=None)
    found = []
    for side in SIDES:
        path = body.markers.get(f"{side}.hand")
        if path is None:
            path = body.markers.get(f"{side}.wrist")
        if path is not None:
            found.append(Series("hand_vertical", side, "mm", rate, path[:, 2], bandwidth))
    heads = [body.markers[f"head_{k}"][:, 2] for k in range(1, 5) if f"head_{k}" in body.markers]
    if heads:
        found.append(Series("head_vertical", "both", "mm", rate, np.mean(heads, axis=0), bandwidth))
    return found

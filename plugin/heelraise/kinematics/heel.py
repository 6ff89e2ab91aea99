"""Heel height above the flat foot, and the frames in which both feet are flat and still."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from heelraise.kinematics.angle_model import FOREFOOT, HEEL, TOES
from heelraise.kinematics.arrays import (
    SIDES,
    Bools,
    Floats,
    Markers,
    bridge,
    first_complete,
    low_pass,
    middle,
    runs,
    seen,
    side_markers,
)
from heelraise.notes import Note

#: Low-pass of the positions from which speeds and the flat baseline are taken, Hz. A tremor of 2.5 deg rms moves
#: a planted forefoot marker at 70 mm/s: whether a foot stands is judged on its path without tremor.
SPEED_LOW_PASS_HZ = 2.5
#: Heel and forefoot slower than this are still, mm/s.
STILL_SPEED_MM_S = 25.0
#: A heel within this of the flat baseline is flat, mm.
FLAT_TOLERANCE_MM = 8.0
#: A lowest still pose pitched more than this (heel over forefoot, degrees) is not a flat foot.
MAX_FLAT_PITCH_DEG = 15.0
#: A flat pose must last this long in all, seconds.
MIN_FLAT_S = 0.2
#: In walking the foot is flat for a moment and never quite still: speed (mm/s) and time (s) that count then.
PASSING_SPEED_MM_S = 80.0
MIN_PASSING_S = 0.05

_BIN_MM = 2.0


@dataclass(frozen=True, eq=False)
class HeelHeight:
    """How high one heel is above its place on the flat foot.

    Attributes
    ----------
    side : str
    height : (T,) array or None
        Heel marker above the flat baseline less the forefoot marker's own rise, mm.
    forefoot_height : (T,) array or None
        Forefoot marker above its place in flat stance, mm.
    forefoot_speed : (T,) array or None
        Speed in space of the forefoot marker, low-passed at 2.5 Hz, mm/s.
    flat : (T,) bool array
        Frames with the foot flat and still.
    source : str
        Of the baseline: ``flat_stance``, ``static_trial``, ``forefoot_level``, or empty.
    baseline_mm : float
        Heel marker above the forefoot marker on the flat foot, mm (NaN when unknown).
    roles : tuple of str
        Markers used.
    reason : str
        Why there is no height, empty when there is.
    notes : tuple of Note
    """

    side: str
    height: Floats | None
    forefoot_height: Floats | None
    forefoot_speed: Floats | None
    flat: Bools
    source: str = ""
    baseline_mm: float = float("nan")
    roles: tuple[str, ...] = ()
    reason: str = ""
    notes: tuple[Note, ...] = ()


def speed(points: Floats, rate: float, cutoff: float = SPEED_LOW_PASS_HZ) -> Floats:
    """Speed (T,) in mm/s of a marker (T, 3) low-passed at `cutoff`; zero without a usable rate."""
    if len(points) < 2 or not np.isfinite(rate) or rate <= 0.0:
        return np.zeros(len(points))
    full = np.column_stack([bridge(column) for column in points.T])
    velocity = np.gradient(low_pass(full, rate, cutoff), axis=0) * rate
    return np.where(seen(points), np.sqrt(np.einsum("ti,ti->t", velocity, velocity)), np.nan)


def heel_height(
    markers: Markers,
    side: str,
    rate: float,
    *,
    static: Markers | None = None,
) -> HeelHeight:
    """Height of one heel relative to the flat foot.

    The height is the heel marker's z less the forefoot marker's, less the same difference on the flat foot,
    so steps, lifts of the whole foot and the toes' own movement do not count. The flat foot is the lowest
    pose held still, wherever in the trial it is; if that is pitched by more than 15 degrees, the trial
    never shows it.

    Parameters
    ----------
    markers : mapping of str to (T, 3) array
        With sides in the keys, canonical lab frame (mm, Z up).
    side : str
    rate : float
        Frames per second.
    static : mapping, optional
        Markers of a static trial standing flat; gives the baseline if it has the same markers.

    Returns
    -------
    HeelHeight
    """
    own = side_markers(markers, side)
    count = max((len(np.atleast_2d(p)) for p in markers.values()), default=0)
    nothing = np.zeros(count, dtype=bool)
    heel_roles, fore_roles = first_complete(own, HEEL), first_complete(own, FOREFOOT + TOES)
    if heel_roles is None:
        return HeelHeight(side, None, None, None, nothing, reason=f"the {side} heel has no marker")
    heel = middle(own, heel_roles)
    notes: list[Note] = []
    if fore_roles is None:
        message = f"{side} foot: without a forefoot marker the heel's height is that above the floor"
        notes.append(Note("no_forefoot_marker", message))
        fore, fore_speed, fore_roles = np.zeros_like(heel), None, ()
    else:
        fore = middle(own, fore_roles)
        fore_speed = speed(fore, rate)
    difference = heel[:, 2] - fore[:, 2]
    smooth = np.where(np.isfinite(difference), low_pass(bridge(difference), rate, SPEED_LOW_PASS_HZ), np.nan)
    moving = speed(heel, rate)
    still = (moving < STILL_SPEED_MM_S) & np.isfinite(smooth)
    if fore_speed is not None:
        still &= fore_speed < STILL_SPEED_MM_S

    baseline, source = _static_baseline(static, side, heel_roles, fore_roles), "static_trial"
    if np.isnan(baseline):
        baseline, source = _low_mode(smooth, still, MIN_FLAT_S * rate), "flat_stance"
    if np.isnan(baseline) and fore_speed is not None:
        slow = (moving < PASSING_SPEED_MM_S) & (fore_speed < PASSING_SPEED_MM_S) & np.isfinite(smooth)
        baseline = _low_mode(smooth, slow, MIN_PASSING_S * rate)
    flat = still & (np.abs(smooth - baseline) < FLAT_TOLERANCE_MM)
    if fore_speed is not None and source == "flat_stance":
        length = np.sqrt(np.einsum("ti,ti->t", heel - fore, heel - fore))
        length = length[np.isfinite(length)]
        limit = np.sin(np.radians(MAX_FLAT_PITCH_DEG)) * float(np.median(length)) if len(length) else np.nan
        if not baseline < limit:
            seen_low = "no pose is held still" if np.isnan(baseline) else "the lowest still pose has the heel up"
            message = f"{side} foot: {seen_low}, the heel's height counts from the forefoot marker's level"
            notes.append(Note("no_flat_baseline", message))
            baseline, source, flat = 0.0, "forefoot_level", nothing
    elif np.isnan(baseline):
        finite = smooth[np.isfinite(smooth)]
        if len(finite):
            baseline = float(np.percentile(finite, 2.0))
        notes.append(Note("no_flat_baseline", f"{side} foot: no pose is held still, the lowest heel is the baseline"))
        source, flat = "lowest_heel", nothing
    level = fore[:, 2] - _level(fore[:, 2], flat) if fore_speed is not None else None
    roles = (*heel_roles, *fore_roles)
    return HeelHeight(side, difference - baseline, level, fore_speed, flat, source, baseline, roles, notes=tuple(notes))


def _level(z: Floats, flat: Bools) -> float:
    values = z[flat & np.isfinite(z)]
    if not len(values):
        values = z[np.isfinite(z)]
    return float(np.median(values)) if len(values) else 0.0


def _static_baseline(
    static: Markers | None, side: str, heel_roles: tuple[str, ...], fore_roles: tuple[str, ...]
) -> float:
    own = side_markers(static, side) if static is not None else {}
    if not fore_roles or any(role not in own for role in (*heel_roles, *fore_roles)):
        return float("nan")
    difference = middle(own, heel_roles)[:, 2] - middle(own, fore_roles)[:, 2]
    finite = difference[np.isfinite(difference)]
    return float(np.median(finite)) if len(finite) else float("nan")


def _low_mode(x: Floats, still: Bools, least: float) -> float:
    """Lowest value at which the still samples of `x` (T,) pile up, NaN when fewer than `least` do."""
    values = x[still]
    need = max(least, 0.02 * len(values), 3.0)
    if len(values) < need:
        return float("nan")
    low = float(values.min())
    # A marker that jumps must not ask for millions of bins; what is metres up is not the flat foot.
    # Bounded as floats: damaged files hold heights that no integer can.
    bins = np.minimum((values - low) / _BIN_MM, 2000.0).astype(np.int64)
    counts = np.bincount(bins)
    # Five bins (10 mm) together are what a swaying flat foot covers.
    pile = np.convolve(counts, np.ones(5), mode="full")
    enough = np.flatnonzero(pile >= need)
    if not len(enough):
        return float("nan")
    last = enough[0] + int(np.argmax(pile[enough[0] : enough[0] + 5]))
    near = values[(bins > last - 5) & (bins <= last)]
    return float(np.median(near))


def quiet_frames(markers: Markers, rate: float, *, heights: dict[str, HeelHeight] | None = None) -> Bools:
    """Frames in which every marked foot is flat, planted and still, for zeroing.

    Parameters
    ----------
    markers : mapping of str to (T, 3) array
        With sides in the keys, canonical lab frame.
    rate : float
        Frames per second.
    heights : dict, optional
        Results of `heel_height` by side, if they are already there.

    Returns
    -------
    (T,) bool array
        All false when no foot has a heel marker. Stretches under 0.2 s are dropped.
    """
    found = heights if heights is not None else {side: heel_height(markers, side, rate) for side in SIDES}
    masks = [result.flat for result in found.values() if result.height is not None]
    if not masks:
        return np.zeros(max((len(np.atleast_2d(p)) for p in markers.values()), default=0), dtype=bool)
    quiet: Bools = np.all(masks, axis=0)
    for start, stop in runs(quiet):
        if rate > 0.0 and stop - start < MIN_FLAT_S * rate:
            quiet[start:stop] = False
    return quiet

"""What the samples of a plate say about themselves: sign, baseline, dead channels, offset and noise."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from heelraise.plates.noise import noise_of, unloaded_stretch
from heelraise.plates.remarks import Remarks
from heelraise.plates.surface import inside

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

LOAD_THRESHOLD_N = 20.0
OFFSET_N = 1.0
OUTSIDE_MARGIN_MM = 20.0
OUTSIDE_FRACTION = 0.05
OUTSIDE_SAMPLES = 2000


def holds_action(vertical: Array) -> bool:
    """Whether a plate stores the force on itself, negative upwards under load.

    Parameters
    ----------
    vertical : ndarray (N,)
        Upward component of the stored force, N; NaN where missing.

    Returns
    -------
    bool
        False for a plate that is never loaded.
    """
    usable = np.isfinite(vertical)
    size = np.abs(vertical)
    # Half of the peak is load, whatever the offset and the ringing of an unloaded plate.
    level = max(2 * LOAD_THRESHOLD_N, 0.5 * float(np.max(size, where=usable, initial=0.0)))
    pressed = usable & (size > level)
    return bool(np.count_nonzero(vertical[pressed] < 0) > np.count_nonzero(vertical[pressed] > 0))


def dead_samples(samples: Array, remarks: Remarks) -> Mask:
    """Samples in which all channels hold one number, which only a converter at its limit gives.

    Parameters
    ----------
    samples : ndarray (N, k)
    remarks : Remarks

    Returns
    -------
    ndarray of bool (N,)
    """
    dead: Mask = (samples[:, 0] != 0) & np.all(samples == samples[:, :1], axis=1)
    if np.any(dead):
        count = np.count_nonzero(dead)
        remarks.add(
            "plate_dead_samples",
            f"has one value in all channels in {count} samples, which are taken as missing",
        )
    return dead


def baseline_means(quiet: Array, vertical: Array, zero: slice, remarks: Remarks) -> Array | None:
    """Mean of every channel over the file's baseline.

    Parameters
    ----------
    quiet : ndarray (n, k)
        Channels in the baseline.
    vertical : ndarray (N,)
        Vertical force of the trial, N.
    zero : slice
        The baseline.
    remarks : Remarks

    Returns
    -------
    ndarray (k,) or None
        None when the plate is loaded there: mean or range beyond 20 N and 5 % of the trial's peak.
    """
    part = vertical[zero]
    peak = float(np.max(np.abs(vertical), where=np.isfinite(vertical), initial=0.0))
    limit = max(LOAD_THRESHOLD_N, 0.05 * peak)
    if not part.size or not np.all(np.isfinite(quiet)) or abs(part.mean()) > limit or np.ptp(part) > limit:
        remarks.add("plate_zero_loaded", "is loaded in the frames of FORCE_PLATFORM:ZERO; no baseline is subtracted")
        return None
    remarks.add("plate_zero_applied", "has its mean over the frames of FORCE_PLATFORM:ZERO subtracted")
    means: Array = quiet.mean(axis=0)
    return means


def check_cop(cop: Array, corners: Array, remarks: Remarks) -> None:
    """Note a centre of pressure that leaves the plate, the sign of a wrong geometry or unit.

    Parameters
    ----------
    cop : ndarray (N, 3)
        Where loaded, mm.
    corners : ndarray (4, 3)
        In mm in the same axes.
    remarks : Remarks
    """
    cop = cop[np.isfinite(cop[:, 0])]
    cop = cop[:: max(1, len(cop) // OUTSIDE_SAMPLES)]
    if not len(cop):
        return
    outside = 1.0 - float(np.mean(inside(corners, cop, OUTSIDE_MARGIN_MM)))
    if outside > OUTSIDE_FRACTION:
        remarks.add(
            "cop_off_plate",
            f"has its centre of pressure off the plate in {outside:.0%} of its loaded samples",
        )


def noise_and_offset(
    force: Array, vertical: Array, rate: float | None, remarks: Remarks
) -> tuple[float, float, float] | None:
    """Noise of a plate where it is unloaded, and a note of its offset there.

    Parameters
    ----------
    force : ndarray (N, 3)
        N.
    vertical : ndarray (N,)
        Upward force, N; NaN where not usable.
    rate : float or None
        Samples per second.
    remarks : Remarks

    Returns
    -------
    tuple of float or None
        None without a rate or an unloaded stretch.
    """
    stretch = unloaded_stretch(vertical, rate) if rate else None
    if stretch is None:
        return None
    offset = float(vertical[stretch].mean())
    if abs(offset) >= OFFSET_N:
        remarks.add("plate_offset", f"reads {offset:.3g} N while unloaded, which is not subtracted")
    noise = noise_of(force, stretch)
    return None if noise is None else (float(noise[0]), float(noise[1]), float(noise[2]))

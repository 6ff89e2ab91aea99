"""Markers as cameras see them: on soft tissue, with noise, through an upstream filter, with gaps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from heelraise.phantom.body import FOOT, FOOT_EXTRA, SHANK, TOES, UPPER, phantom_roles
from heelraise.phantom.motion import SIDES
from heelraise.phantom.scenario import Lab, Scenario
from heelraise.phantom.waves import coloured_noise, smooth_step

Array = NDArray[np.float64]

#: Part of `Lab.wobble_mm` that skin moves on each segment: little over the foot's bones, most on the shank
#: (reviewed by Leardini et al. 2005, Gait Posture 21:212-225).
SEGMENT_WOBBLE = {"foot": 0.3, "shank": 1.0, "upper": 1.0}
#: How the wobble's variance is shared: slow sliding, and sliding with the muscle's shortening.
SLOW_SHARE, RAISE_SHARE = 0.5, 0.5
#: Soft tissue rings after a landing: frequency range (Hz), decay (s), and peak over `Lab.wobble_mm`.
LANDING_HZ, LANDING_DECAY_S, LANDING_PEAK = (9.0, 14.0), 0.08, 1.5
#: Cut-off (Hz) of what counts as a marker's tremor where the skin exaggerates it.
TREMOR_FROM_HZ = 3.0


@dataclass(frozen=True, eq=False)
class SeenMarkers:
    """Markers as recorded, role to (T, 3) in mm of the phantom's axes, and what was added to them.

    ``noise_mm`` and ``wobble_mm`` are the realised rms of each over all foot and shank markers, per coordinate.
    """

    paths: dict[str, Array]
    noise_mm: float
    wobble_mm: float


def labels_of(lab: Lab) -> dict[str, str]:
    """Label of every role that the laboratory's set marks on the phantom, without the subject's prefix.

    Medial markers that a set wears in static trials only are left out, as laboratories do. Without
    `Lab.extra_markers` only the landmarks that the first phantoms had are marked.
    """
    return dict(_labels(lab.marker_set, lab.extra_markers))


@cache
def _labels(name: str, extra: bool) -> tuple[tuple[str, str], ...]:
    from heelraise.labels import marker_set

    core = {f"{side}.{role}" for side in SIDES for role in (*FOOT, *SHANK)} | set(UPPER)
    known = phantom_roles() if extra else core
    if name == "generic":
        # The generic table spells names out; sides stand before them.
        return tuple((role, label) for role, label in _generic() if role in known)
    chosen = marker_set(name)
    taken_off = {role for role in chosen.optional if ".medial_" in role}
    return tuple(
        (role, labels[0]) for role, labels in chosen.roles.items() if role in known and labels and role not in taken_off
    )


def _generic() -> list[tuple[str, str]]:
    from heelraise.labels.marker_sets import load_yaml
    from heelraise.resources import config_path

    table = load_yaml(config_path("marker_sets", "generic.yaml"))["roles"]
    found = []
    for template, names in table.items():
        for side in SIDES if "{side}" in template else ("",):
            found.append((template.replace("{side}", side), f"{side} {names[0]}".strip()))
    return found


def see_markers(
    exact: Mapping[str, Array],
    scenario: Scenario,
    raised: Mapping[str, Array],
    landings_s: tuple[float, ...],
    rng: np.random.Generator,
) -> SeenMarkers:
    """Record markers.

    Parameters
    ----------
    exact : mapping of role to ndarray (T, 3)
        Landmarks, mm.
    raised : mapping of side to ndarray (T,)
        Share of the raise: skin slides as the calf shortens.
    landings_s : tuple of float
        Times at which heels land, s.
    rng : Generator
        Draws the cameras' noise and the gaps. Wobble has a stream of its own, so that switching it on changes
        nothing else.

    Returns
    -------
    SeenMarkers
    """
    lab = scenario.lab
    wobble_rng = np.random.default_rng([scenario.seed, 11])
    slides = _wobble(exact, lab, raised, landings_s, wobble_rng) if lab.wobble_mm > 0 else {}
    noisy: dict[str, Array] = {}
    squares = {"noise": 0.0, "wobble": 0.0}
    counted = 0
    for role, path in exact.items():
        noise = rng.standard_normal(path.shape)
        on_bone = path
        if lab.wobble_mm > 0:
            slide = slides[role]
            on_bone = path + slide
            if role.startswith(SIDES) and _segment(role) != "upper":
                squares["wobble"] += float(np.mean(slide**2))
        seen = on_bone + lab.marker_noise_mm * noise
        if lab.lowpass_hz is not None:
            from heelraise.signal.filters import lowpass

            seen = lowpass(seen, lab.point_rate_hz, lab.lowpass_hz)
        if role.startswith(SIDES) and _segment(role) != "upper":
            squares["noise"] += float(lab.marker_noise_mm**2 * np.mean(noise**2))
            counted += 1
        noisy[role] = seen
    feet = [role for role in noisy if role.split(".")[-1] in {"heel", "mt1", "mt2", "mt5"}]
    width = max(round(lab.gap_s * lab.point_rate_hz), 1)
    for _ in range(lab.gaps):
        role = feet[int(rng.integers(len(feet)))]
        start = int(rng.integers(width, noisy[role].shape[0] - 2 * width))
        noisy[role][start : start + width] = np.nan
    rms = {name: float(np.sqrt(total / max(counted, 1))) for name, total in squares.items()}
    return SeenMarkers(noisy, rms["noise"], rms["wobble"])


def _segment(role: str) -> str:
    name = role.split(".")[-1]
    if name in SHANK:
        return "shank"
    return "foot" if name in FOOT or name in FOOT_EXTRA or name in TOES else "upper"


def _wobble(
    exact: Mapping[str, Array],
    lab: Lab,
    raised: Mapping[str, Array],
    landings_s: tuple[float, ...],
    rng: np.random.Generator,
) -> dict[str, Array]:
    """Movement (T, 3) of each marker against its bone: slow, with the raise, with its tremor, and after landings."""
    from heelraise.signal.filters import highpass

    roles, rate = list(exact), lab.point_rate_hz
    paths = np.stack(list(exact.values()), axis=1)
    frames, count = paths.shape[:2]
    direction = rng.standard_normal((count, 3))
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    ringing_hz, sign = rng.uniform(*LANDING_HZ, count), rng.choice([-1.0, 1.0], count)
    share = np.asarray(lab.wobble_of_tremor * rng.uniform(-1.0, 1.0, count))
    up = np.stack([raised.get(role.split(".")[0], next(iter(raised.values()))) for role in roles], axis=1)
    slow = np.stack([coloured_noise(rng, frames, rate, slope=3.0, low=0.3) for _ in roles], axis=1)
    along = np.sqrt(SLOW_SHARE) * slow + np.sqrt(RAISE_SHARE) * sign * up
    time = np.arange(frames) / rate
    for landing in landings_s:
        # The blow builds up over a frame or two and rings out.
        rows = slice(max(int(landing * rate), 0), int((landing + 12 * LANDING_DECAY_S) * rate))
        after = np.maximum(time[rows] - landing, 0.0)[:, None]
        blow = LANDING_PEAK * smooth_step(after / 0.03) * np.exp(-after / LANDING_DECAY_S)
        along[rows] += blow * np.sin(2 * np.pi * ringing_hz * after)
    size = lab.wobble_mm * np.array([SEGMENT_WOBBLE[_segment(role)] for role in roles])
    slide = (size * along)[:, :, None] * direction
    if rate > 2.2 * TREMOR_FROM_HZ and frames > 8:
        slide += share[:, None] * highpass(paths, rate, TREMOR_FROM_HZ)
    return {role: slide[:, k] for k, role in enumerate(roles)}

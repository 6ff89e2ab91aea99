"""The phantom's laboratory: markers with noise, force plates of type 2, surface EMG."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from heelraise.phantom.body import STANCE_HALF_WIDTH
from heelraise.phantom.motion import SIDES, SideMotion, coloured_noise, edges_of
from heelraise.phantom.scenario import Scenario

Array = NDArray[np.float64]
GRAVITY = 9.80665
_PLATE_SIZE = (400.0, 200.0)


@dataclass(frozen=True)
class Channel:
    """One analog channel as recorded: samples (N,) in `unit`."""

    label: str
    unit: str
    samples: Array


@dataclass(frozen=True)
class PlateRecord:
    """A type-2 plate: corners (4, 3) mm in the lab, its channels, and the CoP it saw (N, 2) mm."""

    corners: Array
    channels: tuple[Channel, ...]
    cop: Array
    vertical: Array


def marker_noise(points: dict[str, Array], scenario: Scenario, rng: np.random.Generator) -> dict[str, Array]:
    """Markers as cameras see them: upstream low-pass, white noise, gaps of 0.1 s in foot markers."""
    lab = scenario.lab
    noisy = {}
    for role, path in points.items():
        seen = path + lab.marker_noise_mm * rng.standard_normal(path.shape)
        if lab.lowpass_hz is not None:
            from heelraise.signal.filters import lowpass

            seen = lowpass(seen, lab.point_rate_hz, lab.lowpass_hz)
        noisy[role] = seen
    feet = [role for role in noisy if role.split(".")[-1] in {"heel", "mt1", "mt2", "mt5"}]
    width = max(round(0.1 * lab.point_rate_hz), 1)
    for _ in range(lab.gaps):
        role = feet[int(rng.integers(len(feet)))]
        start = int(rng.integers(width, noisy[role].shape[0] - 2 * width))
        noisy[role][start : start + width] = np.nan
    return noisy


def hand_tremor(points: dict[str, Array], scenario: Scenario, time: Array) -> None:
    """Add a hand tremor of its own to both hands, in place."""
    body = scenario.body
    if body.hand_tremor_hz > 0:
        wave = np.sqrt(2.0) * body.hand_tremor_mm * np.sin(2 * np.pi * body.hand_tremor_hz * time)
        for side in SIDES:
            points[f"{side}.hand"][:, 2] += wave


def plates(
    motion: dict[str, SideMotion], points: dict[str, Array], scenario: Scenario, rng: np.random.Generator
) -> tuple[PlateRecord, ...]:
    """One plate under each foot: half of the body's weight on each, CoP under the forefoot in the hold.

    A kinematic stand-in: force, markers and EMG share their tremor but are not tied by Newton's laws.
    """
    lab, body = scenario.lab, scenario.body
    rate = lab.point_rate_hz * lab.analog_per_frame
    n = motion["left"].pitch.size
    time_a = np.arange(n * lab.analog_per_frame) / rate
    time_p = np.arange(n) / lab.point_rate_hz
    heights = 0.5 * (points["left.lateral_malleolus"][:, 2] + points["right.lateral_malleolus"][:, 2])
    slow = _slow(heights, lab.point_rate_hz)
    acceleration = np.gradient(np.gradient(slow, time_p), time_p) / 1000.0
    records = []
    shift = coloured_noise(rng, n, lab.point_rate_hz, slope=2.5, low=0.2)
    for number, side in enumerate(SIDES, start=1):
        m = motion[side]
        share = 0.5 + (0.02 if side == "left" else -0.02) * shift
        # Soft tissue takes most of the tremor's push: a rigid body would answer with hundreds of newtons.
        vertical = body.mass_kg * share * (GRAVITY + acceleration) + 6.0 * m.tremor
        lateral = 1.0 if side == "left" else -1.0
        sway = 4.0 * coloured_noise(rng, n, lab.point_rate_hz, slope=3.0, low=0.3)
        sway_ml = 2.0 * coloured_noise(rng, n, lab.point_rate_hz, slope=3.0, low=0.3)
        forward = (0.45 + 0.5 * m.raised) * body.foot_length_mm + sway * (1.0 - 0.4 * m.raised) + 1.5 * m.tremor
        side_way = lateral * STANCE_HALF_WIDTH + sway_ml + 1.0 * m.tremor_roll
        shear = np.stack([0.01 * vertical * sway / 4.0, 0.01 * vertical * sway_ml / 2.0], axis=1)
        fz, x, y = (np.interp(time_a, time_p, v) for v in (vertical, forward, side_way))
        fx, fy = (np.interp(time_a, time_p, shear[:, k]) for k in (0, 1))
        records.append(_record(number, lateral, np.stack([fx, fy, fz], 1), np.stack([x, y], 1), scenario, rng))
    return tuple(records)


def _record(
    number: int, lateral: float, force: Array, cop: Array, scenario: Scenario, rng: np.random.Generator
) -> PlateRecord:
    # Corner order of the C3D manual: 1 at +x +y of the plate, then against the clock seen from above for
    # a plate whose z points down; x of the plate runs along the lab's X, y against its Y.
    half_x, half_y = _PLATE_SIZE[0] / 2, _PLATE_SIZE[1] / 2
    centre = np.array([85.0, lateral * (half_y + 5.0), 0.0])
    corners = centre + np.array(
        [[half_x, -half_y, 0], [-half_x, -half_y, 0], [-half_x, half_y, 0], [half_x, half_y, 0]],
        dtype=np.float64,
    )
    # The plate's axes in the lab: x forward, y to the right, z down (x cross y).
    reaction = force * np.array([1.0, -1.0, -1.0])
    x, y = cop[:, 0] - centre[0], -(cop[:, 1] - centre[1])
    # The transducer's origin lies 30 mm below the surface, z down positive.
    depth = 30.0
    arm = np.stack([x, y, np.full_like(x, -depth)], axis=1)
    moment = np.cross(arm, reaction)
    noise = scenario.lab.force_noise_n
    names = (f"Fx{number}", f"Fy{number}", f"Fz{number}", f"Mx{number}", f"My{number}", f"Mz{number}")
    units = ("N", "N", "N", "Nmm", "Nmm", "Nmm")
    columns = np.concatenate([reaction, moment], axis=1)
    # A moment channel's noise is a force channel's over a typical arm of 100 mm.
    columns += rng.standard_normal(columns.shape) * np.array([noise] * 3 + [100.0 * noise] * 3) * 0.5
    channels = tuple(Channel(n, u, columns[:, k]) for k, (n, u) in enumerate(zip(names, units, strict=True)))
    return PlateRecord(corners, channels, cop, force[:, 2])


def emg(motion: dict[str, SideMotion], scenario: Scenario, rng: np.random.Generator) -> tuple[Channel, ...]:
    """Surface EMG in volts: band-limited Gaussian carriers whose amplitude follows load and tremor.

    The carrier's spectrum slides down over each hold as a tiring muscle's does; the tremor modulates
    calf and fibular muscles in phase with the oscillation, after the recording system's delay.
    """
    lab, setting = scenario.lab, scenario.emg
    rate = lab.point_rate_hz * lab.analog_per_frame
    n = motion["left"].pitch.size * lab.analog_per_frame
    time = np.arange(n) / rate
    time_p = np.arange(motion["left"].pitch.size) / lab.point_rate_hz
    delay = setting.delay_ms / 1000.0
    channels = []
    for muscle in setting.muscles:
        calf = muscle != "tibialis_anterior"
        for side in SIDES:
            m = motion[side]
            raised = np.interp(time - delay, time_p, m.raised)
            level = 6e-6 + (1e-5 + (1.2e-4 if calf else 2e-5) * raised)
            size = float(np.sqrt(np.mean(m.tremor**2)))
            wave = np.interp(time - delay, time_p, m.tremor / size) if size > 1e-9 else np.zeros(n)
            # The wave has unit rms over the trial's raised part; its peak would reach sqrt(2).
            peak = np.sqrt(2.0) / max(float(np.percentile(np.abs(wave), 97)), 1e-9) if size > 1e-9 else 0.0
            depth = setting.modulation if calf else 0.2 * setting.modulation
            envelope = level * np.maximum(1.0 + depth * wave * peak / np.sqrt(2.0), 0.05)
            carrier = _carrier(rng, n, rate, time, scenario)
            hum = setting.hum_v * np.sin(2 * np.pi * 50.0 * time)
            label = f"{'L' if side == 'left' else 'R'} {_SHORT.get(muscle, muscle)}"
            channels.append(Channel(label, "V", envelope * carrier + hum + 1e-6 * rng.standard_normal(n)))
    return tuple(channels)


_SHORT = {
    "gastrocnemius_medialis": "GM",
    "gastrocnemius_lateralis": "GL",
    "soleus": "SOL",
    "fibularis_longus": "PL",
    "tibialis_anterior": "TA",
}


def _carrier(rng: np.random.Generator, n: int, rate: float, time: Array, scenario: Scenario) -> Array:
    """Unit-rms noise whose median frequency falls over each hold by the scenario's rate."""
    setting = scenario.emg
    freq = np.fft.rfftfreq(n, 1 / rate)
    white = rng.standard_normal(freq.size) + 1j * rng.standard_normal(freq.size)

    def density(corner: float) -> Array:
        # Shwedyk et al. 1977, IEEE Trans Biomed Eng 24:417: f^2 / ((f^2 + a^2)(f^2 + b^2)).
        a, b = 0.5 * corner, corner
        shape = freq**2 / ((freq**2 + a**2) * (freq**2 + b**2))
        shape[(freq < 15) | (freq > min(450.0, 0.45 * rate))] = 0.0
        return shape

    def band(median: float) -> Array:
        corner = median
        for _ in range(8):
            running = np.cumsum(density(corner))
            corner *= median / float(freq[np.searchsorted(running, 0.5 * running[-1])])
        shape = density(corner)
        wave = np.fft.irfft(np.sqrt(shape) * white, n)
        return np.asarray(wave / max(float(wave.std()), 1e-12))

    edges = edges_of(scenario.task)
    fresh = band(setting.median_frequency_hz)
    if not edges.hold.size or setting.fatigue_percent_s == 0:
        return fresh
    hold = float(edges.lower[0] - edges.hold[0])
    fall = min(setting.fatigue_percent_s * hold / 100.0, 0.6)
    tired = band(setting.median_frequency_hz * (1.0 - fall))
    share = np.zeros_like(time)
    for start, stop, down in zip(edges.hold, edges.lower, edges.down, strict=True):
        share += np.clip((time - start) / max(stop - start, 1e-6), 0, 1) * (time < down)
    return np.sqrt(1 - share) * fresh + np.sqrt(share) * tired


def _slow(path: Array, rate: float) -> Array:
    from heelraise.phantom.body import slow_path

    return slow_path(path[:, None], 2 * round(0.15 * rate) + 1)[:, 0]

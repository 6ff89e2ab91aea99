"""Motor-unit pools of the leg: recruitment, rate coding, force, fatigue and surface EMG."""

from heelraise.phantom.muscle.emg import surface_emg
from heelraise.phantom.muscle.pools import Pools, Spikes, run
from heelraise.phantom.muscle.rates import drive_for, steady_force
from heelraise.phantom.muscle.spec import SPECS, PoolSpec, of_natural_size

__all__ = ["SPECS", "PoolSpec", "Pools", "Spikes", "drive_for", "of_natural_size", "run", "steady_force", "surface_emg"]

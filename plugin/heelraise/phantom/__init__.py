"""A kinematic phantom: trials whose truth is known, for samples, tests and the accuracy table."""

from heelraise.phantom.scenario import Scenario, build_scenario, load_scenario
from heelraise.phantom.simulate import Simulated, simulate, write_trial

__all__ = ["Scenario", "Simulated", "build_scenario", "load_scenario", "simulate", "write_trial"]

"""Phantoms: trials whose truth is known, for samples, tests and the accuracy table."""

from heelraise.phantom.memory import simulate_trial, trial_of
from heelraise.phantom.scenario import Scenario, build_scenario, list_scenarios, load_scenario
from heelraise.phantom.simulate import Simulated, simulate, write_trial

__all__ = [
    "Scenario",
    "Simulated",
    "build_scenario",
    "list_scenarios",
    "load_scenario",
    "simulate",
    "simulate_trial",
    "trial_of",
    "write_trial",
]

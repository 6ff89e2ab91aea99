"""A simulated trial without a file on disk: encoded as C3D in memory and read back from there.

The bytes are those that `write_trial` would write, so rounding to 16 bits or single precision is in the trial as it
would be in the laboratory's.
"""

from __future__ import annotations

from heelraise.c3d.memory import container_from_bytes
from heelraise.c3d.write import encode_c3d
from heelraise.phantom.scenario import Scenario
from heelraise.phantom.simulate import Simulated, file_of, simulate
from heelraise.trial import Trial, trial_from_container


def trial_of(simulated: Simulated) -> Trial:
    """The trial that `read_c3d` would give of a simulation written by `write_trial`."""
    data = encode_c3d(file_of(simulated))
    return trial_from_container(container_from_bytes(data, f"{simulated.scenario.name}.c3d"))


def simulate_trial(scenario: Scenario) -> Trial:
    """Simulate a trial and hand it over as if it had been read from its C3D file."""
    return trial_of(simulate(scenario))

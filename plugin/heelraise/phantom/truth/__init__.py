"""What is known about a simulated trial: the schema ``heelraise-truth/1``.

Both models fill the same tables. Everything is computed from noise-free signals by the definitions that the analysis
uses on recorded ones, so that a difference is an error of measurement and not one of words. `FIELDS` says what each
entry means; what cannot be known is absent.
"""

from heelraise.phantom.truth.edges import found_raises, heel_height, measured_windows, raise_windows
from heelraise.phantom.truth.loads import cop_of, emg_of
from heelraise.phantom.truth.schema import BAND_HZ, FIELDS, MIN_WINDOW_S, TRUTH_SCHEMA
from heelraise.phantom.truth.tremor import flat_stance_rms, tremor_of
from heelraise.phantom.truth.trial import truth_of

__all__ = [
    "BAND_HZ",
    "FIELDS",
    "MIN_WINDOW_S",
    "TRUTH_SCHEMA",
    "cop_of",
    "emg_of",
    "flat_stance_rms",
    "found_raises",
    "heel_height",
    "measured_windows",
    "raise_windows",
    "tremor_of",
    "truth_of",
]

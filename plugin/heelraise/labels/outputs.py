"""What is not a marker and not EMG: outputs of models, channels of force plates."""

from __future__ import annotations

import re
from typing import Final

from heelraise.labels.text import plain

# Scalar and vector outputs that Nexus, Plug-in Gait, CGM2 and Visual3D write among the points.
_OUTPUT: Final = re.compile(
    r"(?:angles?|powers?|moments?|forces?|velocity|velocities|acceleration|momentum|progression|"
    r"angle_?[xyz]|normalis?z?ed\w*grf|groundreaction\w*|grf|centreofmass(?:floor)?|centerofmass(?:floor)?|"
    r"leglength|archheight(?:index)?|trunkoffseta|cop)$"
)
_GRF: Final = re.compile(r"(?:ground_?reaction|normalis?z?ed_?grf|centre_?of_?mass|center_?of_?mass)")
# Plug-in Gait draws each segment as four points: origin, anterior, lateral, proximal.
_BONE: Final = re.compile(r"^(?:pel|hed|trx|[lr](?:fe|ti|fo|to|cl|hu|ra|hn))[oalp]$")
# Frames that the Oxford Foot Model writes for display: origin and three axes.
_FRAME: Final = re.compile(r"^[lr](?:fof|hdf|hlx)[0-3]$")

_PLATE: Final = re.compile(
    r"^(?:fp|pf|f?plate|plateforme|platform|forceplate|force|moment|cop|kmp|tapis|treadmill|belt|dev\d*)?"
    r"[\d ._\-]*"
    r"(?:(?:force|moment|cop)[ ._\-]*[xyz]?|[fmp][ ._\-]?\d*[ ._\-]?[xyz])[ ._\-]*(?:\d+(?:\+\d+)?)?$"
)
_MAKERS: Final = re.compile(r"^(?:amti|kistler|bertec|forceplate|force plate|force plate \[)")


def is_model_output(label: str) -> bool:
    """Tell whether a point label (without prefix) names a computed quantity rather than a marker."""
    text = plain(label).replace(" ", "")
    return bool(_OUTPUT.search(text) or _GRF.search(text) or _BONE.match(text) or _FRAME.match(text))


def is_force_plate(label: str) -> bool:
    """Tell whether an analog label names a channel of a force plate, with or without a device's prefix."""
    text = plain(label).strip()
    tail = re.split(r"[.:]", text)[-1].strip()
    return bool(_PLATE.match(text) or _PLATE.match(tail) or _MAKERS.match(text))

"""Words for sides, devices and measured quantities that labels are made of."""

from __future__ import annotations

from typing import Final


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


LEFT: Final = _words(
    "left lt li links linker linke gauche gche sinistra sinistro sin sx izquierda izquierdo izq esquerda esquerdo esq"
)
RIGHT: Final = _words(
    "right rt re rechts rechter rechte droite droit dte destra destro des dx derecha derecho der direita direito dir"
)
SIDE_OF: Final = dict.fromkeys(LEFT, "left") | dict.fromkeys(RIGHT, "right")
"""Every word for a side, with the side."""

ENDS_ONLY: Final = _words("lt li rt re sin des der dir esq")
"""Words for a side that mean other things inside a label, and are only read as such at its ends."""

SIDE_LETTERS: Final = (("l", "r"), ("g", "d"), ("s", "d"), ("i", "d"), ("e", "d"))
"""Letters for left and right; all but the first pair need both letters in the file."""

NOISE: Final = _words(
    "emg semg emgs musculus muscle muskel muscolo musculo spier voltage volt analog analogue electric "
    "potential raw channel chan ch sensor trigno delsys noraxon ele electrode uv mv v device im avanti "
    "cometa bts myon zerowire input wave"
)
"""Words that say nothing about the muscle."""

NOT_EMG: Final = _words(
    "acc accel accelerometer accelerometre gyro gyroscope mag magnetometer imu sync synchro trigger "
    "trig footswitch fsw fs force torque goniometer gonio angle temperature pressure cop nothing unused "
    "stim"
)
"""Words of channels that are not EMG."""

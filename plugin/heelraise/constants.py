"""Constants of nature that measurements share."""

from __future__ import annotations

from typing import Final

#: Standard acceleration of gravity, m/s^2.
GRAVITY: Final = 9.80665

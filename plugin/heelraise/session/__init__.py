"""Several trials of one subject and day, pooled and screened once."""

from __future__ import annotations

from heelraise.session.model import SessionResult
from heelraise.session.pool import pool

__all__ = ["SessionResult", "pool"]

"""A script for the scripting window of OpenSim's GUI. It is Jython 2.7 and is never imported here."""

from __future__ import annotations

from pathlib import Path


def script_path() -> Path:
    """Where the script lies in this installation."""
    return Path(__file__).with_name("run_heelraise.py")

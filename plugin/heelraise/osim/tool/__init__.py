"""The analysis as a tool in OpenSim's style: a setup XML, ``run()``, results as ``<name>_*.sto``."""

from heelraise.osim.tool.run import HeelRaiseTool, ToolRun
from heelraise.osim.tool.setup import Setup, read_setup, setup_text

__all__ = ["HeelRaiseTool", "Setup", "ToolRun", "read_setup", "setup_text"]

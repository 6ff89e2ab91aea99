"""One of OpenSim's own tools in a process of its own: it may crash, hang or print what it likes.

Run as a script in a scratch folder. Standard input holds one JSON object with ``tool`` (name of OpenSim's class),
``setup`` (its XML) and ``model`` (path); file descriptor 1 gets one JSON object with ``status`` (``ok`` or
``failed``) and ``reason``.
"""

import json
import os
import sys


def main() -> None:
    """Run the tool and answer."""
    answer = os.dup(1)
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)
    os.dup2(null, 2)
    request = json.load(sys.stdin)
    status, reason = "ok", ""
    try:
        import opensim

        opensim.Logger.removeFileSink()
        opensim.Logger.setLevelString("Off")
        # A tool with a model that does not load ends the process; a model alone raises.
        opensim.Model(request["model"]).initSystem()
        if not getattr(opensim, request["tool"])(request["setup"]).run():
            status, reason = "failed", "the tool gives no reason"
    except Exception as error:
        status, reason = "failed", str(error)
    os.write(answer, json.dumps({"status": status, "reason": reason}).encode("ascii"))
    # Nothing of OpenSim's needs an orderly end, and its destructors have crashed before.
    os._exit(0)


if __name__ == "__main__":
    main()

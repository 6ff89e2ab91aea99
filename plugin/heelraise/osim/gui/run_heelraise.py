# ruff: noqa
# mypy: ignore-errors
# heelraise in OpenSim's GUI: asks for a setup file, runs "heelraise run-tool" on it, plots the ankles' oscillation.
#
# For the GUI's Scripts > Run...; it runs in Jython 2.7, which can call other programs but cannot hold heelraise
# itself. Where the program is not found, write its full path between the quotes below, or into the environment
# variable HEELRAISE_COMMAND.
COMMAND = ""

import os

from java.io import BufferedReader, File, InputStreamReader
from java.lang import ProcessBuilder
from javax.swing import JFileChooser, JOptionPane

CURVES = ("HR_OSC_L", "HR_OSC_R")


def find_command():
    # An empty COMMAND leaves the search to the path.
    return COMMAND or os.environ.get("HEELRAISE_COMMAND") or "heelraise"


def choose_setup():
    chooser = JFileChooser()
    chooser.setDialogTitle("Setup file of HeelRaiseTool")
    if chooser.showOpenDialog(None) != JFileChooser.APPROVE_OPTION:
        return None
    return chooser.getSelectedFile().getAbsolutePath()


def run_tool(setup):
    # Status and lines of the program; None for the status where it cannot be started.
    builder = ProcessBuilder([find_command(), "run-tool", setup])
    builder.directory(File(setup).getParentFile())
    builder.redirectErrorStream(True)
    try:
        process = builder.start()
    except Exception as error:
        return None, [str(error)]
    reader = BufferedReader(InputStreamReader(process.getInputStream(), "UTF-8"))
    lines = []
    line = reader.readLine()
    while line is not None:
        print(line)
        lines.append(line)
        line = reader.readLine()
    return process.waitFor(), lines


def find_channels(setup, lines):
    # The program prints the path of each result; relative ones count from the setup's folder.
    for line in lines:
        path = line.strip()
        if path.endswith("_channels.sto"):
            if not os.path.isabs(path):
                path = os.path.join(os.path.dirname(setup), path)
            return path
    return None


def read_labels(path):
    stream = open(path)
    try:
        ended = False
        for line in stream:
            if ended:
                return line.split()
            ended = line.strip() == "endheader"
    finally:
        stream.close()
    return []


def plot(path):
    labels = [label for label in CURVES if label in read_labels(path)]
    if not labels:
        return
    # These functions are the GUI's own.
    panel = createPlotterPanel("heelraise")
    source = addDataSource(panel, path)
    for label in labels:
        addCurve(panel, source, "time", label).setLegend(label)
    panel.setXAxisLabel("time (s)")
    panel.setYAxisLabel("tremor-band plantarflexion (deg)")


def main():
    setup = choose_setup()
    if setup is None:
        return
    status, lines = run_tool(setup)
    if status is None:
        text = "heelraise cannot be started: " + lines[0] + "\nWrite its full path into COMMAND in this script."
        JOptionPane.showMessageDialog(None, text)
    elif status != 0:
        last = lines[-1] if lines else "no message"
        JOptionPane.showMessageDialog(None, "heelraise ended with status " + str(status) + ": " + last)
    else:
        path = find_channels(setup, lines)
        if path is not None:
            plot(path)


main()

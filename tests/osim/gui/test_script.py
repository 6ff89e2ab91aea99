"""The GUI's script without the GUI: its syntax, and what it does with stand-ins for Java's classes."""

import ast
import subprocess
import sys
import types

import pytest
from typer.testing import CliRunner

from heelraise.cli.app import app
from heelraise.osim.gui import script_path

#: What Python 2.7 cannot parse.
MODERN = (
    ast.AnnAssign, ast.AsyncFor, ast.AsyncFunctionDef, ast.AsyncWith, ast.Await, ast.FormattedValue, ast.JoinedStr,
    ast.Match, ast.NamedExpr, ast.Nonlocal, ast.Starred, ast.YieldFrom,
)  # fmt: skip


class Chooser:
    APPROVE_OPTION = 0
    chosen = ""

    def setDialogTitle(self, title):
        pass

    def showOpenDialog(self, parent):
        return 0 if self.chosen else 1

    def getSelectedFile(self):
        return types.SimpleNamespace(getAbsolutePath=lambda: self.chosen)


class Builder:
    """Java's ProcessBuilder on subprocess."""

    def __init__(self, command):
        self.command = command

    def directory(self, folder):
        self.folder = folder

    def redirectErrorStream(self, merged):
        self.merged = merged

    def start(self):
        merged = subprocess.STDOUT if self.merged else None
        process = subprocess.Popen(
            self.command, cwd=self.folder, stdout=subprocess.PIPE, stderr=merged, text=True, encoding="utf-8"
        )
        return types.SimpleNamespace(getInputStream=lambda: process.stdout, waitFor=process.wait)


class Reader:
    def __init__(self, stream):
        self.stream = stream

    def readLine(self):
        line = self.stream.readline()
        return line.rstrip("\n") if line else None


class File(str):
    def getParentFile(self):
        return self.rsplit("/", 1)[0]


@pytest.fixture
def gui(monkeypatch, tmp_path):
    """Run the script on a chosen file with a given command; what was shown and plotted."""

    def run(chosen, command):
        shown, curves = [], []
        fields = {
            "java": types.ModuleType("java"),
            "java.io": types.SimpleNamespace(
                BufferedReader=Reader, File=File, InputStreamReader=lambda stream, encoding: stream
            ),
            "java.lang": types.SimpleNamespace(ProcessBuilder=Builder),
            "javax": types.ModuleType("javax"),
            "javax.swing": types.SimpleNamespace(
                JFileChooser=type("Chosen", (Chooser,), {"chosen": str(chosen)}),
                JOptionPane=types.SimpleNamespace(showMessageDialog=lambda parent, text: shown.append(text)),
            ),
        }
        for name, module in fields.items():
            monkeypatch.setitem(sys.modules, name, module)
        monkeypatch.setenv("HEELRAISE_COMMAND", str(command))
        panel = types.SimpleNamespace(setXAxisLabel=lambda text: None, setYAxisLabel=lambda text: None)

        def add_curve(panel, source, domain, name):
            curves.append((source, domain, name))
            return types.SimpleNamespace(setLegend=lambda text: None)

        own = {"createPlotterPanel": lambda title: panel, "addDataSource": lambda p, path: path, "addCurve": add_curve}
        exec(compile(script_path().read_text(), "run_heelraise.py", "exec"), own)
        return shown, curves

    return run


def command(folder, body):
    """A program in place of heelraise."""
    path = folder / "heelraise"
    path.write_text(f"#!{sys.executable}\nimport sys\n{body}\n")
    path.chmod(0o755)
    return path


def test_the_script_is_python_2():
    text = script_path().read_text()
    text.encode("ascii")
    tree = ast.parse(text)
    for node in ast.walk(tree):
        assert not isinstance(node, MODERN), ast.dump(node)
        if isinstance(node, ast.FunctionDef):
            assert node.returns is None
            assert not node.args.kwonlyargs
            assert all(arg.annotation is None for arg in node.args.args)
        if isinstance(node, ast.Raise):
            assert node.cause is None
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print":
            # With one argument the statement of Python 2 prints the same.
            assert len(node.args) == 1
            assert not node.keywords


def test_the_command_tells_where_the_script_lies():
    done = CliRunner().invoke(app, ["run-tool", "--gui-script"])
    assert done.stdout.strip() == str(script_path())
    assert script_path().is_file()


@pytest.mark.skipif(sys.platform == "win32", reason="stands in for the program with a script")
def test_results_are_plotted(gui, tmp_path):
    table = tmp_path / "mine_channels.sto"
    table.write_text("mine\nnRows=1\nendheader\ntime\tHR_PF_L\tHR_OSC_L\n0\t1\t2\n")
    setup = tmp_path / "setup.xml"
    program = command(tmp_path, f"assert sys.argv[1:] == ['run-tool', {str(setup)!r}]\nprint('  mine_channels.sto')")
    shown, curves = gui(setup, program)
    assert shown == []
    assert curves == [(str(table), "time", "HR_OSC_L")]


@pytest.mark.skipif(sys.platform == "win32", reason="stands in for the program with a script")
def test_a_failure_is_shown(gui, tmp_path):
    shown, curves = gui(tmp_path / "s.xml", command(tmp_path, "sys.exit('heelraise: s.xml:3: <x> is not known')"))
    assert shown == ["heelraise ended with status 1: heelraise: s.xml:3: <x> is not known"]
    assert curves == []


def test_a_missing_program_is_shown(gui, tmp_path):
    shown, _ = gui(tmp_path / "s.xml", tmp_path / "none")
    assert "heelraise cannot be started" in shown[0]
    assert "COMMAND" in shown[0]


def test_nothing_happens_without_a_choice(gui, tmp_path):
    assert gui("", tmp_path / "none") == ([], [])

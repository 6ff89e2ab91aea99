"""`HeelRaiseTool`: the analysis of a trial as OpenSim users run a tool."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np

from heelraise.errors import InputError
from heelraise.notes import Note
from heelraise.osim.files.channels import channel_table
from heelraise.osim.files.tables import Table, write_table
from heelraise.osim.tool.setup import Setup, check_files, read_setup, resolve, setup_text, value_lines
from heelraise.outputs.atomic import ensure_folder, write_text

if TYPE_CHECKING:
    from heelraise.protocol import ResolvedProtocol
    from heelraise.result import TrialResult

SETUP_FILE = "heelraise_setup.xml"


@dataclass(frozen=True)
class ToolRun:
    """What a run wrote, in order, and what there is to say about it."""

    paths: tuple[Path, ...]
    notes: tuple[Note, ...] = field(default=())


class HeelRaiseTool:
    """The analysis of a trial with a setup in OpenSim's style.

    Parameters
    ----------
    setup : Path or str, optional
        Setup file; without it every setting has its default. Change settings with
        ``tool.settings = dataclasses.replace(tool.settings, input_file="trial.c3d")``.

    Attributes
    ----------
    settings : Setup
    folder : Path
        From which relative paths count: that of the setup file, else the working directory.

    Raises
    ------
    InputError
        The setup cannot be used.
    """

    def __init__(self, setup: Path | str | None = None) -> None:
        self.settings = Setup() if setup is None else read_setup(setup)
        self.folder = Path() if setup is None else Path(setup).parent
        self._source = "setup" if setup is None else str(setup)
        self._lines = {} if setup is None else value_lines(setup)

    def run(self) -> ToolRun:
        """Analyse the trial and write the results.

        Returns
        -------
        ToolRun
            Paths of the summary, of the copy, of ``<name>_channels.sto`` and ``<name>_emg.sto`` (as far as the trial
            has them), with a model of ``<name>_ik.mot`` and ``<name>_id.sto``, and of what the setup asks for beyond.

        Raises
        ------
        InputError, ProtocolError, OutputError
            Inputs are never touched; each file appears whole or not at all.
        """
        setup = self.settings
        if not setup.input_file:
            raise InputError("the setup names no input_file", where=self._source, todo="name a C3D file")
        folder = resolve(setup.results_directory, self.folder)
        trial = resolve(setup.input_file, self.folder)
        if setup.output_opensim_files and setup.name == trial.stem:
            raise InputError(
                f"the name {setup.name} gives two results one file name ({setup.name}_emg.sto)",
                where=self._source,
                why="output_opensim_files are called after the trial",
                todo="give the tool another name",
            )
        check_files(setup, self.folder, self._source, self._lines)
        # Before the work, which may take a minute.
        ensure_folder(folder)
        static = resolve(setup.static_file, self.folder) if setup.static_file else None
        resolved = self._protocol()
        self._check_range(trial)
        result, paths = _analyse(trial, static, resolved, folder, copy=setup.output_c3d)
        notes = list(result.notes)
        for table in self._tables(result):
            paths.append(write_table(folder / f"{table.name}.sto", table))
        if setup.output_opensim_files or setup.model_file:
            more, said = self._opensim_files(result, resolved, folder)
            paths += more
            notes += said
        return ToolRun(tuple(paths), tuple(dict.fromkeys(notes)))

    def print_to_xml(self, path: Path | str) -> Path:
        """Write the settings as a setup file with a comment on each, whole or not at all.

        Raises
        ------
        OutputError
            The file cannot be written.
        """
        path = Path(path)
        ensure_folder(path.parent)
        write_text(path, setup_text(self.settings))
        return path

    #: As OpenSim's own tools call it.
    printToXML = print_to_xml

    def _protocol(self) -> ResolvedProtocol:
        from heelraise.protocol import load_protocol

        setup = self.settings
        source = setup.protocol
        # A preset has a plain name; everything else is a file.
        is_file = bool({".", "/", "\\"} & set(source))
        if is_file:
            source = str(resolve(source, self.folder))
        # By itself first: what is wrong in it is told with its own name.
        plain = load_protocol(source)
        if not setup.model_file and not setup.inverse_dynamics:
            return plain
        section: list[str] = []
        if setup.model_file:
            model = resolve(setup.model_file, self.folder).resolve()
            section += ["markers:", "  angle_model: opensim"]
            section += ["opensim:", f"  model: {_quoted(str(model))}"]
        elif setup.inverse_dynamics:
            section += ["opensim:"]
        if setup.inverse_dynamics:
            section += ["  inverse_dynamics: true"]
        with TemporaryDirectory() as scratch:
            file = Path(scratch) / f"{setup.name}.yaml"
            base = str(Path(source).resolve()) if is_file else source
            file.write_text("\n".join([f"extends: {_quoted(base)}", *section, ""]), encoding="utf-8")
            return load_protocol(file)

    def _tables(self, result: TrialResult) -> list[Table]:
        setup, found = self.settings, []
        if setup.output_channels:
            found.append(channel_table(result.trial, result.channels, f"{setup.name}_channels"))
        if setup.output_emg:
            found.append(_emg_table(result, f"{setup.name}_emg"))
        cut = [self._cut(table) for table in found if table is not None]
        # Between two frames there may be samples of the EMG and none of the channels.
        return [table for table in cut if table.times.size]

    def _check_range(self, file: Path) -> None:
        """Refuse a time_range without samples before anything is written."""
        from heelraise.trial import read_c3d

        first, last = self.settings.time_range
        if np.isinf(first) and np.isinf(last):
            return
        trial = read_c3d(file)
        end = trial.start_s + max(trial.frames - 1, 0) / trial.point_rate if trial.point_rate > 0 else 0.0
        if first > end or last < trial.start_s:
            raise InputError(
                f"no sample lies in the time_range {first:g} to {last:g} s",
                where=self._source,
                why=f"the trial lasts from {trial.start_s:g} to {end:g} s",
            )

    def _cut(self, table: Table) -> Table:
        first, last = self.settings.time_range
        # Times are multiples of a period that need not be exact in binary.
        slack = 1e-9
        rows = (table.times >= first - slack) & (table.times <= last + slack)
        return replace(table, times=table.times[rows], values=table.values[rows])

    def _opensim_files(
        self, result: TrialResult, resolved: ResolvedProtocol, folder: Path
    ) -> tuple[list[Path], tuple[Note, ...]]:
        from heelraise.osim.files.export import OpenSimOptions, build_export

        setup = self.settings
        model = resolve(setup.model_file, self.folder) if setup.model_file else None
        options = OpenSimOptions(pattern=setup.force_identifier, results_name=setup.name)
        export = build_export(result.trial, resolved, model, options, result.static)
        others = {name: text for name, text in export.texts.items() if name not in export.results}
        paths, notes = [], export.notes
        if setup.output_opensim_files:
            kept = replace(export, texts=others)
            notes += kept.stale(folder)
            paths += kept.write(folder)
        for name, table in export.results.items():
            cut = self._cut(table)
            if cut.times.size:
                paths.append(write_table(folder / name, cut))
        return paths, notes


def _analyse(
    trial: Path, static: Path | None, resolved: ResolvedProtocol, folder: Path, *, copy: bool
) -> tuple[TrialResult, list[Path]]:
    from heelraise.analysis import analyze
    from heelraise.pipeline import analyze_file, static_trial
    from heelraise.trial import read_c3d

    if copy:
        published = analyze_file(trial, resolved, folder, static=static)
        return published.result, [published.summary, published.c3d]
    recording = read_c3d(trial)
    still, note = static_trial(recording, static, resolved)
    result = analyze(recording, resolved, static=still)
    summary = folder / f"{recording.name}_heelraise.yaml"
    result.to_yaml(summary)
    if note is None:
        return result, [summary]
    return replace(result, notes=(*result.notes, note)), [summary]


def _emg_table(result: TrialResult, name: str) -> Table | None:
    """Envelopes of the EMG at the analog rate; None without any."""
    trial = result.trial
    kept = [c for c in result.channels if c.analog and c.label.startswith("HR_E_") and np.isfinite(c.samples).all()]
    if not kept or trial.analog_rate <= 0:
        return None
    count = min(channel.samples.size for channel in kept)
    times = trial.start_s + np.arange(count) / trial.analog_rate
    comments = tuple(f"{channel.label}: {channel.unit or '1'}, {channel.description}" for channel in kept)
    values: Any = np.column_stack([channel.samples[:count] for channel in kept])
    return Table(name, tuple(channel.label for channel in kept), times, values, comments=comments)


def _quoted(text: str) -> str:
    """A YAML string in single quotes."""
    return "'" + text.replace("'", "''") + "'"

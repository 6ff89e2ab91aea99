"""Every file that OpenSim needs from one trial."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from heelraise.errors import UsageError
from heelraise.notes import Note
from heelraise.osim.files.axes import opensim_rotation
from heelraise.osim.files.channels import channel_table, emg_table
from heelraise.osim.files.events import format_events
from heelraise.osim.files.external_loads import format_external_loads, identifiers
from heelraise.osim.files.grf import grf_table, read_foot_loads
from heelraise.osim.files.markers import trial_markers
from heelraise.osim.files.model_fit import check_fit, read_names
from heelraise.osim.files.model_results import Frame, model_results
from heelraise.osim.files.options import OpenSimOptions, has_model, with_options
from heelraise.osim.files.tables import Table, format_table
from heelraise.osim.files.trc import format_trc
from heelraise.osim.user_model import match_markers
from heelraise.outputs.atomic import ensure_folder, write_text

if TYPE_CHECKING:
    from heelraise.labelled.model import Signals
    from heelraise.protocol import ResolvedProtocol
    from heelraise.trial import Trial

Array = NDArray[np.float64]
__all__ = ["Export", "OpenSimOptions", "build_export", "export_opensim"]

#: Ends of the names of all files that a run may write.
ENDS: Final = (".trc", "_grf.mot", "_external_loads.xml", "_emg.sto", "_heelraise.sto", "_events.csv", "_model.osim",
               "_ik.mot", "_id.sto")  # fmt: skip


@dataclass(frozen=True)
class Export:
    """Texts by file name, in the order in which they are written, and what there is to say about them.

    `results` are the coordinates and moments among them, as tables.
    """

    texts: Mapping[str, str] = field(repr=False)
    notes: tuple[Note, ...]
    stem: str = ""
    results: Mapping[str, Table] = field(default_factory=dict, repr=False)

    def stale(self, folder: Path) -> tuple[Note, ...]:
        """A word on files in the folder that an earlier run made and this one does not: they are left as they are."""
        names = (f"{self.stem}{end}" for end in ENDS)
        old = [name for name in names if name not in self.texts and (folder / name).is_file()]
        if not old:
            return ()
        text = (
            f"Not of this run, and left as before: {', '.join(old)} in {folder}; do not use these with the new files."
        )
        return (Note("opensim_stale", text),)

    def write(self, folder: Path) -> list[Path]:
        """Write all files; each appears whole or not at all.

        Raises
        ------
        OutputError
            The folder cannot be made or written.
        """
        ensure_folder(folder)
        for name, text in self.texts.items():
            write_text(folder / name, text)
        return [folder / name for name in self.texts]


def export_opensim(
    trial: Trial,
    folder: Path | str,
    protocol: ResolvedProtocol | str | Path | None = None,
    model: Path | str | None = None,
    options: OpenSimOptions | None = None,
    static: Trial | None = None,
) -> list[Path]:
    """Write the OpenSim files of a trial.

    Parameters
    ----------
    trial : Trial
        From `heelraise.read_c3d`.
    folder : Path or str
        Made if it is missing.
    protocol : ResolvedProtocol, str, Path or None
        A preset's name, a YAML file, or what `load_protocol` gave; None is the preset ``auto``.
    model : Path or str, optional
        A model that the files are for: its bodies and markers must fit. Without it that of a protocol with
        ``angle_model: opensim``.
    options : OpenSimOptions, optional
    static : Trial, optional
        Quiet stance, for zeros and for scaling a model.

    Returns
    -------
    list of Path
        ``<trial>.trc``, ``<trial>_grf.mot``, ``<trial>_external_loads.xml``, ``<trial>_emg.sto``,
        ``<trial>_heelraise.sto``, ``<trial>_events.csv``, with a model ``<trial>_ik.mot`` and ``<trial>_id.sto``, and
        ``<trial>_model.osim`` where it was made to size; as far as the trial has what they hold.

    Raises
    ------
    InputError
        The model cannot be read or does not fit.
    OutputError
        The folder cannot be written.
    ProtocolError, UsageError
    """
    return build_export(trial, protocol, model, options, static).write(Path(folder))


def build_export(
    trial: Trial,
    protocol: ResolvedProtocol | str | Path | None = None,
    model: Path | str | None = None,
    options: OpenSimOptions | None = None,
    static: Trial | None = None,
) -> Export:
    """The texts of all files, without writing any; see `export_opensim`.

    All times are on the file's own clock, (first_frame - 1) / rate at the first frame.
    """
    from heelraise.analysis import signals_and_phases
    from heelraise.labelled.body import read_body
    from heelraise.outputs.channels import build_channels
    from heelraise.outputs.copy import raise_events
    from heelraise.outputs.summary import readable
    from heelraise.protocol import load_protocol
    from heelraise.protocol.load import ResolvedProtocol

    options = options or OpenSimOptions()
    names = identifiers(options.pattern)
    # Read before the work, so that a wrong name is told at once.
    wanted = read_names(Path(model)) if model is not None else None
    if options.lowpass_hz is not None and not 0 < options.lowpass_hz < 0.5 * trial.point_rate:
        why = f"the trial has {trial.point_rate:g} frames a second"
        raise UsageError(
            f"a low-pass of {options.lowpass_hz:g} Hz cannot be used", why=why, todo="leave it out for none"
        )
    if wanted is not None and options.built_in:
        raise UsageError("a model and the built-in model were asked for", todo="choose one")
    resolved = protocol if isinstance(protocol, ResolvedProtocol) else load_protocol(protocol)
    setting = with_options(resolved.protocol, options, model)
    body = read_body(trial, setting)
    rotation = opensim_rotation(body.axes, options.forward)
    # Marker files start from stored points, forces from canonical ones: both end in the same axes.
    turn = rotation @ body.axes.rotation.T
    found = signals_and_phases(trial, setting, static)
    channels = build_channels(found.signals, found.phases, setting.tremor.band)
    notes = [*found.notes]
    texts: dict[str, str] = {}
    tables: Mapping[str, Table] = {}
    # A name that is no text cannot stand in an XML file.
    stem = readable(trial.name)

    markers, more = trial_markers(trial, body, rotation, options.units)
    notes += more
    if markers is not None:
        texts[f"{stem}.trc"] = format_trc(markers, f"{stem}.trc")
    loads, more = read_foot_loads(trial, setting, body.axes, _standing_feet(found.signals), turn)
    notes += more
    if loads:
        file = f"{stem}_grf.mot"
        times = trial.start_s + np.arange(len(trial.analogs)) / trial.analog_rate
        texts[file] = format_table(grf_table(f"{stem}_grf", times, loads, names))
        load_set = f"{stem}_external_loads"
        texts[f"{load_set}.xml"] = format_external_loads(load_set, file, tuple(loads), names, options.bodies)
    emg = emg_table(trial, found.signals.emg, channels, f"{stem}_emg", options.emg)
    if emg is not None:
        texts[f"{stem}_emg.sto"] = format_table(emg)
    else:
        text = "No EMG is written: no channel that can be used is named after a muscle and its side."
        notes.append(Note("opensim_no_emg", text))
    raises = channel_table(trial, channels, f"{stem}_heelraise")
    if raises is not None:
        texts[f"{stem}_heelraise.sto"] = format_table(raises)
    ours = raise_events(found.phases, trial.start_s)
    if ours or trial.events:
        texts[f"{stem}_events.csv"] = format_events(trial.events, ours)
    if wanted is not None:
        labels = match_markers(wanted.markers, trial.point_labels, setting.opensim.markers) if markers else {}
        shown = markers.labels if markers else ()
        notes += check_fit(wanted, {side: options.bodies[side] for side in loads}, labels, shown)
    if markers is not None and has_model(setting, wanted is not None or options.built_in):
        frame = Frame(body, turn, found.signals.body_weight_n, static)
        results = model_results(trial, setting, frame, Path(model) if model is not None else None, options, texts, stem)
        texts |= {f"{stem}_model.osim": results.made} if results.made is not None else {}
        texts |= results.loads
        texts |= {name: format_table(table) for name, table in results.tables.items()}
        notes += results.notes
        tables = results.tables
    return Export(texts, tuple(dict.fromkeys(notes)), stem, tables)


def _standing_feet(signals: Signals) -> dict[str, Array]:
    """Middle of each foot (T, 3), NaN while it hangs in the air: a foot above a plate bears nothing."""
    from heelraise.labelled.build import feet_middles
    from heelraise.phases.ground import foot_tracks, in_air

    air = in_air(foot_tracks(signals), signals.body_weight_n)
    feet = {side: np.array(path) for side, path in feet_middles(signals.markers).items()}
    for side in feet.keys() & air.keys():
        feet[side][air[side]] = np.nan
    return feet

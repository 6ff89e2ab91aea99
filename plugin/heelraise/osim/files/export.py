"""Every file that OpenSim needs from one trial."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from heelraise.errors import UsageError
from heelraise.notes import Note
from heelraise.osim.files.axes import opensim_rotation
from heelraise.osim.files.channels import EmgKind, channel_table, emg_table
from heelraise.osim.files.events import format_events
from heelraise.osim.files.external_loads import BODIES, DEFAULT_PATTERN, format_external_loads, identifiers
from heelraise.osim.files.grf import grf_table, read_foot_loads
from heelraise.osim.files.markers import trial_markers
from heelraise.osim.files.model_fit import check_fit, read_names
from heelraise.osim.files.tables import format_table
from heelraise.osim.files.trc import format_trc
from heelraise.outputs.atomic import ensure_folder, write_text

if TYPE_CHECKING:
    from heelraise.labelled.model import Signals
    from heelraise.protocol import ResolvedProtocol
    from heelraise.protocol.schema import Protocol
    from heelraise.trial import Trial

Array = NDArray[np.float64]
AXES: Final = ("x", "y", "z", "-x", "-y", "-z")


@dataclass(frozen=True)
class OpenSimOptions:
    """What laboratories want differently.

    Attributes
    ----------
    units : {'mm', 'm'}
        Of the marker file. Millimetres, as motion capture software exports them; OpenSim reads either.
    up : str, optional
        Axis of the file that points up, where the file does not tell or is wrong.
    forward : str, optional
        Axis of the file that becomes OpenSim's X.
    pattern : str
        Identifiers of the ground reactions, see `heelraise.osim.files.external_loads.identifiers`.
    bodies : mapping of str to str
        Body that the force on each foot acts on.
    emg : {'envelope', 'raw'}
    plates : mapping of int to str
        ``left`` or ``right`` by number of the plate, where markers do not tell; goes before the protocol's.
    """

    units: Literal["mm", "m"] = "mm"
    up: str | None = None
    forward: str | None = None
    pattern: str = DEFAULT_PATTERN
    bodies: Mapping[str, str] = field(default_factory=lambda: dict(BODIES))
    emg: EmgKind = "envelope"
    plates: Mapping[int, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Export:
    """Texts by file name, in the order in which they are written, and what there is to say about them."""

    texts: Mapping[str, str] = field(repr=False)
    notes: tuple[Note, ...]

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
        A model that the files are for: its bodies and markers must fit.
    options : OpenSimOptions, optional

    Returns
    -------
    list of Path
        ``<trial>.trc``, ``<trial>_grf.mot``, ``<trial>_external_loads.xml``, ``<trial>_emg.sto``,
        ``<trial>_heelraise.sto``, ``<trial>_events.csv``, as far as the trial has what they hold.

    Raises
    ------
    InputError
        The model cannot be read or does not fit.
    OutputError
        The folder cannot be written.
    ProtocolError, UsageError
    """
    return build_export(trial, protocol, model, options).write(Path(folder))


def build_export(
    trial: Trial,
    protocol: ResolvedProtocol | str | Path | None = None,
    model: Path | str | None = None,
    options: OpenSimOptions | None = None,
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
    resolved = protocol if isinstance(protocol, ResolvedProtocol) else load_protocol(protocol)
    setting = _with_options(resolved.protocol, options)
    body = read_body(trial, setting)
    rotation = opensim_rotation(body.axes, options.forward)
    # Marker files start from stored points, forces from canonical ones: both end in the same axes.
    turn = rotation @ body.axes.rotation.T
    found = signals_and_phases(trial, setting)
    channels = build_channels(found.signals, found.phases, setting.tremor.band)
    notes = [*found.notes]
    texts: dict[str, str] = {}
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
        notes += check_fit(wanted, {side: options.bodies[side] for side in loads}, markers.labels if markers else ())
    return Export(texts, tuple(dict.fromkeys(notes)))


def _standing_feet(signals: Signals) -> dict[str, Array]:
    """Middle of each foot (T, 3), NaN while it hangs in the air: a foot above a plate bears nothing."""
    from heelraise.labelled.build import feet_middles
    from heelraise.phases.ground import foot_tracks, in_air

    air = in_air(foot_tracks(signals), signals.body_weight_n)
    feet = {side: np.array(path) for side, path in feet_middles(signals.markers).items()}
    for side in feet.keys() & air.keys():
        feet[side][air[side]] = np.nan
    return feet


def _with_options(protocol: Protocol, options: OpenSimOptions) -> Protocol:
    """The protocol with what the options say about axes and plates."""
    update: dict[str, Any] = {}
    if options.up is not None:
        name = options.up.strip().lower().removeprefix("+")
        if name not in AXES:
            raise UsageError(f"'{options.up}' is no axis", todo="use x, y, z, -x, -y or -z")
        update["lab"] = protocol.lab.model_copy(update={"up": name})
    if options.plates:
        feet = {**protocol.force_plates.feet, **options.plates}
        update["force_plates"] = protocol.force_plates.model_copy(update={"feet": feet})
    return protocol.model_copy(update=update)

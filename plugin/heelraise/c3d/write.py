"""Writing a C3D file from scratch, in any byte order and number format."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from heelraise.c3d import header as at
from heelraise.c3d.atomic import write_atomically
from heelraise.c3d.codec import CODECS_BY_NAME, Codec, FloatArray
from heelraise.c3d.coding import (
    AnalogCoding,
    analog_coding,
    encode_analogs,
    encode_fourth,
    encode_integers,
    stored_float,
)
from heelraise.c3d.events import Event
from heelraise.c3d.header import BLOCK, LABEL_KEY, MAGIC, MAX_HEADER_EVENTS
from heelraise.c3d.layout import MAX_UINT16
from heelraise.c3d.records import (
    Value,
    content_of,
    encode_group,
    encode_parameter,
    encode_text,
    join_section,
    split_series,
)
from heelraise.errors import OutputError

PARAMETER_BLOCK = 2
ParameterValues = Mapping[tuple[str, str], Value | None]


@dataclass(frozen=True)
class NewC3D:
    """What a new C3D file is to hold.

    Attributes
    ----------
    points : ndarray, shape (T, M, 3)
        Coordinates in `point_units`; NaN where a marker is missing.
    point_rate : float
        Hz.
    point_labels : sequence of str
        M labels.
    analogs : ndarray, shape (T * analog_per_frame, C)
        In `analog_units`.
    analog_labels, analog_units, analog_descriptions : sequence of str
        C entries; units and descriptions may be left out.
    analog_per_frame : int
        Analog samples per channel and frame.
    residuals, camera_masks : ndarray, shape (T, M), optional
        Residuals in `point_units`, and cameras as bits (7 of them).
    processor : str
        ``intel``, ``dec`` or ``mips``.
    storage : str
        ``float`` or ``int16``.
    unsigned : bool
        Unsigned analog integers (ANALOG:FORMAT).
    point_scale : float, optional
        Units per integer; for floats the unit of residuals. By default fitted to the points, or 0.1.
    gen_scale : float
        ANALOG:GEN_SCALE.
    analog_codings : sequence of AnalogCoding, optional
        Scale and offset per channel; by default fitted to the samples.
    first_frame : int
    events : sequence of Event
    events_in_header : bool
        Events go into the header (18 at most, 4 characters) instead of the EVENT group.
    parameters : mapping of (group, name) to value
        Further parameters, in Fortran dimensions; they replace standard ones, None leaves one out.
    """

    points: npt.ArrayLike
    point_rate: float
    point_labels: Sequence[str]
    point_units: str = "mm"
    analogs: npt.ArrayLike | None = None
    analog_labels: Sequence[str] = ()
    analog_units: Sequence[str] = ()
    analog_descriptions: Sequence[str] = ()
    analog_per_frame: int = 1
    residuals: npt.ArrayLike | None = None
    camera_masks: npt.ArrayLike | None = None
    processor: str = "intel"
    storage: str = "float"
    unsigned: bool = False
    point_scale: float | None = None
    gen_scale: float = 1.0
    analog_codings: Sequence[AnalogCoding] | None = None
    first_frame: int = 1
    events: Sequence[Event] = ()
    events_in_header: bool = False
    parameters: ParameterValues = field(default_factory=dict)


def write_c3d(path: Path | str, new: NewC3D) -> None:
    """Write a C3D file in one step.

    Parameters
    ----------
    path : Path or str
    new : NewC3D

    Raises
    ------
    ValueError
        Arrays and labels do not fit each other.
    OutputError
        The file cannot be written, or its parameters do not fit into 255 blocks.
    """
    head, words = _parts(new, str(path))

    def fill(stream: BinaryIO) -> None:
        stream.write(head)
        stream.write(words.tobytes())
        stream.write(b"\0" * (-words.nbytes % BLOCK))

    write_atomically(Path(path), fill)


def encode_c3d(new: NewC3D, where: str = "memory") -> bytes:
    """The bytes that `write_c3d` writes; errors as there, naming `where`."""
    head, words = _parts(new, where)
    return b"".join((head, words.tobytes(), b"\0" * (-words.nbytes % BLOCK)))


def _parts(new: NewC3D, where: str) -> tuple[bytes, npt.NDArray[Any]]:
    """Header with parameters, and the data section."""
    plan = _Plan.of(new)
    preamble = bytes([1, MAGIC, 0, plan.codec.processor])
    section = join_section(_records(plan, 0), preamble, plan.codec)
    if section is None:
        raise OutputError("the file cannot be written", where=where, why="its parameters need more than 255 blocks")
    data_block = PARAMETER_BLOCK + len(section) // BLOCK
    section = join_section(_records(plan, data_block), preamble, plan.codec)
    assert section is not None
    return _header(plan, data_block) + section, _words(plan)


@dataclass(frozen=True)
class _Plan:
    new: NewC3D
    codec: Codec
    points: FloatArray
    analogs: FloatArray
    is_float: bool
    scale: float
    codings: list[AnalogCoding]

    @property
    def frames(self) -> int:
        return len(self.points)

    @property
    def last_frame(self) -> int:
        return self.new.first_frame + self.frames - 1

    @property
    def channels(self) -> int:
        return int(self.analogs.shape[1])

    @classmethod
    def of(cls, new: NewC3D) -> _Plan:
        if new.processor not in CODECS_BY_NAME or new.storage not in ("float", "int16"):
            raise ValueError(f"Expected a known processor and storage, but got {new.processor!r}, {new.storage!r}")
        codec = CODECS_BY_NAME[new.processor]
        points = np.asarray(new.points, dtype=np.float64)
        if points.ndim != 3 or points.shape[2] != 3 or len(points) == 0:
            raise ValueError(f"Expected points of shape (T, M, 3) with T > 0, but got {points.shape}")
        samples = len(points) * new.analog_per_frame
        analogs = np.empty((samples, 0)) if new.analogs is None else np.asarray(new.analogs, dtype=np.float64)
        if analogs.ndim != 2 or len(analogs) != samples:
            raise ValueError(f"Expected analogs of shape ({samples}, C), but got {analogs.shape}")
        if len(new.point_labels) != points.shape[1] or len(new.analog_labels) != analogs.shape[1]:
            raise ValueError("Expected one label per point and per analog channel")
        is_float = new.storage == "float"
        scale = new.point_scale
        if scale is None:
            peak = float(np.nanmax(np.abs(points), initial=0.0)) if np.isfinite(points).any() else 0.0
            scale = 0.1 if is_float else max(peak / 32000.0, 1e-6)
        codings = list(new.analog_codings or ())
        if not codings:
            codings = [
                analog_coding(column, codec, is_float=is_float, gen_scale=new.gen_scale, unsigned=new.unsigned)
                for column in analogs.T
            ]
        return cls(new, codec, points, analogs, is_float, stored_float(scale, codec), codings)


def _standard_parameters(plan: _Plan, data_block: int) -> dict[tuple[str, str], Value]:
    new = plan.new
    signed_scale = -plan.scale if plan.is_float else plan.scale
    table: dict[tuple[str, str], Value] = {
        ("POINT", "USED"): plan.points.shape[1],
        ("POINT", "SCALE"): float(signed_scale),
        ("POINT", "RATE"): float(new.point_rate),
        ("POINT", "DATA_START"): data_block,
        ("POINT", "FRAMES"): min(plan.frames, MAX_UINT16),
        ("POINT", "UNITS"): [new.point_units],
        ("POINT", "LABELS"): list(new.point_labels),
        ("POINT", "DESCRIPTIONS"): [""] * len(new.point_labels),
        ("ANALOG", "USED"): plan.channels,
        ("ANALOG", "LABELS"): list(new.analog_labels),
        ("ANALOG", "DESCRIPTIONS"): _padded(new.analog_descriptions, plan.channels),
        ("ANALOG", "GEN_SCALE"): float(new.gen_scale),
        ("ANALOG", "OFFSET"): np.array([coding.offset for coding in plan.codings], dtype=np.int64),
        ("ANALOG", "SCALE"): np.array([coding.scale for coding in plan.codings], dtype=np.float64),
        ("ANALOG", "UNITS"): _padded(new.analog_units, plan.channels),
        ("ANALOG", "RATE"): float(new.point_rate * new.analog_per_frame),
        ("ANALOG", "FORMAT"): "UNSIGNED" if new.unsigned else "SIGNED",
        ("FORCE_PLATFORM", "USED"): 0,
        ("TRIAL", "ACTUAL_START_FIELD"): _words_of(new.first_frame),
        ("TRIAL", "ACTUAL_END_FIELD"): _words_of(plan.last_frame),
    }
    if plan.last_frame > MAX_UINT16:
        table["POINT", "LONG_FRAMES"] = float(plan.frames)
    if new.events and not new.events_in_header:
        table |= {
            ("EVENT", "USED"): len(new.events),
            ("EVENT", "CONTEXTS"): [event.context for event in new.events],
            ("EVENT", "LABELS"): [event.label for event in new.events],
            ("EVENT", "TIMES"): np.array([divmod(event.time_s, 60.0) for event in new.events]).T,
        }
    return table


def _padded(entries: Sequence[str], count: int) -> list[str]:
    return [*entries, *[""] * (count - len(entries))]


def _words_of(frame: int) -> npt.NDArray[np.int64]:
    return np.array([frame & 0xFFFF, frame >> 16], dtype=np.int64)


def _records(plan: _Plan, data_block: int) -> list[bytes]:
    table: dict[tuple[str, str], Value | None] = dict(_standard_parameters(plan, data_block))
    table |= plan.new.parameters
    groups: dict[str, int] = {}
    raws: list[bytes] = []
    for (group, _), value in table.items():
        if value is not None and group not in groups:
            groups[group] = len(groups) + 1
            raws.append(encode_group(groups[group], group, "", plan.codec))
    for (group, name), value in table.items():
        if value is not None:
            raws.extend(
                encode_parameter(groups[group], part, content_of(piece, plan.codec), "", plan.codec)
                for part, piece in _series(name, value)
            )
    return raws


def _series(name: str, value: Value) -> list[tuple[str, Value]]:
    """A value, or the pieces of a table with more than 255 entries."""
    if isinstance(value, np.ndarray) and value.ndim:
        if value.shape[-1] <= 255:
            return [(name, value)]
        return [(part, value[..., entries]) for part, entries in split_series(name, value.shape[-1])]
    if isinstance(value, (list, tuple)) and len(value) > 255:
        return [(part, value[entries]) for part, entries in split_series(name, len(value))]
    return [(name, value)]


def _header(plan: _Plan, data_block: int) -> bytes:
    new, codec = plan.new, plan.codec
    word = codec.pack_uint16
    changes = {
        0: bytes([PARAMETER_BLOCK, MAGIC]),
        at.POINTS: word(plan.points.shape[1]),
        at.ANALOG_WORDS: word(plan.channels * new.analog_per_frame),
        at.FIRST: word(min(new.first_frame, MAX_UINT16)),
        at.LAST: word(min(plan.last_frame, MAX_UINT16)),
        at.GAP: word(0),
        at.SCALE: codec.pack_float(-plan.scale if plan.is_float else plan.scale),
        at.DATA_BLOCK: word(data_block),
        at.PER_FRAME: word(new.analog_per_frame if plan.channels else 0),
        at.RATE: codec.pack_float(new.point_rate),
        at.EVENT_KEY: word(LABEL_KEY),
    }
    if new.events_in_header:
        if len(new.events) > MAX_HEADER_EVENTS:
            raise ValueError(f"Expected at most {MAX_HEADER_EVENTS} header events, but got {len(new.events)}")
        changes[at.EVENT_COUNT] = word(len(new.events))
        for i, event in enumerate(new.events):
            changes[at.EVENT_TIMES + 4 * i] = codec.pack_float(event.time_s)
            changes[at.EVENT_LABELS + 4 * i] = encode_text(event.label, 4)
    return at.patched(bytes(BLOCK), changes)


def _words(plan: _Plan) -> npt.NDArray[Any]:
    """The data section (T, words per frame)."""
    new, codec = plan.new, plan.codec
    frames, markers = plan.points.shape[:2]
    dtype = codec.word32 if plan.is_float else codec.int16
    out = np.empty((frames, 4 * markers + plan.channels * new.analog_per_frame), dtype)
    valid: npt.NDArray[np.bool_] = np.all(np.isfinite(plan.points), axis=2)
    residuals = np.zeros((frames, markers)) if new.residuals is None else np.asarray(new.residuals, float)
    masks = np.zeros((frames, markers), np.uint8) if new.camera_masks is None else np.asarray(new.camera_masks)
    quads = np.zeros((frames, markers, 4))
    quads[..., :3] = np.where(valid[..., None], plan.points, 0.0)
    if not plan.is_float:
        quads[..., :3] /= plan.scale
    quads[..., 3] = encode_fourth(valid, residuals, masks.astype(np.uint8), plan.scale)
    flat = quads.reshape(frames, 4 * markers)
    out[:, : 4 * markers] = codec.encode(flat) if plan.is_float else encode_integers(flat, codec)
    if plan.channels:
        words = encode_analogs(
            plan.analogs,
            plan.codings,
            codec,
            is_float=plan.is_float,
            gen_scale=new.gen_scale,
            unsigned=new.unsigned,
        )
        out[:, 4 * markers :] = words.reshape(frames, -1)
    return out

"""C3D files of every shape, built byte by byte without the package's writer, and what a reader must find in them."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field, replace
from math import prod

import numpy as np
from hypothesis import strategies as st

BLOCK = 512
PROCESSORS = {"intel": 84, "dec": 85, "mips": 86}
CHARACTER, BYTE, INTEGER, FLOAT = -1, 1, 2, 4
# Raw bytes of labels: empty, padded, of a lab, not ASCII in two encodings, with a NUL in the middle.
LABELS = (b"", b"    ", b"LHEE", b"LHEE", b"subj:RTOE", b"Fu\xdf 1", "Ferse é".encode(), b"A\0rest", b"x" * 40)


def u16(processor: str, value: int) -> bytes:
    return struct.pack(">H" if processor == "mips" else "<H", value & 0xFFFF)


def f32(processor: str, value: float) -> bytes:
    """A stored float; VAX floats are IEEE ones of four times the value with their halves swapped."""
    if processor == "dec":
        raw = struct.pack("<f", 4.0 * value)
        return raw[2:] + raw[:2]
    return struct.pack(">f" if processor == "mips" else "<f", value)


def decoded(processor: str, words: np.ndarray) -> np.ndarray:
    """Numbers of stored words, of which VAX floats come as unsigned bits."""
    if words.dtype.itemsize == 2 or processor != "dec":
        with np.errstate(invalid="ignore"):
            return words.astype(np.float64)
    halves = words.view("<u2").reshape(*words.shape, 2).astype(np.int64)
    exponent = halves[..., 0] >> 7 & 0xFF
    fraction = (halves[..., 0] & 0x7F) << 16 | halves[..., 1]
    values = np.ldexp(0.5 + fraction / 2.0**24, exponent - 128)
    sign = np.where(halves[..., 0] >> 15, -1.0, 1.0)
    return np.where(exponent == 0, np.where(sign < 0, np.nan, 0.0), sign * values)


def text(raw: bytes) -> str:
    """What a stored label says."""
    raw = raw.split(b"\0")[0]
    try:
        return raw.decode("utf-8").strip()
    except UnicodeDecodeError:
        return raw.decode("latin-1").strip()


@dataclass
class Value:
    """A parameter's type, dimensions and bytes."""

    kind: int
    dims: tuple[int, ...]
    data: bytes
    locked: bool = False
    description: bytes = b""


@dataclass(repr=False)
class RawFile:
    """A C3D file to be built, and what it says.

    `damage` holds the codes of the notes that a lenient reader must give for what was damaged on purpose.
    """

    processor: str = "intel"
    is_float: bool = True
    points: int = 1
    channels: int = 0
    per_frame: int = 1
    words: np.ndarray = field(default_factory=lambda: np.zeros((1, 4), "<f4"))
    scale: float = 0.1
    first_frame: int = 1
    rate: float = 100.0
    parameters: dict[tuple[str, str], Value] = field(default_factory=dict)
    header: dict[int, bytes] = field(default_factory=dict)
    section_block: int = 2
    gap: bytes = b""
    ending: str = "mark"
    padded: bool = True
    trailing: bytes = b""
    extra_records: list[bytes] = field(default_factory=list)
    processor_byte: int | None = None
    damage: set[str] = field(default_factory=set)
    point_labels: list[bytes] = field(default_factory=list)
    analog_labels: list[bytes] = field(default_factory=list)

    def _repr_pretty_(self, printer, cycle: bool) -> None:
        """What hypothesis prints of an example that fails: it must fit on a screen."""
        told = {
            name: value
            for name, value in vars(self).items()
            if name not in ("words", "parameters", "trailing", "gap", "analog_labels")
        }
        tables = {
            f"{group}:{name}": f"{value.kind}{value.dims}{value.data[:24].hex()}"
            for (group, name), value in self.parameters.items()
        }
        printer.text(f"RawFile({self.words.shape}, {told}, {tables})")

    @property
    def frames(self) -> int:
        return len(self.words)

    @property
    def frame_bytes(self) -> int:
        return self.words.shape[1] * self.words.dtype.itemsize

    def integer(self, value: int) -> Value:
        return Value(INTEGER, (), u16(self.processor, value))

    def real(self, value: float) -> Value:
        return Value(FLOAT, (), f32(self.processor, value))

    def integers(self, values: list[int]) -> Value:
        return Value(INTEGER, (len(values),), b"".join(u16(self.processor, value) for value in values))

    def reals(self, values: list[float]) -> Value:
        return Value(FLOAT, (len(values),), b"".join(f32(self.processor, value) for value in values))

    def texts(self, entries: list[bytes]) -> Value:
        width = max((len(entry) for entry in entries), default=4)
        return Value(CHARACTER, (width, len(entries)), b"".join(entry.ljust(width) for entry in entries))

    def table(self, group: str, name: str, entries: list, kind: str) -> None:
        """A table, with NAME2 for what lies past 255 entries."""
        for start in range(0, max(len(entries), 1), 255):
            suffix = "" if start == 0 else str(start // 255 + 1)
            self.parameters[group, name + suffix] = getattr(self, kind)(entries[start : start + 255])

    def entries(self, group: str, name: str) -> list[bytes]:
        """Stored entries of a table and its continuations."""
        found: list[bytes] = []
        part = 1
        while (value := self.parameters.get((group, name if part == 1 else f"{name}{part}"))) is not None:
            width = value.dims[0] if value.kind == CHARACTER else value.kind
            found += [value.data[at : at + width] for at in range(0, len(value.data), max(width, 1))]
            part += 1
        return found

    def column(self, name: str, missing: float, unsigned: bool = False) -> np.ndarray:
        """A number for each channel from the ANALOG group."""
        numbers = [self.number(raw, unsigned) for raw in self.entries("ANALOG", name)][: self.channels]
        return np.array(numbers + [missing] * (self.channels - len(numbers)))

    def number(self, raw: bytes, unsigned: bool = False) -> float:
        """One stored integer or float."""
        if len(raw) == 2:
            code = "H" if unsigned else "h"
            return float(struct.unpack((">" if self.processor == "mips" else "<") + code, raw)[0])
        words = np.frombuffer(raw, ">f4" if self.processor == "mips" else "<u4" if self.processor == "dec" else "<f4")
        return float(decoded(self.processor, words)[0])

    def expected_codes(self) -> set[str]:
        """Codes of the notes that a lenient reader must give: damage, and tables that end too early."""
        codes = set(self.damage)
        for name in ("SCALE", "OFFSET"):
            if len(self.entries("ANALOG", name)) < self.channels:
                codes.add(f"analog_{name.lower()}_short")
        used, times = (self.parameters.get(("EVENT", name)) for name in ("USED", "TIMES"))
        if used is not None and times is not None and self.number(used.data) > times.dims[1]:
            codes.add("events_without_times")
        return codes

    @property
    def gen_scale(self) -> float:
        value = self.parameters.get(("ANALOG", "GEN_SCALE"))
        return 1.0 if value is None else self.number(value.data)

    @property
    def stored_scale(self) -> float:
        """The point scale as its four bytes hold it."""
        return self.number(f32(self.processor, self.scale))

    def first_frames(self, count: int) -> RawFile:
        """The same file, and only so many of its frames."""
        return replace(self, words=self.words[:count])

    def build(self) -> bytes:
        """The file's bytes."""
        section = self._section(0, 0)
        start = (self.section_block - 1) * BLOCK + len(section) + len(self.gap)
        padding = -self.words.nbytes % BLOCK if self.padded else 0
        data_block, behind = start // BLOCK + 1, (start + self.words.nbytes + padding) // BLOCK + 1
        head = bytearray(BLOCK)
        head[:2] = bytes([self.section_block, 0x50])
        last = self.first_frame + self.frames - 1
        signed = -self.scale if self.is_float else self.scale
        words = {2: self.points, 4: self.channels * self.per_frame, 6: min(self.first_frame, 65535),
                 8: min(last, 65535), 16: data_block, 18: self.per_frame if self.channels else 0}  # fmt: skip
        changes = {at: u16(self.processor, value) for at, value in words.items()}
        changes |= {12: f32(self.processor, signed), 20: f32(self.processor, self.rate)}
        for at, raw in (changes | self.header).items():
            head[at : at + len(raw)] = raw
        before = b"\xa5" * ((self.section_block - 2) * BLOCK)
        section = self._section(data_block, behind)
        return bytes(head) + before + section + self.gap + self.words.tobytes() + bytes(padding) + self.trailing

    def _section(self, data_block: int, behind: int) -> bytes:
        for group, block in (("POINT", data_block), ("ROTATION", behind)):
            old = self.parameters.get((group, "DATA_START"))
            if old is not None and old.locked is not True:
                new = self.real(block) if old.kind == FLOAT else self.integer(block)
                self.parameters[group, "DATA_START"] = new
        numbers: dict[str, int] = {}
        records = []
        for (group, name), value in self.parameters.items():
            if group not in numbers:
                numbers[group] = len(numbers) + 1
                records.append(_record(self.processor, -numbers[group], group, b"\0", False))
            assert prod(value.dims) * abs(value.kind) == len(value.data)
            body = struct.pack("bB", value.kind, len(value.dims)) + bytes(value.dims) + value.data
            body += bytes([len(value.description)]) + value.description
            records.append(_record(self.processor, numbers[group], name, body, value.locked))
        records += self.extra_records
        size = 4 + sum(map(len, records)) + 2
        blocks = -(-size // BLOCK)
        room = blocks * BLOCK - 4 - sum(map(len, records))
        if records and self.ending == "link":
            records[-1] = _linked(self.processor, records[-1], 0)
        elif records and self.ending == "none":
            # The last record owns all that is left, so that no end mark follows.
            own = len(records[-1]) - _link_at(records[-1]) + room
            records[-1] = _linked(self.processor, records[-1], own)
        filler = b"\x01" if self.ending == "none" else b"\0"
        code = PROCESSORS[self.processor] if self.processor_byte is None else self.processor_byte
        return bytes([1, 0x50, blocks, code]) + b"".join(records) + filler * room


def _link_at(record: bytes) -> int:
    return 2 + min(record[0], 256 - record[0])


def _linked(processor: str, record: bytes, link: int) -> bytes:
    at = _link_at(record)
    return record[:at] + u16(processor, link) + record[at + 2 :]


def _record(processor: str, number: int, name: str, body: bytes, locked: bool) -> bytes:
    raw = name.encode("latin-1")
    return struct.pack("bb", -len(raw) if locked else len(raw), number) + raw + u16(processor, 2 + len(body)) + body


def standard(file: RawFile) -> None:
    """Give a file the parameters that its samples need."""
    scale = -file.scale if file.is_float else file.scale
    file.parameters |= {
        ("POINT", "USED"): file.integer(file.points),
        ("POINT", "SCALE"): file.real(scale),
        ("POINT", "RATE"): file.real(file.rate),
        ("POINT", "DATA_START"): file.integer(0),
        ("POINT", "FRAMES"): file.integer(min(file.frames, 65535)),
    }
    file.table("POINT", "LABELS", file.point_labels, "texts")
    file.parameters["ANALOG", "USED"] = file.integer(file.channels)
    file.table("ANALOG", "LABELS", file.analog_labels, "texts")
    file.parameters["ANALOG", "GEN_SCALE"] = file.real(1.0)
    file.table("ANALOG", "SCALE", [1.0] * file.channels, "reals")
    file.table("ANALOG", "OFFSET", [0] * file.channels, "integers")
    file.table("ANALOG", "UNITS", [b"N"] * file.channels, "texts")
    file.parameters["ANALOG", "RATE"] = file.real(file.rate * file.per_frame)
    last = file.first_frame + file.frames - 1
    if last > 65535:
        file.parameters["TRIAL", "ACTUAL_START_FIELD"] = file.integers([file.first_frame, file.first_frame >> 16])
        file.parameters["TRIAL", "ACTUAL_END_FIELD"] = file.integers([last, last >> 16])


def samples(processor: str, is_float: bool, shape: tuple[int, int], seed: int, wild: bool) -> np.ndarray:
    """Stored words: any bits at all, or those of ordinary numbers."""
    generator = np.random.default_rng(seed)
    sign = ">" if processor == "mips" else "<"
    if not is_float:
        return generator.integers(-32768, 32768, shape).astype(sign + "i2")
    if wild:
        bits = generator.integers(0, 2**32, shape, dtype=np.uint64).astype(np.uint32)
        return bits.astype("<u4") if processor == "dec" else bits.astype(sign + "u4").view(sign + "f4")
    raw = b"".join(f32(processor, value) for value in (generator.normal(size=shape) * 300.0).ravel())
    return np.frombuffer(raw, "<u4" if processor == "dec" else sign + "f4").reshape(shape)


@st.composite
def sound_files(draw: st.DrawFn) -> RawFile:
    """Files without damage, of every format, count and kind of table."""
    processor = draw(st.sampled_from(sorted(PROCESSORS)))
    is_float = draw(st.booleans())
    points = draw(st.integers(0, 5) | st.just(0))
    channels = draw(
        st.integers(0 if points else 1, 5) | st.sampled_from([254, 255, 256, 300] if points < 3 else [0, 7])
    )
    many = channels > 200
    per_frame = draw(st.integers(1, 2 if many else 6)) if channels else 1
    frames = draw(st.integers(1, 3 if many else 12))
    shape = (frames, 4 * points + channels * per_frame)
    file = RawFile(
        processor=processor,
        is_float=is_float,
        points=points,
        channels=channels,
        per_frame=per_frame,
        words=samples(processor, is_float, shape, draw(st.integers(0, 2**31)), draw(st.booleans())),
        scale=draw(st.sampled_from([0.1, 1.0, 0.0125])),
        first_frame=draw(st.sampled_from([1, 1, 2, 500, 65_530, 65_535, 65_536, 100_000])),
        rate=draw(st.sampled_from([100.0, 50.0, 120.0, 59.94])),
        section_block=draw(st.sampled_from([2, 2, 2, 3, 5])),
        gap=draw(st.sampled_from([b"", b"", b"\0", b"\x5a"])) * BLOCK * draw(st.integers(1, 2)),
        ending=draw(st.sampled_from(["mark", "mark", "link"])),
        padded=draw(st.booleans()),
        point_labels=draw(st.lists(st.sampled_from(LABELS), max_size=points + 2)),
        analog_labels=draw(
            st.lists(st.sampled_from(LABELS), max_size=7)
            if not many
            else st.just([b"C%d" % i for i in range(channels)])
        ),
    )
    standard(file)
    _vary_tables(draw, file)
    _add_groups(draw, file)
    return file


def _vary_tables(draw: st.DrawFn, file: RawFile) -> None:
    """Tables shorter and longer than USED, unsigned formats, other scales, floats that are whole numbers."""
    table = file.parameters
    if file.channels < 200:
        count = draw(st.integers(0, file.channels + 2))
        table["ANALOG", "SCALE"] = file.reals([draw(st.sampled_from([1.0, -0.5, 0.01, 300.0])) for _ in range(count)])
        table["ANALOG", "OFFSET"] = file.integers([draw(st.sampled_from([0, 1, 2048, 65535]))] * count)
        table["ANALOG", "UNITS"] = file.texts([b"V"] * draw(st.integers(0, file.channels + 2)))
    if draw(st.booleans()):
        table["ANALOG", "FORMAT"] = file.texts([draw(st.sampled_from([b"UNSIGNED", b"SIGNED", b"unsigned"]))])
    if draw(st.booleans()):
        table["ANALOG", "GEN_SCALE"] = file.real(draw(st.sampled_from([0.5, -1.0, 0.0048828125])))
    for key in draw(st.lists(st.sampled_from(sorted(table)), max_size=4)):
        value = table[key]
        if value.kind == INTEGER:
            numbers = np.frombuffer(value.data, ">u2" if file.processor == "mips" else "<u2")
            if key[1] == "OFFSET":
                numbers = numbers.view(numbers.dtype.str.replace("u", "i"))
            raw = b"".join(f32(file.processor, float(number)) for number in numbers)
            table[key] = Value(FLOAT, value.dims, raw)
    for key in draw(st.lists(st.sampled_from([("ANALOG", "LABELS"), ("ANALOG", "UNITS"), ("ANALOG", "OFFSET"),
                                              ("ANALOG", "SCALE"), ("POINT", "LABELS"), ("POINT", "FRAMES")]),
                             max_size=2)):  # fmt: skip
        if file.channels < 200 and not (key == ("POINT", "FRAMES") and file.first_frame == 0):
            table.pop(key, None)


def _add_groups(draw: st.DrawFn, file: RawFile) -> None:
    """Groups of others: parameters of 0 to 7 dimensions of every kind, events, results, rotations."""
    for number in range(draw(st.integers(0, 3))):
        kind = draw(st.sampled_from([CHARACTER, BYTE, INTEGER, FLOAT]))
        dims = tuple(draw(st.lists(st.integers(0, 3), max_size=7)))
        data = np.random.default_rng(number).bytes(prod(dims) * abs(kind))
        note = draw(st.sampled_from([b"", b"a note", b"gr\xf6\xdfe"]))
        file.parameters["ODD", f"P{number}"] = Value(kind, dims, data, draw(st.booleans()), note)
    if draw(st.booleans()):
        count = draw(st.integers(0, 4))
        file.parameters["EVENT", "USED"] = file.integer(draw(st.integers(0, count + 1)))
        file.parameters["EVENT", "LABELS"] = file.texts([b"Foot Strike"] * draw(st.integers(0, count)))
        file.parameters["EVENT", "CONTEXTS"] = file.texts([b"LEFT"] * draw(st.integers(0, count)))
        times = file.reals([float(number % 7) for number in range(2 * count)])
        file.parameters["EVENT", "TIMES"] = Value(FLOAT, (2, count), times.data)
    if draw(st.booleans()):
        count = draw(st.integers(0, 18))
        file.header[298] = u16(file.processor, 12345) + u16(file.processor, count)
        file.header[304] = b"".join(f32(file.processor, 0.25 * number) for number in range(count))
        file.header[396] = b"RTO " * count
    if draw(st.booleans()):
        file.parameters["ANALYSIS", "USED"] = file.integer(1)
        file.parameters["ANALYSIS", "NAMES"] = file.texts([b"Cadence"])
        file.parameters["ANALYSIS", "VALUES"] = file.reals([110.0])
    if file.padded and draw(st.integers(0, 4)) == 0:
        file.trailing = b"\x5a" * draw(st.sampled_from([512, 700, 2000]))
        file.parameters["ROTATION", "USED"] = file.integer(1)
        file.parameters["ROTATION", "DATA_START"] = file.integer(0)


def _drop(file: RawFile, group: str, *names: str) -> None:
    for key in [key for key in file.parameters if key[0] == group and (not names or key[1] in names)]:
        del file.parameters[key]


def _no_point_group(file: RawFile) -> None:
    _drop(file, "POINT")
    file.point_labels = []
    file.damage.add("point_rate_missing")


def _no_analog_group(file: RawFile) -> None:
    _drop(file, "ANALOG")
    file.analog_labels = []
    if file.channels:
        file.damage.add("analog_rate_disagrees")


def _no_point_rate(file: RawFile) -> None:
    _drop(file, "POINT", "RATE")
    file.damage.add("point_rate_missing")


def _zero_point_rate(file: RawFile) -> None:
    file.parameters["POINT", "RATE"] = file.real(0.0)
    file.damage.add("point_rate_missing")


def _analog_rate(file: RawFile, zero: bool) -> None:
    _drop(file, "ANALOG", "RATE")
    if zero:
        file.parameters["ANALOG", "RATE"] = file.real(0.0)
    if file.channels:
        file.damage.add("analog_rate_disagrees")


def _no_rates(file: RawFile) -> None:
    _drop(file, "POINT", "RATE")
    _drop(file, "ANALOG", "RATE")
    file.header[20] = f32(file.processor, 0.0)
    file.damage = (file.damage - {"point_rate_missing", "analog_rate_disagrees"}) | {"rate_missing"}
    file.rate = 0.0


def _too_many(file: RawFile) -> int:
    """So many points more that even one such frame would be longer than the file."""
    return (file.words.nbytes + 2 * BLOCK + len(file.trailing)) // (4 * file.words.dtype.itemsize) + 2


def _header_points_wrong(file: RawFile) -> None:
    if ("POINT", "USED") not in file.parameters:
        return
    file.header[2] = u16(file.processor, file.points + _too_many(file))
    file.damage.add("header_disagrees")


def _used_wrong(file: RawFile) -> None:
    file.parameters["POINT", "USED"] = file.integer(file.points + 1)
    file.damage.add("parameters_disagree")


def _frames_wrong(file: RawFile) -> None:
    last = file.first_frame + file.frames - 1 + _too_many(file) * 8
    if last > 65535 or ("POINT", "FRAMES") not in file.parameters:
        return
    file.header[8] = u16(file.processor, last)
    file.damage.add("frame_count_disagrees")


def _no_frame_count(file: RawFile) -> None:
    if file.trailing:
        return
    file.header[8] = u16(file.processor, 0)
    file.padded = False
    _drop(file, "POINT", "FRAMES")
    _drop(file, "TRIAL")
    file.first_frame = min(file.first_frame, 65535)
    file.damage.add("frame_count_missing")


def _header_start_zero(file: RawFile) -> None:
    if ("POINT", "DATA_START") in file.parameters:
        file.header[16] = u16(file.processor, 0)
        file.gap = bytes(len(file.gap))
        file.damage.add("data_start_disagrees")


def _parameter_start_wrong(file: RawFile) -> None:
    if ("POINT", "DATA_START") in file.parameters:
        file.parameters["POINT", "DATA_START"] = Value(INTEGER, (), u16(file.processor, 3000), locked=True)
        file.damage.add("data_start_disagrees")


def _unterminated(file: RawFile) -> None:
    if file.parameters:
        file.ending, file.gap = "none", b""
        file.damage.add("parameter_section_unterminated")


def _trailing(file: RawFile) -> None:
    # A header that ends at 65535, and nothing else that counts: what follows may as well be frames.
    unknown = file.first_frame + file.frames > 65_535 and ("POINT", "FRAMES") not in file.parameters
    if file.padded and not file.trailing and not unknown:
        file.trailing = b"\x77" * 1500
        file.damage.add("trailing_data")


def _orphan(file: RawFile) -> None:
    body = b"\x02\0" + u16(file.processor, 7) + b"\0"
    file.extra_records.append(_record(file.processor, 77, "ORPHAN", body, False))
    file.damage.add("parameter_orphaned")


def _unreadable(file: RawFile) -> None:
    file.parameters.setdefault(("ODD", "FINE"), file.integer(1))
    number = list(dict.fromkeys(group for group, _ in file.parameters)).index("ODD") + 1
    file.extra_records.append(_record(file.processor, number, "STRANGE", b"\x03\x01\x02abcdef\0", False))
    # A record that cannot be read and has no link would end the section.
    file.ending = "mark"
    file.damage.add("parameter_unreadable")


def _processor_unknown(file: RawFile) -> None:
    file.processor_byte = 0
    file.damage.add("processor_unknown")


DAMAGES = {
    "no POINT group": _no_point_group,
    "no ANALOG group": _no_analog_group,
    "no POINT:RATE": _no_point_rate,
    "POINT:RATE zero": _zero_point_rate,
    "no ANALOG:RATE": lambda file: _analog_rate(file, False),
    "ANALOG:RATE zero": lambda file: _analog_rate(file, True),
    "no rate": _no_rates,
    "header's points wrong": _header_points_wrong,
    "POINT:USED wrong": _used_wrong,
    "header's frames wrong": _frames_wrong,
    "no frame count": _no_frame_count,
    "header's data start zero": _header_start_zero,
    "POINT:DATA_START wrong": _parameter_start_wrong,
    "no end mark": _unterminated,
    "trailing data": _trailing,
    "orphaned parameter": _orphan,
    "unreadable parameter": _unreadable,
    "processor unknown": _processor_unknown,
}


@st.composite
def damaged_files(draw: st.DrawFn) -> RawFile:
    """A file with one damage, whose truth can still be known."""
    file = draw(sound_files())
    name = draw(st.sampled_from(sorted(DAMAGES)))
    DAMAGES[name](file)
    return file


any_files = sound_files() | damaged_files()

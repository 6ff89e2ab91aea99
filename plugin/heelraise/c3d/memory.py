"""A C3D file that lies in memory and not on a disk."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from io import BufferedIOBase, BytesIO
from pathlib import Path

from heelraise.c3d.container import Container
from heelraise.c3d.header import BLOCK
from heelraise.c3d.opening import parse_container, without_filling
from heelraise.c3d.parameters import MAX_SECTION_BLOCKS


@dataclass(frozen=True)
class MemoryContainer(Container):
    """A container whose bytes are `data`; its path is only a name."""

    data: bytes = field(default=b"", repr=False)

    def open(self) -> BufferedIOBase:
        """The bytes as a stream."""
        return BytesIO(self.data)


def container_from_bytes(data: bytes, name: str = "trial.c3d") -> Container:
    """Open a C3D file's bytes.

    Parameters
    ----------
    data : bytes
    name : str
        File name by which it is called.

    Raises
    ------
    InputError
        No C3D file, or one without a whole frame.
    """
    parsed = parse_container(Path(name), data[: BLOCK * (2 * MAX_SECTION_BLOCKS)], len(data), 0)
    whole = MemoryContainer(**{one.name: getattr(parsed, one.name) for one in fields(parsed)}, data=data)
    return without_filling(whole)

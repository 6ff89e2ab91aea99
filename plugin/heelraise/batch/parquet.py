"""The tables as Parquet, made from the CSV a block at a time; needs the extra ``parquet``."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

from heelraise.batch.tables import NAMES
from heelraise.c3d.atomic import write_atomically
from heelraise.errors import OutputError, UsageError

_BLOCK = 8 << 20
_NUMBERS = ("value", "low", "high", "upper_limit", "noise_floor", "start_s", "stop_s")
_COUNTS = ("repetition", "warnings", "exit_status")


def check_parquet() -> None:
    """Say before hours of work that Parquet cannot be written.

    Raises
    ------
    UsageError
    """
    try:
        import pyarrow.parquet  # noqa: F401
    except ImportError as error:
        raise UsageError("Parquet needs pyarrow", todo="pip install 'heelraise[parquet]'") from error


def write_parquet(folder: Path) -> list[Path]:
    """Write each CSV table of a folder as ``.parquet`` beside it.

    Columns of numbers are float64, counts int64, all others text; an empty cell is null.

    Raises
    ------
    OutputError
    """
    targets = []
    for name in NAMES:
        source = folder / name
        target = source.with_suffix(".parquet")
        write_atomically(target, partial(_convert, source))
        targets.append(target)
    return targets


def _convert(source: Path, stream: BinaryIO) -> None:
    import pyarrow as pa
    from pyarrow import csv, parquet

    with source.open(encoding="utf-8") as opened:
        names = opened.readline().rstrip("\n").split(",")
    types: dict[str, Any] = {name: pa.string() for name in names}
    types |= {name: pa.float64() for name in names if name in _NUMBERS}
    types |= {name: pa.int64() for name in names if name in _COUNTS}
    convert = csv.ConvertOptions(column_types=types, strings_can_be_null=True, null_values=[""])
    # One thread and blocks of one size: the same bytes each time.
    read = csv.ReadOptions(block_size=_BLOCK, use_threads=False)
    try:
        with (
            csv.open_csv(source, read_options=read, convert_options=convert) as reader,
            parquet.ParquetWriter(stream, reader.schema, compression="zstd") as writer,
        ):
            for block in reader:
                writer.write_batch(block)
    except pa.ArrowException as error:
        raise OutputError("the table cannot be written as Parquet", where=source.name, why=str(error)) from error

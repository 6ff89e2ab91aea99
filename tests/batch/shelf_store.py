"""A store on the disk under a protocol of its own: processes share it and nobody takes it for a local folder."""

from __future__ import annotations

from typing import Any

from fsspec.implementations.local import LocalFileSystem


class Shelf(LocalFileSystem):  # type: ignore[misc]
    protocol = "shelf"

    @classmethod
    def _strip_protocol(cls, path: Any) -> Any:
        return LocalFileSystem._strip_protocol(str(path).removeprefix("shelf://"))

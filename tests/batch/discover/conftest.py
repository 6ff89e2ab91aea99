"""Small archives on the disk; the files' content is whatever tells them apart."""

from __future__ import annotations

import zipfile

import pytest


@pytest.fixture
def touch(tmp_path):
    """Make files below the test's folder; each holds its own name, so that none is a duplicate."""

    def make(*names, content=None):
        for name in names:
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(name.encode("utf-8", "surrogateescape") if content is None else content)
        return tmp_path

    return make


@pytest.fixture
def pack(tmp_path):
    """Make a ZIP archive of names (or ZipInfo) and contents."""

    def make(name, members, compression=zipfile.ZIP_DEFLATED):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(path, "w", compression) as archive:
            for member, content in members:
                archive.writestr(member, content)
        return path

    return make

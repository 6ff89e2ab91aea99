"""A real SFTP server: fetching, sending under a temporary name, renaming over what stands there."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest

from heelraise.batch.place import Store
from heelraise.batch.workers.paths import bring, fetch, listing, read, sizes
from heelraise.batch.workers.sending import remove, send
from heelraise.errors import InputError, OutputError

pytest.importorskip("fsspec")
paramiko = pytest.importorskip("paramiko")

SECRET = "not-to-be-shown"


class Door(paramiko.ServerInterface):  # type: ignore[misc]
    def check_auth_password(self, username: str, password: str) -> int:
        return int(paramiko.AUTH_SUCCESSFUL if password == SECRET else paramiko.AUTH_FAILED)

    def check_channel_request(self, kind: str, chanid: int) -> int:
        return int(paramiko.OPEN_SUCCEEDED)

    def get_allowed_auths(self, username: str) -> str:
        return "password"


class Disk(paramiko.SFTPServerInterface):  # type: ignore[misc]
    """Folders and files of this machine, by their own paths; renaming is noted."""

    renamed: tuple[str, ...] = ()
    connections: ClassVar[list[Any]] = []
    #: Another worker always makes a folder a moment earlier.
    late = False

    def _try(self, action: Any) -> Any:
        try:
            return action()
        except OSError as error:
            return paramiko.SFTPServer.convert_errno(error.errno)

    def stat(self, path: str) -> Any:
        return self._try(lambda: paramiko.SFTPAttributes.from_stat(os.stat(path)))

    lstat = stat

    def list_folder(self, path: str) -> Any:
        def listed() -> list[Any]:
            return [paramiko.SFTPAttributes.from_stat(os.stat(Path(path, n)), n) for n in os.listdir(path)]

        return self._try(listed)

    def open(self, path: str, flags: int, attr: Any) -> Any:
        def opened() -> Any:
            handle = paramiko.SFTPHandle(flags)
            descriptor = os.open(path, flags, 0o644)
            stream = os.fdopen(descriptor, "rb" if not flags & (os.O_WRONLY | os.O_RDWR) else "wb")
            handle.filename = path
            handle.readfile = handle.writefile = stream
            handle.stat = lambda: (stream.flush(), self.stat(path))[1]
            return handle

        return self._try(opened)

    def remove(self, path: str) -> Any:
        return self._try(lambda: (os.remove(path), paramiko.SFTP_OK)[1])

    def posix_rename(self, oldpath: str, newpath: str) -> Any:
        Disk.renamed += (Path(newpath).name,)
        return self._try(lambda: (os.replace(oldpath, newpath), paramiko.SFTP_OK)[1])

    def mkdir(self, path: str, attr: Any) -> Any:
        made = self._try(lambda: (os.mkdir(path), paramiko.SFTP_OK)[1])
        return paramiko.SFTP_FAILURE if Disk.late else made


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[str]:
    transports: list[Any] = []
    monkeypatch.setattr(Disk, "renamed", ())
    monkeypatch.setattr(Disk, "connections", transports)
    # No key or known host of whoever runs the tests takes part.
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    key = paramiko.ECDSAKey.generate()
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            transport = paramiko.Transport(connection)
            transport.add_server_key(key)
            transport.set_subsystem_handler("sftp", paramiko.SFTPServer, Disk)
            transport.start_server(server=Door())
            transports.append(transport)

    threading.Thread(target=serve, daemon=True).start()
    yield f"sftp://me:{SECRET}@127.0.0.1:{listener.getsockname()[1]}"
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    for transport in transports:
        transport.close()


@pytest.mark.skipif(os.name != "posix", reason="the server speaks of Unix paths")
def test_round_trip_and_replacement(server: str, tmp_path: Path) -> None:
    file, here, there = tmp_path / "a.c3d", tmp_path / "here", tmp_path / "there"
    here.mkdir()
    file.write_bytes(bytes(range(256)) * 3000)
    url = f"{server}{there}/deep"
    (sent,) = send([file], url)
    file.write_bytes(b"second")
    send([file], url)
    assert sent == f"{url}/a.c3d"
    assert Disk.renamed == ("a.c3d", "a.c3d")
    assert [path.name for path in (there / "deep").iterdir()] == ["a.c3d"]
    assert list(listing(f"{server}{there}")) == [(sent, 6)]
    assert read(sent) == b"second"
    assert read(f"{url}/none") is None
    assert fetch(sent, here).read_bytes() == b"second"


@pytest.mark.skipif(os.name != "posix", reason="the server speaks of Unix paths")
def test_a_folder_that_another_worker_makes_first_is_no_failure(
    server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Disk, "late", True)
    (tmp_path / "a.c3d").write_bytes(b"x")
    (sent,) = send([tmp_path / "a.c3d"], f"{server}{tmp_path}/there/S1/day1")
    assert read(sent) == b"x"


@pytest.mark.skipif(os.name != "posix", reason="the server speaks of Unix paths")
def test_failures_name_the_place_and_no_password(server: str, tmp_path: Path) -> None:
    (tmp_path / "a.c3d").write_bytes(b"x")
    wrong = server.replace(SECRET, "wrong-secret")
    with pytest.raises(OutputError) as refused:
        send([tmp_path / "a.c3d"], f"{server}{tmp_path}/a.c3d")
    with pytest.raises(InputError) as unknown:
        fetch(f"{wrong}{tmp_path}/a.c3d", tmp_path)
    for caught, secret in ((refused, SECRET), (unknown, "wrong-secret")):
        assert str(caught.value).startswith("sftp://127.0.0.1:")
        assert secret not in str(caught.value)


@pytest.mark.skipif(os.name != "posix", reason="the server speaks of Unix paths")
def test_outputs_of_a_batch_go_to_the_server(
    server: str, archive: Path, cli: Any, content: Any, tmp_path: Path
) -> None:
    there = f"{server}{tmp_path}/there"
    assert cli("in", "-o", "here").returncode == 1
    told = cli("in", "-o", there)
    assert told.returncode == 1, told.stderr
    assert SECRET not in told.stdout + told.stderr
    assert content(tmp_path / "there") == content(tmp_path / "here")
    assert "4 known from before" in cli("in", "-o", there).stdout
    # The server renamed: whoever looked saw each file whole or not at all.
    assert {"a_heelraise.json", "trials.csv"} <= set(Disk.renamed)


def drop() -> None:
    """The server ends all connections, as one that is started anew does."""
    for transport in Disk.connections:
        transport.close()


@pytest.mark.skipif(os.name != "posix", reason="the server speaks of Unix paths")
def test_a_connection_that_was_dropped_is_made_anew(server: str, tmp_path: Path) -> None:
    file, here, there = tmp_path / "a.c3d", tmp_path / "here", f"{server}{tmp_path}/there"
    here.mkdir()
    file.write_bytes(b"abc")
    for action, value in (
        (lambda: send([file], there), [f"{there}/a.c3d"]),
        (lambda: sizes(there), {"a.c3d": 3}),
        (lambda: list(listing(there)), [(f"{there}/a.c3d", 3)]),
        (lambda: read(f"{there}/a.c3d"), b"abc"),
        (lambda: bring(there, {"a.c3d": here / "b"}), None),
        (lambda: fetch(f"{there}/a.c3d", here).read_bytes(), b"abc"),
        (lambda: remove([f"{there}/a.c3d"]), None),
        (lambda: sizes(there), {}),
    ):
        assert action() == value
        drop()
    assert (here / "b").read_bytes() == b"abc"


@pytest.mark.skipif(os.name != "posix", reason="the server speaks of Unix paths")
def test_a_run_survives_a_dropped_connection(
    server: str, archive: Path, cli: Any, content: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert cli("in", "-o", "here").returncode == 1
    real = Store.take

    def take(self: Store, stem: Path) -> None:
        drop()
        real(self, stem)
        drop()

    monkeypatch.setattr(Store, "take", take)
    told = cli("in", "-o", f"{server}{tmp_path}/there")
    assert told.returncode == 1, told.stderr
    assert content(tmp_path / "there") == content(tmp_path / "here")


@pytest.mark.skipif(os.name != "posix", reason="the server speaks of Unix paths")
@pytest.mark.parametrize("name", ["na#me", "a?b", "a::b"])
def test_names_are_taken_as_they_are(server: str, tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"x")
    there = f"{server}{tmp_path}/{name}s"
    (url,) = send([tmp_path / name], there)
    assert (tmp_path / f"{name}s" / name).read_bytes() == b"x"
    assert sizes(there) == {name: 1}
    assert read(url) == b"x"

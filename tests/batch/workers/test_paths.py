"""Files of other stores come whole or not at all, and go there so."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from heelraise.batch.workers.paths import fetch, listing, read, sizes, told
from heelraise.batch.workers.sending import promise, remove, send
from heelraise.errors import InputError, OutputError, UsageError

fsspec = pytest.importorskip("fsspec")
from fsspec.implementations.local import LocalFileSystem  # noqa: E402


class Faulty(LocalFileSystem):  # type: ignore[misc]
    """A store on the disk that does as it is told."""

    protocol = "faulty"
    cachable = False
    fault = ""
    moved: tuple[str, ...] = ()

    @classmethod
    def _strip_protocol(cls, path: Any) -> Any:
        return LocalFileSystem._strip_protocol(str(path).removeprefix("faulty://"))

    def put_file(self, lpath: str, rpath: str, *args: Any, **options: Any) -> None:
        super().put_file(lpath, rpath, *args, **options)
        if Faulty.fault == "short":
            Path(rpath).write_bytes(b"half")
        if Faulty.fault == "put":
            raise ConnectionResetError("peer went away")

    def mv(self, path1: str, path2: str, **options: Any) -> None:
        Faulty.moved += (path2,)
        if Faulty.fault == "mv":
            raise PermissionError("no")
        super().mv(path1, path2, **options)

    def info(self, path: str, **options: Any) -> dict[str, Any]:
        found: dict[str, Any] = super().info(path, **options)
        return {**found, "size": found["size"] + 1} if Faulty.fault == "size" else found


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    fsspec.register_implementation("faulty", Faulty, clobber=True)
    monkeypatch.setattr(Faulty, "fault", "")
    monkeypatch.setattr(Faulty, "moved", ())
    there = tmp_path / "there"
    there.mkdir()
    yield there
    fsspec.filesystem("memory").rm("/", recursive=True) if fsspec.filesystem("memory").ls("/") else None


@pytest.fixture
def here(tmp_path: Path) -> Path:
    folder = tmp_path / "here"
    folder.mkdir()
    return folder


def test_round_trip_through_a_store(store: Path, here: Path, tmp_path: Path) -> None:
    one, two = tmp_path / "a.c3d", tmp_path / "a.yaml"
    one.write_bytes(b"\x00\x01" * 700_000)
    two.write_bytes(b"")
    urls = send([one, two], "memory://out/deep/")
    assert urls == ["memory://out/deep/a.c3d", "memory://out/deep/a.yaml"]
    assert list(listing("memory://out")) == [(urls[0], 1_400_000)]
    assert list(listing(urls[0])) == [(urls[0], 1_400_000)]
    assert fetch(urls[0], here).read_bytes() == one.read_bytes()
    assert read(urls[1]) == b""
    assert read("memory://out/none") is None
    assert [path.name for path in here.iterdir()] == ["a.c3d"]


@pytest.mark.parametrize("name", ["na#me", "na::me", "a?b", "me@lab", "100%25", "a::b#c?d"])
@pytest.mark.parametrize("kind", ["memory://box", "faulty://{store}"])
def test_any_name_is_a_name(store: Path, tmp_path: Path, here: Path, kind: str, name: str) -> None:
    top = kind.format(store=store.as_posix())
    file = tmp_path / f"{name}.yaml"
    file.write_bytes(b"text")
    (url,) = send([file], f"{top}/{name}/deep")
    assert url == f"{top}/{name}/deep/{name}.yaml"
    assert sizes(top) == {f"{name}/deep/{name}.yaml": 4}
    assert sizes(f"{top}/{name}") == {f"deep/{name}.yaml": 4}
    assert read(url) == b"text"
    assert list(listing(f"{top}/{name}", ".yaml")) == [(url, 4)]
    if "?" not in name and ":" not in name:
        assert fetch(url, here).name == f"{name}.yaml"
    remove([url])
    assert sizes(top) == {}


def test_what_a_store_says_of_an_address_is_told_without_its_secrets() -> None:
    url = "https://me:pass@host/a.c3d?sv=2024&sig=AB%2FSECRET%3D"
    words = "403, message='Forbidden', url='https://me:pass@host/a.c3d?sv=2024&sig=AB/SECRET%3D' (sig AB/SECRET=)"
    with pytest.raises(InputError) as caught, told(url, InputError, "cannot be fetched"):
        raise OSError(words)
    assert str(caught.value).startswith(
        "https://host/a.c3d: cannot be fetched (OSError: 403, message='Forbidden', url='"
    )
    assert not [secret for secret in ("SECRET", "sv=", "pass") if secret in str(caught.value)]


@pytest.mark.parametrize("fault", ["", "short", "put", "mv"])
def test_sent_whole_or_not_at_all(store: Path, tmp_path: Path, fault: str) -> None:
    file = tmp_path / "a.c3d"
    file.write_bytes(b"new content")
    (store / "a.c3d").write_bytes(b"old")
    Faulty.fault = fault
    if fault:
        with pytest.raises(OutputError, match=r"^faulty://.*a\.c3d: cannot be written \("):
            send([file], f"faulty://{store}")
    else:
        send([file], f"faulty://{store}")
        assert [Path(path).name for path in Faulty.moved] == ["a.c3d"]
    assert (store / "a.c3d").read_bytes() == (b"old" if fault else b"new content")
    assert [path.name for path in store.iterdir()] == ["a.c3d"]


def test_fetched_whole_or_not_at_all(store: Path, here: Path) -> None:
    (store / "a.c3d").write_bytes(b"x" * 100)
    url = f"faulty://{store}/a.c3d"
    Faulty.fault = "size"
    with pytest.raises(InputError, match=r"changed or broke off .*100 bytes came of 101"):
        fetch(url, here)
    Faulty.fault = ""
    with pytest.raises(InputError, match="larger than"):
        fetch(url, here, limit=99)
    with pytest.raises(InputError, match="larger than"):
        read(url, limit=99)
    assert list(here.iterdir()) == []
    assert fetch(url, here, limit=100).read_bytes() == b"x" * 100


@pytest.mark.parametrize("url", ["memory://none/a.c3d", "memory://none"])
def test_missing_input_is_named(url: str, here: Path) -> None:
    with pytest.raises(InputError, match=f"^{url}: there is no such file"):
        fetch(url, here)
    with pytest.raises(InputError, match=f"^{url}: there is no such file"):
        list(listing(url))


@pytest.mark.parametrize("url", ["memory://", "memory://a/..", "memory://a/b:c"])
def test_name_that_is_no_file_name_is_refused(url: str, here: Path) -> None:
    with pytest.raises(InputError, match="no name that a local file could have"):
        fetch(url, here)


def test_listing_is_sorted_and_leaves_out_what_is_under_way(store: Path) -> None:
    for name in ("b.C3D", "a/z.c3d", "c.txt", "a/.heelraise-part-00"):
        target = store / name
        target.parent.mkdir(exist_ok=True)
        target.write_bytes(b"1")
    url = f"faulty://{store}"
    assert list(listing(url)) == [(f"{url}/a/z.c3d", 1), (f"{url}/b.C3D", 1)]
    assert list(listing(url + "/")) == list(listing(url))


def test_unknown_kind_and_missing_package_are_usage_errors(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match=r"^nope://a/b: this kind of address cannot be used \(.*nope"):
        fetch("nope://a/b", here)
    monkeypatch.setitem(sys.modules, "fsspec.core", None)
    with pytest.raises(UsageError, match=r"fsspec is not installed; pip install 'heelraise\[remote\]'"):
        read("memory://a")


def test_promises() -> None:
    assert [promise(f"{kind}://a") for kind in ("s3", "GS", "sftp", "ftp")] == ["whole", "whole", "renamed", "copied"]

"""Addresses: what of them is shown, and when two are one."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heelraise.batch.workers.urls import cleaned, identity, is_remote, local_folder, parted, shown, without_place
from heelraise.errors import UsageError


@given(st.text(min_size=1).filter(lambda text: not set(text) & set("/?@")))
def test_secrets_are_never_shown(secret: str) -> None:
    url = f"sftp://user:<{secret}>@host/a/b.c3d?token=<{secret}>"
    assert shown(url) == "sftp://host/a/b.c3d"


@given(st.text(min_size=1))
def test_nor_a_part_of_one(secret: str) -> None:
    assert shown(f"sftp://user:<{secret}>@host/a") in ("sftp://host/a", "sftp://...")
    assert shown(f"sftp://user:<{secret}>@host/a?b=<{secret}>") in ("sftp://host/a", "sftp://...")
    if not set(secret) & set("?#"):
        assert shown(f"sftp://user:<{secret}>@host/a") == "sftp://host/a"


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("sftp://me:pa/ss@host/out", "sftp://host/out"),
        ("sftp://me:sec?ret@host/out", "sftp://..."),
        ("https://h:8080/a.c3d?user=me@lab/SECRET", "https://..."),
        ("https://h/a.c3d?user=me@lab", "https://h/a.c3d"),
        ("s3://bucket/me@lab/a.c3d", "s3://bucket/me@lab/a.c3d"),
        ("sftp://me@host/me@lab", "sftp://host/me@lab"),
    ],
)
def test_what_is_shown(url: str, told: str) -> None:
    assert shown(url) == told


@given(st.text("ab/%=+?&@:#", min_size=6))
def test_errors_tell_no_secret(secret: str) -> None:
    url = f"sftp://me:<{secret}@host/a"
    assert f"<{secret}" not in cleaned(f"cannot open {url}: '<{secret}' is no password", url)


@pytest.mark.parametrize(
    ("path", "remote"),
    [
        ("s3://b/a.c3d", True),
        ("sftp://h/a", True),
        ("C:\\a", False),
        ("C:/a", False),
        ("a:b", False),
        ("//server/a", False),
        ("./s3://x", False),
        (Path("s3://x"), False),
    ],
)
def test_local_paths_are_local(path: str | Path, remote: bool) -> None:
    assert is_remote(path) is remote


@pytest.mark.parametrize(
    ("one", "two", "same"),
    [
        ("s3://b/x/a.c3d", "s3a://b//x/./a.c3d", True),
        ("s3://b/x/a.c3d", "s3://c/x/a.c3d", False),
        ("sftp://h/x/a.c3d", "ssh://me:secret@h:22/x/a.c3d", True),
        ("sftp://h/x/a.c3d", "sftp://h/x/b.c3d", False),
        ("memory://b/a.c3d", "s3://b/a.c3d", False),
        ("memory://b/a.c3d", "memory:///b/a.c3d", True),
    ],
)
def test_two_addresses_of_one_place(one: str, two: str, same: bool) -> None:
    for package in ("s3fs", "paramiko"):
        pytest.importorskip(package)
    assert (identity(one) == identity(two)) is same


def test_a_folder_of_this_machine_by_path_link_and_url(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    places = [tmp_path / "real/a", str(tmp_path / "link/a"), f"file://{tmp_path}/link/a", f"local://{tmp_path}//real/a"]
    assert len({identity(place) for place in places}) == 1
    assert local_folder(f"file://{tmp_path}/a b%20#c") == tmp_path / "a b%20#c"
    assert local_folder(tmp_path) == tmp_path
    assert local_folder("memory://a") is None
    with pytest.raises(UsageError, match="names no folder of this machine"):
        local_folder("file://host/a")


@pytest.mark.parametrize(
    ("url", "parts"),
    [
        ("sftp://h/a/b", ("sftp://h/a/b", "")),
        ("sftp://h/a/b#c/d", ("sftp://h/a", "b#c/d")),
        ("file:///a#b", ("file:///", "a#b")),
        ("https://h/a?b#c", ("https://h/a?b#c", "")),
        ("s3://b/a.c3d?versionId=7", ("s3://b/a.c3d?versionId=7", "")),
        ("simple://a::s3://b/c", ("simple://a::s3://b/c", "")),
    ],
)
def test_signs_in_names_are_set_apart(url: str, parts: tuple[str, str]) -> None:
    assert parted(url) == parts


def test_where_a_store_is_is_no_part_of_a_message() -> None:
    text = "memory://box/out/S1/a.c3d: gone ('/box/out/S1/a.c3d' in memory://box/out)"
    assert without_place(text, "memory://box/out") == "S1/a.c3d: gone ('S1/a.c3d' in the output folder)"
    assert without_place("time out of out/a", "memory://out") == "time out of out/a"

"""ZIP archives: what is taken, what is refused, and how a member becomes a file."""

from __future__ import annotations

import hashlib
import os
import stat
import struct
import zipfile

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from heelraise.batch.discover import (
    ArchiveLimits,
    DiscoverOptions,
    Source,
    content_sha256,
    discover,
    open_member,
)
from heelraise.errors import InputError, OutputError


def names(plan):
    return [job.name for job in plan.jobs]


def said(plan):
    return "\n".join(note.message for note in plan.notes)


def test_an_archive_reads_like_a_folder(pack):
    path = pack("data.zip", [("s1/d1/b.C3D", b"b"), ("s1/d1/a.c3d", b"aa"), ("top.c3d", b"t"), ("s1/notes.txt", b"n")])
    jobs = discover([path]).jobs
    assert [(job.name, job.folder, job.subject, job.session, job.size) for job in jobs] == [
        ("s1/d1/a.c3d", "s1/d1", "s1", "d1", 2),
        ("s1/d1/b.C3D", "s1/d1", "s1", "d1", 1),
        ("top.c3d", ".", "", "", 1),
    ]
    assert [job.member for job in jobs] == ["s1/d1/a.c3d", "s1/d1/b.C3D", "top.c3d"]


def test_an_archive_in_a_folder_stands_beside_its_unpacked_self(touch, pack):
    top = touch("in/data/t.c3d")
    pack("in/data.zip", [("t.c3d", b"t"), ("__MACOSX/._t.c3d", b"x"), ("._u.c3d", b"x"), ("t_heelraise.c3d", b"x")])
    plan = discover([top / "in"])
    assert [(job.name, job.folder, job.subject) for job in plan.jobs] == [
        ("data/t.c3d", "data", "data"),
        ("data.zip/t.c3d", "data.zip", "data"),
    ]
    assert plan.notes == ()


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("/etc/t.c3d", "absolute"),
        ("\\\\host\\share\\t.c3d", "absolute"),
        ("C:/t.c3d", "drive"),
        ("c:t.c3d", "drive"),
        ("../t.c3d", "out of the archive"),
        ("a/../../t.c3d", "out of the archive"),
        ("a\\t.c3d", "backslashes"),
        ("..\\t.c3d", "backslashes"),
        ("a//t.c3d", "empty folders"),
        ("nul/t.c3d", "device"),
        ("a/COM1.c3d", "device"),
        ("a\nb/t.c3d", "control"),
    ],
)
def test_a_path_that_leads_elsewhere_is_refused_and_the_rest_goes_on(pack, name, why):
    info = zipfile.ZipInfo("x")
    info.filename = name
    plan = discover([pack("data.zip", [(info, b"bad"), ("good.c3d", b"good")])])
    assert names(plan) == ["good.c3d"]
    assert [note.code for note in plan.notes] == ["member_refused"]
    assert why in said(plan)


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFCHR, stat.S_IFIFO])
def test_links_and_devices_are_refused(pack, kind):
    info = zipfile.ZipInfo("link.c3d")
    info.create_system = 3
    info.external_attr = (kind | 0o777) << 16
    plan = discover([pack("data.zip", [(info, b"/etc/passwd"), ("good.c3d", b"good")])])
    assert names(plan) == ["good.c3d"]
    assert "link.c3d in data.zip: refused" in said(plan)


def test_expansion_is_bounded(pack):
    members = [("bomb.c3d", bytes(1 << 20)), ("good.c3d", os.urandom(3000)), ("more.c3d", os.urandom(3000))]
    path = pack("data.zip", members)
    limits = ArchiveLimits(ratio=100, small_bytes=1000)
    plan = discover([path], DiscoverOptions(limits=limits))
    assert names(plan) == ["good.c3d", "more.c3d"]
    assert "more than 100 times" in said(plan)
    plan = discover([path], DiscoverOptions(limits=ArchiveLimits(total_bytes=4000, ratio=100, small_bytes=1000)))
    assert names(plan) == ["good.c3d"]
    plan = discover([path], DiscoverOptions(limits=ArchiveLimits(member_bytes=10_000)))
    assert names(plan) == ["good.c3d", "more.c3d"]
    with pytest.raises(InputError, match="table of contents"):
        discover([path], DiscoverOptions(limits=ArchiveLimits(directory_bytes=10)))


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_methods_without_a_bound_are_refused(pack, method, tmp_path):
    path = pack("data.zip", [("a.c3d", b"a" * 100)], method)
    good = pack("good.zip", [("g.c3d", b"g")])
    plan = discover([path, good])
    assert names(plan) == ["g.c3d"]
    assert "neither stored nor deflated" in said(plan)
    with pytest.raises(InputError, match="unknown way"), open_member(Source(path, "a.c3d", 100), tmp_path):
        pass


def test_members_that_share_their_bytes_are_refused(pack):
    path = pack("data.zip", [("a.c3d", b"a" * 50), ("b.c3d", b"b" * 50)], zipfile.ZIP_STORED)
    data = bytearray(path.read_bytes())
    second = data.rfind(b"PK\x01\x02")
    # The second entry of the table of contents points into the first member.
    data[second + 42 : second + 46] = struct.pack("<L", 10)
    path.write_bytes(data)
    plan = discover([path])
    assert names(plan) == ["a.c3d"]
    assert "shares its bytes" in said(plan)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_of_members_of_one_name_the_last_counts(pack, tmp_path):
    plan = discover([pack("data.zip", [("a.c3d", b"first"), ("a.c3d", b"the second")])])
    (job,) = plan.jobs
    assert "second member" in said(plan)
    with open_member(job, tmp_path) as path:
        assert path.read_bytes() == b"the second"


def test_encrypted_members_are_one_sentence(pack):
    path = pack("data.zip", [("a.c3d", b"a"), ("b.c3d", b"b"), ("c.txt", b"c")])
    data = bytearray(path.read_bytes())
    at = -1
    while (at := data.find(b"PK\x01\x02", at + 1)) >= 0:
        data[at + 8] |= 1
    path.write_bytes(data)
    good = pack("good.zip", [("g.c3d", b"g")])
    plan = discover([path, good])
    assert names(plan) == ["g.c3d"]
    assert said(plan) == "data.zip: 2 encrypted members were left out; unpack the archive with its password."


def test_a_damaged_archive_is_one_sentence(touch):
    top = touch("in/bad.zip", "in/good.c3d")
    plan = discover([top / "in"])
    assert names(plan) == ["good.c3d"]
    assert [note.code for note in plan.notes] == ["archive_left_out"]
    with pytest.raises(InputError, match="damaged"):
        discover([top / "in" / "bad.zip"])


def test_a_thousand_refusals_are_not_a_thousand_sentences(pack):
    plan = discover([pack("data.zip", [("g.c3d", b"g"), *((f"../{n}.c3d", b"x") for n in range(200))])])
    assert len(plan.notes) == 21
    assert "180 more" in said(plan)


def test_a_member_is_a_file_while_it_is_needed(pack, tmp_path):
    path = pack("data.zip", [("s1/Trial 1.C3D", b"content" * 1000)])
    before = path.read_bytes()
    (job,) = discover([path]).jobs
    room = tmp_path / "room"
    room.mkdir()
    with open_member(job, room) as file:
        assert file.read_bytes() == b"content" * 1000
        assert file.stem == "Trial 1"
        assert room in file.parents
    assert list(room.iterdir()) == []

    def fails():
        with open_member(job, room):
            raise RuntimeError("analysis")

    with pytest.raises(RuntimeError, match="analysis"):
        fails()
    assert list(room.iterdir()) == []
    assert content_sha256(job) == hashlib.sha256(b"content" * 1000).hexdigest()
    assert path.read_bytes() == before


def test_a_file_of_its_own_is_not_copied(touch, tmp_path):
    top = touch("a.c3d")
    (job,) = discover([top / "a.c3d"]).jobs
    with open_member(job, tmp_path / "nowhere") as path:
        assert path == top / "a.c3d"
    assert content_sha256(top / "a.c3d") == content_sha256(job) == hashlib.sha256(b"a.c3d").hexdigest()


def test_a_damaged_member_costs_itself_alone(pack, tmp_path):
    path = pack("data.zip", [("a.c3d", b"A" * 5000), ("b.c3d", b"B" * 5000)], zipfile.ZIP_STORED)
    data = bytearray(path.read_bytes())
    data[data.index(b"A" * 5000) + 2500] ^= 1
    path.write_bytes(data)
    bad, good = discover([path]).jobs
    with pytest.raises(InputError, match="damaged"), open_member(bad, tmp_path):
        pass
    with open_member(good, tmp_path) as file:
        assert file.read_bytes() == b"B" * 5000
    with pytest.raises(InputError, match="damaged"):
        content_sha256(bad)
    assert [p.name for p in tmp_path.iterdir()] == ["data.zip"]


def test_an_archive_that_is_gone_or_a_folder_that_is_not_there(pack, tmp_path):
    path = pack("data.zip", [("a.c3d", b"a")])
    (job,) = discover([path]).jobs
    with pytest.raises(OutputError), open_member(job, tmp_path / "missing"):
        pass
    path.unlink()
    with pytest.raises(InputError, match="no such file"), open_member(job, tmp_path):
        pass
    with pytest.raises(InputError, match="no such file"):
        content_sha256(Source(tmp_path / "missing.c3d"))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(
    names=st.lists(
        st.lists(
            st.sampled_from(["a", "..", ".", "", "/", "\\", "C:", "nul", "x.c3d", "é", "t\u202e"]), max_size=5
        ).map("/".join),
        max_size=5,
    )
)
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_no_member_ever_leaves_its_room(names, tmp_path_factory):
    top = tmp_path_factory.mktemp("zip")
    with zipfile.ZipFile(top / "z.zip", "w") as archive:
        archive.writestr("sure.c3d", b"s")
        for name in names:
            info = zipfile.ZipInfo("x")
            info.filename = f"{name}.c3d"
            archive.writestr(info, b"content")
    room = top / "room"
    room.mkdir()
    jobs = discover([top / "z.zip"]).jobs
    assert len({(job.folder, job.name) for job in jobs}) == len(jobs)
    for job in jobs:
        assert ".." not in job.folder.split("/")
        assert not job.folder.startswith("/")
        with open_member(job, room) as path:
            assert path.parent.parent == room
            assert path.suffix == ".c3d"
    assert sorted(p.name for p in top.iterdir()) == ["room", "z.zip"]
    assert list(room.iterdir()) == []


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150)
@given(at=st.integers(0, 10_000), value=st.integers(0, 255), cut=st.integers(0, 10_000))
def test_a_mutated_archive_is_refused_or_read(at, value, cut, tmp_path_factory):
    top = tmp_path_factory.mktemp("zip")
    with zipfile.ZipFile(top / "z.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for name in ("a/t.c3d", "a/t.Trial.enf", "session.xml"):
            archive.writestr(name, b"content of it " * 3)
    data = bytearray((top / "z.zip").read_bytes())
    data[at % len(data)] = value
    (top / "z.zip").write_bytes(data[: len(data) - cut % 40 if cut % 3 == 0 else len(data)])
    try:
        jobs = discover([top / "z.zip"]).jobs
    except InputError:
        return
    for job in jobs:
        try:
            with open_member(job, top) as path:
                assert path.stat().st_size == job.size
        except InputError:
            pass
    assert [p.name for p in top.iterdir()] == ["z.zip"]

"""A batch from S3 into S3, through the protocol itself: an S3 server on this machine, workers of their own."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

import pytest

s3fs = pytest.importorskip("s3fs")
server = pytest.importorskip("moto.server")
pytest.importorskip("flask_cors")

SECRET = "not-to-be-shown"


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[object]:
    """An empty S3 service that this process and its workers find by their settings."""
    service = server.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    service.start()
    host, port = service.get_host_and_port()
    for name, value in (
        ("AWS_ENDPOINT_URL", f"http://{host}:{port}"),
        ("AWS_ACCESS_KEY_ID", "me"),
        ("AWS_SECRET_ACCESS_KEY", SECRET),
        ("AWS_DEFAULT_REGION", "us-east-1"),
    ):
        monkeypatch.setenv(name, value)
    s3fs.S3FileSystem.clear_instance_cache()
    yield s3fs.S3FileSystem()
    s3fs.S3FileSystem.clear_instance_cache()
    service.stop()


def test_a_batch_from_a_bucket_into_a_bucket(s3, archive, begin, cli, tmp_path):
    assert cli("in", "-o", "here").returncode == 1
    s3.mkdir("lab")
    s3.put(str(archive), "lab/study", recursive=True)
    process = begin("s3://lab/study", "-o", "s3://lab/out", "-j", 2, "-q")
    _, told = process.communicate(timeout=200)
    assert process.returncode == 1, told
    assert SECRET not in told
    s3.invalidate_cache()
    found = {name.removeprefix("lab/out/"): s3.cat_file(name) for name in s3.find("lab/out")}
    here = {p.relative_to(tmp_path / "here").as_posix(): p.read_bytes() for p in (tmp_path / "here").rglob("*.*")}
    # Folders have no dot, files of a run and of its trials do.
    assert found.keys() == here.keys()
    assert all(found[name] == here[name] for name in here if name != "run.jsonl")
    again = begin("s3://lab/study", "-o", "s3://lab/out")
    out, told = again.communicate(timeout=200)
    assert again.returncode == 1, told
    # ETags tell that nothing has changed.
    assert "3 done, 1 failed (4 known from before); s3://lab/out/trials.csv" in out
    rows = list(csv.DictReader(io.StringIO(s3.cat_file("lab/out/trials.csv").decode())))
    assert [row["status"] for row in rows] == ["done", "done", "done", "failed"]

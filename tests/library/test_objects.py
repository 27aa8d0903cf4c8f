"""Objects of a real S3 server: listing, ranges, copies for workers, what is said of failures."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from library import objects
from library.folders import Bucket
from tests.support.s3 import PAGE

if TYPE_CHECKING:
    from tests.support.s3 import S3Server

ART = "s3://studio/art"


def test_a_listing_has_all_objects_below_the_prefix(s3: S3Server) -> None:
    names = [f"{number:04d}.png" for number in range(PAGE + 3)]  # more than one page
    s3.put({f"art/{name}": b"" for name in names} | {"artful/x.png": b"", "other": b""})
    assert [each.path for each in objects.listed(Bucket(ART))] == names
    everything = [each.path for each in objects.listed(Bucket("s3://studio"))]
    assert everything == [*(f"art/{name}" for name in names), "artful/x.png", "other"]


def test_an_object_that_was_replaced_within_a_second_has_another_time(s3: S3Server) -> None:
    s3.put({"art/a.png": b"one"})
    (before,) = objects.listed(Bucket(ART))
    s3.put({"art/a.png": b"two"})
    (after,) = objects.listed(Bucket(ART))
    assert (before.status.st_size, before.path) == (after.status.st_size, after.path)
    assert before.status.st_mtime_ns != after.status.st_mtime_ns
    assert objects.status(ART, "a.png") == after.status


def test_a_copy_has_no_name_and_is_read_only(s3: S3Server) -> None:
    content = os.urandom(objects.HEAD + 999)
    s3.put({"art/a%20b/%C3%BC+.png": content})
    heads: list[bytes] = []
    with objects.fetched(ART, "a b/ü+.png", heads.append) as file:
        assert file.read() == content
        assert os.fstat(file.fileno()).st_nlink == 0
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.write(file.fileno(), b"x")
    assert heads == [content[: objects.HEAD]]


def test_a_part_is_read_without_the_rest(s3: S3Server) -> None:
    s3.put({"art/film.mp4": bytes(8 * 1024**2)})
    s3.requests()
    file, status = objects.opened(ART, "film.mp4")
    with file:
        file.seek(7 * 1024**2 + 100)
        assert file.read(50) == bytes(50)
    assert status.st_size == 8 * 1024**2
    assert s3.requests() == ["HEAD /studio/art/film.mp4", "GET /studio/art/film.mp4"]


@pytest.mark.parametrize(
    "path", ["../other", "a/../../x", "", "/x", "a//b", "a\0", "a?versionId=1"]
)
def test_a_name_that_leads_elsewhere_is_refused(s3: S3Server, path: str) -> None:
    s3.put({"other": b"", "art/a": b""})
    s3.requests()
    with pytest.raises(OSError, match="the name is no path"):
        objects.opened(ART, path)
    assert s3.requests() == []


def test_an_object_that_is_gone_is_a_missing_file(s3: S3Server) -> None:
    s3.put({"art/a.png": b""})
    with pytest.raises(FileNotFoundError):
        objects.fetched(ART, "b.png")


@pytest.mark.usefixtures("s3")
@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"AWS_ACCESS_KEY_ID": None, "AWS_SECRET_ACCESS_KEY": None}, "there are no credentials"),
        ({"AWS_ENDPOINT_URL": "http://127.0.0.1:9"}, "does not respond at http://127.0.0.1:9"),
        ({"AWS_ENDPOINT_URL": "nonsense"}, "the address of the store is wrong"),
    ],
)
def test_what_is_wrong_with_the_store_is_said(
    monkeypatch: pytest.MonkeyPatch, change: dict[str, str | None], reason: str
) -> None:
    for name, value in change.items():
        if value is None:
            monkeypatch.delenv(name)
        else:
            monkeypatch.setenv(name, value)
    with pytest.raises(objects.Unreachable, match=reason):
        list(objects.listed(Bucket(ART)))
    with pytest.raises(objects.Unreachable, match=reason):
        objects.fetched(ART, "a.png")


def test_a_bucket_that_does_not_exist_is_named(s3: S3Server) -> None:
    with pytest.raises(objects.Unreachable, match=f"there is no bucket 'none' at {s3.url}"):
        list(objects.listed(Bucket("s3://none/art")))

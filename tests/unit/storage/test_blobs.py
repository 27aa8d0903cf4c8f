"""Blob stores: a folder and the file systems of fsspec behave alike."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import pytest
from fsspec.implementations.memory import MemoryFileSystem
from fsspec.registry import _registry as known

from app.errors import StorageFailed
from app.storage.blobs import CachedBlobStore, DirectoryBlobStore, FsspecBlobStore, open_blob_store
from config import InvalidSettings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from app.storage.blobs import BlobStore


@pytest.fixture(autouse=True)
def empty_memory() -> Iterator[None]:
    """All file systems in memory share one store."""
    yield
    MemoryFileSystem.store.clear()
    MemoryFileSystem.pseudo_dirs[:] = [""]


@pytest.fixture(params=["folder", "file", "local", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> BlobStore:
    """Each kind of store, empty."""
    urls = {
        "folder": str(tmp_path / "a b"),
        "file": f"file://{tmp_path}/a%20b",
        "local": f"local://{tmp_path}/c",
        "memory": "memory://bucket/prefix",
    }
    return open_blob_store(urls[request.param], tmp_path / "unused")


def test_a_blob_is_read_as_written(store: BlobStore) -> None:
    store.write("ab/ref_ab", b"content")
    assert (store.read("ab/ref_ab"), store.exists("ab/ref_ab")) == (b"content", True)


def test_an_unknown_blob_does_not_exist(store: BlobStore) -> None:
    assert store.exists("ab/ref_ab") is False
    with pytest.raises(FileNotFoundError):
        store.read("ab/ref_ab")


def test_a_blob_can_be_written_twice(store: BlobStore) -> None:
    for _ in range(2):
        store.write("ab/ref_ab", b"content")
    assert store.read("ab/ref_ab") == b"content"


@pytest.mark.parametrize("url", ["memory://bucket", "local://{}/shared"])
def test_another_worker_reads_a_blob(url: str, tmp_path: Path) -> None:
    one, other = (open_blob_store(url.format(tmp_path), tmp_path) for _ in range(2))
    one.write("ab/ref_ab", b"content")
    assert other.read("ab/ref_ab") == b"content"


def test_without_a_url_blobs_are_in_the_folder(tmp_path: Path) -> None:
    open_blob_store("", tmp_path / "references").write("ab/ref_ab", b"content")
    assert (tmp_path / "references" / "ab" / "ref_ab").read_bytes() == b"content"


def test_a_url_of_an_unknown_kind_is_refused_without_its_password(tmp_path: Path) -> None:
    with pytest.raises(InvalidSettings, match=r"AKIN_REFERENCES_URL: “nonsense”") as refused:
        open_blob_store("nonsense://akin:hush-hush@host/x", tmp_path)
    assert "hush" not in str(refused.value)


def test_a_package_that_is_missing_is_named_with_the_file_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "s3fs", None)
    monkeypatch.delitem(known, "s3", raising=False)  # of a test that has imported it
    with pytest.raises(InvalidSettings, match=r"AKIN_REFERENCES_URL: .*requirements/s3\.txt"):
        open_blob_store("s3://bucket/prefix", tmp_path)


class Broken(MemoryFileSystem):
    """An object store that cannot be reached."""

    protocol = "broken"
    cachable = False

    def cat_file(self, *_: Any, **__: Any) -> bytes:
        raise ConnectionResetError

    def pipe_file(self, *_: Any, **__: Any) -> None:
        raise TimeoutError

    def exists(self, *_: Any, **__: Any) -> bool:
        raise PermissionError


def test_failures_of_a_file_system_are_one_error() -> None:
    store = FsspecBlobStore(Broken(), "/bucket")
    with pytest.raises(StorageFailed, match="ConnectionResetError"):
        store.read("a/b")
    with pytest.raises(StorageFailed, match="TimeoutError"):
        store.write("a/b", b"content")
    with pytest.raises(StorageFailed, match="PermissionError"):
        store.exists("a/b")


def test_blobs_used_last_are_read_from_memory() -> None:
    class Failing:
        """A store that returns nothing."""

        def read(self, name: str) -> bytes:
            raise StorageFailed(name)

        def exists(self, name: str) -> bool:
            raise StorageFailed(name)

        def write(self, name: str, content: bytes) -> None:
            """Store nothing."""

    cached = CachedBlobStore(Failing(), most=10)
    cached.write("a", b"12345")
    cached.write("b", b"12345")
    assert (cached.read("a"), cached.read("b"), cached.exists("a")) == (b"12345", b"12345", True)
    cached.write("c", b"12345")
    with pytest.raises(StorageFailed):
        cached.read("a")
    cached.write("large", b"x" * 11)
    with pytest.raises(StorageFailed):
        cached.read("large")


def test_a_folder_that_cannot_be_created_is_a_storage_failure(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    store = DirectoryBlobStore(tmp_path / "file" / "below")
    assert store.exists("a/b") is False
    with pytest.raises(FileNotFoundError):
        store.read("a/b")
    with pytest.raises(StorageFailed):
        store.write("a/b", b"content")


def test_s3_has_short_time_outs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: dict[str, Any] = {}

    class FakeS3(MemoryFileSystem):
        """A file system registered as s3fs."""

        protocol = "s3"
        cachable = False

        def __init__(self, **options: Any) -> None:
            super().__init__()
            seen.update(options)

    monkeypatch.setitem(known, "s3", FakeS3)  # fsspec cannot unregister
    open_blob_store("s3://bucket/prefix", tmp_path).write("a/b", b"content")
    assert seen["config_kwargs"]["connect_timeout"] < 5

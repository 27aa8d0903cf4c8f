"""The places for example pictures: a folder, and what fsspec reaches, all alike."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from fsspec.implementations.memory import MemoryFileSystem
from fsspec.registry import _registry as known

from app.errors import StorageFailed
from app.places import Folder, Near, Remote, place_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from app.places import Place


@pytest.fixture(autouse=True)
def empty_memory() -> Iterator[None]:
    """The memory of fsspec is one for the whole process."""
    yield
    MemoryFileSystem.store.clear()
    MemoryFileSystem.pseudo_dirs[:] = [""]


@pytest.fixture(params=["folder", "file", "local", "memory"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """Each kind of place, empty."""
    urls = {
        "folder": str(tmp_path / "a b"),
        "file": f"file://{tmp_path}/a%20b",
        "local": f"local://{tmp_path}/c",
        "memory": "memory://bucket/prefix",
    }
    return place_of(urls[request.param], tmp_path / "unused")


def test_what_is_written_is_read(place: Place) -> None:
    place.write("ab/ref_ab", b"content")
    assert (place.read("ab/ref_ab"), place.has("ab/ref_ab")) == (b"content", True)


def test_what_was_never_written_is_not_there(place: Place) -> None:
    assert place.has("ab/ref_ab") is False
    with pytest.raises(FileNotFoundError):
        place.read("ab/ref_ab")


def test_writing_the_same_twice_does_no_harm(place: Place) -> None:
    for _ in range(2):
        place.write("ab/ref_ab", b"content")
    assert place.read("ab/ref_ab") == b"content"


@pytest.mark.parametrize("url", ["memory://bucket", "local://{}/shared"])
def test_what_one_worker_writes_another_reads(url: str, tmp_path: Path) -> None:
    one, other = (place_of(url.format(tmp_path), tmp_path) for _ in range(2))
    one.write("ab/ref_ab", b"content")
    assert other.read("ab/ref_ab") == b"content"


def test_without_a_url_files_are_kept_in_the_folder(tmp_path: Path) -> None:
    place_of("", tmp_path / "references").write("ab/ref_ab", b"content")
    assert (tmp_path / "references" / "ab" / "ref_ab").read_bytes() == b"content"


def test_a_url_of_an_unknown_kind_is_refused_by_its_name(tmp_path: Path) -> None:
    with pytest.raises(StorageFailed, match=r"AKIN_REFERENCES_URL.*nonsense"):
        place_of("nonsense://bucket", tmp_path)


class Broken(MemoryFileSystem):
    """An object store that is away."""

    protocol = "broken"
    cachable = False

    def cat_file(self, *_: Any, **__: Any) -> bytes:
        raise ConnectionResetError

    def pipe_file(self, *_: Any, **__: Any) -> None:
        raise TimeoutError

    def exists(self, *_: Any, **__: Any) -> bool:
        raise PermissionError


def test_a_store_that_is_away_is_said_to_be_and_nothing_else() -> None:
    place = Remote(Broken(), "/bucket")
    with pytest.raises(StorageFailed, match="ConnectionResetError"):
        place.read("a/b")
    with pytest.raises(StorageFailed, match="TimeoutError"):
        place.write("a/b", b"content")
    with pytest.raises(StorageFailed, match="PermissionError"):
        place.has("a/b")


def test_what_was_used_last_is_read_from_memory_while_the_store_is_away() -> None:
    class Failing:
        """Takes everything, gives nothing back."""

        def read(self, name: str) -> bytes:
            raise StorageFailed(name)

        def has(self, name: str) -> bool:
            raise StorageFailed(name)

        def write(self, name: str, content: bytes) -> None:
            """Forget it."""

    near = Near(Failing(), most=10)
    near.write("a", b"12345")
    near.write("b", b"12345")
    assert (near.read("a"), near.read("b"), near.has("a")) == (b"12345", b"12345", True)
    near.write("c", b"12345")
    with pytest.raises(StorageFailed):
        near.read("a")
    near.write("large", b"x" * 11)
    with pytest.raises(StorageFailed):
        near.read("large")


def test_a_folder_that_cannot_be_made_is_a_storage_that_failed(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    place = Folder(tmp_path / "file" / "below")
    assert place.has("a/b") is False
    with pytest.raises(FileNotFoundError):
        place.read("a/b")
    with pytest.raises(StorageFailed):
        place.write("a/b", b"content")


def test_s3_is_asked_with_short_time_outs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: dict[str, Any] = {}

    class Pretended(MemoryFileSystem):
        """What s3fs registers itself as."""

        protocol = "s3"
        cachable = False

        def __init__(self, **options: Any) -> None:
            super().__init__()
            seen.update(options)

    monkeypatch.setitem(known, "s3", Pretended)  # registering has no undoing
    place_of("s3://bucket/prefix", tmp_path).write("a/b", b"content")
    assert seen["config_kwargs"]["connect_timeout"] < 5

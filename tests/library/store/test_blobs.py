"""Thumbnails and snapshots beside the index, in every store."""

from __future__ import annotations

import os
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from library.store.index import Index

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from library.store.blobs import Blobs
    from tests.support.postgres import PostgreSQL

pytestmark = pytest.mark.usefixtures("store")


@pytest.fixture
def blobs(tmp_path: Path) -> Iterator[Blobs]:
    with closing(Index.open(tmp_path / "home", create=True)) as index:
        yield index.store.blobs


def test_what_is_written_is_read_until_it_is_removed(blobs: Blobs) -> None:
    blobs.write({"thumbnails/a/1.webp": b"one", "thumbnails/b/2.webp": bytes(range(256)) * 99})
    blobs.write({"thumbnails/a/1.webp": b"another"})
    assert blobs.read("thumbnails/a/1.webp") == b"another"
    assert blobs.read("thumbnails/b/2.webp") == bytes(range(256)) * 99
    blobs.remove(["thumbnails/a/1.webp", "thumbnails/a/3.webp"])
    with pytest.raises(FileNotFoundError):
        blobs.read("thumbnails/a/1.webp")
    blobs.remove([])
    blobs.write({})


def test_names_are_those_with_the_prefix_in_their_order(blobs: Blobs) -> None:
    names = [f"thumbnails/{n % 7}/{n:04d}.webp" for n in range(1_100)]
    blobs.write(dict.fromkeys(names, b""))
    blobs.write({"thumbnail": b"", "thumbnailsx/1": b"", "snapshots/1": b""})
    assert list(blobs.names("thumbnails/")) == sorted(names)
    assert list(blobs.names("snapshots/")) == ["snapshots/1"]
    assert list(blobs.names("others/")) == []


def test_all_hosts_read_the_thumbnails_of_a_library_in_postgresql(
    postgres: PostgreSQL, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(os.environ, "AKIN_LIBRARY_URL", f"{postgres.new_database()}?library=art")
    with (
        closing(Index.open(tmp_path / "indexer", create=True)) as indexer,
        closing(Index.open(tmp_path / "web")) as web,
    ):
        indexer.store.blobs.write({"thumbnails/a/1.webp": b"picture"})
        assert web.store.blobs.read("thumbnails/a/1.webp") == b"picture"
        assert web.store.signing_secret() == indexer.store.signing_secret()
        with (
            indexer.store.alone("snapshot") as first,
            web.store.alone("snapshot") as second,
        ):
            assert (first, second) == (True, False)
        with web.store.alone("snapshot") as again:
            assert again

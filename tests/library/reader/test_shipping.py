"""A snapshot that one host has written, loaded by a new one that then follows."""

from __future__ import annotations

import os
from contextlib import closing
from typing import TYPE_CHECKING

import msgspec
import pytest

from library.reader import disk_cache, shipping
from library.reader.index_reader import IndexReader
from library.schema.documents import Embeddings
from library.store.index import Index
from tests.support import sample_documents

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from library.store.blobs import Blobs
    from tests.support.postgres import PostgreSQL

COUNT = shipping.NEW_LEAST + 1


@pytest.fixture
def index(postgres: PostgreSQL, tmp_path: Path) -> Iterator[Index]:
    """A library in PostgreSQL, on the host that indexes it."""
    os.environ["AKIN_LIBRARY_URL"] = f"{postgres.new_database()}?library=art"
    with closing(Index.open(tmp_path / "indexer", create=True)) as opened:
        _add(opened, 0)
        yield opened
    del os.environ["AKIN_LIBRARY_URL"]


def _add(index: Index, start: int) -> None:
    index.write(
        (sample_documents.document(f"name {n}", id=f"asset_{n}"), Embeddings())
        for n in range(start, start + COUNT)
    )


def _ids(home: Path) -> tuple[set[str], int]:
    """Return the assets that a host with this home finds, and the generation of its cache."""
    with closing(Index.open(home)) as index, index.reading() as connection:
        snapshot = IndexReader(index).at(connection)
        numbers = snapshot.number[snapshot.alive].tolist()
        found = {each["id"] for each in index.values(connection, numbers).values()}
        (_, cache) = next(disk_cache.stored(home, index.uid(connection)))
    return found, cache["generation"]


def _shipped(blobs: Blobs) -> list[str]:
    return [name for name in blobs.names(shipping.PREFIX) if name.endswith("/shipped.json")]


def test_a_new_host_loads_the_snapshot_and_follows_from_it(index: Index, tmp_path: Path) -> None:
    IndexReader(index).warm()
    with index.reading() as connection:
        shipped = index.generation(connection)
    index.remove(["asset_3"])
    index.write([(sample_documents.document("later", id="asset_later"), Embeddings())])
    found, generation = _ids(tmp_path / "new host")
    assert found == {*(f"asset_{n}" for n in range(COUNT) if n != 3), "asset_later"}
    assert generation == shipped


def test_a_damaged_snapshot_is_ignored(
    index: Index, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    IndexReader(index).warm()
    blobs = index.store.blobs
    part = next(name for name in blobs.names(shipping.PREFIX) if "number.npy" in name)
    blobs.write({part: blobs.read(part)[:-1] + b"\x01"})
    index.remove(["asset_3"])
    found, generation = _ids(tmp_path / "new host")
    assert len(found) == COUNT - 1
    with index.reading() as connection:
        assert generation == index.generation(connection)  # its own, of what it has read
    assert "the digest of number.npy differs" in caplog.text
    assert not list((tmp_path / "new host" / disk_cache.FOLDER).glob(".*"))


@pytest.mark.parametrize(
    "change",
    [{"uid": "another"}, {"format": 1}, {"generation": 10**6}, {"files": {"../a.npy": (1, "")}}],
    ids=lambda change: next(iter(change)),
)
def test_a_snapshot_of_another_library_version_or_time_is_ignored(
    index: Index, tmp_path: Path, change: dict[str, object]
) -> None:
    IndexReader(index).warm()
    blobs = index.store.blobs
    (name,) = _shipped(blobs)
    manifest = msgspec.json.decode(blobs.read(name)) | change
    blobs.remove([name])
    changed = msgspec.convert(manifest, shipping.Shipped)
    blobs.write({f"{changed.name}/shipped.json": msgspec.json.encode(manifest)})
    index.remove(["asset_3"])
    found, generation = _ids(tmp_path / "new host")
    assert len(found) == COUNT - 1
    with index.reading() as connection:
        assert generation == index.generation(connection)


def test_a_host_that_is_far_behind_takes_the_newer_snapshot(index: Index, tmp_path: Path) -> None:
    IndexReader(index).warm()
    _ids(tmp_path / "host")
    _add(index, COUNT)
    IndexReader(index).warm()
    with index.reading() as connection:
        shipped = index.generation(connection)
    found, generation = _ids(tmp_path / "host")
    assert (len(found), generation) == (2 * COUNT, shipped)


def test_the_newest_and_the_one_before_stay(index: Index) -> None:
    blobs = index.store.blobs
    names = []
    for start in (COUNT, 2 * COUNT, 3 * COUNT):
        blobs.write({f"{shipping.PREFIX}005-000000000000/number.npy/00000": b"of a killed process"})
        IndexReader(index).warm()
        names.append(_shipped(blobs)[-1])
        _add(index, start)
    assert len(set(names)) == 3
    assert _shipped(blobs) == names[1:]
    begins = tuple(name.removesuffix("shipped.json") for name in names[1:])
    assert all(name.startswith(begins) for name in blobs.names(shipping.PREFIX))


def test_it_is_written_when_it_is_due_by_one_process(index: Index) -> None:
    blobs, uid = index.store.blobs, index.unique_id()
    with index.store.alone("snapshot") as is_ours:
        assert is_ours
        IndexReader(index).warm()
        assert not _shipped(blobs)
    assert shipping.ship(index.store, index.home, uid)
    index.write([(sample_documents.document("one more"), Embeddings())])
    assert not shipping.ship(index.store, index.home, uid)

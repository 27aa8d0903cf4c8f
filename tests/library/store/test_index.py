"""The index stores documents, replaces those written again, and other processes see them."""

from __future__ import annotations

import gc
import sqlite3
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
import sqlalchemy as sa

from library.errors import (
    IndexBroken,
    IndexMissing,
    IndexUnusable,
    SchemaTooNew,
    SchemaTooOld,
)
from library.reader.index_reader import IndexReader
from library.schema.documents import Embeddings, SourceFile
from library.store.backends.sqlite import FILE
from library.store.index import Index
from library.store.tables import words
from tests.support import sample_documents

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from library.schema.documents import Document

pytestmark = pytest.mark.usefixtures("store")

RED = sample_documents.COLOURS["red"]


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    opened = Index.open(tmp_path, create=True)
    yield opened
    opened.close()


def test_a_document_is_read_as_it_was_written(index: Index) -> None:
    written = sample_documents.document(
        "castle",
        tags=("a", "b"),
        prompt="p",
        guidance=7.5,
        properties={"size": 1, "duration": 2.5},
        metadata={"hue": "warm"},
        guesses=("palace",),
    )
    index.write([(written, Embeddings())])
    assert index.document(written.id) == written
    assert index.count() == 1


def test_an_asset_with_the_same_id_is_replaced(index: Index) -> None:
    first = sample_documents.document("castle", tags=("old",))
    index.write([(first, Embeddings())])
    index.write([(replace(first, tags=("new",)), Embeddings())])
    assert index.count() == 1
    assert [tag.name for tag in index.tags(limit=10)] == ["new"]


def test_another_asset_of_the_same_file_is_replaced(index: Index) -> None:
    first = sample_documents.document("castle")
    second = replace(sample_documents.document("keep"), source=first.source)
    index.write([(first, Embeddings())])
    index.write([(second, Embeddings())])
    assert index.document(first.id) is None
    assert index.document(second.id) == second


def test_the_last_document_with_an_id_in_a_batch_is_stored(index: Index) -> None:
    first = sample_documents.document("castle", tags=("old",))
    index.write([(first, Embeddings()), (replace(first, tags=("new",)), Embeddings())])
    assert index.document(first.id) == replace(first, tags=("new",))


def test_removed_assets_are_removed_from_all_tables(index: Index) -> None:
    castle, ship = (
        sample_documents.document("castle", tags=("x",)),
        sample_documents.document("ship", tags=("y",)),
    )
    index.write([(castle, Embeddings()), (ship, Embeddings())])
    assert index.remove([castle.id, "asset_nowhere"]) == 1
    assert index.count() == 1
    assert index.source(castle.id) is None
    assert [tag.name for tag in index.tags(limit=10)] == ["y"]
    with index.reading() as connection:
        assert connection.execute(sa.select(words.c.name)).scalars().all() == ["ship"]


def test_a_moved_file_keeps_its_vectors(index: Index) -> None:
    old = sample_documents.document("castle")
    new = replace(
        sample_documents.document("keep"), source=replace(old.source, path="elsewhere/keep.png")
    )
    index.write([(old, sample_documents.embeddings(old, RED))])
    index.move(old.id, new)
    with index.reading() as connection:
        number = index.numbers(connection, [new.id])[new.id]
        embedding = index.embedding(connection, number)
    assert index.document(old.id) is None
    assert index.document(new.id) == new
    assert np.allclose(embedding or [], sample_documents.subject_vector(RED), atol=1e-3)


def test_moving_an_unknown_asset_is_an_error(index: Index) -> None:
    with pytest.raises(KeyError):
        index.move("asset_nowhere", sample_documents.document("castle"))


def test_sources_are_the_files_as_they_were_indexed(index: Index) -> None:
    odd = SourceFile(root="/p", path="a\udcff'\"🐉.png", size=1, mtime_ns=2, sha256="3")
    written = replace(sample_documents.document("castle"), source=odd)
    index.write([(written, Embeddings())])
    assert index.sources() == {("/p", odd.path): (odd, written.id)}
    assert index.source(written.id) == odd


def test_lone_surrogates_in_texts_are_replaced(index: Index) -> None:
    written = sample_documents.document("bad \udcff name", tags=("\ud800",))
    index.write([(replace(written, id="asset_odd"), Embeddings())])
    stored = index.document("asset_odd")
    assert stored is not None
    assert (stored.name, stored.tags) == ("bad \ufffd name", ("\ufffd",))


def test_values_of_the_library_are_stored(index: Index) -> None:
    index.set_meta("models", "a")
    index.set_meta("models", "b")
    assert (index.meta("models"), index.meta("other")) == ("b", None)


def test_another_process_sees_a_batch_once_it_is_committed(index: Index, tmp_path: Path) -> None:
    reader = Index.open(tmp_path)
    snapshots = IndexReader(reader)
    with reader.reading() as connection:
        assert len(snapshots.at(connection).number) == 0
    castle = sample_documents.document("castle")
    index.write([(castle, sample_documents.embeddings(castle, RED))])
    with reader.reading() as connection:
        assert snapshots.at(connection).alive.tolist() == [True]
    index.remove([castle.id])
    with reader.reading() as connection:
        assert snapshots.at(connection).alive.tolist() == [False]
    reader.close()


def test_a_failed_batch_is_rolled_back(index: Index) -> None:
    def items() -> Iterator[tuple[Document, Embeddings]]:
        yield sample_documents.document("castle"), Embeddings()
        yield replace(sample_documents.document("ship"), createdAt="not a date"), Embeddings()

    with pytest.raises(ValueError, match="not a date"):
        index.write(items())
    assert index.count() == 0


def test_opening_a_home_without_a_library_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(IndexMissing):
        Index.open(tmp_path)


@pytest.mark.sqlite
@pytest.mark.parametrize("create", [False, True])
@pytest.mark.parametrize("intact", [0, 4096])  # bytes at the beginning
def test_a_damaged_index_is_reported_and_not_changed(
    tmp_path: Path, create: bool, intact: int
) -> None:
    index = Index.open(tmp_path, create=True)
    index.write([(sample_documents.document(f"castle {n}"), Embeddings()) for n in range(20)])
    index.close()
    file = tmp_path / FILE
    damaged = file.read_bytes()[:intact] + b"no database" * 2000
    file.write_bytes(damaged)
    with pytest.raises(IndexBroken, match=r"is damaged .* index again"):
        Index.open(tmp_path, create=create)
    assert file.read_bytes() == damaged


@pytest.mark.sqlite
def test_an_index_that_cannot_be_opened_is_not_reported_as_damaged(tmp_path: Path) -> None:
    """A library must not be deleted because its disk is full or read-only."""
    (tmp_path / FILE).mkdir()
    with pytest.raises(IndexUnusable, match="It was not changed"):
        Index.open(tmp_path)


@pytest.mark.sqlite
def test_an_index_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    Index.open(tmp_path, create=True).close()
    with closing(sqlite3.connect(tmp_path / FILE)) as connection:
        connection.execute("PRAGMA user_version = 999")
    with pytest.raises(SchemaTooNew, match="schema 999"):
        Index.open(tmp_path)


def test_tags_are_paged_by_key(index: Index) -> None:
    index.write(
        [(sample_documents.document("a", tags=("Zoo", "ape", "Élan", "ape ")), Embeddings())]
    )
    first = index.tags(limit=2)
    second = index.tags(limit=2, after=first[-1].key)
    assert [(tag.name, tag.items) for tag in (*first, *second)] == [
        ("ape", 1),
        ("Zoo", 1),
        ("Élan", 1),
    ]


@pytest.mark.sqlite
def test_an_index_without_the_table_of_findings_is_converted(index: Index, tmp_path: Path) -> None:
    document = sample_documents.document("castle")
    index.write([(document, Embeddings())])
    with closing(sqlite3.connect(tmp_path / FILE)) as connection:
        connection.execute("DROP TABLE findings")
        connection.execute("PRAGMA user_version = 3")
    with closing(Index.open(tmp_path, create=True)) as again:
        assert again.documents([document.id]) == {document.id: document}
        again.set_parts({"text": "1"})
        again.add_findings("text", "1", {document.source.sha256: {"text": "here"}})
        (found,) = again.documents([document.id]).values()
        assert (found.text, found.automatic) == ("here", ("text",))


@pytest.mark.sqlite
def test_an_index_of_an_older_version_is_created_again(index: Index, tmp_path: Path) -> None:
    index.write([(sample_documents.document("castle"), Embeddings())])
    with closing(sqlite3.connect(tmp_path / FILE)) as connection:
        connection.execute("PRAGMA user_version = 1")
    with pytest.raises(SchemaTooOld, match="index FOLDER"):
        Index.open(tmp_path)
    again = Index.open(tmp_path, create=True)
    assert again.count() == 0
    again.write([(sample_documents.document("castle"), Embeddings())])
    assert again.count() == 1
    again.close()


def test_an_index_that_is_collected_releases_its_file(tmp_path: Path) -> None:
    """Also one that was not closed: the application of a library ends with its process or test."""
    index = Index.open(tmp_path, create=True)
    engine = index.store.engine
    assert engine.pool.checkedin() > 0  # type: ignore[attr-defined]
    del index
    gc.collect()
    assert engine.pool.checkedin() == 0  # type: ignore[attr-defined]


def test_an_index_that_was_closed_is_collected_without_a_finalizer(tmp_path: Path) -> None:
    """A KeyboardInterrupt that is raised in a finalizer is lost."""
    index = Index.open(tmp_path, create=True)
    engine = index.store.engine
    index.close()
    with engine.connect():
        pass
    del index
    gc.collect()
    assert engine.pool.checkedin() == 1  # type: ignore[attr-defined]
    engine.dispose()

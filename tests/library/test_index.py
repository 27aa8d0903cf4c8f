"""The index keeps what was written, replaces what is written again, and shows it to others."""

from __future__ import annotations

import gc
import sqlite3
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
import sqlalchemy as sa

from library.database import FILE
from library.documents import Embeddings, SourceFile
from library.errors import (
    IndexBroken,
    IndexMissing,
    IndexUnusable,
    SchemaTooNew,
    SchemaTooOld,
)
from library.index import Index
from library.shelves import Shelves
from tests.library import engine_samples as samples

if TYPE_CHECKING:
    from pathlib import Path

RED = samples.COLOURS["red"]


@pytest.fixture
def index(tmp_path: Path):
    found = Index.open(tmp_path, create=True)
    yield found
    found.close()


def test_a_document_comes_back_as_it_was_written(index: Index) -> None:
    written = samples.document(
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


def test_the_same_id_is_replaced(index: Index) -> None:
    first = samples.document("castle", tags=("old",))
    index.write([(first, Embeddings())])
    index.write([(replace(first, tags=("new",)), Embeddings())])
    assert index.count() == 1
    assert [tag.name for tag in index.tags(limit=10)] == ["new"]


def test_another_asset_of_the_same_file_is_replaced(index: Index) -> None:
    first = samples.document("castle")
    second = replace(samples.document("keep"), source=first.source)
    index.write([(first, Embeddings())])
    index.write([(second, Embeddings())])
    assert index.document(first.id) is None
    assert index.document(second.id) == second


def test_the_last_of_one_id_in_a_batch_stays(index: Index) -> None:
    first = samples.document("castle", tags=("old",))
    index.write([(first, Embeddings()), (replace(first, tags=("new",)), Embeddings())])
    assert index.document(first.id) == replace(first, tags=("new",))


def test_removed_assets_are_gone_from_everything(index: Index) -> None:
    castle, ship = samples.document("castle", tags=("x",)), samples.document("ship", tags=("y",))
    index.write([(castle, Embeddings()), (ship, Embeddings())])
    assert index.remove([castle.id, "asset_nowhere"]) == 1
    assert index.count() == 1
    assert index.source(castle.id) is None
    assert [tag.name for tag in index.tags(limit=10)] == ["y"]
    with index.reading() as connection:
        found = connection.execute(sa.text("SELECT rowid FROM words WHERE words MATCH 'castle'"))
        assert found.all() == []


def test_a_moved_file_keeps_its_vectors(index: Index) -> None:
    old = samples.document("castle")
    new = replace(samples.document("keep"), source=replace(old.source, path="elsewhere/keep.png"))
    index.write([(old, samples.embeddings(old, RED))])
    index.move(old.id, new)
    with index.reading() as connection:
        number = index.numbers(connection, [new.id])[new.id]
        kept = index.embedding(connection, number)
    assert index.document(old.id) is None
    assert index.document(new.id) == new
    assert np.allclose(kept or [], samples.subject_vector(RED), atol=1e-3)


def test_moving_an_unknown_asset_is_an_error(index: Index) -> None:
    with pytest.raises(KeyError):
        index.move("asset_nowhere", samples.document("castle"))


def test_sources_tell_what_was_read(index: Index) -> None:
    odd = SourceFile(root="/p", path="a\udcff'\"🐉.png", size=1, mtime_ns=2, sha256="3")
    written = replace(samples.document("castle"), source=odd)
    index.write([(written, Embeddings())])
    assert index.sources() == {("/p", odd.path): (odd, written.id)}
    assert index.source(written.id) == odd


def test_text_that_is_no_text_is_kept_readable(index: Index) -> None:
    written = samples.document("bad \udcff name", tags=("\ud800",))
    index.write([(replace(written, id="asset_odd"), Embeddings())])
    found = index.document("asset_odd")
    assert found is not None
    assert (found.name, found.tags) == ("bad \ufffd name", ("\ufffd",))


def test_meta_is_kept(index: Index) -> None:
    index.set_meta("models", "a")
    index.set_meta("models", "b")
    assert (index.meta("models"), index.meta("other")) == ("b", None)


def test_another_process_sees_a_batch_once_it_is_committed(index: Index, tmp_path: Path) -> None:
    reader = Index.open(tmp_path)
    shelves = Shelves(reader)
    with reader.reading() as connection:
        assert len(shelves.at(connection).number) == 0
    castle = samples.document("castle")
    index.write([(castle, samples.embeddings(castle, RED))])
    with reader.reading() as connection:
        assert shelves.at(connection).alive.tolist() == [True]
    index.remove([castle.id])
    with reader.reading() as connection:
        assert shelves.at(connection).alive.tolist() == [False]
    reader.close()


def test_a_failed_batch_leaves_nothing_behind(index: Index) -> None:
    def items():
        yield samples.document("castle"), Embeddings()
        yield replace(samples.document("ship"), createdAt="not a date"), Embeddings()

    with pytest.raises(ValueError, match="not a date"):
        index.write(items())
    assert index.count() == 0


def test_a_home_without_a_library_is_said_to_be_one(tmp_path: Path) -> None:
    with pytest.raises(IndexMissing):
        Index.open(tmp_path)


@pytest.mark.parametrize("create", [False, True])
@pytest.mark.parametrize("kept", [0, 4096])  # of its head
def test_a_damaged_index_is_said_to_be_one_and_left_alone(
    tmp_path: Path, create: bool, kept: int
) -> None:
    made = Index.open(tmp_path, create=True)
    made.write([(samples.document(f"castle {n}"), Embeddings()) for n in range(20)])
    made.close()
    file = tmp_path / FILE
    damaged = file.read_bytes()[:kept] + b"no database" * 2000
    file.write_bytes(damaged)
    with pytest.raises(IndexBroken, match=r"is damaged .* make it anew"):
        Index.open(tmp_path, create=create)
    assert file.read_bytes() == damaged


def test_an_index_that_cannot_be_opened_is_not_said_to_be_damaged(tmp_path: Path) -> None:
    """Nobody shall throw away a whole library because its disk is full or may not be written."""
    (tmp_path / FILE).mkdir()
    with pytest.raises(IndexUnusable, match="Nothing of it was changed"):
        Index.open(tmp_path)


def test_an_index_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    Index.open(tmp_path, create=True).close()
    with closing(sqlite3.connect(tmp_path / FILE)) as connection:
        connection.execute("PRAGMA user_version = 999")
    with pytest.raises(SchemaTooNew, match="schema 999"):
        Index.open(tmp_path)


def test_tags_page_by_key(index: Index) -> None:
    index.write([(samples.document("a", tags=("Zoo", "ape", "Élan", "ape ")), Embeddings())])
    first = index.tags(limit=2)
    second = index.tags(limit=2, after=first[-1].key)
    assert [(tag.name, tag.items) for tag in (*first, *second)] == [
        ("ape", 1),
        ("Zoo", 1),
        ("Élan", 1),
    ]


def test_an_index_of_an_older_version_is_made_anew(index: Index, tmp_path: Path) -> None:
    index.write([(samples.document("castle"), Embeddings())])
    with closing(sqlite3.connect(tmp_path / FILE)) as connection:
        connection.execute("PRAGMA user_version = 1")
    with pytest.raises(SchemaTooOld, match="index FOLDER"):
        Index.open(tmp_path)
    again = Index.open(tmp_path, create=True)
    assert again.count() == 0
    again.write([(samples.document("castle"), Embeddings())])
    assert again.count() == 1
    again.close()


def test_an_index_that_is_not_needed_any_more_releases_its_file(tmp_path: Path) -> None:
    """Also where nobody has closed it: a library's application ends with its process, or a test."""
    index = Index.open(tmp_path, create=True)
    engine = index.engine
    assert engine.pool.checkedin() > 0  # type: ignore[attr-defined]
    del index
    gc.collect()
    assert engine.pool.checkedin() == 0  # type: ignore[attr-defined]


def test_an_index_that_was_closed_has_nothing_left_to_do_at_its_end(tmp_path: Path) -> None:
    """What a Ctrl-C meets while Python clears up after somebody is lost."""
    index = Index.open(tmp_path, create=True)
    engine = index.engine
    index.close()
    with engine.connect():
        pass
    del index
    gc.collect()
    assert engine.pool.checkedin() == 1  # type: ignore[attr-defined]
    engine.dispose()

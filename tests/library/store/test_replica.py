"""A host that reads a replica, and writes to the primary, whichever server that is."""

from __future__ import annotations

import signal
from contextlib import closing
from typing import TYPE_CHECKING

import psycopg
import psycopg.sql
import pytest
import sqlalchemy as sa

from library.errors import IndexUnusable
from library.reader.index_reader import IndexReader
from library.schema.documents import Embeddings
from library.store.decisions import edits
from library.store.decisions.follow import follow
from library.store.index import Index
from library.store.opening import store_at
from tests.support import sample_documents
from tests.support.postgres import PostgreSQL, Standby, programs
from tests.support.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DELAY = "recovery_min_apply_delay=200ms"  # so that the standby is always behind


@pytest.fixture
def servers() -> Iterator[tuple[PostgreSQL, Standby]]:
    if programs() is None:
        pytest.skip("PostgreSQL is not installed: apt-get install postgresql")
    with PostgreSQL() as primary, Standby(primary, DELAY) as standby:
        yield primary, standby


def _shown(index: Index, reader: IndexReader) -> dict[str, tuple[str, ...]]:
    with index.reading() as connection:
        snapshot = reader.at(connection)
        numbers = snapshot.number[snapshot.alive].tolist()
        return {
            each["name"]: tuple(each["tags"]) for each in index.values(connection, numbers).values()
        }


def _has(standby: Standby, table: str, rows: int) -> bool:
    """Return whether the standby has so many rows of a table."""
    with psycopg.connect(standby.url()) as connection:
        is_there = connection.execute("SELECT to_regclass(%s)", (table,)).fetchone()
        if is_there is None or is_there[0] is None:
            return False
        query = psycopg.sql.SQL("SELECT count(*) FROM {}").format(
            psycopg.sql.Identifier(*table.split("."))
        )
        return connection.execute(query).fetchall() == [(rows,)]


def test_a_host_reads_its_own_writes_and_survives_the_loss_of_the_primary(
    servers: tuple[PostgreSQL, Standby], tmp_path: Path
) -> None:
    primary, standby = servers
    hosts = "&".join(f"host=127.0.0.1:{server.port}" for server in servers)
    url = f"postgresql://akin@/postgres?{hosts}&library=art&target_session_attrs=prefer-standby"
    with closing(store_at(f"{primary.url()}?library=art", create=True)) as store:
        pair, secret = store.key_pair(), store.signing_secret()
    eventually(lambda: _has(standby, "akin_art_kept.secrets", 2))
    with closing(Index(tmp_path, store_at(url, create=False))) as index:
        with index.reading() as connection:
            assert connection.execute(sa.text("SELECT pg_is_in_recovery()")).scalar()
        reader = IndexReader(index)
        castle = sample_documents.document("castle", tags=("old",))
        index.write([(castle, Embeddings())])
        assert _shown(index, reader) == {"castle": ("old",)}
        edits.edit_tags(index, castle.id, ["new"], [], strict=False, by="Ann")
        follow(index)
        assert _shown(index, reader) == {"castle": ("old", "new")}

        primary.stop(signal.SIGQUIT)
        assert _shown(index, reader) == {"castle": ("old", "new")}
        with pytest.raises(IndexUnusable):
            edits.edit_tags(index, castle.id, ["lost"], [], strict=False, by="Ann")
        for create in (False, True):  # hosts that start meanwhile: a reader, a server
            with closing(store_at(url, create=create)) as restarted:
                assert (restarted.key_pair(), restarted.signing_secret()) == (pair, secret)

        standby.promote()
        edits.edit_tags(index, castle.id, ["kept"], [], strict=False, by="Ann")
        follow(index)
        assert _shown(index, reader) == {"castle": ("old", "new", "kept")}


def test_a_reader_that_meets_an_older_state_waits_for_the_newer_one(
    servers: tuple[PostgreSQL, Standby], tmp_path: Path
) -> None:
    """As after a connection to another replica."""
    primary, standby = servers
    with closing(Index(tmp_path, store_at(f"{primary.url()}?library=art", create=True))) as index:
        reader = IndexReader(index)
        index.write([(sample_documents.document("castle"), Embeddings())])
        eventually(lambda: _has(standby, "akin_art.assets", 1))
        for n in range(3):
            index.write([(sample_documents.document(f"n{n}"), Embeddings())])
        newest = _shown(index, reader)
        assert len(newest) == 4
        with closing(store_at(f"{standby.url()}?library=art", create=False)) as behind:
            with behind.reading() as connection:
                snapshot = reader.at(connection)
                found = index.values(connection, snapshot.number.tolist())
            assert len(found) == 4

"""Several processes that write one library in PostgreSQL, and readers that follow."""

from __future__ import annotations

import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from library.errors import SchemaTooOld
from library.reader.index_reader import IndexReader
from library.schema.documents import Embeddings
from library.store.index import Index
from library.store.opening import store_at
from library.store.writes import put_meta
from tests.support import sample_documents
from tests.support.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.postgres import PostgreSQL

ROOT = Path(__file__).parents[3]
WAITING = sa.text(
    "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted "
    "AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)
WRITER = """
import sys
from pathlib import Path
from library.schema.documents import Embeddings
from library.store.index import Index
from library.store.opening import store_at
from library.store.writes import put_meta
from tests.support import sample_documents
index = Index(Path(sys.argv[2]), store_at(sys.argv[1], create=False))
for n in range(40):
    index.write([
        (sample_documents.document(f"{sys.argv[3]} {n} {k}"), Embeddings())
        for k in range(1 + n % 3)
    ])
index.close()
"""
INDEXER = """
import sys, time
from library.store.opening import store_at
from library.store.writes import put_meta
with store_at(sys.argv[1], create=False).indexing(lambda: None):
    print("indexing", flush=True)
    time.sleep(600)
"""


@pytest.fixture
def url(postgres: PostgreSQL) -> str:
    address = f"{postgres.new_database()}?library=art"
    store_at(address, create=True).close()
    return address


@pytest.fixture
def index(url: str, tmp_path: Path) -> Iterator[Index]:
    opened = Index(tmp_path, store_at(url, create=False))
    yield opened
    opened.close()


def _known(index: Index, reader: IndexReader) -> set[int]:
    with index.reading() as connection:
        snapshot = reader.at(connection)
        return set(snapshot.number[snapshot.alive].tolist())


def test_numbers_are_visible_in_the_order_in_which_they_are_given(
    index: Index, url: str, tmp_path: Path
) -> None:
    """Without the lock the second writer would commit first, or take the same number."""
    follower = IndexReader(index)
    other = Index(tmp_path, store_at(url, create=False))
    with closing(other):
        with index.writing() as connection:
            connection.execute(sa.text("SELECT 1"))  # the transaction of a slow writer
            late = threading.Thread(
                target=other.write, args=([(sample_documents.document("b"), Embeddings())],)
            )
            late.start()
            with index.reading() as looking:
                eventually(lambda: bool(looking.execute(WAITING).scalar()))
            assert _known(index, follower) == set()
        late.join()
    assert len(_known(index, follower)) == 1


def test_a_follower_misses_nothing_that_two_processes_write(
    index: Index, url: str, tmp_path: Path
) -> None:
    follower = IndexReader(index)
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, url, str(tmp_path), name], cwd=ROOT)
        for name in ("one", "two")
    ]
    while any(writer.poll() is None for writer in writers):
        _known(index, follower)
    assert [writer.returncode for writer in writers] == [0, 0]
    assert _known(index, follower) == _known(index, IndexReader(index))
    assert index.count() == len(_known(index, follower)) == 2 * 79


def test_one_host_indexes_at_a_time_and_another_takes_over_when_it_is_killed(
    index: Index, url: str
) -> None:
    command = [sys.executable, "-c", INDEXER, url]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as first:
        assert first.stdout is not None
        assert first.stdout.readline() == b"indexing\n"

        def refuse() -> None:
            raise BlockingIOError

        with pytest.raises(BlockingIOError), index.store.indexing(refuse):
            pass
        first.kill()
    with index.store.indexing(lambda: None):
        pass


def test_an_older_library_says_what_to_do_and_its_tables_are_extended(
    index: Index, url: str
) -> None:
    with index.writing() as connection:
        put_meta(connection, "schema", "7")
    with pytest.raises(SchemaTooOld, match=r"older version.*python -m library index"):
        store_at(url, create=False)
    store_at(url, create=True).close()
    store_at(url, create=False).close()

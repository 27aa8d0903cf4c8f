"""Several hosts that index one library in PostgreSQL together, and one of them killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import ExitStack, closing
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa

from library.errors import StoreAway
from library.ingest.second_pass import SecondPass
from library.schema.documents import Embeddings
from library.store.blobs import THUMBNAILS
from library.store.index import Index
from library.store.opening import store_at
from tests.support import sample_documents, sample_files
from tests.support.indexing import RecordedProgress
from tests.support.processes import MAX_SECONDS
from tests.support.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.postgres import PostgreSQL

PICTURES = 120
WORK = "SELECT count(*) FROM work WHERE holder IS NOT NULL"
READ = "SELECT count(*) FROM work WHERE result IS NOT NULL"
UNITS = "SELECT count(*) FROM work"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pictures of several folders, copies of some, and files that cannot be read."""
    files = {
        f"set{n % 4}/picture {n}.png": sample_files.png(
            ("tomato", "navy", "gold")[n % 3], (20 + n, 40), shape=("ellipse", "cross")[n % 2]
        )
        for n in range(PICTURES)
    }
    files |= {f"copies/{n}.png": files[f"set{n % 4}/picture {n}.png"] for n in range(3)}
    files |= {"set0/broken.png": sample_files.png()[:70], "set1/other.xyz": b"unknown" * 9}
    files |= {"set2/picture 2.png.json": b'{"name": "stated", "seed": "7"}'}
    return sample_files.fill(tmp_path_factory.mktemp("art"), files)


@pytest.fixture
def url(postgres: PostgreSQL) -> str:
    return f"{postgres.new_database()}?library=art"


@pytest.fixture
def processes() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


class Hosts:
    """Indexers of one library, each with a home and a place of the folder of its own."""

    def __init__(self, url: str, base: Path, folder: Path, stack: ExitStack) -> None:
        self.url, self.base, self.folder, self._stack = url, base, folder, stack
        self.index = Index(base / "looking", store_at(url, create=True))
        stack.callback(self.index.close)

    def start(self, name: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "library", "index", f"art={self.folder}", "--quiet"]
        process = subprocess.Popen(
            [*command, "--home", str(self.home(name)), "--no-second-pass"],
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | {"OMP_NUM_THREADS": "1", "AKIN_LIBRARY_URL": self.url},
        )
        self._stack.enter_context(process)
        self._stack.callback(process.kill)
        return process

    def home(self, name: str) -> Path:
        return self.base / name

    def scalar(self, query: str) -> int:
        with self.index.reading() as connection:
            return int(connection.execute(sa.text(query)).scalar_one())

    def until(self, query: str, least: int) -> None:
        eventually(lambda: self.scalar(query) >= least, MAX_SECONDS)

    def paused(self) -> Any:
        """Return a transaction in which nothing of the index can be written."""
        return self.index.writing()


def _end(process: subprocess.Popen[str]) -> str:
    _, output = process.communicate(timeout=500)
    assert process.returncode == 0, output
    return output


def _content(index: Index) -> dict[str, Any]:
    """Return all that a library has, without numbers."""
    with index.reading() as connection:
        vectors = {
            name: dict(
                connection.execute(
                    sa.text(f"SELECT id, vector FROM vectors_{name} JOIN sources USING (number)")  # noqa: S608
                ).all()
            )
            for name in ("text", "subject", "look")
        }
        words = connection.execute(
            sa.text("SELECT id, words.* FROM words JOIN sources ON number = rowid ORDER BY id")
        ).all()
        problems = connection.execute(
            sa.text("SELECT category, folder, kind, reason, files FROM problems ORDER BY 1, 2, 3")
        ).all()
    ids = [asset for _, asset in index.sources().values()]
    return {
        "documents": index.documents(sorted(ids)),
        "vectors": vectors,
        "words": [(row[0], *row[2:]) for row in map(tuple, words)],
        "problems": list(map(tuple, problems)),
        "missing": index.missing(),
        "count": index.count(),
    }


@pytest.fixture(scope="module")
def alone(
    folder: Path, postgres: PostgreSQL, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Any]:
    """What one indexer writes."""
    with ExitStack() as stack:
        base = tmp_path_factory.mktemp("alone")
        hosts = Hosts(f"{postgres.new_database()}?library=art", base, folder, stack)
        _end(hosts.start("one"))
        return _content(hosts.index)


def test_two_indexers_share_the_files(
    url: str, folder: Path, tmp_path: Path, alone: dict[str, Any], processes: ExitStack
) -> None:
    hosts = Hosts(url, tmp_path, folder, processes)
    first = hosts.start("first")
    hosts.until(UNITS, 1)
    with hosts.paused():  # the planner cannot write, and the other one reads for it
        second = hosts.start("second")
        hosts.until(READ, 1)
    output = [_end(first), _end(second)]
    assert "reading files for it" in output[1]
    assert _content(hosts.index) == alone
    assert len(list(hosts.index.store.blobs.names(THUMBNAILS))) == PICTURES + 3 + 1
    assert hosts.scalar(UNITS) == 0


@pytest.mark.parametrize("killed", ["planner", "reader"])
def test_killing_one_of_two_indexers_loses_and_duplicates_nothing(
    url: str, folder: Path, tmp_path: Path, alone: dict[str, Any], processes: ExitStack, killed: str
) -> None:
    hosts = Hosts(url, tmp_path, folder, processes)
    first = hosts.start("first")
    hosts.until(UNITS, 1)
    with hosts.paused():
        second = hosts.start("second")
        hosts.until(WORK, 1)
        victim, other = (first, second) if killed == "planner" else (second, first)
        victim.send_signal(signal.SIGKILL)
        victim.wait()
    _end(other)
    assert _content(hosts.index) == alone
    assert hosts.scalar(UNITS) == 0


def test_a_unit_is_held_by_one_host_until_its_lease_expires(url: str) -> None:
    with closing(store_at(url, create=True)) as one, closing(store_at(url, create=False)) as two:
        for store in (one, two):
            store.roots.hold({"/art": "art"})
        assert one.work is not None
        assert two.work is not None
        one.work.replace("recipe", [("/art", b"first"), ("/art", b"second"), ("/own", b"third")])
        held = one.work.lease("recipe", ["/art"])
        other = two.work.lease("recipe", ["/art"])
        assert held is not None
        assert other is not None
        assert (held.files, other.files) == (b"first", b"second")
        assert two.work.lease("recipe", ["/art"]) is None
        assert two.work.lease("another", ["/own"]) is None
        expired = sa.text("UPDATE work SET until = until - interval '1 hour' WHERE number = :n")
        with one.writing() as connection:
            connection.execute(expired, {"n": held.number})
        again = two.work.lease("recipe", ["/art"])
        assert again is not None
        assert again.files == b"first"
        one.work.put(held, b"late")  # is not taken: another host has it by now
        assert one.work.results() == []
        two.work.put(again, b"read")
        assert [(unit.files, unit.result) for unit in one.work.results()] == [(b"first", b"read")]
        with one.writing() as connection:
            connection.execute(expired, {"n": other.number})
        two.work.renew()
        assert one.work.lease("recipe", ["/art"]) is None
        assert two.work.take() is None  # only the planner takes without a lease
        taken = one.work.take()
        assert taken is not None
        assert taken.files == b"third"


def test_an_indexer_that_was_cut_off_writes_nothing_after_another_one(
    url: str, tmp_path: Path
) -> None:
    store = store_at(url, create=True)
    with closing(Index(tmp_path, store)) as index, store.indexing(lambda: None):
        with closing(store_at(url, create=False)) as other, other.writing() as connection:
            connection.execute(sa.text("UPDATE meta SET value = 'x' WHERE key = 'indexer'"))
        with pytest.raises(StoreAway, match="Another indexer has taken over"):
            index.write([(sample_documents.document("a"), Embeddings())])
        assert index.count() == 0


def test_one_host_runs_the_second_pass(url: str, tmp_path: Path) -> None:
    store = store_at(url, create=True)
    progress = RecordedProgress()
    with closing(Index(tmp_path, store)) as index, closing(store_at(url, create=False)) as other:
        with other.alone("second-pass") as is_alone:
            assert is_alone
            assert SecondPass(tmp_path, index, [], progress).run() == 0
            assert progress.notes == ["the second pass of this library is running on another host"]
        SecondPass(tmp_path, index, [], progress).run()
        assert len(progress.notes) == 1

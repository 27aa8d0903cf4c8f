"""A library in PostgreSQL whose server stops and starts again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from library import create_library
from library.home import KeyPair
from library.store.index import Index
from tests.support import sample_files
from tests.support.postgres import PostgreSQL, programs
from tests.support.processes import MAX_SECONDS
from tests.support.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from library.embedding.models import Models

PAIR = KeyPair("key", "secret")
AUTH: Any = (PAIR.key, PAIR.secret)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[PostgreSQL]:
    """A server of this test alone."""
    if programs() is None:
        pytest.skip("PostgreSQL is not installed: apt-get install postgresql")
    with PostgreSQL() as running:
        monkeypatch.setenv("AKIN_LIBRARY_URL", f"{running.url()}?library=art")
        yield running


def _lines(process: subprocess.Popen[str], until: str) -> str:
    assert process.stderr is not None
    found = ""
    while until not in found:
        line = process.stderr.readline()
        assert line, found
        found += line
    return found


def test_an_indexer_waits_for_the_database_and_continues(
    server: PostgreSQL, tmp_path: Path
) -> None:
    files = {f"{n}.png": sample_files.png(size=(20 + n, 30)) for n in range(40)}
    folder = sample_files.fill(tmp_path / "art", files)
    with closing(Index.open(tmp_path / "looking", create=True)) as index:
        command = [sys.executable, "-m", "library", "index", str(folder), "--no-second-pass"]
        process = subprocess.Popen(
            [*command, "--home", str(tmp_path / "home"), "--quiet"],
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | {"OMP_NUM_THREADS": "1"},
        )
        try:
            eventually(lambda: index.meta("indexer") is not None, MAX_SECONDS)
            server.stop(signal.SIGQUIT)
            _lines(process, "indexing waits: ")
            server.start()
            output = _lines(process, "40 assets in the library")
            assert "the database responds again: indexing continues" in output
            assert process.wait(MAX_SECONDS) == 0
        finally:
            process.kill()
            process.communicate()
    with closing(Index.open(tmp_path / "looking")) as index:
        assert index.count() == 40


def test_changes_are_refused_and_the_state_is_reported_while_the_database_is_away(
    server: PostgreSQL, tmp_path: Path, models: Models
) -> None:
    Index.open(tmp_path, create=True).close()
    app = create_library(tmp_path, key_pair=PAIR, models=models, write="all")
    with app.test_client() as client:

        def state() -> dict[str, Any]:
            return dict(client.get("/v1/library/database", auth=AUTH).json or {})

        assert state() == {"isWritable": True, "reason": ""}
        server.stop(signal.SIGQUIT)
        assert state()["isWritable"] is False
        assert "indexing waits" in state()["reason"]
        refused = client.post("/v1/collections", json={"name": "kept"}, auth=AUTH)
        assert (refused.status_code, refused.json["code"]) == (503, "UNAVAILABLE")
        assert "The change was not stored: the database" in refused.json["error"]
        server.start()
        assert state() == {"isWritable": True, "reason": ""}
        created = client.post("/v1/collections", json={"name": "kept"}, auth=AUTH)
        assert created.status_code == 200

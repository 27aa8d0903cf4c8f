"""Indexer and server under misfortune: killed at any moment, or on a disk that is full."""

from __future__ import annotations

import base64
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing, suppress
from functools import partial
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import Request, urlopen

import pytest

from library.embedding.models import Models
from library.home import key_pair
from library.store.blobs import thumbnail_name
from tests.support import sample_files
from tests.support.indexing import IndexedFolder
from tests.support.ports import free_port
from tests.support.processes import MAX_SECONDS
from tests.support.waiting import eventually

KILLS = int(os.environ.get("KILLS", "3"))  # by hand: KILLS=100 pytest ...
PICTURES = 160
ASSETS = PICTURES + 4  # damaged files as well


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Small pictures in a few folders, and some that are damaged."""
    files = {
        f"set{n % 4}/picture {n}.png": sample_files.png(
            ("tomato", "navy", "gold")[n % 3], (20 + n, 40), shape=("ellipse", "cross")[n % 2]
        )
        for n in range(PICTURES)
    }
    files |= {f"set{n}/broken.png": sample_files.png()[:70] for n in range(4)}
    return sample_files.fill(tmp_path_factory.mktemp("art"), files)


def _start(folder: Path, home: Path, before: str = "pass") -> subprocess.Popen[str]:
    code = f"import sys; {before}; from library.__main__ import main; sys.exit(main(sys.argv[1:]))"
    return subprocess.Popen(
        [sys.executable, "-c", code, "index", str(folder), "--home", str(home), "--quiet"],
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )


def _check(home: Path) -> int:
    """Check that the database is sound and that every asset is complete; return their number."""
    with closing(sqlite3.connect(home / "library.sqlite")) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        counts = {
            table: connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]  # noqa: S608
            for table in ("assets", "documents", "sources", "words", "vectors_subject")
        }
    found = IndexedFolder(home, home, None).documents()  # type: ignore[arg-type]
    counts["vectors_subject"] += sum("damaged" in document.tags for document in found.values())
    assert len(set(counts.values())) == 1, counts
    missing = [d.id for d in found.values() if not (home / thumbnail_name(d.id)).is_file()]
    assert missing == []
    return counts["assets"]


def _has_ended_or_written(process: subprocess.Popen[Any], home: Path, count: int) -> bool:
    return process.poll() is not None or sum(1 for _ in home.glob("thumbnails/*/*")) >= count


def test_a_library_killed_at_any_moment_is_consistent(folder: Path, tmp_path: Path) -> None:
    """Each run is killed after it has written some assets, and the next one continues."""
    chance = random.Random(7)
    home, before = tmp_path / "home", 0
    for _ in range(KILLS):
        if before == ASSETS:
            home = tmp_path / f"home{chance.random()}"
            before = 0
        process = _start(folder, home)
        enough = before + chance.randrange(0, 60)
        eventually(partial(_has_ended_or_written, process, home, enough), MAX_SECONDS)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        if (home / "library.sqlite").exists() and (home / "library.sqlite").stat().st_size:
            now = _check(home)
            assert now >= before
            before = now
    process = _start(folder, home)
    _, output = process.communicate(timeout=300)
    assert process.returncode == 0, output
    assert _check(home) == ASSETS
    clean = tmp_path / "clean"
    _start(folder, clean).communicate(timeout=300)
    ids = [IndexedFolder(h, h, None).ids() for h in (home, clean)]  # type: ignore[arg-type]
    assert ids[0] == ids[1]


class Served:
    """`library serve` on a home, in a process group of its own."""

    def __init__(self, home: Path) -> None:
        port = free_port()
        self._where = f"http://127.0.0.1:{port}/v1"
        pair = key_pair(home)
        word = base64.b64encode(f"{pair.key}:{pair.secret}".encode()).decode()
        self._headers = {"Authorization": f"Basic {word}", "Content-Type": "application/json"}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "library", "serve", "--home", str(home), "--port", str(port)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=os.environ | {"OMP_NUM_THREADS": "1"},
            start_new_session=True,
        )

    def search(self, body: dict[str, Any]) -> dict[str, Any]:
        """Return the response, once the server listens. Raises OSError when the server is gone."""
        content = json.dumps(body).encode()
        request = Request(f"{self._where}/search/assets", content, self._headers)  # noqa: S310
        responses: list[dict[str, Any]] = []

        def responded() -> bool:
            try:
                with urlopen(request, timeout=300) as response:  # noqa: S310 - loopback
                    responses.append(json.loads(response.read()))
            except URLError as error:
                if not isinstance(error.reason, ConnectionRefusedError):
                    raise
                if self._process.poll() is not None:
                    raise ConnectionResetError("killed before it listened") from None
            return responses != []

        eventually(responded, MAX_SECONDS)
        return responses[0]

    def kill(self) -> None:
        """The server and its worker, at once."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()


def _transforms(answer: dict[str, Any]) -> None:
    """Request pictures in a new size, which the server stores as files."""
    for number, hit in enumerate(answer["hits"]):
        with urlopen(f"{hit['url']}&width={8 + number}", timeout=300) as shown:  # noqa: S310
            shown.read()


def test_a_library_whose_server_was_killed_is_served_again(folder: Path, tmp_path: Path) -> None:
    """While it starts, writes its cache, responds and stores pictures."""
    home, chance = tmp_path / "home", random.Random(11)
    _start(folder, home).communicate(timeout=300)
    body = {"query": "picture", "querySemanticRatio": 0.5, "hitsPerPage": 30, "page": 1}
    server = Served(home)
    try:
        expected = [hit["id"] for hit in server.search(body)["hits"]]
    finally:
        server.kill()
    assert len(expected) == 30
    for _ in range(KILLS):
        server = Served(home)
        killer = threading.Timer(chance.uniform(0.2, 4), server.kill)
        killer.start()
        try:
            with suppress(OSError, HTTPException):
                while True:
                    _transforms(server.search(body))
        finally:
            server.kill()
            killer.cancel()
            killer.join()
        assert _check(home) == ASSETS
    server = Served(home)
    try:
        answer = server.search(body)
        _transforms(answer)
    finally:
        server.kill()
    assert expected == [hit["id"] for hit in answer["hits"]]
    assert any(kept.is_file() for kept in (home / "transforms").rglob("*"))


def test_a_full_disk_is_reported_and_the_next_run_continues(folder: Path, tmp_path: Path) -> None:
    """Files may not become larger than 600 KB, as on a full disk."""
    home = tmp_path / "home"
    Models.load(home, threads=1).analyse_images(
        [sample_files.picture()]
    )  # the network's file is larger
    limit = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (600_000, 600_000))"
    process = _start(folder, home, limit)
    _, output = process.communicate(timeout=300)
    assert process.returncode == 1, output
    assert "Traceback" not in output
    assert output.splitlines()[-1].startswith(f"error: the library in {home} cannot be written (")
    written = _check(home)
    assert written < ASSETS
    process = _start(folder, home)
    process.communicate(timeout=300)
    assert _check(home) == ASSETS


def test_a_damaged_library_is_reported_in_one_line(folder: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "library.sqlite").write_bytes(b"this is no database at all, but long enough" * 100)
    process = _start(folder, home)
    _, output = process.communicate(timeout=300)
    assert (process.returncode, output.count("\n")) == (1, 1)
    assert "file is not a database" in output

"""`run.py` serves at once: what is indexed is found while the run goes on, and changes appear."""

from __future__ import annotations

import json
import os
import signal
import urllib.request
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.support import sample_files
from tests.support.server import Server
from tests.support.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import Iterator

PICTURES = 240
PATIENCE = 240  # seconds, on a busy machine


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Enough pictures that a run takes a while, and a file that cannot be an asset."""
    files = {
        f"set{n % 4}/picture {n}.png": sample_files.png(
            ("tomato", "navy", "gold")[n % 3], (300 + n, 240), shape=("ellipse", "cross")[n % 2]
        )
        for n in range(PICTURES)
    }
    return sample_files.fill(tmp_path_factory.mktemp("art"), files | {"set0/lies.png": b"no"})


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("data")


@pytest.fixture(scope="module")
def server(folder: Path, data: Path) -> Iterator[Server]:
    settings = {"AKIN_ASSETS": str(folder), "AKIN_WATCH": "auto"}
    with Server(data, settings, is_awaited=False) as running:
        yield running


def _json(server: Server, path: str) -> Any:
    with urllib.request.urlopen(server.url + path, timeout=60) as response:  # noqa: S310 - http only
        return json.load(response)


def _page(server: Server, path: str = "/") -> str:
    with urllib.request.urlopen(server.url + path, timeout=60) as response:  # noqa: S310 - http only
        return str(response.read().decode())


def _total(server: Server, query: str = "") -> int:
    return int(_json(server, f"/indexing/total{query}")["total"])


def _descendants(pid: int) -> set[int]:
    parents = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            name, _, rest = stat.read_text().rpartition(")")
            if rest.split()[0] != "Z":
                parents[int(name.split()[0])] = int(rest.split()[1])
    found = {pid}
    while more := {each for each, parent in parents.items() if parent in found} - found:
        found |= more
    return found - {pid}


def _is_there(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_the_first_files_are_found_before_the_run_ends(server: Server) -> None:
    """The address is printed before, and pages show the progress."""
    found: dict[str, Any] = {"total": 0}
    page = ""

    def has_first() -> bool:
        nonlocal page
        page = _page(server)
        found.update(_json(server, "/indexing/total"))
        return bool(found["total"])

    eventually(has_first, PATIENCE)
    assert found["running"], server.log
    assert found["total"] < PICTURES
    assert "Indexing" in page
    assert "Indexing" in _page(server, "/problems")
    eventually(lambda: not _json(server, "/indexing")["running"], PATIENCE)
    assert _json(server, "/indexing")["text"] == ""
    assert _total(server) == PICTURES
    assert f'data-total-hits="{PICTURES}"' in _page(server)
    assert "lies.png" in _page(server, "/problems")
    assert server.log.index("Akin is at") < server.log.index("assets in the library")
    assert "skipped set0/lies.png" in server.log


def test_changes_of_the_folder_appear(server: Server, folder: Path) -> None:
    """New, renamed and deleted files, each in the searches that they match."""
    eventually(lambda: "watching" in server.log, PATIENCE)
    before = _total(server)
    sample_files.fill(folder, {"new/zeppelin.png": sample_files.png("lime", (77, 41))})
    eventually(lambda: _total(server, "?query=zeppelin") == 1, PATIENCE)
    assert _total(server) == before + 1
    assert 'data-total-hits="1"' in _page(server, "/?query=zeppelin")
    (folder / "new/zeppelin.png").rename(folder / "new/airship.png")
    eventually(lambda: _total(server, "?query=airship") == 1, PATIENCE)
    assert _total(server) == before + 1
    (folder / "new/airship.png").unlink()
    eventually(lambda: _total(server) == before, PATIENCE)


def test_a_server_that_is_killed_leaves_no_process(server: Server) -> None:
    """Neither the indexer nor the processes that read files."""
    left = _descendants(server.pid)
    commands = [Path(f"/proc/{pid}/cmdline").read_text() for pid in left]
    assert any("library\0index" in command for command in commands)
    os.kill(server.pid, signal.SIGKILL)
    eventually(lambda: not any(map(_is_there, left)), PATIENCE)


@pytest.mark.parametrize("is_group", [True, False])
def test_a_stopped_server_stops_a_run_in_progress(
    folder: Path, tmp_path: Path, is_group: bool
) -> None:
    """Ctrl-C reaches the whole group of the terminal, SIGTERM the server alone."""
    settings = {"AKIN_ASSETS": str(folder)}
    with Server(tmp_path, settings, is_awaited=False, is_alone=True) as running:
        eventually(lambda: _json(running, "/indexing")["value"] > 0, PATIENCE)
        left = _descendants(running.pid)
        assert _json(running, "/indexing")["running"]
        if is_group:
            os.killpg(running.pid, signal.SIGINT)
        else:
            os.kill(running.pid, signal.SIGTERM)
        eventually(lambda: not any(map(_is_there, left)), PATIENCE)
    assert "Traceback" not in running.log
    assert "starts again" not in running.log

"""Attacks by other users of the machine: reading what Akin stores."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

from tests.faults import Upstream
from tests.support import sample_files
from tests.support.server import Server

if TYPE_CHECKING:
    from pathlib import Path

FOR_OTHERS = 0o077


def open_to_others(folder: Path) -> list[str]:
    """Return the files and folders from `folder` on that others may read, write or enter."""
    return [
        str(path.relative_to(folder.parent))
        for path in (folder, *folder.rglob("*"))
        if path.lstat().st_mode & FOR_OTHERS
    ]


def test_the_library_is_private(tmp_path: Path) -> None:
    """Index, keys and thumbnails are private, whatever the umask of the shell."""
    folder = sample_files.fill(tmp_path / "art", {"castle.png": sample_files.png()})
    home = tmp_path / "data" / "home"
    command = [sys.executable, "-m", "library", "index", str(folder), "--home", str(home)]
    subprocess.run([*command, "--quiet"], check=True, timeout=500, umask=0o022)
    assert (home / "library.sqlite").exists()
    assert open_to_others(tmp_path / "data") == []


def test_what_a_server_stores_is_private(tmp_path: Path) -> None:
    """Session keys, counters, cached responses and reference images are private."""
    (tmp_path / "data").mkdir()  # by the test, which writes the server's log there
    with Upstream(count=20) as upstream:
        settings = {
            "SCENARIO_SDK_API_KEY": "key-of-the-tests",
            "SCENARIO_SDK_API_SECRET": "secret-of-the-tests",
            "SCENARIO_BASE_URL": upstream.url,
            "AKIN_CACHE_URL": f"file://{tmp_path}/data/cache",
            "AKIN_CALLS_PER_MINUTE": "600",
        }
        before = os.umask(0o022)
        try:
            with Server(tmp_path / "data", settings):
                stored = {path.name for path in (tmp_path / "data").rglob("*")}
        finally:
            os.umask(before)
    assert {"calls", "cache"} <= stored
    logged = ("data", "data/server.log")
    assert [path for path in open_to_others(tmp_path / "data") if path not in logged] == []

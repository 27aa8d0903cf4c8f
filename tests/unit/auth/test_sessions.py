"""Keys of session cookies."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from app.auth import sessions
from config import InvalidSettings, Settings

if TYPE_CHECKING:
    from pathlib import Path


def test_stored_key(tmp_path: Path) -> None:
    """Processes that start at once get the same key, which only its owner may read."""
    folder = tmp_path / "data"
    with ThreadPoolExecutor(8) as pool:
        keys = set(pool.map(lambda _: sessions.stored_key(folder), range(32)))
    assert len(keys) == 1
    assert len(keys.pop()) >= 43
    assert [each.name for each in folder.iterdir()] == ["secret-key"]
    assert stat.S_IMODE((folder / "secret-key").stat().st_mode) == 0o600


def test_no_key_can_be_stored(tmp_path: Path) -> None:
    """The error names both settings, either of which can be changed."""
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(InvalidSettings, match=r"AKIN_SECRET_KEYS is missing.*AKIN_DATA"):
        sessions.session_keys(Settings(data=tmp_path / "file" / "data"))
    settings = Settings(data=tmp_path / "file" / "data", secret_keys=("a" * 32, "b" * 32))
    assert sessions.session_keys(settings) == ("a" * 32, "b" * 32)

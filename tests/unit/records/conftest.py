"""An empty database of each kind."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from app.storage.database import Database

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """An empty database; the tests run with both kinds."""
    url = request.getfixturevalue("postgres_url") if request.param == "postgresql" else ""
    opened = Database(url, tmp_path)
    yield opened
    opened.close()

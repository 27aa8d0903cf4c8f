"""A folder that a test fills and indexes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.indexing import IndexedFolder

if TYPE_CHECKING:
    from pathlib import Path

    from library.embedding.models import Models


@pytest.fixture
def library(tmp_path: Path, models: Models) -> IndexedFolder:
    """An empty folder and the home of its library."""
    (tmp_path / "art").mkdir()
    return IndexedFolder(tmp_path / "art", tmp_path / "home", models)

"""Texts that are no id: both databases answer that there is no such record."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from app.errors import NotFound
from app.records.changes import Changes
from app.records.frozen_searches import FrozenSearchStore
from app.records.reviews import ReviewStore
from app.records.searches import TeamSearchStore
from app.records.selections import Selections

if TYPE_CHECKING:
    from app.storage.database import Database


@pytest.mark.parametrize("text", ["\0", "a\0", "", "\ud800", "a b", "x" * 1000])
def test_no_record_has_a_text_that_is_no_id(database: Database, text: str) -> None:
    """PostgreSQL refuses a NUL, and the drivers a surrogate."""
    selections = Selections(database)
    kept = selections.add("", "", "", ["asset_1"])  # else SQLite has no file to read
    assert selections.get(kept)
    assert selections.get(text) is None
    assert Changes(database, "api").get(text) is None
    for get in (
        ReviewStore(database, "api").get,
        FrozenSearchStore(database, "api").get,
        lambda each: TeamSearchStore(database, "api").get(each, "person"),
    ):
        with pytest.raises(NotFound):
            get(text)

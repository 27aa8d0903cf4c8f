"""Stored selections: bounded for each user, and gone when they expire."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from app.errors import TooMany
from app.records.selections import KEPT_DAYS, MOST_ASSETS, MOST_PER_USER, Selections
from app.storage.database import Database
from tests.support.clock import Clock

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def clock() -> Clock:
    """The time of the store."""
    return Clock()


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, tmp_path: Path, clock: Clock) -> Iterator[Selections]:
    """A store of each kind."""
    url = request.getfixturevalue("postgres_url") if request.param == "postgresql" else ""
    database = Database(url, tmp_path)
    yield Selections(database, clock)
    database.close()


def test_assets_are_kept_in_their_order_each_once(store: Selections) -> None:
    found = store.get(store.add("ada", "Castles", "query=castle", ["b", "a", "b", "🐉"]))
    assert found is not None
    assert found.asset_ids == ("b", "a", "🐉")
    assert (found.owner, found.title, found.origin) == ("ada", "Castles", "query=castle")
    assert found.expires_at - found.created_at == KEPT_DAYS * 86_400


def test_a_user_has_a_limited_number_and_takes_none_of_others(
    store: Selections, clock: Clock
) -> None:
    other = store.add("bob", "", "", ["a"])
    ids = []
    for _ in range(MOST_PER_USER + 2):
        clock.now += 1
        ids.append(store.add("ada", "", "", ["a"]))
    assert [store.get(each) is not None for each in ids] == [False] * 2 + [True] * MOST_PER_USER
    assert store.get(other) is not None


def test_it_expires(store: Selections, clock: Clock) -> None:
    kept = store.add("ada", "", "", ["a"])
    clock.now += KEPT_DAYS * 86_400 - 1
    assert store.get(kept) is not None
    clock.now += 1
    assert store.get(kept) is None


def test_only_its_owner_deletes_it(store: Selections) -> None:
    kept = store.add("ada", "", "", ["a"])
    store.delete(kept, "bob")
    assert store.get(kept) is not None
    store.delete(kept, "ada")
    assert store.get(kept) is None


def test_too_many_assets_are_refused(store: Selections) -> None:
    with pytest.raises(TooMany, match="10000"):
        store.add("ada", "", "", map(str, range(MOST_ASSETS + 1)))

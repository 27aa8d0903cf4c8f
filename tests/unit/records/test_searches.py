"""Stored team searches and frozen searches, in both databases."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from app.errors import NotFound, SearchNotStored
from app.query.search_links import NamedSearch
from app.records import frozen_searches, searches
from app.records.frozen_searches import FrozenHit, FrozenSearchStore
from app.records.searches import TeamSearchStore

if TYPE_CHECKING:
    from app.storage.database import Database

ADA, BO = ("ada", "Ada"), ("bo", "Bö 🙂")


@pytest.fixture
def store(database: Database) -> TeamSearchStore:
    """The team searches of one API."""
    return TeamSearchStore(database, "api")


def add(store: TeamSearchStore, name: str, *, now: float = 10.0) -> str:
    """Store a search of that name; return its id."""
    named = NamedSearch(name, f"?query={name}")
    return store.add([named], site="https://a", owner=ADA, now=now)[0][0].id


def test_an_empty_store_creates_no_database(store: TeamSearchStore, database: Database) -> None:
    if database.name.startswith("postgresql"):
        pytest.skip("a PostgreSQL database is always there")
    assert store.listed("ada") == []
    assert store.claim_check(100.0, 1.0) is None
    with pytest.raises(NotFound):
        store.get("search_1", "ada")
    assert database.is_empty


def test_each_person_has_seen_it_at_another_time(store: TeamSearchStore) -> None:
    """Who has never opened it counts from when it was saved."""
    one = add(store, "castle")
    store.note_seen(one, "bo", 20.0)
    store.note_seen(one, "bo", 30.0)
    assert [store.get(one, person).seen for person in ("ada", "bo", "cy")] == [10.0, 30.0, 10.0]
    with pytest.raises(NotFound):
        store.note_seen("search_0", "bo", 40.0)


def test_the_same_search_is_stored_once(store: TeamSearchStore) -> None:
    """Also when many save it at the same moment."""

    def save(number: int) -> bool:
        named = NamedSearch(f"n{number}", "?query=x")
        return store.add([named], site="", owner=BO, now=float(number))[0][1]

    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(save, range(6))) == 1
    assert len(store.listed("ada")) == 1


def test_searches_of_another_api_are_not_shown(store: TeamSearchStore, database: Database) -> None:
    one = add(store, "castle")
    other = TeamSearchStore(database, "another api")
    assert other.listed("ada") == []
    with pytest.raises(NotFound):
        other.get(one, "ada")
    other.delete(one)
    add(other, "castle")
    assert store.get(one, "ada").name == "castle"


def test_a_search_is_renamed_and_deleted(store: TeamSearchStore) -> None:
    one = add(store, "castle")
    add(store, "Bridge")
    store.rename(one, "über 🙂 “castles”")
    assert [each.name for each in store.listed("ada")] == ["Bridge", "über 🙂 “castles”"]
    store.delete(one)
    store.delete(one)
    with pytest.raises(NotFound):
        store.rename(one, "again")
    assert [each.name for each in store.listed("ada")] == ["Bridge"]


def test_there_is_a_limit(store: TeamSearchStore) -> None:
    """Of several, none is stored where not all can be; those that are stored do not count."""
    many = [NamedSearch(str(n), f"?query={n}") for n in range(searches.MOST_SEARCHES)]
    assert len(store.add(many[1:], site="", owner=ADA, now=1.0)) == len(many) - 1
    two = [NamedSearch(name, f"?query={name}") for name in ("one", "two")]
    with pytest.raises(SearchNotStored):
        store.add(two, site="", owner=ADA, now=1.0)
    assert len(store.listed("ada")) == len(many) - 1
    added = store.add([*many[1:], two[0]], site="", owner=ADA, now=1.0)
    assert [is_new for _, is_new in added] == [False] * (len(many) - 1) + [True]


def test_a_check_is_claimed_once_for_each_interval(store: TeamSearchStore) -> None:
    """By one of several processes; the search that waits longest comes first."""
    one, two = add(store, "one", now=10.0), add(store, "two", now=11.0)
    assert store.claim_check(60.0, 60.0) is None
    with ThreadPoolExecutor(6) as pool:
        claims = [*filter(None, pool.map(lambda _: store.claim_check(100.0, 60.0), range(6)))]
    assert sorted((found.id, since) for found, since in claims) == sorted(
        [(one, 10.0), (two, 11.0)]
    )
    store.note_reported(one, 100.0)
    assert [store.claim_check(160.0, 60.0) for _ in range(3)][2] is None
    found = [store.claim_check(220.0, 60.0) for _ in range(2)]
    assert {each[0].id: each[1] for each in found if each} == {one: 100.0, two: 11.0}


def test_frozen_hits_keep_their_order(database: Database) -> None:
    """And the names that they had."""
    store = FrozenSearchStore(database, "api")
    hits = [FrozenHit(f"asset_{n}", f"“{n}” 🙂") for n in (3, 1, 2)]
    made = store.add("castles", "?query=castle", hits, is_complete=True, owner=BO, now=5.0)
    assert store.get(made.id) == made
    assert store.get(made.id).hits == tuple(hits)
    listed = store.listed()
    assert [(each.title, each.size, each.hits) for each in listed] == [("castles", 3, ())]
    assert FrozenSearchStore(database, "other").listed() == []
    store.delete(made.id)
    with pytest.raises(NotFound):
        store.get(made.id)


def test_a_person_has_a_limited_number_of_frozen_searches(database: Database) -> None:
    store = FrozenSearchStore(database, "api")
    for number in range(frozen_searches.MOST_FROZEN):
        store.add("x", "", [], is_complete=True, owner=ADA, now=float(number))
    with pytest.raises(SearchNotStored):
        store.add("x", "", [], is_complete=True, owner=ADA, now=1.0)
    assert store.add("x", "", [], is_complete=True, owner=BO, now=1.0).owner_id == "bo"
    assert len(store.listed()) == frozen_searches.MOST_LISTED

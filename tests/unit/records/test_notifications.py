"""Stored notifications in both databases: one process sends each, once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from app.records.notifications import LEASE_SECONDS, NotificationStore
from app.storage.database import Database

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[NotificationStore]:
    """The notifications of an empty database of each kind."""
    url = request.getfixturevalue("postgres_url") if request.param == "postgresql" else ""
    database = Database(url, tmp_path)
    yield NotificationStore(database, "api")
    database.close()


def put(
    store: NotificationStore, text: str, *, due: float, now: float = 0.0, moves: bool = False
) -> None:
    """Store a notification with the key k."""
    store.put("k", "Title", text, due=due, now=now, moves=moves)


def test_events_with_one_key_are_one_message_at_the_time_of_the_first(
    store: NotificationStore,
) -> None:
    put(store, "one", due=10)
    put(store, "two", due=20)
    assert store.claim(9) is None
    message = store.claim(10)
    assert message is not None
    assert (message.title, message.text, message.attempts) == ("Title", "two", 1)
    assert store.claim(10) is None


def test_a_scheduled_event_moves_and_can_be_cancelled(store: NotificationStore) -> None:
    put(store, "one", due=10)
    put(store, "two", due=20, moves=True)
    assert store.claim(15) is None
    store.cancel("k")
    assert store.claim(25) is None


def test_each_is_claimed_once(store: NotificationStore) -> None:
    for number in range(12):
        store.put(f"k{number}", "", "", due=1, now=0, moves=False)

    def claim(_: int) -> str:
        message = store.claim(2)
        return message.key if message else ""

    with ThreadPoolExecutor(6) as pool:
        claimed = [key for key in pool.map(claim, range(40)) if key]
    assert sorted(claimed) == sorted(f"k{number}" for number in range(12))


def test_a_killed_sender_is_followed_by_another_that_repeats_nothing(
    store: NotificationStore,
) -> None:
    put(store, "one", due=1)
    killed = store.claim(2)
    assert killed is not None
    store.note(killed, "slack", "", 3)
    assert store.claim(2 + LEASE_SECONDS - 1) is None
    message = store.claim(2 + LEASE_SECONDS)
    assert message is not None
    assert (message.received, message.attempts) == ({"slack"}, 2)


def test_a_text_that_arrives_while_one_is_sent_waits_for_its_own_time(
    store: NotificationStore,
) -> None:
    put(store, "one", due=1)
    message = store.claim(2)
    assert message is not None
    put(store, "two", due=300, now=3)
    store.note(message, "slack", "", 4)
    store.finish(message, 4, again_at=None)
    assert store.claim(299) is None
    following = store.claim(300)
    assert following is not None
    assert (following.text, following.received) == ("two", frozenset())


def test_what_failed_is_tried_again_and_what_was_sent_is_not(store: NotificationStore) -> None:
    put(store, "one", due=1)
    message = store.claim(2)
    assert message is not None
    store.note(message, "slack", "It said no.", 3)
    store.finish(message, 3, again_at=60)
    assert store.claim(59) is None
    again = store.claim(60)
    assert again is not None
    assert store.states()["slack"].is_failing
    store.note(again, "slack", "", 61)
    store.finish(again, 61, again_at=None)
    assert store.claim(1e9) is None
    assert not store.states()["slack"].is_failing
    put(store, "three", due=100, now=90)
    assert store.claim(100) is not None

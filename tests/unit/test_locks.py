"""Locks in a real Redis: they live as long as their holder, and not much longer."""

from __future__ import annotations

import shutil
import time
from typing import TYPE_CHECKING

import pytest

from app import locks, shelves
from app.shelves import RedisBackend, Shelf
from tests.cluster.programs import Redis

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import redis

KEY = f"{shelves.PREFIX}lock:castle"
LONG = 60.0


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Redis]:
    """A Redis."""
    if shutil.which("redis-server") is None:
        pytest.skip("redis-server is not installed")
    with Redis(tmp_path) as made:
        yield made


@pytest.fixture
def client(server: Redis) -> Iterator[redis.Redis]:
    """A connection to look at it."""
    with server.client() as made:
        yield made


@pytest.fixture
def shelf(server: Redis, monkeypatch: pytest.MonkeyPatch) -> Shelf:
    """A shelf of a process whose locks are short and often renewed."""
    monkeypatch.setattr(locks, "SECONDS", 0.5)
    monkeypatch.setattr(locks, "EVERY", 0.05)
    return Shelf(None, RedisBackend("127.0.0.1", server.port))


def test_a_lock_is_renewed_while_the_work_goes_on(shelf: Shelf, client: redis.Redis) -> None:
    with shelf.alone("castle", most_seconds=LONG, until=time.monotonic()):
        before = client.pttl(KEY)
        while client.pttl(KEY) <= before:  # what only runs out never has more time left
            before = client.pttl(KEY)
        assert client.exists(KEY) == 1
    assert client.exists(KEY) == 0


def test_a_lock_is_given_up_where_the_work_takes_too_long(
    shelf: Shelf, client: redis.Redis
) -> None:
    with shelf.alone("castle", most_seconds=0, until=time.monotonic()):
        while client.exists(KEY):
            time.sleep(0.01)
        with shelf.alone("castle", most_seconds=LONG, until=time.monotonic() + LONG) as waited:
            assert (waited, client.exists(KEY)) == (False, 1)


def test_who_died_with_a_lock_is_not_waited_for_to_the_end(
    shelf: Shelf, client: redis.Redis
) -> None:
    assert client.lock(KEY, timeout=locks.SECONDS).acquire(blocking=False)
    with shelf.alone("castle", most_seconds=LONG, until=time.monotonic() + LONG) as waited:
        assert (waited, client.exists(KEY)) == (True, 1)


def test_a_lock_that_is_held_is_not_taken(shelf: Shelf, client: redis.Redis) -> None:
    with shelf.alone("castle", most_seconds=LONG, until=time.monotonic()):
        owner = client.get(KEY)
        with shelf.alone("castle", most_seconds=LONG, until=time.monotonic()):
            assert client.get(KEY) == owner
        assert client.get(KEY) == owner

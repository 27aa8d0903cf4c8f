"""Locks in a real Redis: they live as long as their holder, and not much longer."""

from __future__ import annotations

import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from app import locks, shelves
from app.shelves import RedisBackend, Shelf
from tests.cluster.programs import Redis

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
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
    """A shelf of a process whose locks are often renewed."""
    monkeypatch.setattr(locks, "SECONDS", LONG)
    monkeypatch.setattr(locks, "EVERY", 0.05)
    return Shelf(None, RedisBackend("127.0.0.1", server.port))


@pytest.fixture
def lasting(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Says how long the locks that are taken from now on last by themselves."""
    return lambda seconds: monkeypatch.setattr(locks, "SECONDS", seconds)


def test_a_lock_is_renewed_while_the_work_goes_on(shelf: Shelf, client: redis.Redis) -> None:
    with shelf.alone("castle", most_seconds=LONG, until=time.monotonic()):
        before = client.pttl(KEY)
        while client.pttl(KEY) <= before:  # what only runs out never has more time left
            before = client.pttl(KEY)
        assert client.exists(KEY) == 1
    assert client.exists(KEY) == 0


def test_a_lock_is_given_up_where_the_work_takes_too_long(
    shelf: Shelf, client: redis.Redis, lasting: Callable[[float], None]
) -> None:
    lasting(0.5)
    with shelf.alone("castle", most_seconds=0, until=time.monotonic()):
        while client.exists(KEY):
            time.sleep(0.01)
        lasting(LONG)
        with shelf.alone("castle", most_seconds=LONG, until=time.monotonic() + LONG) as waited:
            assert (waited, client.exists(KEY)) == (False, 1)


def test_who_died_with_a_lock_is_not_waited_for_to_the_end(
    shelf: Shelf, client: redis.Redis
) -> None:
    assert client.lock(KEY, timeout=LONG).acquire(blocking=False)
    before = tries(client)

    def wait() -> tuple[bool, int]:
        with shelf.alone("castle", most_seconds=LONG, until=time.monotonic() + LONG) as waited:
            return waited, client.exists(KEY)

    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(wait)
        while tries(client) == before and not waiting.done():
            time.sleep(0.01)
        client.pexpire(KEY, 1)  # what nobody renews runs out
        assert waiting.result() == (True, 1)


def tries(client: redis.Redis) -> int:
    """How often a lock has been asked for in a Redis that is used for nothing else."""
    return client.info("commandstats").get("cmdstat_set", {}).get("calls", 0)


def test_a_lock_that_is_held_is_not_taken(shelf: Shelf, client: redis.Redis) -> None:
    with shelf.alone("castle", most_seconds=LONG, until=time.monotonic()):
        owner = client.get(KEY)
        with shelf.alone("castle", most_seconds=LONG, until=time.monotonic()):
            assert client.get(KEY) == owner
        assert client.get(KEY) == owner

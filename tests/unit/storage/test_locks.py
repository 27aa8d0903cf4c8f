"""Locks in a real Redis: renewed while their process lives, and soon expired after it."""

from __future__ import annotations

import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from app.storage import cache
from app.storage.cache import CacheStore, RedisBackend
from tests.cluster.programs import Redis
from tests.support.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import redis

KEY = f"{cache.PREFIX}lock:castle"
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
    """A connection of the test itself."""
    with server.client() as made:
        yield made


def process(server: Redis, lock_seconds: float = LONG) -> CacheStore:
    """Return the store of a process that renews its locks often."""
    backend = RedisBackend(server.client())
    return CacheStore(None, backend, lock_seconds=lock_seconds, lock_renewal_seconds=0.05)


def test_a_lock_is_renewed_during_the_work(server: Redis, client: redis.Redis) -> None:
    with process(server).exclusive("castle", most_seconds=LONG, until=time.monotonic()):
        before = client.pttl(KEY)
        while client.pttl(KEY) <= before:  # without renewal it would only get less
            before = client.pttl(KEY)
        assert client.exists(KEY) == 1
    assert client.exists(KEY) == 0


def test_a_lock_expires_when_the_work_takes_too_long(server: Redis, client: redis.Redis) -> None:
    slow, other = process(server, lock_seconds=0.5), process(server)
    with slow.exclusive("castle", most_seconds=0, until=time.monotonic()):
        eventually(lambda: not client.exists(KEY))
        until = time.monotonic() + LONG
        with other.exclusive("castle", most_seconds=LONG, until=until) as has_waited:
            assert (has_waited, client.exists(KEY)) == (False, 1)


def test_the_lock_of_a_process_that_has_died_expires(server: Redis, client: redis.Redis) -> None:
    store = process(server)
    assert client.lock(KEY, timeout=LONG).acquire(blocking=False)
    before = tries(client)

    def wait() -> tuple[bool, int]:
        with store.exclusive(
            "castle", most_seconds=LONG, until=time.monotonic() + LONG
        ) as has_waited:
            return has_waited, client.exists(KEY)

    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(wait)
        eventually(lambda: tries(client) != before or waiting.done())
        client.pexpire(KEY, 1)  # as a lock does that is not renewed
        assert waiting.result() == (True, 1)


def tries(client: redis.Redis) -> int:
    """Number of attempts to get a lock in a Redis that is used for nothing else."""
    return client.info("commandstats").get("cmdstat_set", {}).get("calls", 0)


def test_a_lock_that_is_held_is_not_acquired(server: Redis, client: redis.Redis) -> None:
    store = process(server)
    with store.exclusive("castle", most_seconds=LONG, until=time.monotonic()):
        owner = client.get(KEY)
        with store.exclusive("castle", most_seconds=LONG, until=time.monotonic()):
            assert client.get(KEY) == owner
        assert client.get(KEY) == owner

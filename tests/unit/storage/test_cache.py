"""CacheStore: values live for their time, within limits, and no failure of a cache is raised."""

from __future__ import annotations

import os
import shutil
import time
from typing import TYPE_CHECKING, Any

import pytest
from flask import Flask

from app.storage.cache import CacheStore, MemoryBackend, open_cache_store
from tests.cluster.programs import Redis
from tests.support.clock import Clock
from tests.support.ports import free_port
from tests.support.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

MINUTE = 60.0


class Broken(MemoryBackend):
    """A cache that fails unless `works` is set; counts how often it is used."""

    def __init__(self, clock: Callable[[], float]) -> None:
        super().__init__(clock=clock)
        self.uses = 0
        self.works = False

    def get(self, key: str) -> Any:
        self.uses += 1
        if not self.works:
            raise ConnectionResetError("connection reset")
        return super().get(key)

    def set(self, key: str, value: bytes, timeout: Any = None) -> bool:
        self.uses += 1
        if not self.works:
            raise ConnectionResetError("connection reset")
        return super().set(key, value, timeout)


@pytest.fixture
def clock() -> Clock:
    """A clock that stands still."""
    return Clock(1_000_000.0)


def files(folder: Path) -> CacheStore:
    """A store of files in a folder, as a worker creates it at its start."""
    return open_cache_store(Flask(__name__), f"file://{folder}")


# --- in this process -------------------------------------------------------------------------


def test_a_value_is_stored_for_its_time(clock: Clock) -> None:
    store = CacheStore(MemoryBackend(clock=clock), MemoryBackend(clock=clock))
    store.put("castle", b"walls", seconds=90.5)
    clock.now += 89
    assert (store.get_local("castle"), store.get_shared("castle")) == (b"walls", b"walls")
    clock.now += 2
    assert (store.get_local("castle"), store.get_shared("castle")) == (None, None)


@pytest.mark.parametrize(("seconds", "stored"), [(-5.0, None), (0.0, None), (0.9, None), (1, b"a")])
def test_a_value_for_less_than_a_second_is_not_stored(
    clock: Clock, seconds: float, stored: bytes | None
) -> None:
    """Caches take whole seconds, and 0 would mean their default."""
    store = CacheStore(MemoryBackend(clock=clock), MemoryBackend(clock=clock))
    assert store.put("both", b"a", seconds=seconds) is (stored is not None)
    store.put_local("one", b"a", seconds=seconds)
    assert (store.get_local("both"), store.get_shared("both"), store.get_local("one")) == (
        stored,
        stored,
        stored,
    )


def test_memory_is_limited_by_bytes_and_drops_the_least_recently_used(clock: Clock) -> None:
    backend = MemoryBackend(most=3 * 1500, clock=clock)
    for name in "abc":
        assert backend.set(name, name.encode() * 1000, timeout=60)
    assert backend.get("a") == b"a" * 1000
    backend.set("d", b"d" * 1000, timeout=60)
    stored = [name for name in "abcd" if backend.get(name)]
    assert stored == ["a", "c", "d"]


def test_empty_values_count_too(clock: Clock) -> None:
    backend = MemoryBackend(most=5000, clock=clock)
    for number in range(1000):
        backend.set(str(number), b"", timeout=60)
    stored = [number for number in range(1000) if backend.get(str(number)) is not None]
    assert 0 < len(stored) <= 10


def test_a_value_larger_than_the_cache_is_not_stored(clock: Clock) -> None:
    backend = MemoryBackend(most=2000, clock=clock)
    backend.set("small", b"s", timeout=60)
    assert backend.set("large", b"l" * 2000, timeout=60) is False
    assert (backend.get("large"), backend.get("small")) == (None, b"s")


# --- shared ----------------------------------------------------------------------------------


def test_without_a_cache_nothing_is_stored_and_nothing_fails() -> None:
    store = open_cache_store(Flask(__name__), "none")
    assert store.put("castle", b"walls", seconds=MINUTE) is False
    with store.exclusive("castle", most_seconds=1, until=0.0) as has_waited:
        assert has_waited is False
    assert (store.get_local("castle"), store.get_shared("castle"), store.is_shared) == (
        None,
        None,
        False,
    )


def test_a_cache_in_memory_is_not_shared() -> None:
    store = open_cache_store(Flask(__name__), "memory")
    assert (store.put("castle", b"walls", seconds=MINUTE), store.is_shared) == (False, False)
    assert (store.get_local("castle"), store.get_shared("castle")) == (b"walls", None)


@pytest.mark.parametrize("value", [b"", b"=", b"walls", b"12", b"\0\xff" * 500])
def test_another_process_reads_the_same_bytes_from_files(tmp_path: Path, value: bytes) -> None:
    assert files(tmp_path).put("castle", value, seconds=MINUTE) is True
    other = files(tmp_path)
    assert (other.get_local("castle"), other.get_shared("castle"), other.is_shared) == (
        None,
        value,
        True,
    )


def test_a_folder_may_have_any_name(tmp_path: Path) -> None:
    folder = tmp_path / "cached responses é"
    quoted = str(folder).replace(" ", "%20").replace("é", "%C3%A9")
    store = open_cache_store(Flask(__name__), f"file://{quoted}")
    assert store.put("castle", b"walls", seconds=MINUTE) is True
    assert [path.name for path in tmp_path.iterdir()] == [folder.name]


def test_files_without_the_marker_are_ignored(tmp_path: Path) -> None:
    store = files(tmp_path)
    store.put("castle", b"walls", seconds=MINUTE)
    (path,) = [each for each in tmp_path.iterdir() if each.read_bytes().endswith(b"=walls")]
    head = path.read_bytes().removesuffix(b"=walls")
    values = []
    for content in (b"12", b"walls", b"", b"=towers"):
        path.write_bytes(head + content)
        values.append(store.get_shared("castle"))
    assert values == [None, None, None, b"towers"]


def test_fifty_files_are_all_stored(tmp_path: Path) -> None:
    store = files(tmp_path)
    for number in range(50):
        store.put(f"castle {number}", b"walls", seconds=MINUTE)
    assert [store.get_shared(f"castle {number}") for number in range(50)] == [b"walls"] * 50


@pytest.mark.parametrize("garbage", [b"garbage", b"7" * 5000, b"=", b""])
def test_a_damaged_number_of_files_is_ignored(tmp_path: Path, garbage: bytes) -> None:
    """Cachelib reads it with every value that is stored: an error would be permanent."""
    store = files(tmp_path)
    store.put("castle", b"walls", seconds=MINUTE)
    (count,) = [each for each in tmp_path.iterdir() if not each.read_bytes().endswith(b"=walls")]
    count.write_bytes(count.read_bytes()[:4] + garbage)
    assert store.put("tower", b"stairs", seconds=MINUTE) is True
    assert [store.get_shared(name) for name in ("castle", "tower")] == [b"walls", b"stairs"]


def test_the_number_of_files_is_limited(tmp_path: Path) -> None:
    store = open_cache_store(Flask(__name__), f"file://{tmp_path}", most_files=20)
    for number in range(100):
        store.put(f"castle {number}", b"walls", seconds=MINUTE)
    assert 0 < sum(store.get_shared(f"castle {number}") is not None for number in range(100)) <= 25


def test_a_file_that_cannot_be_written_is_not_retried(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Why FileBackend overrides cachelib: it would block the page for ten seconds."""
    store = files(tmp_path)
    store.put("castle", b"walls", seconds=MINUTE)
    slept: list[float] = []
    monkeypatch.setattr(time, "sleep", slept.append)

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "replace", refuse)
    assert (store.put("castle", b"towers", seconds=MINUTE), slept) == (False, [])


# --- failures --------------------------------------------------------------------------------


def test_a_cache_that_failed_is_not_used_for_a_while(clock: Clock) -> None:
    shared = Broken(clock)
    store = CacheStore(MemoryBackend(clock=clock), shared)
    store._breaker._clock = clock  # its pause does not end meanwhile
    assert store.put("castle", b"walls", seconds=MINUTE) is False  # no other process can read it
    assert [store.get_shared("castle") for _ in range(5)] == [None] * 5
    assert (shared.uses, store.get_local("castle")) == (1, b"walls")


def test_a_cache_that_works_again_is_used_again(clock: Clock) -> None:
    shared = Broken(clock)
    store = CacheStore(None, shared)
    assert store.get_shared("castle") is None
    shared.works = True
    # The circuit breaker stays open for a second.
    eventually(lambda: store.put("castle", b"walls", seconds=MINUTE))
    assert [store.get_shared("castle") for _ in range(3)] == [b"walls"] * 3


def test_a_redis_that_cannot_be_reached_is_not_waited_for() -> None:
    """Not even where there is time."""
    store = open_cache_store(Flask(__name__), f"redis://127.0.0.1:{free_port()}/0")
    with store.exclusive("castle", most_seconds=MINUTE, until=float("inf")) as has_waited:
        assert has_waited is False
    assert store.put("castle", b"walls", seconds=MINUTE) is False
    assert (store.get_local("castle"), store.get_shared("castle")) == (b"walls", None)


def test_a_redis_that_was_restarted_is_used_at_once(tmp_path: Path) -> None:
    """The connection that it closed is opened again."""
    if shutil.which("redis-server") is None:
        pytest.skip("redis-server is not installed")
    with Redis(tmp_path) as server:
        store = open_cache_store(Flask(__name__), server.patient_url)
        assert store.put("castle", b"walls", seconds=MINUTE) is True
        server.stop()
        server.start()
        assert store.put("castle", b"towers", seconds=MINUTE) is True
        assert store.get_shared("castle") == b"towers"

"""Shelves: what is put is given back for its time, within bounds, whatever happens to the cache."""

from __future__ import annotations

import os
import shutil
import time
from typing import TYPE_CHECKING, Any

import pytest
from flask import Flask

from app import shelves
from app.shelves import MemoryBackend, Shelf, make_shelf
from tests.cluster.programs import Redis
from tests.ports import free_port

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

MINUTE = 60.0


class Clock:
    """Seconds that pass only when told to."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


class Broken(MemoryBackend):
    """A cache that works only when told to; counts how often it is tried."""

    def __init__(self, clock: Callable[[], float]) -> None:
        super().__init__(clock=clock)
        self.tried = 0
        self.works = False

    def get(self, key: str) -> Any:
        self.tried += 1
        if not self.works:
            raise ConnectionResetError("nobody is there")
        return super().get(key)

    def set(self, key: str, value: bytes, timeout: Any = None) -> bool:
        self.tried += 1
        if not self.works:
            raise ConnectionResetError("nobody is there")
        return super().set(key, value, timeout)


@pytest.fixture
def clock() -> Clock:
    """A clock that stands still."""
    return Clock()


def files(folder: Path) -> Shelf:
    """A shelf of files in a folder, as a worker that begins now makes it."""
    return make_shelf(Flask(__name__), f"file://{folder}")


# --- in this process -------------------------------------------------------------------------


def test_what_is_put_is_kept_for_its_time(clock: Clock) -> None:
    shelf = Shelf(MemoryBackend(clock=clock), MemoryBackend(clock=clock))
    shelf.put("castle", b"walls", seconds=90.5)
    clock.now += 89
    assert (shelf.near("castle"), shelf.far("castle")) == (b"walls", b"walls")
    clock.now += 2
    assert (shelf.near("castle"), shelf.far("castle")) == (None, None)


@pytest.mark.parametrize(("seconds", "kept"), [(-5.0, None), (0.0, None), (0.9, None), (1, b"a")])
def test_what_is_nearly_over_is_not_kept(clock: Clock, seconds: float, kept: bytes | None) -> None:
    """Seconds are whole for a cache, and none at all would mean its own default."""
    shelf = Shelf(MemoryBackend(clock=clock), MemoryBackend(clock=clock))
    assert shelf.put("both", b"a", seconds=seconds) is (kept is not None)
    shelf.put_near("one", b"a", seconds=seconds)
    assert (shelf.near("both"), shelf.far("both"), shelf.near("one")) == (kept, kept, kept)


def test_memory_is_bounded_by_bytes_and_keeps_what_was_used_last(clock: Clock) -> None:
    backend = MemoryBackend(most=3 * 1500, clock=clock)
    for name in "abc":
        assert backend.set(name, name.encode() * 1000, timeout=60)
    assert backend.get("a") == b"a" * 1000
    backend.set("d", b"d" * 1000, timeout=60)
    kept = [name for name in "abcd" if backend.get(name)]
    assert kept == ["a", "c", "d"]


def test_what_is_empty_takes_its_place_too(clock: Clock) -> None:
    backend = MemoryBackend(most=5000, clock=clock)
    for number in range(1000):
        backend.set(str(number), b"", timeout=60)
    kept = [number for number in range(1000) if backend.get(str(number)) is not None]
    assert 0 < len(kept) <= 10


def test_what_is_larger_than_all_of_memory_is_passed_over(clock: Clock) -> None:
    backend = MemoryBackend(most=2000, clock=clock)
    backend.set("small", b"s", timeout=60)
    assert backend.set("large", b"l" * 2000, timeout=60) is False
    assert (backend.get("large"), backend.get("small")) == (None, b"s")


# --- shared ----------------------------------------------------------------------------------


def test_without_a_cache_nothing_is_kept_and_nothing_fails() -> None:
    shelf = make_shelf(Flask(__name__), "none")
    assert shelf.put("castle", b"walls", seconds=MINUTE) is False
    with shelf.alone("castle", most_seconds=1, until=0.0) as waited:
        assert waited is False
    assert (shelf.near("castle"), shelf.far("castle"), shelf.is_shared) == (None, None, False)


def test_what_only_this_process_keeps_is_not_called_shared() -> None:
    shelf = make_shelf(Flask(__name__), "memory")
    assert (shelf.put("castle", b"walls", seconds=MINUTE), shelf.is_shared) == (False, False)
    assert (shelf.near("castle"), shelf.far("castle")) == (b"walls", None)


@pytest.mark.parametrize("value", [b"", b"=", b"walls", b"12", b"\0\xff" * 500])
def test_files_give_back_the_very_bytes_to_another_process(tmp_path: Path, value: bytes) -> None:
    assert files(tmp_path).put("castle", value, seconds=MINUTE) is True
    other = files(tmp_path)
    assert (other.near("castle"), other.far("castle"), other.is_shared) == (None, value, True)


def test_a_folder_may_have_any_name(tmp_path: Path) -> None:
    folder = tmp_path / "kept answers é"
    spelled = str(folder).replace(" ", "%20").replace("é", "%C3%A9")
    shelf = make_shelf(Flask(__name__), f"file://{spelled}")
    assert shelf.put("castle", b"walls", seconds=MINUTE) is True
    assert [path.name for path in tmp_path.iterdir()] == [folder.name]


def test_files_without_the_sign_of_ours_are_no_answers(tmp_path: Path) -> None:
    shelf = files(tmp_path)
    shelf.put("castle", b"walls", seconds=MINUTE)
    (path,) = [each for each in tmp_path.iterdir() if each.read_bytes().endswith(b"=walls")]
    head = path.read_bytes().removesuffix(b"=walls")
    found = []
    for content in (b"12", b"walls", b"", b"=towers"):
        path.write_bytes(head + content)
        found.append(shelf.far("castle"))
    assert found == [None, None, None, b"towers"]


def test_files_of_a_folder_are_bounded_far_above_what_a_day_asks(tmp_path: Path) -> None:
    shelf = files(tmp_path)
    for number in range(50):
        shelf.put(f"castle {number}", b"walls", seconds=MINUTE)
    assert [shelf.far(f"castle {number}") for number in range(50)] == [b"walls"] * 50


@pytest.mark.parametrize("garbage", [b"garbage", b"7" * 5000, b"=", b""])
def test_a_count_of_files_that_is_garbage_stops_nothing(tmp_path: Path, garbage: bytes) -> None:
    """It is read with every answer that is put: what fails for it would fail for ever."""
    shelf = files(tmp_path)
    shelf.put("castle", b"walls", seconds=MINUTE)
    (count,) = [each for each in tmp_path.iterdir() if not each.read_bytes().endswith(b"=walls")]
    count.write_bytes(count.read_bytes()[:4] + garbage)
    assert shelf.put("tower", b"stairs", seconds=MINUTE) is True
    assert [shelf.far(name) for name in ("castle", "tower")] == [b"walls", b"stairs"]


def test_files_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shelves, "FILES", 20)
    shelf = files(tmp_path)
    for number in range(100):
        shelf.put(f"castle {number}", b"walls", seconds=MINUTE)
    assert 0 < sum(shelf.far(f"castle {number}") is not None for number in range(100)) <= 25


def test_a_file_that_cannot_be_written_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page is never kept waiting by its cache."""
    shelf = files(tmp_path)
    shelf.put("castle", b"walls", seconds=MINUTE)
    slept: list[float] = []
    monkeypatch.setattr(time, "sleep", slept.append)

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "replace", refuse)
    assert (shelf.put("castle", b"towers", seconds=MINUTE), slept) == (False, [])


# --- trouble ---------------------------------------------------------------------------------


def test_a_cache_that_fails_once_is_left_alone_for_a_while(clock: Clock) -> None:
    far = Broken(clock)
    shelf = Shelf(MemoryBackend(clock=clock), far)
    shelf._breaker._clock = clock  # its rest does not end meanwhile
    assert shelf.put("castle", b"walls", seconds=MINUTE) is False  # nobody else will see it
    assert [shelf.far("castle") for _ in range(5)] == [None] * 5
    assert (far.tried, shelf.near("castle")) == (1, b"walls")


def test_a_cache_that_works_again_is_used_again(clock: Clock) -> None:
    far = Broken(clock)
    shelf = Shelf(None, far)
    assert shelf.far("castle") is None
    far.works = True
    while not shelf.put("castle", b"walls", seconds=MINUTE):  # it rests for a second
        time.sleep(0.05)
    assert [shelf.far("castle") for _ in range(3)] == [b"walls"] * 3


def test_nobody_waits_for_a_redis_that_is_not_there() -> None:
    """Not even where there would be time to."""
    shelf = make_shelf(Flask(__name__), f"redis://127.0.0.1:{free_port()}/0")
    with shelf.alone("castle", most_seconds=MINUTE, until=float("inf")) as waited:
        assert waited is False
    assert shelf.put("castle", b"walls", seconds=MINUTE) is False
    assert (shelf.near("castle"), shelf.far("castle")) == (b"walls", None)


def test_a_redis_that_was_started_anew_is_used_at_once(tmp_path: Path) -> None:
    """The connection that it has closed is opened again: that is no trouble."""
    if shutil.which("redis-server") is None:
        pytest.skip("redis-server is not installed")
    with Redis(tmp_path) as server:
        shelf = make_shelf(Flask(__name__), server.url)
        assert shelf.put("castle", b"walls", seconds=MINUTE) is True
        server.stop()
        server.start()
        assert shelf.put("castle", b"towers", seconds=MINUTE) is True
        assert shelf.far("castle") == b"towers"

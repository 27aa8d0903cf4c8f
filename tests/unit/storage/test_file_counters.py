"""Counters in a file: shared by processes, expiring, counted anew where the file is damaged."""

from __future__ import annotations

import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st
from limits import RateLimitItemPerMinute
from limits.strategies import SlidingWindowCounterRateLimiter

from app.storage.file_counters import FileStorage
from tests.support.clock import Clock

LIMIT = RateLimitItemPerMinute(3)


def test_a_file_counts_up_to_the_limit_of_a_sliding_window(tmp_path: Path) -> None:
    clock = Clock(6000.0)
    limiter = SlidingWindowCounterRateLimiter(FileStorage(tmp_path / "deep" / "counts", clock))
    assert limiter.get_window_stats(LIMIT).remaining == 3
    assert [limiter.hit(LIMIT) for _ in range(4)] == [True, True, True, False]
    assert limiter.get_window_stats(LIMIT).remaining == 0
    clock.now += 70  # a sixth of the last minute has passed, and with it less than one call
    assert limiter.hit(LIMIT) is True
    assert limiter.hit(LIMIT) is False
    clock.now += 120
    assert limiter.get_window_stats(LIMIT).remaining == 3
    assert limiter.hit(LIMIT) is True
    limiter.clear(LIMIT)
    assert limiter.get_window_stats(LIMIT).remaining == 3


@given(st.lists(st.floats(0, 400), max_size=100), st.integers(1, 40))
def test_no_minute_of_the_clock_has_more_than_the_limit(times: list[float], most: int) -> None:
    with TemporaryDirectory() as folder:
        clock = Clock()
        limiter = SlidingWindowCounterRateLimiter(FileStorage(Path(folder) / "counts", clock))
        taken: dict[int, int] = {}
        for time in sorted(times):
            clock.now = 6000.0 + time
            if limiter.hit(RateLimitItemPerMinute(most)):
                taken[int(clock.now // 60)] = taken.get(int(clock.now // 60), 0) + 1
    assert max(taken.values(), default=0) <= most


def test_single_counters_expire(tmp_path: Path) -> None:
    """As the other strategies of the `limits` package use them."""
    clock = Clock()
    storage = FileStorage(tmp_path / "counts", clock)
    assert (storage.get("a"), storage.get_expiry("a")) == (0, clock.now)
    assert [storage.incr("a", 30), storage.incr("a", 30, 2), storage.incr("b", 60)] == [1, 3, 1]
    assert (storage.get("a"), storage.get_expiry("a")) == (3, clock.now + 30)
    clock.now += 30
    assert (storage.get("a"), storage.get("b")) == (0, 1)
    storage.clear("b")
    assert storage.get("b") == 0
    storage.incr("c", 30)
    assert (storage.check(), storage.reset(), storage.get("c")) == (True, 1, 0)


def _take_many(path: Path, most: int, count: int) -> int:
    limiter = SlidingWindowCounterRateLimiter(FileStorage(path, Clock(6030.0)))
    return sum(limiter.hit(RateLimitItemPerMinute(most)) for _ in range(count))


def test_processes_that_share_a_file_share_the_limit(tmp_path: Path) -> None:
    path = tmp_path / "counts"
    # Unlike a multiprocessing.Pool it does not wait for ever for a process that was killed.
    with ProcessPoolExecutor(2, multiprocessing.get_context("spawn")) as pool:
        counts = list(pool.map(_take_many, [path] * 4, [50] * 4, [60] * 4))
    assert sum(counts) == 50


@pytest.mark.parametrize(
    "garbage", [b"", b"x", b"\xff" * 16, b"\x00" * 4000, b"[1]", b'{"a": [1]}', b'{"a": 1' * 9]
)
def test_a_damaged_file_is_counted_anew(tmp_path: Path, garbage: bytes) -> None:
    path = tmp_path / "counts"
    path.write_bytes(garbage)
    storage = FileStorage(path, Clock())
    assert [storage.incr("a", 60) for _ in range(3)] == [1, 2, 3]

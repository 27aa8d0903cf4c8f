"""The ceiling on calls a minute, whoever counts; the retry budget; the gate before every call."""

from __future__ import annotations

import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app import visits
from app.breaker import Breaker
from app.errors import PrefetchSpared, QuotaExceeded, UpstreamDown
from app.limits import Ceiling, FileTally, Gate, MemoryTally, RetryBudget, Window
from app.visits import Visit

if TYPE_CHECKING:
    from pathlib import Path


class Clock:
    """Seconds that pass only when told to."""

    def __init__(self, now: float = 6000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


# --- counting --------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["memory", "file"])
def test_a_tally_counts_up_to_the_most_and_then_says_when(kind: str, tmp_path: Path) -> None:
    clock = Clock(6000.0)
    tally = MemoryTally(clock) if kind == "memory" else FileTally(tmp_path / "deep" / "c", clock)
    assert [tally.take(3) for _ in range(3)] == [0, 0, 0]
    wait = tally.take(3)
    assert 60 < wait <= 80
    clock.now += wait
    assert tally.take(3) == 0


@given(
    before=st.integers(0, 100),
    calls=st.integers(0, 100),
    passed=st.floats(0, 59.9),
    most=st.integers(1, 100),
)
def test_whoever_waits_as_long_as_told_finds_room(
    before: int, calls: int, passed: float, most: int
) -> None:
    now = 6000.0 + passed
    window = Window(100, before, calls)
    wait = window.wait(now, most)
    later = now + wait + 0.2  # of the estimate's own rounding
    assert 0 <= wait <= 121
    assert window.at(later).wait(later, most) == 0


@given(st.lists(st.floats(0, 400), max_size=300), st.integers(1, 40))
def test_no_minute_of_the_clock_has_more_than_the_ceiling(times: list[float], most: int) -> None:
    clock = Clock()
    tally = MemoryTally(clock)
    taken: dict[int, int] = {}
    for time in sorted(times):
        clock.now = 6000.0 + time
        if tally.take(most) == 0:
            taken[int(clock.now // 60)] = taken.get(int(clock.now // 60), 0) + 1
    assert max(taken.values(), default=0) <= most


def _take_many(path: Path, most: int, count: int) -> int:
    tally = FileTally(path, Clock(6030.0))
    return sum(tally.take(most) == 0 for _ in range(count))


def test_processes_that_share_a_file_share_the_ceiling(tmp_path: Path) -> None:
    path = tmp_path / "calls"
    # Unlike a multiprocessing.Pool it does not wait for ever for a process that was killed.
    with ProcessPoolExecutor(2, multiprocessing.get_context("spawn")) as pool:
        counts = list(pool.map(_take_many, [path] * 4, [50] * 4, [60] * 4))
    assert sum(counts) == 50


@pytest.mark.parametrize("garbage", [b"", b"x", b"\xff" * 16, b"\x00" * 4000])
def test_a_file_of_garbage_is_counted_anew(tmp_path: Path, garbage: bytes) -> None:
    path = tmp_path / "calls"
    path.write_bytes(garbage)
    tally = FileTally(path, Clock())
    assert [bool(tally.take(2)) for _ in range(3)] == [False, False, True]


# --- the ceiling -----------------------------------------------------------------------------


def test_no_ceiling_counts_nothing(tmp_path: Path) -> None:
    Ceiling(0, FileTally(tmp_path / "calls")).take(is_prefetch=False)
    assert list(tmp_path.iterdir()) == []


def test_near_the_ceiling_only_what_was_clicked_on_is_asked_for() -> None:
    ceiling = Ceiling(10, MemoryTally(Clock()))
    for _ in range(8):
        ceiling.take(is_prefetch=True)
    with pytest.raises(PrefetchSpared) as spared:
        ceiling.take(is_prefetch=True)
    assert spared.value.retry_after is not None
    ceiling.take(is_prefetch=False)
    ceiling.take(is_prefetch=False)
    with pytest.raises(QuotaExceeded, match="at most 10 times a minute") as refused:
        ceiling.take(is_prefetch=False)
    assert refused.value.retry_after is not None
    assert refused.value.retry_after > 0


def test_where_nothing_shared_can_be_written_a_process_counts_alone(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    ceiling = Ceiling(3, FileTally(tmp_path / "file" / "calls"))
    for _ in range(3):
        ceiling.take(is_prefetch=False)
    with pytest.raises(QuotaExceeded):
        ceiling.take(is_prefetch=False)


# --- retries and the gate --------------------------------------------------------------------


def test_a_tenth_of_the_calls_may_be_repeated_and_a_few_saved_ones() -> None:
    budget = RetryBudget()
    assert sum(budget.spend() for _ in range(50)) == 10
    for _ in range(100):
        budget.earn()
    assert 9 <= sum(budget.spend() for _ in range(50)) <= 10


def test_the_gate_closes_after_failures_and_opens_after_one_that_worked() -> None:
    clock = Clock()
    gate = Gate(breaker=Breaker(failures=2, rest=1, clock=clock))
    for _ in range(2):
        gate.enter("search")
        gate.failed()
    with pytest.raises(UpstreamDown, match="in a row") as refused:
        gate.enter("search")
    assert refused.value.retry_after == 1
    clock.now += 1
    gate.enter("search")
    gate.worked()
    gate.enter("search")
    assert gate.is_open is True


def test_a_rest_that_the_api_asked_for_is_of_its_family_and_explained_as_it_was() -> None:
    clock = Clock()
    gate = Gate(clock=clock)
    gate.rest("search", 5, QuotaExceeded("Too many requests"))
    with pytest.raises(QuotaExceeded, match="Too many requests") as refused:
        gate.enter("search")
    assert refused.value.retry_after == 5
    gate.enter("assets")
    clock.now += 5
    gate.enter("search")


def test_a_rest_of_a_day_is_asked_about_again_after_ten_minutes() -> None:
    clock = Clock()
    gate = Gate(clock=clock)
    gate.rest("search", 86400, QuotaExceeded("spent"))
    clock.now += 599
    with pytest.raises(QuotaExceeded):
        gate.enter("search")
    clock.now += 1
    gate.enter("search")


def test_the_one_who_was_to_try_and_met_the_ceiling_leaves_the_trial_to_the_next() -> None:
    clock = Clock()
    gate = Gate(Ceiling(1, MemoryTally(clock)), Breaker(failures=1, rest=1, clock=clock))
    gate.enter("search")
    gate.failed()
    clock.now += 1
    with pytest.raises(QuotaExceeded):
        gate.enter("search")
    clock.now += 120
    gate.enter("search")
    gate.worked()
    assert gate.is_open is True


def test_a_prefetch_is_known_by_its_visit() -> None:
    gate = Gate(Ceiling(1, MemoryTally(Clock())))
    with visits.during(Visit(is_prefetch=True)), pytest.raises(PrefetchSpared):
        gate.enter("search")
    gate.enter("search")


def test_no_call_is_repeated_beyond_the_ceiling() -> None:
    gate = Gate(Ceiling(1, MemoryTally(Clock())))
    gate.enter("search")
    assert gate.enter_again() is False

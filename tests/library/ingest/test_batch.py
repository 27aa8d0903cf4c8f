"""Batches are joined, so that a library does not change with every one of them."""

from __future__ import annotations

import threading
from concurrent.futures import Future

import pytest

from library.ingest.batch import Batch, Pace
from tests.support.waiting import eventually


def _ready(size: int = 4) -> Future[Batch]:
    future: Future[Batch] = Future()
    future.set_result(Batch(size=size, other=[("root", f"{n}.txt", "no") for n in range(size)]))
    return future


def test_what_is_ready_within_a_second_is_written_at_once() -> None:
    """The first batch is not held back, and none is lost."""
    now = 0.0
    pace = Pace(lambda: now)
    assert [batch.size for batch in pace.add(_ready(4))] == [4]
    for _ in range(3):
        now += 0.3
        assert list(pace.add(_ready(8))) == []
    now = 1.1
    [joined] = pace.add(_ready(16))
    assert joined.size == 40
    assert len(joined.other) == 40
    now = 1.5
    assert list(pace.add(_ready(3))) == []
    assert [batch.size for batch in pace.rest()] == [3]
    assert list(pace.rest()) == []


def test_a_batch_does_not_wait_for_a_slow_one() -> None:
    """It is written after a second; the slow one follows when it is ready."""
    now = 0.0
    pace = Pace(lambda: now)
    list(pace.add(_ready()))
    assert list(pace.add(_ready(5))) == []
    now = 1.0
    slow: Future[Batch] = Future()
    sizes: list[int] = []
    thread = threading.Thread(
        target=lambda: sizes.extend(batch.size for batch in pace.add(slow)), daemon=True
    )
    thread.start()
    eventually(lambda: sizes == [5])
    now = 9.0
    slow.set_result(Batch(size=6))
    thread.join(60)
    assert sizes == [5, 6]


def test_a_transaction_is_bounded() -> None:
    pace = Pace(lambda: 0.0)
    list(pace.add(_ready()))
    assert list(pace.add(_ready(300))) == []
    assert [batch.size for batch in pace.add(_ready(300))] == [600]


def test_an_error_of_reading_is_raised() -> None:
    broken: Future[Batch] = Future()
    broken.set_exception(MemoryError("too much"))
    with pytest.raises(MemoryError):
        list(Pace().add(broken))

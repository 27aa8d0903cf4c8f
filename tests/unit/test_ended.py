"""Sign-ins that a provider has ended, known to every worker as long as they could last."""

from __future__ import annotations

import shutil
import time
from typing import TYPE_CHECKING

import pytest

from app.auth.ended import NEAR_SECONDS, Ended
from app.shelves import MemoryBackend, RedisBackend, Shelf
from tests.cluster.programs import Redis

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

HOUR = 3600.0


class Clock:
    """A moment that a test moves."""

    def __init__(self) -> None:
        self.now = 1_700_000_000.0

    def __call__(self) -> float:
        """Answer it."""
        return self.now


@pytest.fixture
def clock() -> Clock:
    """The clock of all workers of a test."""
    return Clock()


def shelf(server: Redis, clock: Clock) -> Shelf:
    """What one worker keeps, and what it shares with the others."""
    return Shelf(MemoryBackend(clock=clock), RedisBackend("127.0.0.1", server.port))


@pytest.fixture(params=["folder", "redis"])
def worker(
    request: pytest.FixtureRequest, tmp_path: Path, clock: Clock
) -> Iterator[Callable[[], Ended]]:
    """Makes workers that share what they are told."""
    if request.param == "folder":
        yield lambda: Ended(tmp_path / "signed-out", seconds=HOUR, clock=clock)
        return
    if shutil.which("redis-server") is None:
        pytest.skip("redis-server is not installed")
    with Redis(tmp_path) as server:
        yield lambda: Ended(tmp_path / "no", shelf(server, clock), seconds=HOUR, clock=clock)


def test_every_worker_knows(worker: Callable[[], Ended], clock: Clock) -> None:
    """At once, or within a few seconds where it has just asked; a later sign-in is another."""
    one, other = worker(), worker()
    began = clock.now
    assert not other.has_ended(["suba", "sidb"], began)
    clock.now += 10
    one.end(["suba"])
    clock.now += NEAR_SECONDS + 1
    for each in (one, other, worker()):
        assert each.has_ended(["suba", "sidb"], began)
        assert not each.has_ended(["sidb"], began)
        assert not each.has_ended([], began)
        assert not each.has_ended(["suba"], clock.now)


def test_what_is_over_is_forgotten(tmp_path: Path, clock: Clock) -> None:
    """No sign-in lasts so long: the folder holds what may still matter."""
    folder = tmp_path / "signed-out"
    worker = Ended(folder, seconds=HOUR, clock=clock)
    worker.end(["suba", "sidb"])
    clock.now += HOUR + 1
    worker.end(["subc"])
    assert [path.name for path in folder.iterdir()] == ["subc"]


def test_a_worker_alone(tmp_path: Path, clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    """Where nothing can be written, the worker that was told knows, and says so."""
    (tmp_path / "signed-out").write_text("a file in the way")
    worker = Ended(tmp_path / "signed-out", seconds=HOUR, clock=clock)
    worker.end(["suba"])
    assert worker.has_ended(["suba"], clock.now)
    assert "known to this worker alone" in caplog.text


def test_without_redis(tmp_path: Path, clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    """While it is away sessions go on, and end by what this worker was told; then all learn it."""
    if shutil.which("redis-server") is None:
        pytest.skip("redis-server is not installed")
    with Redis(tmp_path) as server:
        one, other = (
            Ended(tmp_path / "no", shelf(server, clock), seconds=HOUR, clock=clock)
            for _ in range(2)
        )
        server.stop()
        began = clock.now
        one.end(["suba"])
        assert one.has_ended(["suba"], clock.now)
        assert not other.has_ended(["suba"], clock.now)
        assert "known to this worker alone" in caplog.text
        server.start()
        # It tells the others as soon as it notices, which is after a rest at the latest.
        while not other.has_ended(["suba"], began):
            assert not one.has_ended(["sidb"], began)
            clock.now += NEAR_SECONDS + 1
            time.sleep(0.05)

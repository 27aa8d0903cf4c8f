"""Sign-ins that a provider has ended, known to every worker as long as they could last."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from app.auth.ended import NEAR_SECONDS, Ended
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
    with Redis(tmp_path) as server, server.client() as client:
        yield lambda: Ended(tmp_path / "unused", seconds=HOUR, client=client, clock=clock)


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


def test_without_redis(tmp_path: Path, clock: Clock) -> None:
    """While it is away sessions go on, and end by what this worker was told."""
    if shutil.which("redis-server") is None:
        pytest.skip("redis-server is not installed")
    with Redis(tmp_path) as server, server.client() as client:
        one, other = (
            Ended(tmp_path / "unused", seconds=HOUR, client=client, clock=clock) for _ in range(2)
        )
        server.stop()
        one.end(["suba"])
        assert one.has_ended(["suba"], clock.now)
        assert not other.has_ended(["suba"], clock.now)

"""Revoked sessions, shared by all processes and stored until they would have expired."""

from __future__ import annotations

import itertools
import shutil
from typing import TYPE_CHECKING

import pytest

from app.auth.revoked_sessions import LOCAL_SECONDS, RevokedSessions
from app.storage.cache import CacheStore, MemoryBackend, RedisBackend
from tests.cluster.programs import Redis
from tests.support.clock import Clock
from tests.support.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

HOUR = 3600.0


@pytest.fixture
def clock() -> Clock:
    """The clock of all processes of a test."""
    return Clock(1_700_000_000.0)


def cache_of(server: Redis, clock: Clock) -> CacheStore:
    """Return the cache of one process, in front of a Redis that all share."""
    return CacheStore(MemoryBackend(clock=clock), RedisBackend(server.client()))


@pytest.fixture(params=["folder", "redis"])
def make_store(
    request: pytest.FixtureRequest, tmp_path: Path, clock: Clock
) -> Iterator[Callable[[], RevokedSessions]]:
    """A function that makes stores which share a folder, or a Redis."""
    if request.param == "folder":
        yield lambda: RevokedSessions(tmp_path / "signed-out", seconds=HOUR, clock=clock)
        return
    if shutil.which("redis-server") is None:
        pytest.skip("redis-server is not installed")
    with Redis(tmp_path) as server:
        hosts = itertools.count()
        yield lambda: RevokedSessions(
            tmp_path / f"host-{next(hosts)}", cache_of(server, clock), seconds=HOUR, clock=clock
        )


def test_all_processes_see_a_revocation(
    make_store: Callable[[], RevokedSessions], clock: Clock
) -> None:
    """A name is revoked everywhere within seconds, for sessions that started before."""
    first, second = make_store(), make_store()
    began = clock.now
    assert not second.is_revoked(["suba", "sidb"], since=began)
    clock.now += 10
    first.revoke(["suba"])
    clock.now += LOCAL_SECONDS + 1
    for each in (first, second, make_store()):
        assert each.is_revoked(["suba", "sidb"], since=began)
        assert not each.is_revoked(["sidb"], since=began)
        assert not each.is_revoked([], since=began)
        assert not each.is_revoked(["suba"], since=clock.now)


def test_old_files_are_deleted(tmp_path: Path, clock: Clock) -> None:
    """Files are deleted after the longest time for which a session is valid."""
    folder = tmp_path / "signed-out"
    make_store = RevokedSessions(folder, seconds=HOUR, clock=clock)
    make_store.revoke(["suba", "sidb"])
    clock.now += HOUR + 1
    make_store.revoke(["subc"])
    assert [path.name for path in folder.iterdir()] == ["subc"]


def test_unwritable_folder(tmp_path: Path, clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    """Where nothing can be written, the process itself remembers, and logs a warning."""
    (tmp_path / "signed-out").write_text("a file in the way")
    make_store = RevokedSessions(tmp_path / "signed-out", seconds=HOUR, clock=clock)
    make_store.revoke(["suba"])
    assert make_store.is_revoked(["suba"], since=clock.now)
    assert "known to this process alone" in caplog.text


def test_revocations_outlast_redis(tmp_path: Path, clock: Clock) -> None:
    """A Redis that restarts empty does not bring a revoked session back on this host."""
    if shutil.which("redis-server") is None:
        pytest.skip("redis-server is not installed")
    began = clock.now
    with Redis(tmp_path) as server:
        RevokedSessions(
            tmp_path / "host", cache_of(server, clock), seconds=HOUR, clock=clock
        ).revoke(["suba"])
        server.stop()
        server.start()
        restarted = RevokedSessions(
            tmp_path / "host", cache_of(server, clock), seconds=HOUR, clock=clock
        )
        assert restarted.is_revoked(["suba"], since=began)


def test_without_redis(tmp_path: Path, clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    """A name that is revoked while Redis is down reaches the other hosts once it is back."""
    if shutil.which("redis-server") is None:
        pytest.skip("redis-server is not installed")
    with Redis(tmp_path) as server:
        first, second = (
            RevokedSessions(tmp_path / host, cache_of(server, clock), seconds=HOUR, clock=clock)
            for host in ("one", "other")
        )
        server.stop()
        began = clock.now
        first.revoke(["suba"])
        assert first.is_revoked(["suba"], since=clock.now)
        assert not second.is_revoked(["suba"], since=clock.now)
        assert "known to this process alone" in caplog.text
        server.start()

        def is_shared() -> bool:
            """Store with the next request after the circuit breaker closes."""
            clock.now += LOCAL_SECONDS + 1
            assert not first.is_revoked(["sidb"], since=began)
            return second.is_revoked(["suba"], since=began)

        eventually(is_shared)

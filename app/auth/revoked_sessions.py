"""Store of revoked sessions, and of when they were revoked.

Stored as empty files in the data folder, whose modification time is that of the revocation, and in
Redis where several machines share one. What cannot be stored stays in memory and is stored later.
Knows names and times, nothing of users.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from typing import TYPE_CHECKING, Final

import cachetools

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from app.storage.cache import CacheStore
    from config import Settings

log = logging.getLogger(__name__)

MAX_PENDING: Final = 10_000
LOCAL_SECONDS: Final = 5.0  # for which a process reuses what it read from Redis
FOLDER: Final = "signed-out"
_KEY: Final = "ended:"


class RevokedSessions:
    """Times at which names were revoked; a name is short and fit for a file."""

    def __init__(
        self,
        folder: Path,
        cache: CacheStore | None = None,
        *,
        seconds: float,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Store each name for `seconds`, the longest time for which a session is valid."""
        self._folder = folder
        self._cache = cache
        self._seconds = seconds
        self._clock = clock
        self._pending: cachetools.TTLCache[str, float] = cachetools.TTLCache(
            MAX_PENDING, seconds, clock
        )
        self._lock = threading.Lock()

    @classmethod
    def from_settings(cls, settings: Settings, cache: CacheStore) -> RevokedSessions:
        """Return the store that the settings choose: with Redis where the cache is one."""
        seconds = settings.session_hours * 3600
        shared = cache if cache.client is not None else None
        return cls(settings.data / FOLDER, shared, seconds=seconds)

    def revoke(self, names: Iterable[str]) -> None:
        """Store that all of these are revoked now."""
        now = self._clock()
        for name in names:
            if not self._store(name, now):
                log.warning("a sign-out is known to this process alone until it can be stored")
                with self._lock:
                    self._pending[name] = now

    def is_revoked(self, names: Iterable[str], *, since: float) -> bool:
        """Return whether one of these was revoked at `since` or later (as of `time.time`)."""
        with self._lock:
            pending = dict(self._pending)
        for name, when in pending.items():
            if not self._store(name, when):
                break
            with self._lock:
                self._pending.pop(name, None)
        return any(
            max(pending.get(name, 0.0), self._from_file(name), self._from_redis(name)) >= since
            for name in names
        )

    def _store(self, name: str, when: float) -> bool:
        """Store one name; return False where it has to be stored again later."""
        is_stored = True
        try:
            self._write(name, when)
        except OSError as error:
            log.warning("a sign-out cannot be written to AKIN_DATA: %s", error)
            is_stored = self._cache is not None
        if self._cache is not None:
            content = repr(when).encode()
            is_stored &= self._cache.put(_KEY + name, content, seconds=self._seconds + 1)
        return is_stored

    def _write(self, name: str, when: float) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for old in self._folder.iterdir():
            if old.stat().st_mtime < when - self._seconds:
                old.unlink(missing_ok=True)
        (self._folder / name).touch()
        os.utime(self._folder / name, (when, when))

    def _from_file(self, name: str) -> float:
        try:
            return (self._folder / name).stat().st_mtime
        except OSError:  # nearly always: there is none
            return 0.0

    def _from_redis(self, name: str) -> float:
        if self._cache is None:
            return 0.0
        key = _KEY + name
        content = self._cache.get_local(key)
        if content is None:
            content = self._cache.get_shared(key) or b"0"
            self._cache.put_local(key, content, seconds=LOCAL_SECONDS)
        try:
            return float(content)
        except ValueError:
            return 0.0

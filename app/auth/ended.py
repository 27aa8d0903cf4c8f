"""Sign-ins that the provider has ended: kept where all workers see them, as long as one may last.

In Redis where the cache is there, else as empty files in the data folder, whose time is that of the
end; in this process besides, for the time in which neither can be used. Knows digests and moments;
nothing of whose they are.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from typing import TYPE_CHECKING, Final

import cachetools
import redis

from app.breaker import Breaker

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from config import Settings

log = logging.getLogger(__name__)

MOST: Final = 10_000  # ends that a process remembers by itself
NEAR_SECONDS: Final = 5.0  # for which it believes what Redis said
FOLDER: Final = "signed-out"
_PREFIX: Final = "akin:ended:"
_REDIS: Final = ("redis://", "rediss://")


class Ended:
    """When what ended: `names` are short and fit for a file, moments are of `time.time`."""

    def __init__(
        self,
        folder: Path,
        *,
        seconds: float,
        client: redis.Redis | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Remember for `seconds`: no sign-in lasts longer."""
        self._folder = folder
        self._seconds = seconds
        self._redis = client
        self._clock = clock
        self._own: cachetools.TTLCache[str, float] = cachetools.TTLCache(MOST, seconds, clock)
        self._near: cachetools.TTLCache[str, float] = cachetools.TTLCache(MOST, NEAR_SECONDS, clock)
        self._guard = threading.Lock()
        self._breaker = Breaker(failures=1, longest=10.0)

    @classmethod
    def of(cls, settings: Settings) -> Ended:
        """Where the settings keep what workers share."""
        client = None
        if settings.cache_url.startswith(_REDIS):
            client = redis.Redis.from_url(
                settings.cache_url, socket_connect_timeout=0.25, socket_timeout=0.5
            )
        seconds = settings.session_hours * 3600
        return cls(settings.data / FOLDER, seconds=seconds, client=client)

    def end(self, names: Iterable[str]) -> None:
        """Write down that all of these end now."""
        now = self._clock()
        for name in names:
            with self._guard:
                self._own[name] = now
                self._near.pop(name, None)
            try:
                self._share(name, now)
            except (OSError, redis.RedisError) as error:
                log.warning(
                    "a sign-out is known to this worker alone: %s: %s", type(error).__name__, error
                )

    def has_ended(self, names: Iterable[str], since: float) -> bool:
        """Tell whether one of these ended at `since` or later."""
        return any(self._when(name) >= since for name in names)

    def _when(self, name: str) -> float:
        with self._guard:
            own = self._own.get(name, 0.0)
        return max(own, self._from_redis(name) if self._redis else self._from_file(name))

    def _share(self, name: str, now: float) -> None:
        if self._redis:
            self._redis.set(_PREFIX + name, repr(now), ex=int(self._seconds) + 1)
            return
        self._folder.mkdir(parents=True, exist_ok=True)
        for old in self._folder.iterdir():
            if old.stat().st_mtime < now - self._seconds:
                old.unlink(missing_ok=True)
        (self._folder / name).touch()
        os.utime(self._folder / name, (now, now))

    def _from_file(self, name: str) -> float:
        try:
            return (self._folder / name).stat().st_mtime
        except OSError:  # nearly always there is none
            return 0.0

    def _from_redis(self, name: str) -> float:
        with self._guard:
            if (near := self._near.get(name)) is not None:
                return near
        if self._redis is None or self._breaker.wait():
            return 0.0
        try:
            said = self._redis.get(_PREFIX + name)
            when = float(said) if isinstance(said, bytes | str) else 0.0
        except (OSError, redis.RedisError, ValueError) as error:
            self._breaker.failed()
            log.warning("sign-outs by the provider cannot be read: %s", type(error).__name__)
            return 0.0
        self._breaker.succeeded()
        with self._guard:
            self._near[name] = when
        return when

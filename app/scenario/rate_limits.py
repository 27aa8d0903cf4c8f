"""Limits on calls of the Scenario API: calls per minute, outages, and pauses.

The calls per minute are counted for all workers together: in Redis where the cache is there, else
in a file of the data folder that the workers of one machine share, and while neither can be used,
in this process. Near the limit optional calls are refused first.
"""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Final

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage, RedisStorage
from limits.strategies import SlidingWindowCounterRateLimiter

from app.errors import OptionalCallRefused, QuotaExceeded, UpstreamDown
from app.network.circuit_breaker import CircuitBreaker
from app.scenario.retry import RetryBudget
from app.storage.file_counters import FileStorage

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import redis
    from limits.storage import Storage

    from app.errors import UpstreamError

log = logging.getLogger(__name__)

NEAR: Final = 0.8  # of the limit: from here on optional calls are refused
LONGEST_PAUSE: Final = 600.0  # seconds: a longer Retry-After is not trusted


def shared_storage(
    client: redis.Redis | None, path: Path, clock: Callable[[], float] = time.time
) -> Storage:
    """The storage that most workers share: Redis where there is one, else a file."""
    if client is None:
        return FileStorage(path, clock)
    return RedisStorage("redis://", connection_pool=client.connection_pool, key_prefix="akin:calls")


class RateLimit:
    """At most so many calls a minute; 0: no limit."""

    def __init__(self, per_minute: int, storage: Storage, scope: str = "") -> None:
        """Count in `storage`; in this process while that cannot be used.

        `scope` is the digest of the key whose calls are counted.
        """
        self.per_minute = per_minute
        self._scope = scope
        self._item = RateLimitItemPerMinute(per_minute)
        self._shared = SlidingWindowCounterRateLimiter(storage)
        self._own = SlidingWindowCounterRateLimiter(MemoryStorage())
        # A Redis that is down costs one time-out now and then, not one for each call.
        self._breaker = CircuitBreaker(failures=1, longest=10.0)

    def take(self, *, is_optional: bool) -> None:
        """Count one call. Raises OptionalCallRefused near the limit and QuotaExceeded at it."""
        if not self.per_minute:
            return
        wait = self._wait(is_optional=is_optional)
        if wait is None:
            return
        if is_optional:
            raise OptionalCallRefused(wait)
        error = QuotaExceeded(
            f"This server asks the library at most {self.per_minute} times a minute."
        )
        error.retry_after = wait
        raise error

    def _wait(self, *, is_optional: bool) -> float | None:
        """Count one call where there is room, else return the seconds until there may be some."""
        if not self._breaker.wait():
            try:
                wait = self._counted(self._shared, is_optional=is_optional)
            except Exception as error:  # noqa: BLE001 - Redis or a file, whatever they raise
                # Without any count the quota would be spent, and without calls every page fails.
                self._breaker.failed()
                log.warning("calls are counted by process: %s: %s", type(error).__name__, error)
            else:
                self._breaker.succeeded()
                return wait
        return self._counted(self._own, is_optional=is_optional)

    def _counted(
        self, limiter: SlidingWindowCounterRateLimiter, *, is_optional: bool
    ) -> float | None:
        has_room = True
        if is_optional:
            left = limiter.get_window_stats(self._item, self._scope).remaining
            has_room = left - 1 >= self.per_minute * (1 - NEAR)
        if has_room and limiter.hit(self._item, self._scope):
            return None
        return max(limiter.get_window_stats(self._item, self._scope).reset_time - time.time(), 1.0)


class AdmissionControl:
    """Decides which calls are sent, by the outcome of earlier ones.

    Calls are of families ("search", "assets", "tags", ...): the API has a quota for each, so a
    pause that it requests is one of that family, while an outage concerns all calls.
    """

    def __init__(
        self,
        limit: RateLimit | None = None,
        breaker: CircuitBreaker | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Without a limit only outages and pauses keep a call from being sent."""
        self._limit = limit
        self._breaker = breaker or CircuitBreaker()
        self._retries = RetryBudget()
        self._clock = clock
        self._pauses: dict[str, tuple[float, UpstreamError]] = {}  # until when, and why

    @property
    def is_open(self) -> bool:
        """False while no calls are sent because the API failed repeatedly."""
        return not self._breaker.is_open

    def enter(self, family: str, *, is_optional: bool = False) -> None:
        """Admit a new call. Raises UpstreamDown, QuotaExceeded or OptionalCallRefused."""
        self._check_pause(family)
        if wait := self._breaker.wait():
            error = UpstreamDown("It has failed several times in a row and is given a moment.")
            error.retry_after = wait
            raise error
        try:
            self._count(is_optional=is_optional)
        except (QuotaExceeded, OptionalCallRefused):
            self._breaker.cancelled()
            raise
        self._retries.earn()

    def may_retry(self, *, is_optional: bool = False) -> bool:
        """Count a retry and return True, or return False where it must not be sent."""
        if not self._retries.spend():
            return False
        try:
            self._count(is_optional=is_optional)
        except (QuotaExceeded, OptionalCallRefused):
            return False
        return True

    def succeeded(self) -> None:
        """Record that the API responded, with success or a refusal."""
        self._breaker.succeeded()

    def failed(self) -> None:
        """Record that no response came, or an invalid one."""
        self._breaker.failed()

    def pause(self, family: str, seconds: float, reason: UpstreamError) -> None:
        """Refuse the calls of a family for a while, with the error of the API's response."""
        self._pauses[family] = (self._clock() + min(seconds, LONGEST_PAUSE), reason)

    def _check_pause(self, family: str) -> None:
        until, reason = self._pauses.get(family, (0.0, None))
        left = until - self._clock()
        if reason is None or left <= 0:
            return
        error = type(reason)(reason.message)
        error.retry_after = left
        raise error

    def _count(self, *, is_optional: bool) -> None:
        if self._limit is not None:
            self._limit.take(is_optional=is_optional)

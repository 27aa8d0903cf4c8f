"""Counting wrong passwords: more and more of them have to wait longer and longer.

Counts by name and place together, so that nobody can lock somebody else out, by place alone, and
by name alone with room for a forgetful user. Kept in memory, or in Redis for all machines; while
Redis is away each worker counts for itself.
"""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Final, TypeVar

from limits import parse_many
from limits.errors import StorageError
from limits.storage import storage_from_string
from limits.strategies import FixedWindowRateLimiter

from app.errors import TooManyAttempts

log = logging.getLogger(__name__)

if TYPE_CHECKING:
    from collections.abc import Callable

    from limits import RateLimitItem

    Counter = tuple[RateLimitItem, tuple[str, ...]]

T = TypeVar("T")
MEMORY: Final = "memory://"

_PAIR: Final = parse_many("4/10 seconds;10/5 minutes;30/hour")
_PLACE: Final = parse_many("30/minute;150/hour")
_NAME: Final = parse_many("60/hour")


class Attempts:
    """The wrong passwords of late, by name and place."""

    def __init__(self, storage: str = MEMORY) -> None:
        """Count in `storage`, an address as the `limits` package has them."""
        own = FixedWindowRateLimiter(storage_from_string(MEMORY))
        shared = storage_from_string(storage, wrap_exceptions=True) if storage != MEMORY else None
        self._limiters = [*([FixedWindowRateLimiter(shared)] if shared else []), own]

    def admit(self, name: str, place: str) -> None:
        """Raise TooManyAttempts where the next attempt has to wait."""
        wait = self._with_limiter(lambda limiter: _wait(limiter, _counters(name, place)))
        if wait:
            raise TooManyAttempts(f"Wait {_in_words(wait)} before the next one.", retry_after=wait)

    def failed(self, name: str, place: str) -> None:
        """Count a wrong password."""

        def count(limiter: FixedWindowRateLimiter) -> None:
            for limit, key in _counters(name, place):
                limiter.hit(limit, *key)

        self._with_limiter(count)

    def _with_limiter(self, do: Callable[[FixedWindowRateLimiter], T]) -> T:
        *shared, own = self._limiters
        for limiter in shared:
            try:
                return do(limiter)
            except StorageError:
                log.warning("sign-in attempts are counted by this worker alone: no Redis")
        return do(own)


def _counters(name: str, place: str) -> list[Counter]:
    name = name.casefold()[:64]
    return [
        *((limit, ("pair", name, place)) for limit in _PAIR),
        *((limit, ("place", place)) for limit in _PLACE),
        *((limit, ("name", name)) for limit in _NAME),
    ]


def _wait(limiter: FixedWindowRateLimiter, counters: list[Counter]) -> float:
    """Seconds until every counter has room again; 0 where all have."""
    ends = [
        limiter.get_window_stats(limit, *key).reset_time
        for limit, key in counters
        if not limiter.test(limit, *key)
    ]
    return max(1.0, max(ends) - time.time()) if ends else 0.0


def _in_words(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} seconds" if round(seconds) != 1 else "a second"
    return f"{seconds / 60:.0f} minutes"

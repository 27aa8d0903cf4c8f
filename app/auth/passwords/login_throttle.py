"""Login throttle: limits on sign-in attempts by browser, name and network.

A browser that signed in under a name before (`known_browsers`) has a counter of its own, so that
the failed attempts of others cannot lock it out. Every other attempt counts for its name, for
its network, and for the two together. An attempt is counted before its password is checked and
taken back when the password was right, so parallel attempts cannot pass the limits.

Counters are stored in memory, or in Redis for all machines; while Redis is unavailable each worker
process counts for itself.
"""

from __future__ import annotations

import ipaddress
import logging
import threading
import time
from typing import TYPE_CHECKING, Final, TypeVar

from limits import parse_many
from limits.errors import StorageError
from limits.storage import storage_from_string
from limits.strategies import FixedWindowRateLimiter

from app.errors import TooManyAttempts
from app.storage import cache

log = logging.getLogger(__name__)

if TYPE_CHECKING:
    from collections.abc import Callable

    from limits import RateLimitItem

    Counter = tuple[RateLimitItem, tuple[str, ...]]

T = TypeVar("T")
MEMORY: Final = "memory://"

_BROWSER: Final = parse_many("4/10 seconds;10/5 minutes;30/hour")
_PAIR: Final = _BROWSER
_NETWORK: Final = parse_many("30/minute;150/hour")
_SITE: Final = parse_many("300/hour")
_NAME: Final = parse_many("60/hour")
_NETWORK_BITS: Final = 64  # of an IPv6 address: one subscriber has at least as many addresses
_SITE_BITS: Final = 48  # what a provider gives to one customer at most, as a rule


class LoginThrottle:
    """Counters of sign-in attempts, without those whose password was right."""

    def __init__(self, storage: str = MEMORY) -> None:
        """Count in `storage`, a storage URI of the `limits` package."""
        self._own = FixedWindowRateLimiter(storage_from_string(MEMORY))
        self._own_lock = threading.Lock()  # the memory storage loses counts of parallel hits
        self._shared = (
            FixedWindowRateLimiter(
                storage_from_string(
                    storage,
                    wrap_exceptions=True,
                    socket_timeout=cache.RESPONSE_SECONDS,
                    socket_connect_timeout=cache.CONNECT_SECONDS,
                )
            )
            if storage != MEMORY
            else None
        )

    def count(self, name: str, address: str, browser: str = "") -> None:
        """Count an attempt; raise TooManyAttempts, and do not count it, where one must wait.

        `browser` is the id of a browser known for this name, else empty.
        """
        counters = _counters(name, address, browser)
        if wait := self._with_limiter(lambda limiter: _hit(limiter, counters)):
            raise TooManyAttempts(f"Wait {_in_words(wait)} before the next one.", retry_after=wait)

    def uncount(self, name: str, address: str, browser: str = "") -> None:
        """Take back the attempt that `count` has counted: its password was right."""
        counters = _counters(name, address, browser)
        self._with_limiter(lambda limiter: _take_back(limiter, counters))

    def _with_limiter(self, use: Callable[[FixedWindowRateLimiter], T]) -> T:
        if self._shared:
            try:
                return use(self._shared)
            except StorageError:
                log.warning("sign-in attempts are counted by this process alone: no Redis")
        with self._own_lock:
            return use(self._own)


def _counters(name: str, address: str, browser: str) -> list[Counter]:
    name = name.casefold()[:64]
    if browser:
        return [(limit, ("browser", name, browser)) for limit in _BROWSER]
    network, site = _networks(address)
    return [
        *((limit, ("pair", name, network)) for limit in _PAIR),
        *((limit, ("network", network)) for limit in _NETWORK),
        *((limit, ("site", site)) for limit in _SITE if site),
        *((limit, ("name", name)) for limit in _NAME),
    ]


def _networks(address: str) -> tuple[str, str]:
    """Return the network that an address counts for, and with IPv6 the larger one around it."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address, ""
    if isinstance(parsed, ipaddress.IPv4Address):
        return str(parsed), ""
    if parsed.ipv4_mapped:
        return str(parsed.ipv4_mapped), ""
    network, site = (
        str(ipaddress.ip_network((int(parsed), bits), strict=False))
        for bits in (_NETWORK_BITS, _SITE_BITS)
    )
    return network, site


def _hit(limiter: FixedWindowRateLimiter, counters: list[Counter]) -> float:
    """Count in every counter and return 0; where one is full, in none, and return the seconds.

    The first full counter ends it: an attempt that is refused by one counter and counted by the
    others for a moment would make them refuse a parallel attempt that they should let through.
    """
    for position, (limit, key) in enumerate(counters):
        if not limiter.hit(limit, *key):
            _take_back(limiter, counters[: position + 1])
            windows = [limiter.get_window_stats(item, *other) for item, other in counters]
            ends = [window.reset_time for window in windows if window.remaining <= 0]
            return max(1.0, max(ends, default=windows[position].reset_time) - time.time())
    return 0.0


def _take_back(limiter: FixedWindowRateLimiter, counters: list[Counter]) -> None:
    for limit, key in counters:
        limiter.hit(limit, *key, cost=-1)


def _in_words(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} seconds" if round(seconds) != 1 else "a second"
    return f"{seconds / 60:.0f} minutes"

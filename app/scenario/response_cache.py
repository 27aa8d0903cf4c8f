"""Response cache for the Scenario API: fresh, stale-while-revalidate, stale-if-error.

A response is fresh for a while, and longer each time a renewal finds it unchanged. After that it is
returned at once and renewed in the background, later it is fetched again, and it is used, with a
notice, when the API fails. An entry never outlives the signed URLs in it, and none is used after
the API has refused the key that fetched it. Concurrent identical requests are coalesced, in one
process and, with Redis, among all processes.

Knows when responses were fetched, not what their bytes mean.
"""

from __future__ import annotations

import copy
import hashlib
import logging
import struct
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import cachetools

from app.errors import AkinError, OptionalCallRefused, UpstreamError, UpstreamTimeout
from app.scenario.request_budget import RequestBudget
from app.telemetry import events

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.storage.cache import CacheStore
    from app.telemetry.events import Source

log = logging.getLogger(__name__)

MOST_BYTES: Final = 4 * 1024 * 1024  # a larger response is returned and not stored
RENEWAL_PERIODS: Final = 10  # times AKIN_CACHE_SECONDS: how long a stale response is renewed
MOST_DOUBLINGS: Final = 4  # of the lifetime of a response that does not change
EXPIRY_MARGIN: Final = 60.0  # seconds that a signed URL must still be valid for
RENEWAL_THREADS: Final = 4
MOST_RENEWALS: Final = 64  # that wait for a thread; further ones are left to the next request
FAILURE_SECONDS: Final = 10.0  # until a renewal that failed is tried again
FRESH_SECONDS: Final = 5.0  # a younger response is new enough for a request that wants a fresh one
_HEAD: Final = struct.Struct("<5sddddB16s")
_MAGIC: Final = b"akin3"


@dataclass(frozen=True, slots=True)
class CachedResponse:
    """The body of a response and its times, in seconds since 1970."""

    body: bytes
    fetched: float  # when it was requested: it shows what was written before
    fresh: float  # until then it is returned as it is
    renew: float  # until then it is returned while it is renewed in the background
    expires: float  # until then it is returned if the API fails
    doublings: int
    digest: bytes

    @staticmethod
    def digest_of(body: bytes) -> bytes:
        """Digest of a body; SHA-256, since processors have instructions for it."""
        return hashlib.sha256(body).digest()[:16]

    def pack(self) -> bytes:
        """Return the entry as bytes for `unpack`."""
        times = (self.fetched, self.fresh, self.renew, self.expires)
        return _HEAD.pack(_MAGIC, *times, self.doublings, self.digest) + self.body

    @classmethod
    def unpack(cls, packed: bytes | None, *, is_trusted: bool = False) -> CachedResponse | None:
        """Return the entry that `pack` wrote; None for anything else.

        The digest of the body is checked, unless `is_trusted`: stored in this process.
        """
        if packed is None or len(packed) < _HEAD.size:
            return None
        magic, fetched, fresh, renew, expires, doublings, digest = _HEAD.unpack_from(packed)
        body = packed[_HEAD.size :]
        if magic != _MAGIC or not (is_trusted or digest == cls.digest_of(body)):
            log.warning("the cache contains an entry that is not a response")
            return None
        return cls(body, fetched, fresh, renew, expires, doublings, digest)


@dataclass(frozen=True, slots=True)
class CacheKey:
    """A request to cache: its key, how to fetch its response, and how long that lives."""

    key: str
    fetch: Callable[[RequestBudget], bytes]  # raises UpstreamError; returns a valid body only
    expiry: Callable[[bytes], float | None]  # when the first signed URL in a body expires
    lifetime: float = 1.0  # times AKIN_CACHE_SECONDS


class ResponseCache:
    """Cache of response bodies by request, with renewal in the background."""

    def __init__(
        self,
        store: CacheStore,
        *,
        seconds: float,
        stale_seconds: float = 86400.0,
        call_seconds: float = 10.0,
        refused: Callable[[], float] = lambda: 0.0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Responses are fresh for `seconds` (0: not stored) and usable for `stale_seconds`.

        `call_seconds` is the longest time that a fetch takes. `refused` returns when the API last
        refused the key: no response from before is used any more.
        """
        self._store = store
        self._seconds = seconds
        self._stale_seconds = stale_seconds
        self._call_seconds = call_seconds
        self._refused = refused
        self._clock = clock
        self._fetching: dict[str, Future[CachedResponse]] = {}
        self._guard = threading.Lock()
        self._pool = ThreadPoolExecutor(RENEWAL_THREADS, thread_name_prefix="renewing")
        self._renewing: set[str] = set()
        self._failures: cachetools.TTLCache[str, UpstreamError] = cachetools.TTLCache(
            1000, FAILURE_SECONDS, timer=clock
        )

    def get(self, key: CacheKey, budget: RequestBudget) -> CachedResponse:
        """Return the stored response, else fetch and store it. Raises what `key.fetch` raises."""
        entry, now = self._stored(key.key), self._clock()
        is_too_old = entry is not None and _is_too_old(entry, budget, now)
        if entry and not is_too_old and now < entry.fresh:
            return _used(budget, entry, "cache")
        if entry and not is_too_old and now < entry.renew:
            if (failure := self._failure(key.key)) is not None:
                budget.responses.add_stale(now - entry.fetched, failure)
            elif not budget.is_optional:
                self._start_renewal(key)
            return _used(budget, entry, "stale")
        try:
            return _used(budget, *self._fetch_once(key, budget))
        except UpstreamError as error:
            if entry is None or not error.allows_stale or self._clock() >= entry.expires:
                raise
            budget.responses.add_stale(now - entry.fetched, error)
            return _used(budget, entry, "stale")

    @property
    def renewals(self) -> int:
        """Number of renewals that are in progress or wait for a thread."""
        return len(self._renewing)

    def close(self) -> None:
        """Wait for the renewals in progress, and start no others."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _stored(self, key: str) -> CachedResponse | None:
        """The newest usable entry of this process and of the shared store."""
        if not self._seconds:
            return None
        now = self._clock()
        entry = CachedResponse.unpack(self._store.get_local(key), is_trusted=True)
        if (entry is None or now >= entry.fresh) and self._store.is_shared:
            packed = self._store.get_shared(key)
            shared = CachedResponse.unpack(packed)
            if packed and shared and (entry is None or shared.fetched > entry.fetched):
                entry = shared
                self._store.put_local(key, packed, seconds=shared.expires - now)
        is_usable = entry and now < entry.expires and entry.fetched > self._refused()
        return entry if is_usable else None

    def _fetch_once(self, key: CacheKey, budget: RequestBudget) -> tuple[CachedResponse, Source]:
        """Fetch a response, or wait for the thread that fetches it; and which of the two."""
        while True:
            with self._guard:
                fetching = self._fetching.get(key.key)
                is_first = fetching is None
                if fetching is None:
                    fetching = self._fetching[key.key] = Future()
            if is_first:
                return self._fetch_for_all(key, fetching, budget), "upstream"
            try:
                left = max(budget.left, 0.0) if budget.deadline < float("inf") else None
                with events.waiting_for_call():
                    entry = fetching.result(left)
                if entry.fetched > budget.newer_than:
                    return entry, "shared"
                # It was requested before the reader wrote something.
            except TimeoutError:
                raise UpstreamTimeout("The page had no time left to wait.") from None
            except OptionalCallRefused:
                if budget.is_optional:
                    raise
                # The thread that fetched it had an optional call; this one has not.
            except AkinError as error:
                # A copy: an exception that many threads raise would collect all their frames.
                raise copy.copy(error) from error

    def _fetch_for_all(
        self, key: CacheKey, fetching: Future[CachedResponse], budget: RequestBudget
    ) -> CachedResponse:
        try:
            entry = self._fetch(key, budget)
        except BaseException as error:
            fetching.set_exception(error)
            raise
        else:
            fetching.set_result(entry)
            return entry
        finally:
            with self._guard:
                del self._fetching[key.key]

    def _fetch(self, key: CacheKey, budget: RequestBudget) -> CachedResponse:
        """Fetch and store a response, while no other process fetches the same."""
        until = min(budget.deadline, time.monotonic() + self._call_seconds)
        seconds = self._call_seconds + 1
        with self._store.exclusive(key.key, most_seconds=seconds, until=until) as has_waited:
            stored = self._stored(key.key) if has_waited else None
            if stored and self._clock() < stored.fresh and stored.fetched > budget.newer_than:
                return stored
            requested = self._clock()
            body = key.fetch(budget)
            entry = self._entry(key, body, stored or self._stored(key.key), requested)
            with self._guard:
                self._failures.pop(key.key, None)
            if self._seconds and len(body) <= MOST_BYTES:
                self._store.put(key.key, entry.pack(), seconds=entry.expires - self._clock())
            return entry

    def _entry(
        self, key: CacheKey, body: bytes, previous: CachedResponse | None, requested: float
    ) -> CachedResponse:
        now, digest = self._clock(), CachedResponse.digest_of(body)
        expires = now + self._stale_seconds
        if (first := key.expiry(body)) is not None:
            expires = min(expires, first - EXPIRY_MARGIN)
        is_same = previous is not None and previous.digest == digest
        doublings = min(previous.doublings + 1, MOST_DOUBLINGS) if previous and is_same else 0
        seconds = self._seconds * key.lifetime * 2**doublings
        return CachedResponse(
            body,
            fetched=requested,
            fresh=min(now + seconds, expires),
            renew=min(now + seconds + self._seconds * RENEWAL_PERIODS, expires),
            expires=expires,
            doublings=doublings,
            digest=digest,
        )

    def _failure(self, key: str) -> UpstreamError | None:
        with self._guard:
            return self._failures.get(key)

    def _start_renewal(self, key: CacheKey) -> None:
        """Fetch a response in the background, unless that is in progress already."""
        with self._guard:
            if key.key in self._renewing or len(self._renewing) >= MOST_RENEWALS:
                return
            self._renewing.add(key.key)
        try:
            self._pool.submit(self._renew, key)
        except RuntimeError:  # the process is ending
            self._renewing.discard(key.key)

    def _renew(self, key: CacheKey) -> None:
        try:
            self._fetch_once(key, RequestBudget.lasting(self._call_seconds))
        except UpstreamError as error:
            log.info("a response could not be renewed: %s: %s", error.code, error.message)
            if error.allows_stale:
                with self._guard:
                    self._failures[key.key] = error
        except Exception:
            # No caller above this thread could report it.
            log.exception("a response could not be renewed")
        finally:
            with self._guard:
                self._renewing.discard(key.key)


def _is_too_old(entry: CachedResponse, budget: RequestBudget, now: float) -> bool:
    """Return whether a request does not accept an entry as long as the API responds."""
    if entry.fetched <= budget.newer_than:
        return True
    return budget.wants_fresh and now >= entry.fetched + FRESH_SECONDS


def _used(budget: RequestBudget, entry: CachedResponse, source: Source) -> CachedResponse:
    events.record_source(source)
    budget.responses.add(entry.digest)
    return entry

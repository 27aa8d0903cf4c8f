"""The API's answers, kept as bytes: each one kept is a search not paid for.

An answer is fresh for a while, longer each time a renewal finds it unchanged; after that it is
shown at once and renewed in the background; when that is over it is asked for, and stands in,
with a notice, when the API cannot answer. It is never shown past the end of the signed URLs in
it. Whoever asks for the same at the same time gets the same answer, asked for once.

Knows when things were fetched, and nothing of what the bytes mean.
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

from app import observing, visits
from app.errors import AkinError, PrefetchSpared, UpstreamError, UpstreamTimeout
from app.visits import Visit

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.observing import Source
    from app.shelves import Shelf

log = logging.getLogger(__name__)

MOST_KEPT: Final = 4 * 1024 * 1024  # bytes; a larger answer is passed on and not kept
PATIENCE: Final = 10  # times AKIN_CACHE_SECONDS: so long is an answer shown while it is renewed
MOST_DOUBLINGS: Final = 4  # of the freshness of what does not change
MARGIN: Final = 60.0  # seconds that a signed URL must still be good for
RENEWERS: Final = 4  # threads
MOST_RENEWALS: Final = 64  # that may wait for a thread; more are left to the next visitor
TROUBLE_SECONDS: Final = 10.0  # so long is a renewal that failed not tried again
NEW_AFTER: Final = 5.0  # seconds; what is younger is new enough for those who reload
_HEAD: Final = struct.Struct("<5sddddB16s")
_MAGIC: Final = b"akin3"


@dataclass(frozen=True, slots=True)
class Entry:
    """An answer and its times, in seconds since 1970."""

    body: bytes
    asked: float  # when it came
    fresh: float  # until
    renew: float  # until then it is shown while it is renewed
    ends: float  # until then it may stand in for an answer that cannot be had
    doublings: int
    digest: bytes

    @staticmethod
    def digest_of(body: bytes) -> bytes:
        """Equal for equal bodies. Processors have SHA-256 built in: no other hash is as fast."""
        return hashlib.sha256(body).digest()[:16]

    def packed(self) -> bytes:
        """One string of bytes, which `unpacked` reads."""
        times = (self.asked, self.fresh, self.renew, self.ends)
        return _HEAD.pack(_MAGIC, *times, self.doublings, self.digest) + self.body

    @classmethod
    def unpacked(cls, packed: bytes | None, *, is_own: bool = False) -> Entry | None:
        """Read what `packed` wrote; None for anything else, or where a byte of it has changed.

        What is this process's own and has never left it `is_own`: it is believed.
        """
        if packed is None or len(packed) < _HEAD.size:
            return None
        magic, asked, fresh, renew, ends, doublings, digest = _HEAD.unpack_from(packed)
        body = packed[_HEAD.size :]
        if magic != _MAGIC or not (is_own or digest == cls.digest_of(body)):
            log.warning("the cache held something else than an answer")
            return None
        return cls(body, asked, fresh, renew, ends, doublings, digest)


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked, and how long its answer is good for."""

    key: str
    ask: Callable[[], bytes]  # raises UpstreamError; answers only what can be used
    ends: Callable[[bytes], float | None]  # when the first URL in an answer ends
    lasts: float = 1.0  # times the usual freshness


class Answers:
    """Asks once for callers who want the same at the same time, and keeps what came."""

    def __init__(
        self,
        shelf: Shelf,
        *,
        seconds: float,
        stale_seconds: float = 86400.0,
        call_seconds: float = 10.0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Answers are fresh for `seconds` (0: none is kept) and stand in for `stale_seconds`.

        `call_seconds` is the longest that asking takes.
        """
        self._shelf = shelf
        self._seconds = seconds
        self._stale = stale_seconds
        self._call_seconds = call_seconds
        self._clock = clock
        self._flights: dict[str, Future[Entry]] = {}
        self._guard = threading.Lock()
        self._pool = ThreadPoolExecutor(RENEWERS, thread_name_prefix="renewing")
        self._renewing: set[str] = set()
        self._trouble: cachetools.TTLCache[str, UpstreamError] = cachetools.TTLCache(
            1000, TROUBLE_SECONDS, timer=clock
        )

    def get(self, question: Question) -> Entry:
        """Answer what is kept, else ask and keep it. Raises what `question.ask` raises."""
        visit = visits.current()
        entry, now = self._kept(question.key), self._clock()
        is_shown = not (entry and visit.wants_new and now >= entry.asked + NEW_AFTER)
        if entry and is_shown and now < entry.fresh:
            return _serve(visit, entry, "cache")
        if entry and is_shown and now < entry.renew:
            if (trouble := self._troubled(question.key)) is not None:
                visit.excused(now - entry.asked, trouble)
            else:
                self._renew_later(question, visit)
            return _serve(visit, entry, "stale")
        try:
            return _serve(visit, *self._together(question, visit))
        except UpstreamError as error:
            if entry is None or not error.allows_stale or self._clock() >= entry.ends:
                raise
            visit.excused(now - entry.asked, error)
            return _serve(visit, entry, "stale")

    @property
    def waiting(self) -> int:
        """How many renewals are going on or wait for a thread."""
        return len(self._renewing)

    def close(self) -> None:
        """Begin no renewal any more."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _kept(self, key: str) -> Entry | None:
        """The youngest of what is kept near and far, if it has not ended."""
        if not self._seconds:
            return None
        now = self._clock()
        entry = Entry.unpacked(self._shelf.near(key), is_own=True)
        if (entry is None or now >= entry.fresh) and self._shelf.is_shared:
            packed = self._shelf.far(key)
            far = Entry.unpacked(packed)
            if packed and far and (entry is None or far.asked > entry.asked):
                entry = far
                self._shelf.put_near(key, packed, seconds=far.ends - now)
        return entry if entry and now < entry.ends else None

    def _together(self, question: Question, visit: Visit) -> tuple[Entry, Source]:
        """Ask, or wait for who is asking already; the source says which."""
        while True:
            with self._guard:
                flight = self._flights.get(question.key)
                leads = flight is None
                if flight is None:
                    flight = self._flights[question.key] = Future()
            if leads:
                return self._lead(question, flight, visit), "upstream"
            try:
                left = max(visit.left, 0.0) if visit.deadline < float("inf") else None
                with observing.waiting():
                    return flight.result(left), "shared"
            except TimeoutError:
                raise UpstreamTimeout("The page had no time left to wait.") from None
            except PrefetchSpared:
                if visit.is_prefetch:
                    raise
            except AkinError as error:
                # A copy: one exception raised in many threads would collect all their frames.
                raise copy.copy(error) from error

    def _lead(self, question: Question, flight: Future[Entry], visit: Visit) -> Entry:
        try:
            entry = self._asked(question, visit)
        except BaseException as error:
            flight.set_exception(error)
            raise
        else:
            flight.set_result(entry)
            return entry
        finally:
            with self._guard:
                del self._flights[question.key]

    def _asked(self, question: Question, visit: Visit) -> Entry:
        """Ask while no other process asks the same, and keep the answer."""
        until = min(visit.deadline, time.monotonic() + self._call_seconds)
        seconds = self._call_seconds + 1
        with self._shelf.alone(question.key, most_seconds=seconds, until=until) as waited:
            known = self._kept(question.key) if waited else None
            if known and self._clock() < known.fresh:
                return known
            body = question.ask()
            entry = self._entry(question, body, known or self._kept(question.key))
            with self._guard:
                self._trouble.pop(question.key, None)
            if self._seconds and len(body) <= MOST_KEPT:
                seconds = entry.ends - self._clock()
                self._shelf.put(question.key, entry.packed(), seconds=seconds)
            return entry

    def _entry(self, question: Question, body: bytes, before: Entry | None) -> Entry:
        now, digest = self._clock(), Entry.digest_of(body)
        ends = now + self._stale
        if (first := question.ends(body)) is not None:
            ends = min(ends, first - MARGIN)
        is_same = before is not None and before.digest == digest
        doublings = min(before.doublings + 1, MOST_DOUBLINGS) if before and is_same else 0
        seconds = self._seconds * question.lasts * 2**doublings
        return Entry(
            body,
            asked=now,
            fresh=min(now + seconds, ends),
            renew=min(now + seconds + self._seconds * PATIENCE, ends),
            ends=ends,
            doublings=doublings,
            digest=digest,
        )

    def _troubled(self, key: str) -> UpstreamError | None:
        with self._guard:
            return self._trouble.get(key)

    def _renew_later(self, question: Question, visit: Visit) -> None:
        """Ask again in the background, unless somebody does already or nobody has clicked."""
        if visit.is_prefetch:
            return
        with self._guard:
            if question.key in self._renewing or len(self._renewing) >= MOST_RENEWALS:
                return
            self._renewing.add(question.key)
        try:
            self._pool.submit(self._renew, question)
        except RuntimeError:  # the process is ending
            self._renewing.discard(question.key)

    def _renew(self, question: Question) -> None:
        try:
            with visits.during(Visit.lasting(self._call_seconds)) as visit:
                self._together(question, visit)
        except UpstreamError as error:
            log.info("an answer could not be renewed: %s: %s", error.code, error.message)
            if error.allows_stale:
                with self._guard:
                    self._trouble[question.key] = error
        except Exception:
            # There is nobody above this thread who could be told.
            log.exception("an answer could not be renewed")
        finally:
            with self._guard:
                self._renewing.discard(question.key)


def _serve(visit: Visit, entry: Entry, source: Source) -> Entry:
    observing.answered_from(source)
    visit.used(entry.digest)
    return entry

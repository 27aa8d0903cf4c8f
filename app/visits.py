"""Visit: what one page may cost, and what it has used so far.

A page is answered by one thread, so the visit that is going on is kept in a context variable: the
client reads its deadline, the cache writes down which answers the page was made of. Work that no
page waits for has a visit of its own. Knows nothing of Flask and of HTTP.
"""

from __future__ import annotations

import hashlib
import math
import time
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from app.errors import UpstreamError


@dataclass(slots=True)
class Visit:
    """One page view from its first line to its last."""

    deadline: float = math.inf  # by time.monotonic()
    is_prefetch: bool = False  # nobody has clicked yet
    wants_new: bool = False  # the reader has asked for what is new, whatever is kept
    oldest: float = 0.0  # seconds since the oldest stale answer in it was fetched
    excuse: UpstreamError | None = None  # why an old answer had to do
    _digests: list[bytes] = field(default_factory=list)

    @classmethod
    def lasting(
        cls, seconds: float, *, is_prefetch: bool = False, wants_new: bool = False
    ) -> Visit:
        """A visit that begins now and may take `seconds`."""
        return cls(time.monotonic() + seconds, is_prefetch, wants_new)

    @property
    def left(self) -> float:
        """Seconds until its deadline; not positive once it has passed."""
        return self.deadline - time.monotonic()

    def used(self, digest: bytes) -> None:
        """Write down that the page is made of this answer."""
        self._digests.append(digest)

    def excused(self, age: float, error: UpstreamError) -> None:
        """Write down that an answer of `age` seconds stands for one that could not be had."""
        self.oldest = max(self.oldest, age)
        self.excuse = error

    @property
    def digest(self) -> bytes:
        """Equal for two visits that were given the same answers in the same order."""
        return hashlib.blake2b(b"".join(self._digests), digest_size=16).digest()


_CURRENT: ContextVar[Visit | None] = ContextVar("visit", default=None)


def current() -> Visit:
    """The visit that is going on; one without a deadline where nobody is visiting."""
    return _CURRENT.get() or Visit()


def begin(visit: Visit | None) -> None:
    """Let this thread's work belong to `visit` from now on; None: to nobody's."""
    _CURRENT.set(visit)


@contextmanager
def during(visit: Visit) -> Iterator[Visit]:
    """Let this thread's work belong to `visit` for a while."""
    token = _CURRENT.set(visit)
    try:
        yield visit
    finally:
        _CURRENT.reset(token)


@contextmanager
def at_most(seconds: float) -> Iterator[None]:
    """Give what a page can do without at most so many seconds of what the page has left."""
    visit = current()
    kept = visit.deadline
    visit.deadline = min(kept, time.monotonic() + seconds)
    try:
        yield
    finally:
        visit.deadline = kept


@contextmanager
def wanting_new() -> Iterator[None]:
    """Ask for what is new, whatever is kept."""
    visit = current()
    kept = visit.wants_new
    visit.wants_new = True
    try:
        yield
    finally:
        visit.wants_new = kept

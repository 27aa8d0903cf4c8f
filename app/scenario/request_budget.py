"""RequestBudget: the limits of the calls that one request makes, and the responses it used.

A budget is a value: a call with tighter limits gets a budget derived from that of its request. The
budget of the request in progress is held here, in a context variable; work in the background has a
budget of its own.
"""

from __future__ import annotations

import hashlib
import math
import time
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from app.errors import UpstreamError


class UsedResponses:
    """Record of the responses that a page is made of."""

    __slots__ = ("_digests", "stale_reason", "stale_seconds")

    def __init__(self) -> None:
        self.stale_seconds = 0.0  # age of the oldest stale response
        self.stale_reason: UpstreamError | None = None  # why a stale response was used
        self._digests: list[bytes] = []

    def add(self, digest: bytes) -> None:
        """Record a response by the digest of its body."""
        self._digests.append(digest)

    def add_stale(self, seconds: float, reason: UpstreamError) -> None:
        """Record that a response of this age was used because of an error."""
        self.stale_seconds = max(self.stale_seconds, seconds)
        self.stale_reason = reason

    @property
    def digest(self) -> bytes:
        """Digest of all responses: equal for the same responses in the same order."""
        return hashlib.blake2b(b"".join(self._digests), digest_size=16).digest()


@dataclass(frozen=True, slots=True)
class RequestBudget:
    """The limits of one request or of one call, and the record that all its calls share."""

    deadline: float = math.inf  # by time.monotonic()
    is_optional: bool = False  # refused near the limit of calls; nothing is renewed because of it
    wants_fresh: bool = False  # responses that are older than a few seconds are fetched again
    newer_than: float = 0.0  # so are those requested before; in seconds since 1970
    responses: UsedResponses = field(default_factory=UsedResponses, compare=False)

    @classmethod
    def lasting(
        cls,
        seconds: float,
        *,
        is_optional: bool = False,
        wants_fresh: bool = False,
        newer_than: float = 0.0,
    ) -> RequestBudget:
        """Return a budget that starts now and ends after `seconds`."""
        return cls(time.monotonic() + seconds, is_optional, wants_fresh, newer_than)

    def limited(
        self, seconds: float = math.inf, *, optional: bool = False, fresh: bool = False
    ) -> RequestBudget:
        """Return this budget for calls that have at most `seconds` of what is left.

        The page can do without the result of an `optional` call. A `fresh` call does not accept a
        cached response that is older than a few seconds.
        """
        return replace(
            self,
            deadline=min(self.deadline, time.monotonic() + seconds),
            is_optional=self.is_optional or optional,
            wants_fresh=self.wants_fresh or fresh,
        )

    @property
    def left(self) -> float:
        """Seconds until the deadline; negative after it."""
        return self.deadline - time.monotonic()


_CURRENT: ContextVar[RequestBudget | None] = ContextVar("request_budget", default=None)


def current() -> RequestBudget:
    """Return the budget of the request in progress; an unlimited one outside of requests."""
    return _CURRENT.get() or RequestBudget()


def begin(budget: RequestBudget | None) -> None:
    """Set the budget of the request that this thread answers from now on."""
    _CURRENT.set(budget)


@contextmanager
def during(budget: RequestBudget) -> Iterator[RequestBudget]:
    """Set the budget of this thread's work within a `with` block."""
    token = _CURRENT.set(budget)
    try:
        yield budget
    finally:
        _CURRENT.reset(token)

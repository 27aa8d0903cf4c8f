"""What happened while a page was made: told by whoever does it, read by the log and the metrics.

Every part of the application may tell; it costs a few microseconds and never fails. Knows
Prometheus' counters and the record of the request in hand; nothing of Flask, and no secret: labels
and records hold outcomes, seconds and names from this file, never what somebody sent.

With PROMETHEUS_MULTIPROC_DIR in the environment the counters of all worker processes are added up.
"""

from __future__ import annotations

import time
from collections import Counter as Tally
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal

from prometheus_client import Counter, Gauge, Histogram

if TYPE_CHECKING:
    from collections.abc import Iterator

Source = Literal["cache", "stale", "upstream", "shared"]

_SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)

PAGES: Final = Counter("akin_pages_total", "Requests answered.", ["page", "status"])
PAGE_SECONDS: Final = Histogram(
    "akin_page_seconds", "Seconds to answer a request.", ["page"], buckets=_SECONDS
)
IN_FLIGHT: Final = Gauge(
    "akin_requests_in_flight", "Requests being answered.", multiprocess_mode="livesum"
)
UPSTREAM_CALLS: Final = Counter(
    "akin_upstream_calls_total", "Calls of the API, each try counted.", ["outcome"]
)
UPSTREAM_SECONDS: Final = Histogram(
    "akin_upstream_seconds", "Seconds of one call of the API.", buckets=_SECONDS
)
ANSWERS: Final = Counter(
    "akin_answers_total",
    "Answers of the API by where they came from: cache, stale, upstream, shared with another.",
    ["source"],
)
WAITING: Final = Gauge(
    "akin_waiting", "Callers that wait for another's call of the API.", multiprocess_mode="livesum"
)
SIGN_INS: Final = Counter(
    "akin_sign_ins_total", "Sign-ins by mode and outcome.", ["mode", "outcome"]
)


@dataclass(slots=True)
class Record:
    """What is known of one request while it is answered; seconds are of `time.perf_counter`."""

    id: str
    started: float = field(default_factory=time.perf_counter)
    user: str = ""
    upstream_calls: int = 0
    upstream_seconds: float = 0.0
    sources: Tally[str] = field(default_factory=Tally)

    @property
    def cache(self) -> str:
        """Where the answers came from, in words: `cache`, or `cache 2, upstream 1`."""
        if len(self.sources) == 1:
            return next(iter(self.sources))
        return ", ".join(f"{source} {count}" for source, count in sorted(self.sources.items()))


_record: ContextVar[Record | None] = ContextVar("akin_record", default=None)


def begin(request_id: str) -> Record:
    """Start the record of a request, in this thread."""
    record = Record(request_id)
    _record.set(record)
    return record


def end() -> None:
    """Take the record away."""
    _record.set(None)


def current() -> Record | None:
    """The record of the request in hand; None in a background thread."""
    return _record.get()


def request_id() -> str:
    """The id of the request in hand; empty in a background thread."""
    record = _record.get()
    return record.id if record else ""


def upstream_headers() -> dict[str, str]:
    """What a call of the API carries so that both logs can be read together."""
    identity = request_id()
    return {"X-Request-ID": identity} if identity else {}


def user_known(user: str) -> None:
    """Tell who is asking."""
    if record := _record.get():
        record.user = user


def upstream_called(outcome: str, seconds: float) -> None:
    """Tell of one try of a call of the API: its status, or `timeout`, `down`, `nonsense`."""
    UPSTREAM_CALLS.labels(outcome).inc()
    UPSTREAM_SECONDS.observe(seconds)
    if record := _record.get():
        record.upstream_calls += 1
        record.upstream_seconds += seconds


def answered_from(source: Source) -> None:
    """Tell where an answer of the API came from."""
    ANSWERS.labels(source).inc()
    if record := _record.get():
        record.sources[source] += 1


@contextmanager
def waiting() -> Iterator[None]:
    """Around waiting for somebody else's call of the API."""
    WAITING.inc()
    try:
        yield
    finally:
        WAITING.dec()

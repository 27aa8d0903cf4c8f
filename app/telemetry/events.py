"""Events of requests and calls, for the log and the Prometheus metrics.

Every part of the application can record an event; it takes a few microseconds and never fails.
Labels and records contain outcomes, seconds and names from this module, and no user input.

With PROMETHEUS_MULTIPROC_DIR in the environment the counters of all worker processes are summed.
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

PAGES: Final = Counter("akin_pages_total", "Requests by page and status.", ["page", "status"])
PAGE_SECONDS: Final = Histogram(
    "akin_page_seconds", "Seconds until the response to a request.", ["page"], buckets=_SECONDS
)
IN_FLIGHT: Final = Gauge(
    "akin_requests_in_flight", "Requests in progress.", multiprocess_mode="livesum"
)
UPSTREAM_CALLS: Final = Counter(
    "akin_upstream_calls_total", "Calls of the API, including retries, by outcome.", ["outcome"]
)
UPSTREAM_SECONDS: Final = Histogram(
    "akin_upstream_seconds", "Seconds of one call of the API.", buckets=_SECONDS
)
ANSWERS: Final = Counter(
    "akin_answers_total",
    "Responses of the API by source: cache, stale, upstream, shared (another request's call).",
    ["source"],
)
WAITING: Final = Gauge(
    "akin_waiting",
    "Requests that wait for the call of another request.",
    multiprocess_mode="livesum",
)
SIGN_INS: Final = Counter(
    "akin_sign_ins_total", "Sign-ins by mode and outcome.", ["mode", "outcome"]
)


@dataclass(slots=True)
class RequestRecord:
    """The events of one request; times are those of `time.perf_counter`."""

    id: str
    started: float = field(default_factory=time.perf_counter)
    user: str = ""
    upstream_calls: int = 0
    upstream_seconds: float = 0.0
    sources: Tally[str] = field(default_factory=Tally)

    @property
    def cache(self) -> str:
        """Sources of the responses as text: `cache`, or `cache 2, upstream 1`."""
        if len(self.sources) == 1:
            return next(iter(self.sources))
        return ", ".join(f"{source} {count}" for source, count in sorted(self.sources.items()))


_record: ContextVar[RequestRecord | None] = ContextVar("akin_record", default=None)


def begin(request_id: str) -> RequestRecord:
    """Start the record of the request that this thread answers."""
    record = RequestRecord(request_id)
    _record.set(record)
    return record


def end() -> None:
    """End the record of the request."""
    _record.set(None)


def current() -> RequestRecord | None:
    """Return the record of the request in progress; None in a background thread."""
    return _record.get()


def request_id() -> str:
    """Return the id of the request in progress; empty in a background thread."""
    record = _record.get()
    return record.id if record else ""


def upstream_headers() -> dict[str, str]:
    """Return the headers of a call that connect its log lines with those of the request."""
    identity = request_id()
    return {"X-Request-ID": identity} if identity else {}


def set_user(user: str) -> None:
    """Record the user of the request."""
    if record := _record.get():
        record.user = user


def record_call(outcome: str, seconds: float) -> None:
    """Record a call of the API: its status, or `timeout`, `down`, `nonsense`."""
    UPSTREAM_CALLS.labels(outcome).inc()
    UPSTREAM_SECONDS.observe(seconds)
    if record := _record.get():
        record.upstream_calls += 1
        record.upstream_seconds += seconds


def record_source(source: Source) -> None:
    """Record the source of a response of the API."""
    ANSWERS.labels(source).inc()
    if record := _record.get():
        record.sources[source] += 1


@contextmanager
def waiting_for_call() -> Iterator[None]:
    """Count this request as waiting for the call of another one."""
    WAITING.inc()
    try:
        yield
    finally:
        WAITING.dec()

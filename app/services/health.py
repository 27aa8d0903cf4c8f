"""Trials of the services that Akin depends on, side by side, each with a time limit.

Used by `/readyz` and by `python -m app check`. No finding contains a secret.
"""

from __future__ import annotations

import email.utils
import io
import secrets
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeoutError
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from PIL import Image

from app.errors import AkinError, UpstreamDown, UpstreamError, UpstreamTimeout
from app.network.receivers import ReceiverFailed
from app.scenario.protocol import Call
from app.scenario.request_budget import RequestBudget

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from app.scenario.client import Client
    from app.scenario.transport import Transport
    from app.services.images.reference_images import ReferenceImages
    from app.services.team.notifications import Notifications
    from app.storage.cache import CacheStore

MAX_CLOCK_DIFFERENCE: Final = 60.0  # seconds; URLs are signed for days
_CHEAPEST: Final = Call("GET", "/collections", (("pageSize", "1"),))  # is not counted as a search


class TrialFailed(Exception):
    """A service does not work; the message says what is wrong and what to do."""


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of one trial."""

    name: str
    ok: bool
    message: str
    seconds: float
    is_essential: bool
    since: float | None = None  # when it was first found to fail, in seconds since 1970


@dataclass(frozen=True, slots=True)
class Trial:
    """A service to try. `run` returns a line about it; raises TrialFailed or AkinError."""

    name: str
    run: Callable[[], str]
    is_essential: bool = False  # without it this process cannot answer any request


class HealthChecks:
    """The trials of one application."""

    def __init__(self, trials: Iterable[Trial]) -> None:
        """Start nothing; each trial has a thread of its own."""
        self._trials = tuple(trials)
        self._pool = ThreadPoolExecutor(len(self._trials) or 1, thread_name_prefix="health")
        self._running: dict[str, Future[Finding]] = {}
        self._failing: dict[str, float] = {}  # name -> since when
        self._lock = threading.Lock()
        self._recent: tuple[float, list[Finding]] | None = None  # with the time of the run

    def recent(self, *, seconds: float, max_age: float) -> list[Finding]:
        """Return the findings of the last `max_age` seconds, or run all trials now."""
        with self._lock:
            if self._recent is None or time.monotonic() >= self._recent[0] + max_age:
                findings = self.run(seconds=seconds)
                self._recent = (time.monotonic(), findings)
            return self._recent[1]

    def run(self, *, seconds: float) -> list[Finding]:
        """Run all trials for at most `seconds`; a trial that takes longer has failed."""
        end = time.monotonic() + seconds
        for trial in self._trials:
            # A trial that still hangs is not started again: threads would pile up.
            if trial.name not in self._running:
                self._running[trial.name] = self._pool.submit(_run, trial)
        return [self._dated(self._finding(trial, end, seconds)) for trial in self._trials]

    def _dated(self, finding: Finding) -> Finding:
        if finding.ok:
            self._failing.pop(finding.name, None)
            return finding
        return replace(finding, since=self._failing.setdefault(finding.name, time.time()))

    def _finding(self, trial: Trial, end: float, seconds: float) -> Finding:
        future = self._running.get(trial.name)
        if future is None:  # another thread has just taken its result
            return _run(trial)
        try:
            finding = future.result(max(0.0, end - time.monotonic()))
        except FutureTimeoutError:
            message = f"no answer within {seconds:g} seconds"
            return Finding(trial.name, False, message, seconds, trial.is_essential)
        self._running.pop(trial.name, None)
        return finding


def _run(trial: Trial) -> Finding:
    began = time.perf_counter()
    try:
        message, ok = trial.run(), True
    except AkinError as error:
        sentences = [error.title, error.message, error.advice]
        message, ok = " ".join(f"{each.rstrip('.')}." for each in sentences if each), False
    except (TrialFailed, ReceiverFailed, OSError) as error:
        message, ok = str(error), False
    return Finding(trial.name, ok, message, time.perf_counter() - began, trial.is_essential)


def trials(transport: Transport, cache: CacheStore, references: ReferenceImages) -> list[Trial]:
    """Return the trials of every installation."""
    return [
        Trial("api", lambda: _try_api(transport)),
        Trial("clock", lambda: _try_clock(transport)),
        Trial("cache", lambda: _try_cache(cache)),
        Trial("references", lambda: _try_references(references), is_essential=True),
    ]


def library_trials(client: Client, *, is_mounted: bool) -> list[Trial]:
    """Return the trial of the database of a library in this process."""
    return [Trial("library", lambda: _try_library(client))] if is_mounted else []


def _try_library(client: Client) -> str:
    found = client.database()
    if not found.isWritable:
        raise TrialFailed(found.reason)
    return "can be read and written"


def notification_trials(notifications: Notifications) -> list[Trial]:
    """Return the trial of the receivers of AKIN_NOTIFY, if there are any. It sends nothing."""
    return [Trial("notify", notifications.check)] if notifications.is_on else []


def _try_api(transport: Transport) -> str:
    try:
        transport.fetch(_CHEAPEST, RequestBudget())
    except (UpstreamDown, UpstreamTimeout) as error:
        raise TrialFailed(
            f"{error.title}: {error.message} The address is {transport.base_url}; check "
            "SCENARIO_BASE_URL, and whether this machine reaches it"
        ) from error
    return "key and project are accepted"


def _try_clock(transport: Transport) -> str:
    try:
        date = transport.exchange(_CHEAPEST, RequestBudget()).headers.get("date", "")
    except UpstreamError as error:
        raise TrialFailed("not compared: the API does not respond") from error
    try:
        ahead = time.time() - email.utils.parsedate_to_datetime(date).timestamp()
    except ValueError:
        return "not compared: the API sends no date"
    if abs(ahead) > MAX_CLOCK_DIFFERENCE:
        side = "ahead of" if ahead > 0 else "behind"
        raise TrialFailed(
            f"this machine's clock is {abs(ahead):.0f} seconds {side} the API's: signed URLs would "
            "expire at the wrong time; set the clock, best by NTP"
        )
    return f"{abs(ahead):.0f} seconds from the API's"


def _try_cache(cache: CacheStore) -> str:
    key, value = f"check-{secrets.token_hex(4)}", secrets.token_bytes(8)
    cache.put(key, value, seconds=10)
    if cache.is_shared:
        if cache.get_shared(key) != value:
            raise TrialFailed("it does not return what was stored; see AKIN_CACHE_URL")
        return "stores and returns values, for all workers"
    if cache.get_local(key) is None:
        return "none, by AKIN_CACHE_URL"
    return "stores and returns values, in this process"


def _try_references(references: ReferenceImages) -> str:
    pixel = io.BytesIO()
    Image.new("RGB", (1, 1)).save(pixel, "PNG")
    references.get(references.store(pixel.getvalue()))
    return "can be written and read"

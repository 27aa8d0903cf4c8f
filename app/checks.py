"""Trying each thing that Akin depends on, side by side, each with a time-out.

`/readyz` tells machines and `python -m app check` tells people. Knows the services, nothing of
HTTP; no finding has a secret in it.
"""

from __future__ import annotations

import email.utils
import io
import secrets
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeoutError
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from PIL import Image

from app.calls import Call, decipher
from app.errors import AkinError, UpstreamDown, UpstreamError, UpstreamTimeout

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from app.references import References
    from app.sending import Sender
    from app.shelves import Shelf

MOST_SKEW: Final = 60.0  # seconds that clocks may differ: addresses are signed for days
_CHEAPEST: Final = Call("GET", "/collections", (("pageSize", "1"),))  # costs no search


class Failed(Exception):
    """A dependency does not do its part; the message says what is wrong and what to do."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What came of one trial."""

    name: str
    ok: bool
    message: str
    seconds: float
    is_essential: bool


@dataclass(frozen=True, slots=True)
class Trial:
    """One thing to try. `run` answers a line on what it found; raises Failed or AkinError."""

    name: str
    run: Callable[[], str]
    is_essential: bool = False  # without it this process can answer nothing of use


class Checks:
    """The trials of one application."""

    def __init__(self, trials: Iterable[Trial]) -> None:
        """Try each in a thread of its own."""
        self._trials = tuple(trials)
        self._pool = ThreadPoolExecutor(len(self._trials) or 1, thread_name_prefix="checking")
        self._going: dict[str, Future[Finding]] = {}
        self._guard = threading.Lock()
        self._recent: tuple[float, list[Finding]] | None = None  # when it was found, and what

    def recent(self, *, seconds: float, kept: float) -> list[Finding]:
        """What `run` found within the last `kept` seconds, else what it finds now."""
        with self._guard:
            if self._recent is None or time.monotonic() >= self._recent[0] + kept:
                found = self.run(seconds=seconds)
                self._recent = (time.monotonic(), found)
            return self._recent[1]

    def run(self, *, seconds: float) -> list[Finding]:
        """Try everything, for at most `seconds`; what takes longer has failed."""
        end = time.monotonic() + seconds
        for trial in self._trials:
            # One that still hangs is not started again: threads would pile up behind it.
            if trial.name not in self._going:
                self._going[trial.name] = self._pool.submit(_tried, trial)
        return [self._finding(trial, end, seconds) for trial in self._trials]

    def _finding(self, trial: Trial, end: float, seconds: float) -> Finding:
        future = self._going.get(trial.name)
        if future is None:  # another caller has just taken it
            return _tried(trial)
        try:
            finding = future.result(max(0.0, end - time.monotonic()))
        except FutureTimeoutError:
            message = f"no answer within {seconds:g} seconds"
            return Finding(trial.name, False, message, seconds, trial.is_essential)
        self._going.pop(trial.name, None)
        return finding


def _tried(trial: Trial) -> Finding:
    began = time.perf_counter()
    try:
        message, ok = trial.run(), True
    except AkinError as error:
        said = [error.title, error.message, error.advice]
        message, ok = " ".join(f"{each.rstrip('.')}." for each in said if each), False
    except (Failed, OSError) as error:
        message, ok = str(error), False
    return Finding(trial.name, ok, message, time.perf_counter() - began, trial.is_essential)


def trials(sender: Sender, shelf: Shelf, references: References) -> list[Trial]:
    """What every Akin depends on."""
    return [
        Trial("api", lambda: _api(sender)),
        Trial("clock", lambda: _clock(sender)),
        Trial("cache", lambda: _cache(shelf)),
        Trial("references", lambda: _references(references), is_essential=True),
    ]


def _api(sender: Sender) -> str:
    try:
        decipher(_CHEAPEST, sender.send(_CHEAPEST))
    except (UpstreamDown, UpstreamTimeout) as error:
        raise Failed(
            f"{error.title}: {error.message} It was asked at {sender.base_url}; see "
            "SCENARIO_BASE_URL, and whether this machine reaches it"
        ) from error
    return "key and project are accepted"


def _clock(sender: Sender) -> str:
    try:
        told = sender.send(_CHEAPEST).headers.get("date", "")
    except UpstreamError as error:
        raise Failed("not compared: the API does not answer") from error
    try:
        ahead = time.time() - email.utils.parsedate_to_datetime(told).timestamp()
    except ValueError:
        return "the API does not tell the time"
    if abs(ahead) > MOST_SKEW:
        side = "ahead of" if ahead > 0 else "behind"
        raise Failed(
            f"this machine's clock is {abs(ahead):.0f} seconds {side} the API's: signed addresses "
            "would end at the wrong time; set it, best by NTP"
        )
    return f"{abs(ahead):.0f} seconds from the API's"


def _cache(shelf: Shelf) -> str:
    key, value = f"check-{secrets.token_hex(4)}", secrets.token_bytes(8)
    shelf.put(key, value, seconds=10)
    if shelf.is_shared:
        if shelf.far(key) != value:
            raise Failed("it does not keep what is put into it; see AKIN_CACHE_URL")
        return "keeps and gives back, for all workers"
    if shelf.near(key) is None:
        return "none, by AKIN_CACHE_URL"
    return "keeps and gives back, in this process"


def _references(references: References) -> str:
    picture = io.BytesIO()
    Image.new("RGB", (1, 1)).save(picture, "PNG")
    reference = references.put(picture.getvalue())
    references.get(reference)
    return "can be written and read"

"""Names of collections, tags and models, fetched and refreshed in the background.

A page does not wait for them, except for a moment the first time: it shows ids until names are
known.
"""

from __future__ import annotations

import hashlib
import logging
import math
import threading
import time
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import msgspec

from app.errors import AkinError
from app.scenario import request_budget
from app.scenario.assets import Named
from app.scenario.request_budget import RequestBudget

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from concurrent.futures import Future

    from app.scenario.client import Client

log = logging.getLogger(__name__)

REFRESH_SECONDS: Final = 600.0
RETRY_SECONDS: Final = 15.0  # after a failure
FETCH_SECONDS: Final = 20.0
UNKNOWN_SECONDS: Final = 60.0  # between two looks for a collection that is not in the list
MAX_MODELS: Final = 5000
_COLLECTIONS: Final = "collections"


class Labels:
    """The names that one process knows. Every method returns at once, with what is known."""

    def __init__(
        self,
        client: Client,
        *,
        wait_seconds: float,
        clock: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        """Fetch nothing before the first page needs it.

        `wait_seconds`: how long a page waits for names that are fetched for the first time, or
        that its reader has changed.
        """
        self._wall_clock = wall_clock
        self._client = client
        self._wait_seconds = wait_seconds
        self._clock = clock
        self._lock = threading.Lock()
        self._lists: dict[str, tuple[tuple[Named, ...], bytes]] = {}  # with their digests
        self._requested: dict[str, float] = {}  # when a list was, in seconds since 1970
        self._models: dict[str, str] = {}
        self._due: dict[str, float] = {}  # when a list or a model is fetched again
        self._running: dict[str, Future[None]] = {}
        self._pool = ThreadPoolExecutor(2, thread_name_prefix="labels")

    def collections(self) -> tuple[Named, ...]:
        """Return every collection; none while they are not known."""
        return self._list(_COLLECTIONS, self._client.collections)

    def collection_names(self, wanted: Iterable[str] = ()) -> dict[str, str]:
        """Return the names of collections, by id; none while they are not known.

        A `wanted` one that is not listed may be new: then the list is fetched again, once a minute.
        """
        names = {item.id: item.name for item in self.collections()}
        if all(each in names for each in wanted):
            return names
        now = self._wall_clock()
        if self._requested.get(_COLLECTIONS, now) > now - UNKNOWN_SECONDS:
            return names
        budget = replace(request_budget.current(), newer_than=now)
        with request_budget.during(budget):
            return {item.id: item.name for item in self.collections()}

    def add_collection(self, collection_id: str, name: str) -> None:
        """Note the name of a collection that was just created, until the list is fetched again."""
        with self._lock:
            if _COLLECTIONS in self._lists:
                names = (*self._lists[_COLLECTIONS][0], Named(collection_id, name))
                self._lists[_COLLECTIONS] = (names, _digest(names))

    def tags(self) -> tuple[Named, ...]:
        """Return every tag, the most used first; none while they are not known."""
        return self._list("tags", lambda: _by_use(self._client.tags()))

    def models(self, ids: Iterable[str]) -> dict[str, str]:
        """Return the names of those models that are known, by id."""
        ids = sorted(set(ids))
        now = self._clock()
        with self._lock:
            due = [each for each in ids if self._due.get(_model_key(each), 0.0) <= now]
            is_new = any(each not in self._models for each in due)
        if due:
            fetch = self._start(f"models {' '.join(due)}", lambda: self._fetch_models(due))
            if is_new and fetch:
                wait([fetch], self._grace())
        with self._lock:
            names = {each: self._models[each] for each in ids if each in self._models}
        request_budget.current().responses.add(_digest(list(names.items())))
        return names

    def clear(self) -> None:
        """Remove all names; pages that need them fetch them again after a pause."""
        soon = self._clock() + RETRY_SECONDS
        with self._lock:
            self._lists.clear()
            self._models.clear()
            self._due = {key: min(due, soon) for key, due in self._due.items()}

    def close(self) -> None:
        """Wait for what is being fetched, and fetch nothing any more."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _list(self, name: str, request: Callable[[], tuple[Named, ...]]) -> tuple[Named, ...]:
        with self._lock:
            is_new = name not in self._due
            is_due = self._due.get(name, 0.0) <= self._clock()
            newer_than = request_budget.current().newer_than
            if self._requested.get(name, math.inf) <= newer_than:
                is_new = is_due = True
        if is_due:
            fetch = self._start(name, lambda: self._fetch_list(name, request), newer_than)
            if is_new and fetch:
                wait([fetch], self._grace())
        with self._lock:
            names, digest = self._lists.get(name, _NONE)
        request_budget.current().responses.add(digest)
        return names

    def _grace(self) -> float:
        return max(0.0, min(self._wait_seconds, request_budget.current().left))

    def _start(
        self, key: str, task: Callable[[], None], newer_than: float = 0.0
    ) -> Future[None] | None:
        """Run a task in the background, once at a time; None if the request is optional."""
        if request_budget.current().is_optional:
            return None
        with self._lock:
            running = self._running.get(key)
            if running is None or running.done():
                try:
                    running = self._running[key] = self._pool.submit(
                        self._run, key, task, newer_than
                    )
                except RuntimeError:  # the process is ending
                    return None
            return running

    def _run(self, key: str, task: Callable[[], None], newer_than: float) -> None:
        kind = key.partition(" ")[0]
        try:
            budget = RequestBudget.lasting(FETCH_SECONDS, newer_than=newer_than)
            with request_budget.during(budget):
                task()
        except AkinError as error:
            log.info("no names for %s: %s", kind, error)
        except Exception:
            # The future's result is not read: without this line, the error would be lost.
            log.exception("no names for %s", kind)
        finally:
            with self._lock:
                self._running.pop(key, None)

    def _fetch_list(self, name: str, request: Callable[[], tuple[Named, ...]]) -> None:
        self._postpone([name], RETRY_SECONDS)
        requested = self._wall_clock()
        names = request()
        with self._lock:
            self._lists[name] = (names, _digest(names))
            self._requested[name] = requested
        self._postpone([name], REFRESH_SECONDS)

    def _fetch_models(self, ids: list[str]) -> None:
        keys = [_model_key(each) for each in ids]
        self._postpone(keys, RETRY_SECONDS)
        names = self._client.models(ids)
        with self._lock:
            if len(self._models) > MAX_MODELS:
                self._models.clear()
            self._models |= {item.id: item.name for item in names}
        self._postpone(keys, REFRESH_SECONDS)

    def _postpone(self, keys: list[str], seconds: float) -> None:
        with self._lock:
            if len(self._due) > 2 * MAX_MODELS:
                self._due.clear()
            self._due |= dict.fromkeys(keys, self._clock() + seconds)


def _model_key(model_id: str) -> str:
    return f"model {model_id}"


def _by_use(tags: Iterable[Named]) -> tuple[Named, ...]:
    return tuple(sorted(tags, key=lambda tag: -(tag.count or 0)))


def _digest(names: object) -> bytes:
    """Return a digest for the entity tag of a page that shows these names."""
    return hashlib.blake2b(msgspec.json.encode(names), digest_size=16).digest()


_NONE: Final = ((), _digest(()))

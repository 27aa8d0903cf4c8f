"""Names: what collections, tags and models are called, kept and renewed in the background.

A page never waits for them, but for a moment the first time: it shows ids until names are known.
"""

from __future__ import annotations

import hashlib
import logging
import threading
import time
from concurrent.futures import ThreadPoolExecutor, wait
from typing import TYPE_CHECKING, Final

import msgspec

from app import visits
from app.errors import AkinError
from app.visits import Visit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from concurrent.futures import Future

    from app.assets import Named
    from app.scenario import Client

log = logging.getLogger(__name__)

RENEWED_AFTER: Final = 600.0  # seconds
AGAIN_AFTER: Final = 15.0  # seconds after a failure
GRACE: Final = 0.25  # seconds that a page waits for names which nobody has asked for yet
MOST_MODELS: Final = 5000
FETCH_SECONDS: Final = 20.0


class Names:
    """What one application knows of names. Every method answers at once, with what is known."""

    def __init__(self, client: Client, clock: Callable[[], float] = time.monotonic) -> None:
        """Ask nothing before the first page needs it."""
        self._client = client
        self._clock = clock
        self._guard = threading.Lock()
        self._lists: dict[str, tuple[tuple[Named, ...], bytes]] = {}  # with their digests
        self._models: dict[str, str] = {}
        self._due: dict[str, float] = {}  # when a list or a model is asked for again
        self._going: dict[str, Future[None]] = {}
        self._pool = ThreadPoolExecutor(2, thread_name_prefix="names")

    def collections(self) -> tuple[Named, ...]:
        """Every collection; none while they are not known."""
        return self._list("collections", self._client.collections)

    def tags(self) -> tuple[Named, ...]:
        """Every tag, the most used first; none while they are not known."""
        return self._list("tags", lambda: _by_use(self._client.tags()))

    def models(self, ids: Iterable[str]) -> dict[str, str]:
        """The names of those models that are known, by id."""
        wanted = sorted(set(ids))
        now = self._clock()
        with self._guard:
            missing = [each for each in wanted if self._due.get(f"model {each}", 0.0) <= now]
            new = any(each not in self._models for each in missing)
        if missing:
            going = self._begin(f"models {' '.join(missing)}", lambda: self._learn(missing))
            if new and going:
                wait([going], _grace())
        with self._guard:
            found = {each: self._models[each] for each in wanted if each in self._models}
        visits.current().used(_digest(list(found.items())))
        return found

    def close(self) -> None:
        """Ask nothing any more."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _list(self, name: str, ask: Callable[[], tuple[Named, ...]]) -> tuple[Named, ...]:
        with self._guard:
            is_new = name not in self._due
            is_due = self._due.get(name, 0.0) <= self._clock()
        if is_due:
            going = self._begin(name, lambda: self._fetch(name, ask))
            if is_new and going:
                wait([going], _grace())
        with self._guard:
            known, digest = self._lists.get(name, _NONE)
        visits.current().used(digest)
        return known

    def _begin(self, what: str, work: Callable[[], None]) -> Future[None] | None:
        """Do it in the background, once at a time; None where nobody may."""
        if visits.current().is_prefetch:
            return None
        with self._guard:
            going = self._going.get(what)
            if going is None or going.done():
                try:
                    going = self._going[what] = self._pool.submit(self._do, what, work)
                except RuntimeError:  # the process is ending
                    return None
            return going

    def _do(self, what: str, work: Callable[[], None]) -> None:
        try:
            with visits.during(Visit.lasting(FETCH_SECONDS)):
                work()
        except AkinError as error:
            log.info("no names for %s: %s", what.partition(" ")[0], error)
        except Exception:
            # There is nobody above this thread who could be told.
            log.exception("no names for %s", what.partition(" ")[0])
        finally:
            with self._guard:
                self._going.pop(what, None)

    def _fetch(self, name: str, ask: Callable[[], tuple[Named, ...]]) -> None:
        self._put_off([name], AGAIN_AFTER)
        names = ask()
        with self._guard:
            self._lists[name] = (names, _digest(names))
        self._put_off([name], RENEWED_AFTER)

    def _learn(self, ids: list[str]) -> None:
        keys = [f"model {each}" for each in ids]
        self._put_off(keys, AGAIN_AFTER)
        names = self._client.models(ids)
        with self._guard:
            if len(self._models) > MOST_MODELS:
                self._models.clear()
            self._models |= {item.id: item.name for item in names}
        self._put_off(keys, RENEWED_AFTER)

    def _put_off(self, keys: list[str], seconds: float) -> None:
        with self._guard:
            if len(self._due) > 2 * MOST_MODELS:
                self._due.clear()
            self._due |= dict.fromkeys(keys, self._clock() + seconds)


def _by_use(tags: Iterable[Named]) -> tuple[Named, ...]:
    return tuple(sorted(tags, key=lambda tag: -(tag.count or 0)))


def _grace() -> float:
    return max(0.0, min(GRACE, visits.current().left))


def _digest(names: object) -> bytes:
    """A page that shows these names is another page once they change."""
    return hashlib.blake2b(msgspec.json.encode(names), digest_size=16).digest()


_NONE: Final = ((), _digest(()))

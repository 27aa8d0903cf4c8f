"""Credentials of the API as caches use them: their digest, and when the API last refused them.

What was cached with a key must not be shown after the API has refused that key, and a key that may
only read is not used to write. All processes that
use the key share the time of the refusal: those of one machine through a file in the data folder,
those of several machines through the shared cache.
"""

from __future__ import annotations

import hashlib
import logging
import os
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from app.storage.cache import CacheStore

log = logging.getLogger(__name__)

FOLDER: Final = "refused-keys"
POLL_SECONDS: Final = 2.0  # between two looks at what other processes have stored
WRITE_SECONDS: Final = 3600.0  # after a refused write, before another is tried
STORED_SECONDS: Final = 8 * 86_400  # longer than any response is cached


def scope_of(*, base_url: str, key: str, secret: str, jwt: str, project_id: str) -> str:
    """Return a digest that differs for each API, key and project; it does not reveal the key."""
    private = hashlib.sha512(msgspec.json.encode([secret, jwt])).digest()
    public = msgspec.json.encode([base_url.rstrip("/"), key, project_id])
    return hashlib.blake2b(public, key=private, digest_size=16).hexdigest()


class KeyRefusals:
    """The time of the last refusal of one key by the API."""

    def __init__(
        self,
        scope: str,
        store: CacheStore,
        folder: Path,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`scope` is the digest of the key; `folder` is created at the first refusal."""
        self._key = f"refused:{scope}"
        self._path = folder / scope
        self._store = store
        self._clock = clock
        self._latest = 0.0
        self._next_poll = 0.0
        self._lock = threading.Lock()
        self._listeners: list[Callable[[], None]] = []

    def on_refusal(self, forget: Callable[[], None]) -> None:
        """Call `forget` at each refusal, in this process or in another."""
        self._listeners.append(forget)

    def add(self) -> None:
        """Store that the API refuses the key now."""
        now = self._clock()
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._path.touch()
            os.utime(self._path, (now, now))
        except OSError as error:
            log.warning("a refused key cannot be recorded in AKIN_DATA: %s", error)
        if self._store.is_shared:
            self._store.put(self._key, repr(now).encode(), seconds=STORED_SECONDS)
        self._update(now)

    def latest(self) -> float:
        """Return when the API last refused the key, in seconds since 1970; 0 for never."""
        now = self._clock()
        if now >= self._next_poll:
            self._next_poll = now + POLL_SECONDS
            self._update(max(self._from_file(), self._from_store()))
        return self._latest

    def _update(self, latest: float) -> None:
        with self._lock:
            if latest <= self._latest:
                return
            self._latest = latest
        for forget in self._listeners:
            forget()

    def _from_file(self) -> float:
        try:
            return self._path.stat().st_mtime
        except OSError:  # nearly always: there is none
            return 0.0

    def _from_store(self) -> float:
        try:
            return float(self._store.get_shared(self._key) or 0)
        except ValueError:
            return 0.0


@dataclass(frozen=True, slots=True)
class RefusedWrites:
    """What a key may not change at present: tags, or what is not a tag."""

    tags: bool = False
    all: bool = False


class WriteRefusals:
    """The writes that the API has refused to a key lately."""

    def __init__(
        self,
        scope: str,
        store: CacheStore,
        folder: Path,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Store them as `KeyRefusals` does: tags, and all else, by themselves."""
        self._clock = clock
        self._tags = KeyRefusals(f"{scope}-tags", store, folder, clock=clock)
        self._all = KeyRefusals(f"{scope}-all", store, folder, clock=clock)

    def add(self, *, is_tags: bool) -> None:
        """Store that the API refuses a change of tags, or another change, now."""
        (self._tags if is_tags else self._all).add()

    def current(self) -> RefusedWrites:
        """Return what was refused within `WRITE_SECONDS`."""
        since = self._clock() - WRITE_SECONDS
        return RefusedWrites(self._tags.latest() > since, self._all.latest() > since)

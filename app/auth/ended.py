"""Sign-ins that the provider has ended: kept where all workers see them, as long as one may last.

On the shelf of the answers where that is Redis, else as empty files in the data folder, whose time
is that of the end; in this process besides, for the time in which neither can be used. Knows
digests and moments; nothing of whose they are.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from typing import TYPE_CHECKING, Final

import cachetools

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from app.shelves import Shelf
    from config import Settings

log = logging.getLogger(__name__)

MOST: Final = 10_000  # ends that a process remembers by itself
NEAR_SECONDS: Final = 5.0  # for which it believes what the shelf said
FOLDER: Final = "signed-out"
_KEY: Final = "ended:"


class Ended:
    """When what ended: `names` are short and fit for a file, moments are of `time.time`."""

    def __init__(
        self,
        folder: Path,
        shelf: Shelf | None = None,
        *,
        seconds: float,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Remember for `seconds`: no sign-in lasts longer. Without a shelf, in the folder."""
        self._folder = folder
        self._shelf = shelf
        self._seconds = seconds
        self._clock = clock
        self._own: cachetools.TTLCache[str, float] = cachetools.TTLCache(MOST, seconds, clock)
        self._untold: cachetools.TTLCache[str, float] = cachetools.TTLCache(MOST, seconds, clock)
        self._guard = threading.Lock()

    @classmethod
    def of(cls, settings: Settings, shelf: Shelf) -> Ended:
        """Where workers share what they keep: files of a cache may be dropped at any time."""
        seconds = settings.session_hours * 3600
        shared = shelf if shelf.client is not None else None
        return cls(settings.data / FOLDER, shared, seconds=seconds)

    def end(self, names: Iterable[str]) -> None:
        """Write down that all of these end now."""
        now = self._clock()
        for name in names:
            with self._guard:
                self._own[name] = now
            if not self._tell(name, now):
                log.warning("a sign-out is known to this worker alone until it can be written")
                with self._guard:
                    self._untold[name] = now

    def has_ended(self, names: Iterable[str], since: float) -> bool:
        """Tell whether one of these ended at `since` or later."""
        self._catch_up()
        return any(self._when(name) >= since for name in names)

    def _when(self, name: str) -> float:
        with self._guard:
            own = self._own.get(name, 0.0)
        return max(own, self._from(self._shelf, name) if self._shelf else self._from_file(name))

    def _catch_up(self) -> None:
        """Tell the others what could not be told when it ended."""
        with self._guard:
            untold = list(self._untold.items())
        for name, when in untold:
            if not self._tell(name, when):
                return
            with self._guard:
                self._untold.pop(name, None)

    def _tell(self, name: str, when: float) -> bool:
        if self._shelf is not None:
            return self._shelf.put(_KEY + name, repr(when).encode(), seconds=self._seconds + 1)
        try:
            self._write(name, when)
        except OSError as error:
            log.warning("a sign-out cannot be written: %s", error)
            return False
        return True

    def _write(self, name: str, when: float) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        for old in self._folder.iterdir():
            if old.stat().st_mtime < when - self._seconds:
                old.unlink(missing_ok=True)
        (self._folder / name).touch()
        os.utime(self._folder / name, (when, when))

    def _from_file(self, name: str) -> float:
        try:
            return (self._folder / name).stat().st_mtime
        except OSError:  # nearly always there is none
            return 0.0

    def _from(self, shelf: Shelf, name: str) -> float:
        key = _KEY + name
        said = shelf.near(key)
        if said is None:
            said = shelf.far(key) or b"0"
            shelf.put_near(key, said, seconds=NEAR_SECONDS)
        try:
            return float(said)
        except ValueError:
            return 0.0

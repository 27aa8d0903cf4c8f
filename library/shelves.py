"""The current shelf of an index, brought up to date as the library changes.

A large shelf is kept in `home/cache`, so that the next process maps it instead of reading the
library again. The cache is only ever a copy: it is made anew when it is missing, behind by much,
or of another library.
"""

from __future__ import annotations

import logging
import shutil
import threading
from typing import TYPE_CHECKING

from library import snapshot
from library.shelf import Shelf, advanced

if TYPE_CHECKING:
    import sqlalchemy as sa

    from library.index import Index

WORTH = 2_000  # assets more than the cache has, and
SHARE = 0.2  # this part of the library, before it is written again
_DEAD = 0.3  # of the slots, before a cache is not worth loading

_LOG = logging.getLogger(__name__)


class Shelves:
    """The current shelf; safe to ask from several threads."""

    def __init__(self, index: Index) -> None:
        self._index = index
        self._lock = threading.Lock()
        self._current: Shelf | None = None
        self._cached = 0  # slots of the newest cache
        self._uid = ""

    def at(self, connection: sa.Connection) -> Shelf:
        """The shelf for the state of the library that `connection` sees.

        When another thread has seen a newer state already, `connection` sees that one from here
        on: ask before anything else is read, or what was read is of another state.
        """
        generation = self._index.generation(connection)
        shelf = self._current
        if shelf is not None and shelf.generation == generation:
            return shelf
        with self._lock:
            if self._current is not None and self._current.generation > generation:
                connection.rollback()
                generation = self._index.generation(connection)
            uid = self._index.uid(connection)
            if uid != self._uid:  # all of it is new: emptied, or embedded by another model
                self._uid, self._current, self._cached = uid, None, 0
            shelf = self._current or self._loaded(connection)
            if shelf.generation < generation:
                shelf = advanced(shelf, connection, generation)
                self._keep(connection, shelf)
            self._current = shelf
            return shelf

    def warm(self) -> int:
        """Read the library (and write the cache when it is worth it); returns its assets."""
        with self._index.reading() as connection:
            return int(self.at(connection).alive.sum())

    def _loaded(self, connection: sa.Connection) -> Shelf:
        shelf = snapshot.load(self._index.home, self._index.uid(connection))
        if shelf is None or shelf.generation > self._index.generation(connection):
            return Shelf.empty(self._uid)
        self._cached = len(shelf.number)
        dead = 1 - shelf.alive.mean() if len(shelf.number) else 0
        return Shelf.empty(self._uid) if dead > _DEAD else shelf

    def _keep(self, connection: sa.Connection, shelf: Shelf) -> None:
        more = len(shelf.number) - self._cached
        if more < max(WORTH, SHARE * len(shelf.number)):
            return
        try:
            snapshot.save(self._index.home, self._index.uid(connection), shelf)
            self._cached = len(shelf.number)
        except OSError as error:
            # A full disk or a read-only home costs the next start some seconds, nothing else.
            _LOG.warning("The search cache could not be written: %s", error)
            shutil.rmtree(self._index.home / snapshot.FOLDER, ignore_errors=True)

"""The current snapshot of an index, updated as the library changes.

A large snapshot is stored in `home/cache`, so that the next process maps it instead of reading the
library again. The cache is only a copy: it is replaced when it is missing, far behind, or of
another library.
"""

from __future__ import annotations

import logging
import shutil
import threading
import time
from typing import TYPE_CHECKING

from library.reader import disk_cache
from library.reader.snapshot import Snapshot, updated

if TYPE_CHECKING:
    import sqlalchemy as sa

    from library.store.index import Index

# The cache is written again when the library has more assets than the cache by both of these.
NEW_LEAST = 2_000
NEW_SHARE = 0.2  # of the library
_LAG_SECONDS = 5.0  # that a replica may be behind the one that was read before
_POLL_SECONDS = 0.02
_DELETED_MOST = 0.3  # of the slots, before a cache is not worth loading

_LOG = logging.getLogger(__name__)


class IndexReader:
    """The current snapshot. Thread-safe."""

    def __init__(self, index: Index) -> None:
        self._index = index
        self._lock = threading.Lock()
        self._current: Snapshot | None = None
        self._cached = 0  # slots of the newest cache
        self._uid = ""

    def at(self, connection: sa.Connection) -> Snapshot:
        """Return the snapshot of the state of the library that `connection` sees.

        When another thread has seen a newer state already, `connection` sees that one from here
        on. Call this before anything else is read, or those rows are of another state.
        """
        generation = self._index.generation(connection)
        snapshot = self._current
        if snapshot is not None and snapshot.generation == generation:
            return snapshot
        with self._lock:
            if self._current is not None and self._current.generation > generation:
                generation = self._newer(connection, self._current.generation)
                if generation < self._current.generation:  # a restored backup
                    self._current = None
            uid = self._index.uid(connection)
            if uid != self._uid:  # the library was emptied, or embedded by another model
                self._uid, self._current, self._cached = uid, None, 0
            snapshot = self._current or self._load(connection)
            if snapshot.generation < generation:
                snapshot = updated(snapshot, connection, generation)
                self._save(connection, snapshot)
            self._current = snapshot
            return snapshot

    def _newer(self, connection: sa.Connection, least: int) -> int:
        """Return the newest generation; wait a while for `least`, which a replica may not have."""
        end = time.monotonic() + _LAG_SECONDS
        while True:
            connection.rollback()
            generation = self._index.generation(connection)
            if generation >= least or time.monotonic() > end:
                return generation
            time.sleep(_POLL_SECONDS)

    def warm(self) -> int:
        """Read the library, and write the cache where it is worth it; return its assets."""
        with self._index.reading() as connection:
            return int(self.at(connection).alive.sum())

    def _load(self, connection: sa.Connection) -> Snapshot:
        snapshot = disk_cache.load(self._index.home, self._index.uid(connection))
        if snapshot is None or snapshot.generation > self._index.generation(connection):
            return Snapshot.empty(self._uid)
        self._cached = len(snapshot.number)
        deleted = 1 - snapshot.alive.mean() if len(snapshot.number) else 0
        return Snapshot.empty(self._uid) if deleted > _DELETED_MOST else snapshot

    def _save(self, connection: sa.Connection, snapshot: Snapshot) -> None:
        new = len(snapshot.number) - self._cached
        if new < max(NEW_LEAST, NEW_SHARE * len(snapshot.number)):
            return
        try:
            disk_cache.save(self._index.home, self._index.uid(connection), snapshot)
            self._cached = len(snapshot.number)
        except OSError as error:
            # With a full disk or a read-only home only the next start takes some seconds longer.
            _LOG.warning("The search cache could not be written: %s", error)
            shutil.rmtree(self._index.home / disk_cache.FOLDER, ignore_errors=True)

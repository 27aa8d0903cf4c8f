"""The current snapshot of an index, updated as the library changes.

A large snapshot is stored in `home/cache`, so that the next process maps it instead of reading the
library again. The cache is only a copy: it is replaced when it is missing, far behind, or of
another library. A host without one takes that of another host (`shipping`).
"""

from __future__ import annotations

import logging
import shutil
import threading
import time
from typing import TYPE_CHECKING

import sqlalchemy as sa

from library.errors import LibraryError
from library.reader import disk_cache, shipping
from library.reader.snapshot import Snapshot, updated

if TYPE_CHECKING:
    from library.store.index import Index

_LAG_SECONDS = 5.0  # that a replica may be behind the one that was read before
_POLL_SECONDS = 0.02
_DELETED_MOST = 0.3  # of the slots, before a cache is not worth loading

_NO_SHIPPING = (OSError, LibraryError, sa.exc.SQLAlchemyError)

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
        """Read the library, and write the cache where it is worth it; return its assets.

        Other hosts get the cache as well.
        """
        with self._index.reading() as connection:
            snapshot = self.at(connection)
        store = self._index.store
        if store.blobs.is_shared:
            try:
                shipping.ship(store, self._index.home, snapshot.uid)
            except _NO_SHIPPING as error:
                _LOG.warning("The snapshot for other hosts could not be written: %s", error)
        return int(snapshot.alive.sum())

    def _fetch(self, generation: int) -> None:
        """Copy a better snapshot than that of this host from the shared place."""
        blobs = self._index.store.blobs
        if blobs.is_shared:
            try:
                shipping.fetch(blobs, self._index.home, self._uid, generation)
            except _NO_SHIPPING as error:
                _LOG.warning("The shared snapshot is not used; the library is read: %s", error)

    def _load(self, connection: sa.Connection) -> Snapshot:
        generation = self._index.generation(connection)
        self._fetch(generation)
        snapshot = disk_cache.load(self._index.home, self._uid)
        if snapshot is None or snapshot.generation > generation:
            return Snapshot.empty(self._uid)
        if len(snapshot.number) and 1 - snapshot.alive.mean() > _DELETED_MOST:
            return Snapshot.empty(self._uid)
        self._cached = len(snapshot.number)
        return snapshot

    def _save(self, connection: sa.Connection, snapshot: Snapshot) -> None:
        if not shipping.is_outgrown(self._cached, len(snapshot.number)):
            return
        try:
            disk_cache.save(self._index.home, self._index.uid(connection), snapshot)
            self._cached = len(snapshot.number)
        except OSError as error:
            # With a full disk or a read-only home only the next start takes some seconds longer.
            _LOG.warning("The search cache could not be written: %s", error)
            shutil.rmtree(self._index.home / disk_cache.FOLDER, ignore_errors=True)

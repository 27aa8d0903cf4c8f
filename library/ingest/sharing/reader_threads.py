"""Reading for the indexer of another host, while that one plans and writes."""

from __future__ import annotations

import os
import threading
import time
from contextlib import ExitStack, closing
from pathlib import Path
from typing import TYPE_CHECKING, Final

from library.ingest.batch import BatchReader
from library.ingest.roots import origins
from library.ingest.sharing import readings
from library.store.backends.leases import RENEWAL

if TYPE_CHECKING:
    from collections.abc import Collection
    from typing import Self

    from library.embedding.models import Models
    from library.formats.isolation.worker_pool import WorkerPool
    from library.store.backends.leases import SharedWork, Unit
    from library.store.index import Index

_PAUSE: Final = 0.5  # seconds before it looks for work again


class ReaderThreads:
    """Threads that read units of work; a context manager.

    They read what is planned with the same `recipe`, in folders that this host has. Nothing is
    done where the library is not shared.
    """

    def __init__(
        self, index: Index, models: Models, recipe: str, exclude: Collection[Path]
    ) -> None:
        self._index, self._models = index, models
        self._recipe, self._exclude = recipe, exclude
        self._stopped = threading.Event()
        self._guard = threading.Lock()
        self._stack = ExitStack()
        self._pool: WorkerPool | None = None
        self._threads: list[threading.Thread] = []
        self._error: BaseException | None = None
        self._renewed = 0.0

    def __enter__(self) -> Self:
        """Start nothing yet."""
        return self

    def __exit__(self, *_: object) -> None:
        """Stop."""
        self.stop()

    def step(self) -> None:
        """Start at first, then keep the leases. Raises what a thread has met."""
        work = self._index.store.work
        if work is None:
            return
        if not self._threads:
            for _ in range(max(1, os.cpu_count() or 1)):
                thread = threading.Thread(target=self._run, args=(work,), daemon=True)
                thread.start()
                self._threads.append(thread)
        if self._error is not None:
            raise self._error
        if time.monotonic() - self._renewed > RENEWAL:
            self._renewed = time.monotonic()
            work.renew()

    def stop(self) -> None:
        """Stop; what was not stored is read by others."""
        self._stopped.set()
        for thread in self._threads:
            thread.join()
        self._stack.close()

    def _run(self, work: SharedWork) -> None:
        try:
            while not self._stopped.is_set():
                here = [p for p in self._index.store.roots.paths().values() if Path(p).is_dir()]
                unit = work.lease(self._recipe, here) if here else None
                if unit is None:
                    self._stopped.wait(_PAUSE)
                    continue
                result = self._read(unit)
                if result is not None:
                    work.put(unit, result)
        except BaseException as error:  # noqa: BLE001 - raised in the thread that waits
            self._error = error

    def _read(self, unit: Unit) -> bytes | None:
        with closing(self._index.store.identities()) as identities:
            found = origins(self._index, identities)
        reader = BatchReader(
            self._index, self._models, dated=None, exclude=self._exclude, origins=found
        )
        files = readings.decoded_files(unit.root, unit.files)
        return readings.read(files, reader, self._workers(), lambda: not self._stopped.is_set())

    def _workers(self) -> WorkerPool:
        from library.ingest.describe import workers

        with self._guard:
            if self._pool is None:
                self._pool = self._stack.enter_context(workers())
            return self._pool

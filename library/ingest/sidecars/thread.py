"""The thread of a server that writes decisions to sidecars, so that no request waits for a disk."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING, Final

from sqlalchemy.exc import DatabaseError

from library.errors import LibraryError
from library.ingest.sidecars.writer import write_pending

if TYPE_CHECKING:
    from library.store.index import Index

_SECONDS: Final = 30.0  # until decisions are looked for that another process has stored
_LOG = logging.getLogger(__name__)


class SidecarThread:
    """Writes the sidecars of a library as soon as something is decided."""

    def __init__(self, index: Index) -> None:
        self._index = index
        self._decided = threading.Event()
        threading.Thread(target=self._run, daemon=True, name="sidecars").start()

    def wake(self) -> None:
        """Write what was decided since the last time."""
        self._decided.set()

    def _run(self) -> None:
        again = True  # what failed before the server was started
        while True:
            self._decided.clear()
            try:
                write_pending(self._index, again=again)
                again = False
            except (LibraryError, DatabaseError, OSError):
                _LOG.exception("Sidecars cannot be written; the decisions are stored")
            self._decided.wait(_SECONDS)

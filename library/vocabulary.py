"""The words that a library has, for forgiving what was mistyped.

Read from FTS5's own vocabulary, and read again when the library has changed; while it is being
written, at most every few seconds, since a word that is new is found by itself anyway.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    import sqlalchemy as sa

REST = 5.0  # seconds between two readings


class Vocabulary:
    """Word -> how many assets have it. Safe to ask from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._terms: Mapping[str, int] = {}
        self._generation = -1
        self._read_at = 0.0

    def at(self, connection: sa.Connection, generation: int) -> Mapping[str, int]:
        """The words of the library as `connection` sees it, or as it was seconds ago."""
        if self._generation == generation:
            return self._terms
        with self._lock:
            rested = time.monotonic() - self._read_at >= REST
            if self._generation != generation and (rested or not self._terms):
                rows = connection.exec_driver_sql("SELECT term, doc FROM vocabulary")
                self._terms = {term: count for term, count in rows}  # noqa: C416 - rows are not pairs to dict()
                self._generation = generation
                self._read_at = time.monotonic()
            return self._terms

"""Which files are sidecars as they were written here, for the watcher: their change is none."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from sqlalchemy.exc import DatabaseError

from library.errors import LibraryError
from library.store.decisions import sidecars
from library.store.index import Index

if TYPE_CHECKING:
    from pathlib import Path


class OwnSidecars:
    """Whether a file is a sidecar as it was written here, so that its change is none."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._index: Index | None = None

    def __call__(self, path: Path) -> bool:
        """Return whether it is; False where that is not known."""
        try:
            self._index = self._index or Index.open(self._home)
            status = path.lstat() if path.exists() else None
            return sidecars.is_own(self._index, os.fsencode(path), status)
        except (LibraryError, DatabaseError, OSError):
            self._index = None
            return False

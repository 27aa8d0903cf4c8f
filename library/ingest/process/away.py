"""A run of the indexer through times in which the database of the library is away."""

from __future__ import annotations

import time
from contextlib import closing, suppress
from typing import TYPE_CHECKING, Final

from library.errors import IndexUnusable, StoreAway
from library.store.opening import open_store

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from library.ingest.process.runs import Progress

_SECONDS: Final = 2.0  # between two looks whether the database responds again


def continued(home: Path, progress: Progress, run: Callable[[], None]) -> None:
    """Call `run`, and again where the database goes away meanwhile, when it has returned.

    Raises IndexUnusable where the library cannot be opened at first.
    """
    while True:
        try:
            run()
        except StoreAway as error:
            progress.note(f"indexing waits: {error}")
            _wait(home)
            progress.note("the database responds again: indexing continues")
        else:
            return


def _wait(home: Path) -> None:
    while True:
        time.sleep(_SECONDS)
        with suppress(IndexUnusable), closing(open_store(home, create=True)) as store:
            store.check()
            return

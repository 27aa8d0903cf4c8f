"""The state of the indexer, in a file of the home that the server reads."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final, Self

import msgspec
from filelock import FileLock, Timeout

from library.errors import LibraryError
from library.home import WATCH_LOCK, write_atomically
from library.store.status import FILE, Status

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from library.ingest.process.runs import Progress

_PAUSE: Final = 1.0  # seconds between two writes of the file


def announce(home: Path) -> None:
    """Write that an indexer is about to start, unless another process is that of this home."""
    lock = FileLock(home / WATCH_LOCK)
    with suppress(Timeout), lock.acquire(timeout=0):
        now = time.time()
        _write(home, Status("starting", began=now, updated=now))


def _write(home: Path, status: Status) -> None:
    with suppress(OSError):  # a full disk is reported by what writes the index
        write_atomically(home / FILE, msgspec.json.encode(status))


class Reported:
    """A progress that is also written to the home, at most once a second."""

    def __init__(self, home: Path, progress: Progress) -> None:
        """Begin with the search for files that have changed."""
        self._home, self._progress = home, progress
        self._guard = threading.Lock()
        self._done = threading.Event()
        self._status = Status(state="starting", began=time.time())

    @classmethod
    @contextmanager
    def during(cls, home: Path, progress: Progress) -> Iterator[Self]:
        """Report a run; the caller holds `runs.exclusive`."""
        reported = cls(home, progress)
        thread = threading.Thread(target=reported._beat, daemon=True, name="status")
        thread.start()
        state, message = "stopped", ""
        try:
            yield reported
            state = "idle"
        except LibraryError as error:
            state, message = "failed", str(error)
            raise
        except Exception as error:
            state, message = "failed", f"{type(error).__name__}: {error}"
            raise
        finally:
            reported._done.set()
            thread.join()
            reported._update(state=state, message=message)
            reported._write()

    def note(self, text: str) -> None:
        """Report a line."""
        self._progress.note(text)

    def skipped(self, path: str, reason: str) -> None:
        """Count a file that is not indexed."""
        self._update(skipped=self._status.skipped + 1)
        self._progress.skipped(path, reason)

    def damaged(self, path: str, reason: str) -> None:
        """Report a file that cannot be read, or only in part."""
        self._progress.damaged(path, reason)

    def begin(self, total: int) -> None:
        """Begin to read `total` files."""
        self._update(state="indexing", total=total, read=0, began=time.time())
        self._progress.begin(total)

    def advance(self, count: int) -> None:
        """Count files that have been read."""
        self._update(read=self._status.read + count)
        self._progress.advance(count)

    def _update(self, **changes: object) -> None:
        with self._guard:
            self._status = msgspec.structs.replace(self._status, **changes)

    def _beat(self) -> None:
        self._write()
        while not self._done.wait(_PAUSE):
            self._write()

    def _write(self) -> None:
        with self._guard:
            status = msgspec.structs.replace(self._status, updated=time.time())
        _write(self._home, status)

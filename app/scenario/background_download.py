"""Download of a file in a thread of its own, which can be read while it arrives."""

from __future__ import annotations

import tempfile
import threading
from concurrent.futures import wait
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from concurrent.futures import Executor, Future

_IN_MEMORY: Final = 2_000_000  # bytes of a file; larger ones are stored on disk
_CHUNK: Final = 256 * 1024


class Target(Protocol):
    """What a file is written to."""

    def write(self, data: bytes, /) -> object:
        """Append bytes."""


class _CancelledError(Exception):
    """The reader does not want the rest of the file."""


class BackgroundDownload:
    """A file that is being downloaded; one thread may read it.

    `fetch` writes it to its argument and returns its MIME type.
    """

    def __init__(self, executor: Executor, fetch: Callable[[Target], str]) -> None:
        """Begin the download in a thread of `executor`."""
        self._file = tempfile.SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115 - closed by `close`
        self._changed = threading.Condition()
        self._is_closed = False
        self._written = self._read = 0
        self.result: Future[str] = executor.submit(self._run, fetch)

    def _run(self, fetch: Callable[[Target], str]) -> str:
        try:
            return fetch(self)
        finally:
            with self._changed:
                self._changed.notify_all()

    def write(self, data: bytes, /) -> None:
        """Append bytes; called by `fetch`. Raises where the download was closed."""
        with self._changed:
            if self._is_closed:
                raise _CancelledError
            self._file.seek(self._written)
            self._file.write(data)
            self._written += len(data)
            self._changed.notify_all()

    def wait(self, seconds: float) -> None:
        """Wait until there are bytes to read, the download has ended, or time is over."""
        with self._changed:
            if self._written == self._read and not self.result.done():
                self._changed.wait(seconds)

    def wait_for_end(self, seconds: float) -> bool:
        """Wait until the download has ended or time is over; return whether it has ended."""
        return not wait([self.result], seconds).not_done

    def chunks(self, pause: float) -> Iterator[bytes]:
        """Yield the bytes as they arrive; an empty part where none arrived for `pause` seconds.

        Raises what `fetch` raised, after the bytes that arrived before.
        """
        while True:
            has_ended = self.result.done()  # read before the bytes: none arrives afterwards
            with self._changed:
                self._file.seek(self._read)
                data = self._file.read(_CHUNK)
            self._read += len(data)
            if data:
                yield data
            elif has_ended:
                self.result.result()
                return
            else:
                self.wait(pause)
                if self._written == self._read:
                    yield b""

    @property
    def size(self) -> int:
        """The number of bytes that have arrived."""
        return self._written

    def close(self) -> None:
        """Delete the file; a download that is still running ends with its next bytes."""
        self.result.cancel()
        with self._changed:
            self._is_closed = True
            self._file.close()

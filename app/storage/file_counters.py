"""Counters in a file that the processes of one machine share, for rate limits without Redis."""

from __future__ import annotations

import fcntl
import os
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import msgspec
from limits.storage import SlidingWindowCounterSupport, Storage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from typing import BinaryIO

Counters = dict[str, tuple[int, float]]  # key -> count, and when it expires (seconds since 1970)
_COUNTERS: Final = msgspec.json.Decoder(Counters)


class FileStorage(Storage, SlidingWindowCounterSupport):
    """Storage of the `limits` package: a JSON file that is locked while it is used."""

    def __init__(self, path: Path, clock: Callable[[], float] = time.time) -> None:
        """The first call creates the file, or raises OSError."""
        super().__init__()
        self._path = path
        self._clock = clock

    @property
    def base_exceptions(self) -> type[Exception]:
        """The errors that using the file raises."""
        return OSError

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """See `Storage`."""
        with self._counters() as (counters, now):
            count, expires = counters.get(key, (0, now + expiry))
            counters[key] = (count + amount, expires)
            return count + amount

    def get(self, key: str) -> int:
        """See `Storage`."""
        with self._counters() as (counters, _):
            return counters.get(key, (0, 0.0))[0]

    def get_expiry(self, key: str) -> float:
        """See `Storage`."""
        with self._counters() as (counters, now):
            return counters.get(key, (0, now))[1]

    def check(self) -> bool:
        """See `Storage`."""
        try:
            with self._counters():
                return True
        except OSError:
            return False

    def reset(self) -> int:
        """See `Storage`."""
        with self._counters() as (counters, _):
            count = len(counters)
            counters.clear()
            return count

    def clear(self, key: str) -> None:
        """See `Storage`."""
        with self._counters() as (counters, _):
            counters.pop(key, None)

    def acquire_sliding_window_entry(
        self, key: str, limit: int, expiry: int, amount: int = 1
    ) -> bool:
        """See `SlidingWindowCounterSupport`."""
        with self._counters() as (counters, now):
            before, before_seconds, count, seconds = _window(counters, key, expiry, now)
            if int(before * before_seconds / expiry) + count + amount > limit:
                return False
            counters[_window_keys(key, expiry, now)[1]] = (count + amount, now + seconds)
            return True

    def get_sliding_window(self, key: str, expiry: int) -> tuple[int, float, int, float]:
        """See `SlidingWindowCounterSupport`."""
        with self._counters() as (counters, now):
            return _window(counters, key, expiry, now)

    def clear_sliding_window(self, key: str, expiry: int) -> None:
        """See `SlidingWindowCounterSupport`."""
        with self._counters() as (counters, now):
            for each in _window_keys(key, expiry, now):
                counters.pop(each, None)

    @contextmanager
    def _counters(self) -> Iterator[tuple[Counters, float]]:
        """The counters that have not expired, and the time; changes to them are stored."""
        with self._open() as file:
            fcntl.flock(file, fcntl.LOCK_EX)  # until the file is closed
            content, now = file.read(), self._clock()
            try:
                stored = _COUNTERS.decode(content)
            except (msgspec.DecodeError, UnicodeDecodeError):
                stored = {}  # counted anew
            counters = {key: item for key, item in stored.items() if item[1] > now}
            yield counters, now
            if counters != stored:
                file.seek(0)
                # Padded: to make a file shorter costs a file system milliseconds.
                file.write(msgspec.json.encode(counters).ljust(len(content)))

    def _open(self) -> BinaryIO:
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
        try:
            handle = os.open(self._path, flags, 0o644)
        except FileNotFoundError:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            handle = os.open(self._path, flags, 0o644)
        return os.fdopen(handle, "r+b", buffering=0)


def _window_keys(key: str, expiry: int, now: float) -> tuple[str, str]:
    """Keys of the counters of the previous and the current window."""
    number = int(now // expiry)
    return f"{key}/{number - 1}", f"{key}/{number}"


def _window(counters: Counters, key: str, expiry: int, now: float) -> tuple[int, float, int, float]:
    """Counts of the previous and the current window, each with the seconds until it expires."""
    before, count = (counters.get(each, (0, 0.0))[0] for each in _window_keys(key, expiry, now))
    left = expiry - now % expiry
    return before, left, count, left + expiry

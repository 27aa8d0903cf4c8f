"""What arrived from proxies and was ignored: said once in the log, and later by `app check`.

The check is a process of its own, so notices are also stored in the data folder.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Final

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

log = logging.getLogger(__name__)

FILE: Final = "proxy-notices.json"
MOST: Final = 16  # anybody can send such headers
SECONDS: Final = 86_400.0  # that a notice is of interest
_RENEWED: Final = SECONDS / 24


class Notice(msgspec.Struct, frozen=True):
    """What was ignored: `subject` is a header or a setting; `at` in seconds since the epoch."""

    subject: str
    address: str
    message: str
    server: int  # the process whose workers have said it
    at: float


class ProxyNotices:
    """The notices of one data folder."""

    def __init__(self, folder: Path, clock: Callable[[], float] = time.time) -> None:
        """Read and write nothing yet."""
        self._path = folder / FILE
        self._clock = clock
        self._lock = threading.Lock()
        self._noted: dict[tuple[str, str], float] = {}

    def note(self, subject: str, address: str, message: str) -> None:
        """Log a message, once for a subject and the address that it came from."""
        key, now = (subject, address), self._clock()
        last = self._noted.get(key)
        is_recent = last is not None and last + _RENEWED > now
        if is_recent or (last is None and len(self._noted) >= MOST):
            return
        workers = os.getppid()  # the workers of a server have one parent
        with self._lock:
            self._noted[key] = now
            others = {(each.subject, each.address): each for each in self.stored()}
            same = others.pop(key, None)
            self._store([Notice(subject, address, message, workers, now), *others.values()])
        if last is None and (same is None or same.server != workers):
            log.warning(message)

    def stored(self) -> list[Notice]:
        """Return the notices of the last day, newest first."""
        try:
            notices = msgspec.json.decode(self._path.read_bytes(), type=list[Notice])
        except (OSError, msgspec.DecodeError):
            return []
        return [each for each in notices if each.at + SECONDS > self._clock()]

    def _store(self, notices: list[Notice]) -> None:
        with suppress(OSError):  # the log has it
            self._path.parent.mkdir(parents=True, exist_ok=True)
            new = self._path.with_suffix(f".{os.getpid()}")
            new.write_bytes(msgspec.json.encode(notices[:MOST]))
            new.replace(self._path)

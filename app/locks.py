"""Locks that many processes share, kept alive while their holder lives.

A lock ends soon after a process that died with it, however long the work under it may take: those
who wait for a page would otherwise wait for a machine that is gone. Knows nothing of the work.
"""

from __future__ import annotations

import logging
import threading
import time
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from redis.exceptions import LockError

if TYPE_CHECKING:
    from collections.abc import Callable

    import redis

log = logging.getLogger(__name__)

SECONDS: Final = 3.0  # a lock is renewed well before; what dies holding it is waited for so long
EVERY: Final = 1.0


class Locks:
    """The locks that this process holds in one Redis."""

    def __init__(self, guarded: Callable[[Callable[[], Any], str], Any]) -> None:
        """`guarded(work, done)` does what may fail, and answers None where it did."""
        self._guarded = guarded
        self._held: dict[Any, float] = {}  # lock -> when to give it up, by time.monotonic()
        self._changed = threading.Condition()
        self._renewer: threading.Thread | None = None

    def take(self, client: redis.Redis, name: str, *, most_seconds: float) -> Any:
        """Take the lock and keep it for at most `most_seconds`; None where another has it."""
        lock = client.lock(name, timeout=SECONDS, thread_local=False)
        if not self._guarded(lambda: lock.acquire(blocking=False), "locked"):
            return None
        with self._changed:
            self._held[lock] = time.monotonic() + most_seconds
            if self._renewer is None:
                self._renewer = threading.Thread(
                    target=self._renew_all, name="renewing locks", daemon=True
                )
                self._renewer.start()
            elif len(self._held) == 1:
                self._changed.notify()
        return lock

    def give_back(self, lock: Any) -> None:
        """Let others have it."""
        with self._changed:
            self._held.pop(lock, None)
        self._guarded(lambda: _release(lock), "unlocked")

    def _renew_all(self) -> None:
        while True:
            with self._changed:
                while not self._held:
                    self._changed.wait()
            time.sleep(EVERY)
            with self._changed:
                held = list(self._held.items())
            for lock, until in held:
                is_in_time = time.monotonic() < until
                if not (is_in_time and self._guarded(partial(_renew, lock), "held")):
                    with self._changed:
                        self._held.pop(lock, None)


def _renew(lock: Any) -> bool:
    try:
        return bool(lock.reacquire())
    except LockError:
        return False  # it was given back meanwhile, or has ended


def _release(lock: Any) -> None:
    try:
        lock.release()
    except LockError:
        log.info("a lock ended before its work did")

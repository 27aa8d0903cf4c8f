"""Locks in Redis that many processes share, renewed while the process that holds them lives.

The lock of a process that has died expires soon, however long its work may take: the processes that
wait for it would otherwise wait for nothing.
"""

from __future__ import annotations

import logging
import threading
import time
from functools import partial
from typing import TYPE_CHECKING, Any

from redis.exceptions import LockError

if TYPE_CHECKING:
    from collections.abc import Callable

    import redis

log = logging.getLogger(__name__)


class RenewedLocks:
    """The locks that this process holds; one thread renews all of them."""

    def __init__(
        self,
        guarded: Callable[[Callable[[], Any], str], Any],
        *,
        seconds: float,
        renewal_seconds: float,
    ) -> None:
        """A lock expires after `seconds` and is renewed every `renewal_seconds`.

        `guarded(work, action)` returns the result of work that may fail, None where it failed.
        """
        self._guarded = guarded
        self._seconds = seconds
        self._renewal_seconds = renewal_seconds
        self._held: dict[Any, float] = {}  # lock -> when to give it up, by time.monotonic()
        self._changed = threading.Condition()
        self._renewer: threading.Thread | None = None

    def acquire(self, client: redis.Redis, name: str, *, most_seconds: float) -> Any:
        """Return the lock, held for at most `most_seconds`; None where another process has it."""
        lock = client.lock(name, timeout=self._seconds, thread_local=False)
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

    def release(self, lock: Any) -> None:
        """Release a lock."""
        with self._changed:
            self._held.pop(lock, None)
        self._guarded(lambda: _release(lock), "unlocked")

    def _renew_all(self) -> None:
        while True:
            with self._changed:
                while not self._held:
                    self._changed.wait()
            time.sleep(self._renewal_seconds)
            with self._changed:
                held = list(self._held.items())
            for lock, until in held:
                is_in_time = time.monotonic() < until
                if not (is_in_time and self._guarded(partial(_renew, lock), "renewed")):
                    with self._changed:
                        self._held.pop(lock, None)


def _renew(lock: Any) -> bool:
    try:
        return bool(lock.reacquire())
    except LockError:
        return False  # released meanwhile, or expired


def _release(lock: Any) -> None:
    try:
        lock.release()
    except LockError:
        log.info("a lock expired before its work ended")

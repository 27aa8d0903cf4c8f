"""The API's answers, kept as bytes for a short while: each one kept is a search not paid for.

Only successes are kept. Knows Flask-Caching's backend and nothing of what the bytes mean.
"""

from __future__ import annotations

import logging
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from flask_caching import Cache

log = logging.getLogger(__name__)

MOST_KEPT: Final = 4 * 1024 * 1024  # bytes; a larger answer is passed on and not kept


class Answers:
    """Asks once for callers who want the same at the same time, and keeps what came."""

    def __init__(self, cache: Cache, *, seconds: int) -> None:
        """Keep each answer for `seconds`; 0 keeps none."""
        self._cache = cache
        self._seconds = seconds
        self._asking: dict[str, tuple[threading.Lock, int]] = {}
        self._guard = threading.Lock()

    def get(self, key: str, ask: Callable[[], bytes]) -> bytes:
        """Answer what is kept under `key`, else ask and keep it. Raises what `ask` raises."""
        if not self._seconds:
            return ask()
        if (kept := self._kept(key)) is not None:
            return kept
        with self._alone(key):
            if (kept := self._kept(key)) is not None:
                return kept
            answer = ask()
            if len(answer) <= MOST_KEPT:
                self._keep(key, answer)
            return answer

    def _kept(self, key: str) -> bytes | None:
        try:
            kept = self._cache.get(key)
        except Exception:
            # Whatever backend is configured, and however it fails: a page without its cache is
            # slower, a page that fails for its cache is broken.
            log.warning("the cache cannot be read", exc_info=True)
            return None
        return kept if isinstance(kept, bytes) else None

    def _keep(self, key: str, answer: bytes) -> None:
        try:
            self._cache.set(key, answer, timeout=self._seconds)
        except Exception:
            log.warning("the cache cannot be written", exc_info=True)

    @contextmanager
    def _alone(self, key: str) -> Iterator[None]:
        with self._guard:
            lock, waiting = self._asking.get(key, (threading.Lock(), 0))
            self._asking[key] = (lock, waiting + 1)
        try:
            with lock:
                yield
        finally:
            with self._guard:
                lock, waiting = self._asking[key]
                if waiting == 1:
                    del self._asking[key]
                else:
                    self._asking[key] = (lock, waiting - 1)

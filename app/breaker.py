"""Breaker: stops asking what keeps failing, and finds out by itself when it works again.

After some failures in a row it rests; after the rest one caller tries, and either everybody goes on
or the next rest is twice as long. Knows nothing of what is asked.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class Breaker:
    """One thing that may fail, as one process sees it. All times are in seconds."""

    def __init__(
        self,
        *,
        failures: int = 5,
        rest: float = 1.0,
        longest: float = 30.0,
        trial: float = 15.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Rest after `failures` in a row, first for `rest`, then doubling up to `longest`.

        A caller who tries after a rest and has said nothing for `trial` is no longer waited for.
        """
        self._failures = failures
        self._first = rest
        self._longest = longest
        self._trial = trial
        self._clock = clock
        self._guard = threading.Lock()
        self._in_a_row = 0
        self._next_rest = rest
        self._until: float | None = None  # resting until, or trying until; None: all is well
        self._trying = False

    @property
    def is_open(self) -> bool:
        """True while callers are turned away, or one of them tries."""
        return self._until is not None

    def wait(self) -> float:
        """Ask to go: 0 for yes, else in how many seconds to ask again.

        After a rest only the first who asks may go; it must report how it went.
        """
        with self._guard:
            if self._until is None:
                return 0.0
            now = self._clock()
            if now < self._until:
                return self._until - now
            self._until = now + self._trial
            self._trying = True
            return 0.0

    def succeeded(self) -> None:
        """Report that it works."""
        with self._guard:
            self._in_a_row = 0
            self._next_rest = self._first
            self._until = None
            self._trying = False

    def failed(self) -> None:
        """Report a failure."""
        with self._guard:
            self._in_a_row += 1
            if self._until is not None and not self._trying:
                return  # asked before the rest began: one trouble, counted once
            if self._in_a_row >= self._failures:
                self._until = self._clock() + self._next_rest
                self._trying = False
                self._next_rest = min(self._next_rest * 2, self._longest)

    def abstained(self) -> None:
        """Report that nothing was tried after all: the next who asks may."""
        with self._guard:
            if self._trying:
                self._until = self._clock()
                self._trying = False

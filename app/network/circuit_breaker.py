"""Circuit breaker: stops calls to a service that keeps failing, until one of them succeeds.

After some failures in a row it is open for a pause. Then one caller makes a trial call: if it
succeeds, all calls are allowed again; if it fails, the next pause is twice as long.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class CircuitBreaker:
    """State of one service, as this process sees it. All times are in seconds."""

    def __init__(
        self,
        *,
        failures: int = 5,
        rest: float = 1.0,
        longest: float = 30.0,
        trial: float = 15.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Pause after `failures` in a row, first for `rest`, then doubling up to `longest`.

        A trial call that reports nothing within `trial` is followed by another one.
        """
        self._failures = failures
        self._first = rest
        self._longest = longest
        self._trial = trial
        self._clock = clock
        self._guard = threading.Lock()
        self._in_a_row = 0
        self._next_rest = rest
        self._until: float | None = None  # end of the pause or of the trial; None: closed
        self._is_trial = False

    @property
    def is_open(self) -> bool:
        """True during a pause and during a trial call."""
        return self._until is not None

    def wait(self) -> float:
        """Return 0 if a call is allowed, else the seconds until one may be.

        After a pause only the first caller is allowed; it must report its result.
        """
        with self._guard:
            if self._until is None:
                return 0.0
            now = self._clock()
            if now < self._until:
                return self._until - now
            self._until = now + self._trial
            self._is_trial = True
            return 0.0

    def succeeded(self) -> None:
        """Report a call that succeeded."""
        with self._guard:
            self._in_a_row = 0
            self._next_rest = self._first
            self._until = None
            self._is_trial = False

    def failed(self) -> None:
        """Report a call that failed."""
        with self._guard:
            self._in_a_row += 1
            if self._until is not None and not self._is_trial:
                return  # this call started before the pause: one outage counts once
            if self._in_a_row >= self._failures:
                self._until = self._clock() + self._next_rest
                self._is_trial = False
                self._next_rest = min(self._next_rest * 2, self._longest)

    def cancelled(self) -> None:
        """Report that an allowed call was not made: the next caller makes the trial call."""
        with self._guard:
            if self._is_trial:
                self._until = self._clock()
                self._is_trial = False

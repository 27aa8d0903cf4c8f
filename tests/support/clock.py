"""A clock that only the test advances."""

from __future__ import annotations


class Clock:
    """Return `now`, in seconds; assign to it to let time pass."""

    def __init__(self, now: float = 6000.0) -> None:
        """Start at `now`, by default the beginning of a minute."""
        self.now = now

    def __call__(self) -> float:
        """Return the current time of the test."""
        return self.now

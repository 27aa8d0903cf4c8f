"""Waiting for a condition: the only loop of the tests that sleeps and checks again."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

PAUSE = 0.02  # seconds between two checks


def eventually(
    predicate: Callable[[], object],
    seconds: float = 60,
    *,
    pause: Callable[[float], object] = time.sleep,
) -> None:
    """Wait until `predicate` returns something true. Raises AssertionError after `seconds`."""
    end = time.monotonic() + seconds
    while not predicate():
        if time.monotonic() > end:
            raise AssertionError(f"not true within {seconds:g} seconds: {predicate}")
        pause(PAUSE)

"""Fingers on a page, by the DevTools protocol: the browser makes pointers and scrolling of them."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

Point = tuple[float, float]

SECONDS = 0.02  # between two events, as they state it, however slow the machine is
STEPS = 8  # moves of a finger from one place to another


class Fingers:
    """The fingers on the screen of a page; its context has `has_touch`."""

    def __init__(self, page: Page) -> None:
        """None touches it yet."""
        self._session = page.context.new_cdp_session(page)
        self._now = time.time()

    def tap(self, at: Point) -> None:
        """Touch a place for a moment."""
        self.move([at], [at])

    def swipe(self, start: Point, end: Point) -> None:
        """Move one finger."""
        self.move([start], [end])

    def pinch(self, middle: Point, before: float, after: float) -> None:
        """Move two fingers apart, or together: how far they are apart `before` and `after`."""
        x, y = middle
        start, end = ([(x - apart / 2, y), (x + apart / 2, y)] for apart in (before, after))
        self.move(start, end)

    def move(self, start: list[Point], end: list[Point]) -> None:
        """Put fingers down, move each to its end, and lift them."""
        self._send("touchStart", start)
        for step in range(1, STEPS + 1):
            share = step / STEPS
            points = [
                (x + (to_x - x) * share, y + (to_y - y) * share)
                for (x, y), (to_x, to_y) in zip(start, end, strict=True)
            ]
            if points != start:
                self._send("touchMove", points)
        self._send("touchEnd", [])

    def _send(self, kind: str, points: list[Point]) -> None:
        touches = [{"x": x, "y": y, "id": number} for number, (x, y) in enumerate(points)]
        self._now += SECONDS
        event = {"type": kind, "touchPoints": touches, "timestamp": self._now}
        self._session.send("Input.dispatchTouchEvent", event)


def middle(element: Locator) -> Point:
    """Return the middle of an element in the window."""
    box = element.bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2

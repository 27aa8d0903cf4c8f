"""Stacks in the grid: variants behind their first hit, opened by a link."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.insight import variants

if TYPE_CHECKING:
    from collections.abc import Iterable

    from app.query.display import Display
    from app.query.search import Search
    from app.scenario.assets import Asset


@dataclass(frozen=True, slots=True)
class Stack:
    """A stack: the number of its cards, and the link that opens or closes it."""

    count: int
    url: str
    is_open: bool
    others: frozenset[str] = frozenset()  # ids of the cards after the first one, if it is open


def stacked(
    hits: Iterable[Asset], search: Search, display: Display
) -> tuple[tuple[Asset, ...], dict[str, Stack]]:
    """Return the hits to show, and the stacks by the id of their first card.

    The hits of an open stack follow its first one. If the display has no stacks, all hits are
    returned in their order.
    """
    if not display.stacks:
        return tuple(hits), {}
    shown: list[Asset] = []
    stacks_by_id: dict[str, Stack] = {}
    for stack in variants.stacks(hits):
        first = stack[0].id
        is_open = first in display.unfold
        shown += stack if is_open else stack[:1]
        if len(stack) > 1:
            turned = display.folding(first) if is_open else display.unfolding(first)
            others = frozenset(hit.id for hit in stack[1:]) if is_open else frozenset()
            url = f"{turned.url(search)}#variants-{first}"
            stacks_by_id[first] = Stack(len(stack), url, is_open, others)
    return tuple(shown), stacks_by_id

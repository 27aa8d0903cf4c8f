"""Stacks in the grid: variants folded behind the best of them, unfolded by a link."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.insight import stacks

if TYPE_CHECKING:
    from collections.abc import Iterable

    from app.assets import Asset
    from app.display import Display
    from app.search import Search


@dataclass(frozen=True, slots=True)
class Stack:
    """A stack by its first card: how many lie in it, and the link that opens or closes it."""

    count: int
    url: str
    is_open: bool
    others: frozenset[str] = frozenset()  # that lie open behind the first one


def stacked(
    hits: Iterable[Asset], search: Search, display: Display
) -> tuple[tuple[Asset, ...], dict[str, Stack]]:
    """The hits to show, and the stacks by the id of their first card.

    Without stacks in the display, all hits as they came. The hits of an open stack follow its
    first one.
    """
    if not display.stacks:
        return tuple(hits), {}
    shown: list[Asset] = []
    found: dict[str, Stack] = {}
    for stack in stacks.stacks(hits):
        first = stack[0].id
        is_open = first in display.unfold
        shown += stack if is_open else stack[:1]
        if len(stack) > 1:
            turned = display.folding(first) if is_open else display.unfolding(first)
            others = frozenset(hit.id for hit in stack[1:]) if is_open else frozenset()
            url = f"{turned.url(search)}#stack-{first}"
            found[first] = Stack(len(stack), url, is_open, others)
    return tuple(shown), found

"""Variant stacks: the hits of one page that are variants of each other.

Two hits belong together where they come from one job or were made from one prompt; so do two that
are joined by a third.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.insight.terms import fold

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from app.assets import Asset


def stacks(hits: Iterable[Asset]) -> tuple[tuple[Asset, ...], ...]:
    """The hits in stacks: each where its best hit stands, its hits in the order of the answer."""
    found: list[list[tuple[int, Asset]]] = []
    place: dict[tuple[str, str], int] = {}  # what hits can share -> the stack that has it
    for position, hit in enumerate(hits):
        keys = list(_keys(hit))
        joined = sorted({place[key] for key in keys if key in place})
        if not joined:
            joined = [len(found)]
            found.append([])
        first, *others = joined
        found[first].append((position, hit))
        for other in others:
            found[first] += found[other]
            found[other] = []
        for key, stack in place.items():
            if stack in others:
                place[key] = first
        place |= dict.fromkeys(keys, first)
    return tuple(tuple(hit for _, hit in sorted(stack, key=_position)) for stack in found if stack)


def _position(placed: tuple[int, Asset]) -> int:
    return placed[0]


def _keys(hit: Asset) -> Iterator[tuple[str, str]]:
    if job := hit.metadata.parentJobId:
        yield "job", job
    if prompt := " ".join(fold(hit.metadata.prompt or "").split()):
        yield "prompt", prompt

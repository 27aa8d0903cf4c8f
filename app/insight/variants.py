"""Stacks of variants among the hits of one page.

Hits are variants if they were made by the same job or from the same prompt, transitively.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.insight.tokens import fold

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from app.scenario.assets import Asset


def stacks(hits: Iterable[Asset]) -> tuple[tuple[Asset, ...], ...]:
    """Group hits into stacks, in the order of their first hits; a stack keeps the order of hits."""
    groups: list[list[tuple[int, Asset]]] = []
    stack_of: dict[tuple[str, str], int] = {}  # job or prompt -> index of its stack
    for position, hit in enumerate(hits):
        keys = list(_keys(hit))
        joined = sorted({stack_of[key] for key in keys if key in stack_of})
        if not joined:
            joined = [len(groups)]
            groups.append([])
        first, *others = joined
        groups[first].append((position, hit))
        for other in others:
            groups[first] += groups[other]
            groups[other] = []
        for key, stack in stack_of.items():
            if stack in others:
                stack_of[key] = first
        stack_of |= dict.fromkeys(keys, first)
    return tuple(tuple(hit for _, hit in sorted(stack, key=_position)) for stack in groups if stack)


def _position(numbered: tuple[int, Asset]) -> int:
    return numbered[0]


def _keys(hit: Asset) -> Iterator[tuple[str, str]]:
    if job := hit.metadata.parentJobId:
        yield "job", job
    if prompt := " ".join(fold(hit.metadata.prompt or "").split()):
        yield "prompt", prompt

"""Suggestions: the names of a list that fit what was typed so far."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.insight.tokens import fold

if TYPE_CHECKING:
    from collections.abc import Iterable

    from app.scenario.assets import Named


def names_containing(names: Iterable[Named], typed: str, *, most: int) -> tuple[Named, ...]:
    """Return at most `most` names that contain a text.

    Names that are the text come first, then those that begin with it, then those with a word that
    begins with it; equally good ones in their own order.
    """
    part = fold(typed.strip())
    fitting = [(_rank(fold(each.name), part), each) for each in names]
    found = sorted((pair for pair in fitting if pair[0] is not None), key=lambda pair: pair[0] or 0)
    return tuple(each for _, each in found[:most])


def _rank(name: str, part: str) -> int | None:
    at = name.find(part)
    if at < 0:
        return None
    if at == 0:
        return 0 if name == part else 1
    begins_word = any(
        not name[position - 1].isalnum()
        for position in range(1, len(name))
        if name.startswith(part, position)
    )
    return 2 if begins_word else 3

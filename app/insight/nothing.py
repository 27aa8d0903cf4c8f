"""Nothing found: which condition costs the most.

Names the searches that have one condition less; whoever can ask counts them, and `by_cost` orders
what came back. Counts are exact ones: an estimate says nothing about an empty page.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from app import words

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from app.search import Search

MOST_ASKED: Final = 4  # searches that an empty page may cost
# What a reader narrows by last is suspected first; the rest follows in the order of the address.
_SUSPECTED: Final = ("filter", "tags.all", "query")


@dataclass(frozen=True, slots=True)
class Way:
    """The search without one condition; `count` is None until it is known."""

    words: str
    search: Search
    count: int | None = None


def ways(search: Search, names: Mapping[str, str] | None = None) -> tuple[Way, ...]:
    """The searches with one condition less, the most suspected condition first.

    Empty where a search has one condition only: without it nothing of the question is left.
    """
    said: dict[str, list[str]] = {}
    for parameter, _, text in words.conditions(search, names):
        said.setdefault(parameter, []).append(text)
    found = [
        (parameter, Way(_joined(parameter, texts), search.without(parameter)))
        for parameter, texts in said.items()
    ]
    if search.query:
        without = search.with_(query="", sortBy=())
        found.append(("query", Way(f"the words “{search.query}”", without)))
    if len(found) < 2 and not search.examples:
        return ()
    return tuple(way for _, way in sorted(found, key=_suspicion))


def _joined(parameter: str, texts: list[str]) -> str:
    """Any value of a facet will do; of everything else all must hold."""
    return (", " if "." in parameter else " or ").join(texts)


def _suspicion(named: tuple[str, Way]) -> int:
    parameter, _ = named
    return _SUSPECTED.index(parameter) if parameter in _SUSPECTED else len(_SUSPECTED)


def by_cost(counted: Iterable[Way]) -> tuple[Way, ...]:
    """The ways that lead somewhere, the one that finds most first."""
    found = [way for way in counted if way.count]
    return tuple(sorted(found, key=lambda way: -(way.count or 0)))

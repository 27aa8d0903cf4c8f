"""Searches to suggest where one has no results: the same with one condition less.

`ways` lists them, `services.alternatives` counts their results, `by_count` orders them. Counts are
exact: an estimate could suggest a search without results.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from app.query import describe

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from app.query.search import Search

MOST_COUNTED: Final = 4  # searches sent for one page without results
# The conditions that most often exclude everything; the rest follows in the order of the address.
_LIKELY: Final = ("filter", "tags.all", "query")


@dataclass(frozen=True, slots=True)
class Way:
    """A search without one condition, described by `words`; `count` is None until it is known."""

    words: str
    search: Search
    count: int | None = None


def ways(search: Search, names: Mapping[str, str] | None = None) -> tuple[Way, ...]:
    """Return the searches with one condition less, the most restrictive condition first.

    Empty for a search with a single condition, which would be left without any.
    """
    texts_of: dict[str, list[str]] = {}
    for parameter, _, text in describe.conditions(search, names):
        texts_of.setdefault(parameter, []).append(text)
    named = [
        (parameter, Way(_joined(parameter, texts), search.without(parameter)))
        for parameter, texts in texts_of.items()
    ]
    if search.query:
        without = search.with_(query="", sortBy=())
        named.append(("query", Way(f"the words “{search.query}”", without)))
    if len(named) < 2 and not search.examples:
        return ()
    return tuple(way for _, way in sorted(named, key=_rank))


def _joined(parameter: str, texts: list[str]) -> str:
    """Join values: any value of a facet has to match, of everything else all."""
    return (", " if "." in parameter else " or ").join(texts)


def _rank(named: tuple[str, Way]) -> int:
    parameter, _ = named
    return _LIKELY.index(parameter) if parameter in _LIKELY else len(_LIKELY)


def by_count(counted: Iterable[Way]) -> tuple[Way, ...]:
    """Return the searches that have results, the one with most first."""
    with_results = [way for way in counted if way.count]
    return tuple(sorted(with_results, key=lambda way: -(way.count or 0)))

"""Both ends of a scale: the search by words and by meaning, or by look and by subject."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable

    from app.search import Search

Scale = Literal["words", "likeness"]


@dataclass(frozen=True, slots=True)
class End:
    """One end of a scale, and the search that stands there."""

    label: str
    search: Search


def scales(search: Search) -> tuple[Scale, ...]:
    """The scales that a search has: of words where it has a query, of likeness with examples."""
    found: list[Scale] = []
    if search.query:
        found.append("words")
    if search.examples:
        found.append("likeness")
    return tuple(found)


def ends(search: Search, scale: Scale) -> tuple[End, End]:
    """The two ends of one scale of a search, from their first pages."""
    if scale == "words":
        return (
            End("Exact words", search.with_(querySemanticRatio=0.0)),
            End("Meaning", search.with_(querySemanticRatio=1.0)),
        )
    return (
        End("Near-duplicates", search.with_(imageSemanticRatio=0.0)),
        End("Same subject", search.with_(imageSemanticRatio=1.0)),
    )


def only(ids: Iterable[str], others: Iterable[str]) -> frozenset[str]:
    """What one end found and the other did not."""
    return frozenset(ids) - frozenset(others)

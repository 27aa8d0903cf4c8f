"""The two ends of a scale: a search by words and by meaning, or by look and by subject."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable

    from app.query.search import Search

Scale = Literal["words", "likeness"]


@dataclass(frozen=True, slots=True)
class End:
    """One end of a scale, with its search."""

    label: str
    search: Search


def scales(search: Search) -> tuple[Scale, ...]:
    """Return the scales of a search: words with a query, likeness with examples."""
    words: tuple[Scale, ...] = ("words",) if search.query else ()
    likeness: tuple[Scale, ...] = ("likeness",) if search.examples else ()
    return words + likeness


def ends(search: Search, scale: Scale) -> tuple[End, End]:
    """Return the two ends of one scale of a search, each from its first page."""
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
    """Return the ids that one end has and the other has not."""
    return frozenset(ids) - frozenset(others)

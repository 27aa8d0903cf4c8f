"""EndsView: both ends of a scale side by side, and what only one of them found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from app import words
from app.display import Display
from app.insight.ends import only
from app.views.bar import BarView, bar_parts
from app.views.card import Card

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from app.assets import Asset, ResultPage
    from app.insight.ends import End, Scale
    from app.search import Search

OTHERS = {"words": "likeness", "likeness": "words"}


@dataclass(frozen=True, slots=True)
class Column:
    """One end: its results, and which of them the other end has not."""

    label: str
    url: str
    count: str
    cards: tuple[Card, ...]
    only: frozenset[str]

    @property
    def only_words(self) -> str:
        """How many only this end found, among those that are shown."""
        return f"{len(self.only)} of {len(self.cards)} only here"


@dataclass(frozen=True, slots=True, kw_only=True)
class EndsView(BarView):
    """Both ends; no columns where the search has neither words nor an example."""

    columns: tuple[Column, ...]
    other_url: str  # the same search on its other scale; empty where it has only one
    other_words: str
    back_url: str


def ends_view(
    search: Search,
    display: Display,
    scales: Sequence[Scale],
    found: Sequence[tuple[End, ResultPage]],
    known: Mapping[str, Asset],
) -> EndsView:
    """Lay the ends of the first of `scales` out; `found` is empty, or has a page for each end."""
    ids = [[hit.id for hit in result.hits] for _, result in found]
    columns = tuple(
        Column(
            label=end.label,
            url=display.lasting.url(end.search),
            count=words.counted(result.total, "result") if result.total is not None else "",
            cards=tuple(Card.of(hit, end.search, place) for place, hit in enumerate(result.hits)),
            only=only(ids[at], ids[1 - at]),
        )
        for at, (end, result) in enumerate(found)
    )
    other = scales[1] if len(scales) > 1 else ""
    return EndsView(
        **bar_parts(search, display, known),
        title=f"Both ends · {words.title(search)}",
        columns=columns,
        other_url=display.lasting.url(search, f"/ends/{other}") if other else "",
        other_words="By words" if other == "words" else "By likeness",
        back_url=display.url(search),
    )

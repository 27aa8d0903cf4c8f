"""ExtremesView: both ends of a scale side by side."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.insight.extremes import only
from app.query import describe
from app.query.display import Display
from app.viewmodels.parts.card import Card
from app.viewmodels.parts.search_bar import BarView, bar_parts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from app.insight.extremes import End, Scale
    from app.query.search import Search
    from app.scenario.assets import Asset, ResultPage


@dataclass(frozen=True, slots=True)
class Column:
    """One end: its results, and those that the other end lacks."""

    label: str
    url: str
    count: str
    cards: tuple[Card, ...]
    only: frozenset[str]

    @property
    def only_words(self) -> str:
        """The number of shown results that only this end has."""
        return f"{len(self.only)} of {len(self.cards)} only here"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtremesView(BarView):
    """The page; without columns for a search with neither words nor an example."""

    columns: tuple[Column, ...]
    other_url: str  # the same search on its other scale; empty if it has only one
    other_words: str


def extremes_view(
    search: Search,
    display: Display,
    scales: Sequence[Scale],
    results: Sequence[tuple[End, ResultPage]],
    known: Mapping[str, Asset],
) -> ExtremesView:
    """Build the page of the first of `scales`; `results` has a page for each end, or is empty."""
    ids = [[hit.id for hit in result.hits] for _, result in results]
    columns = tuple(
        Column(
            label=end.label,
            url=display.lasting.url(end.search),
            count=describe.counted(result.total, "result") if result.total is not None else "",
            cards=tuple(Card.of(hit, end.search, place) for place, hit in enumerate(result.hits)),
            only=only(ids[at], ids[1 - at]),
        )
        for at, (end, result) in enumerate(results)
    )
    other = scales[1] if len(scales) > 1 else ""
    return ExtremesView(
        **bar_parts(search, display, known),
        title=f"Both ends · {describe.title(search)}",
        columns=columns,
        other_url=display.lasting.url(search, f"/ends/{other}") if other else "",
        other_words="By words" if other == "words" else "By likeness",
    )

"""CollectionsView: the collections, with links to what is in each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from app.insight.suggestions import names_containing
from app.query import describe
from app.query.search import Search
from app.viewmodels.parts.search_bar import BarView, bar_parts

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from app.query.display import Display
    from app.scenario.assets import Asset, Named

MOST_SHOWN: Final = 200
PARAMETER: Final = "collectionIds"


@dataclass(frozen=True, slots=True)
class CollectionLink:
    """A collection, with the link to its assets; the link that leaves it where it is shown."""

    id: str
    name: str
    count: int | None
    url: str
    is_chosen: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectionsView(BarView):
    """The page of the collections whose name contains a text."""

    find: str
    collections: tuple[CollectionLink, ...]
    count: str


def collections_view(
    search: Search,
    display: Display,
    *,
    find: str,
    collections: Iterable[Named],
    known: Mapping[str, Asset],
) -> CollectionsView:
    """Build the page: the collections of the search, then the others by name."""
    chosen = {*search.facet(PARAMETER).any}
    named = sorted(collections, key=lambda each: (each.id not in chosen, each.name.casefold()))
    found = names_containing(named, find, most=len(named)) if find.strip() else tuple(named)
    more = f", the first {MOST_SHOWN} shown" if len(found) > MOST_SHOWN else ""
    lasting = display.lasting
    return CollectionsView(
        **bar_parts(search, display, known),
        title="Collections",
        find=find.strip(),
        collections=tuple(
            CollectionLink(
                each.id,
                each.name,
                each.count,
                lasting.url(
                    search.without(PARAMETER, each.id)
                    if each.id in chosen
                    else Search().adding(PARAMETER, each.id)
                ),
                each.id in chosen,
            )
            for each in found[:MOST_SHOWN]
        ),
        count=describe.counted(len(found), "collection") + more,
    )

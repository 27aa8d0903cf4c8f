"""TagsView: all tags, with links that add each to the search in one of three modes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from app.insight.tokens import fold
from app.query import describe
from app.query.links import SearchLinks
from app.viewmodels.parts.search_bar import BarView, bar_parts

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from app.query.display import Display
    from app.query.search import Search
    from app.scenario.assets import Asset, Named

MOST_SHOWN: Final = 300
WAYS: Final = {"tags": "any", "tags.all": "all", "tags.not": "none"}


@dataclass(frozen=True, slots=True)
class Way:
    """A mode (any, all, none), with the link that adds the tag or removes it."""

    label: str
    url: str
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class Tag:
    """One tag, with the number of assets that have it if known."""

    name: str
    count: int | None
    ways: tuple[Way, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TagsView(BarView):
    """The page of the tags that contain a text."""

    find: str
    tags: tuple[Tag, ...]
    count: str


def tags_view(
    search: Search,
    display: Display,
    *,
    find: str,
    tags: Iterable[Named],
    known: Mapping[str, Asset],
) -> TagsView:
    """Build the page of the tags that contain `find`: the chosen ones, then by number of assets."""
    part = fold(find.strip())
    facet = search.facet("tags")
    chosen = {*facet.any, *facet.all, *facet.none}
    matching = [tag for tag in tags if part in fold(tag.id) or tag.id in chosen]
    matching.sort(key=lambda tag: (tag.id not in chosen, -(tag.count or 0), fold(tag.id)))
    shown = matching[:MOST_SHOWN]
    more = f", the first {MOST_SHOWN} shown" if len(matching) > len(shown) else ""
    lasting = display.lasting
    pairs = (*search.pairs(paging=False), *lasting.pairs())
    start = SearchLinks.of(search, lasting).start

    def way(parameter: str, label: str, tag: str) -> Way:
        if (parameter, tag) in pairs:
            return Way(label, start.without(parameter, tag), is_chosen=True)
        if start.can_add(parameter, tag):
            return Way(label, start.adding(parameter, tag), is_chosen=False)
        return Way(label, lasting.url(search.adding(parameter, tag)), is_chosen=False)

    return TagsView(
        **bar_parts(search, display, known),
        title="Tags",
        find=find.strip(),
        tags=tuple(
            Tag(
                each.id,
                each.count,
                tuple(way(name, label, each.id) for name, label in WAYS.items()),
            )
            for each in shown
        ),
        count=describe.counted(len(matching), "tag") + more,
    )

"""TagsView: every tag, to be found by a part of it and wanted in one of three ways."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from app import words
from app.insight.terms import fold
from app.nearby import Nearby
from app.views.bar import BarView, bar_parts

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from app.assets import Asset, Named
    from app.display import Display
    from app.search import Search

MOST_SHOWN: Final = 300
WAYS: Final = {"tags": "any", "tags.all": "all", "tags.not": "none"}


@dataclass(frozen=True, slots=True)
class Way:
    """One way to want a tag: the link that chooses it, or takes it back."""

    label: str
    url: str
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class Tag:
    """One tag, and how many assets have it where that is known."""

    name: str
    count: int | None
    ways: tuple[Way, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TagsView(BarView):
    """The tags that match what is looked for."""

    find: str
    tags: tuple[Tag, ...]
    count: str
    hidden: tuple[tuple[str, str], ...]  # what the form that looks for a tag has to keep
    back_url: str


def tags_view(
    search: Search,
    display: Display,
    *,
    find: str,
    tags: Iterable[Named],
    known: Mapping[str, Asset],
) -> TagsView:
    """List the tags that contain `find`, the most used first; the chosen ones before all."""
    wanted = fold(find.strip())
    facet = search.facet("tags")
    chosen = {*facet.any, *facet.all, *facet.none}
    found = [tag for tag in tags if wanted in fold(tag.id) or tag.id in chosen]
    found.sort(key=lambda tag: (tag.id not in chosen, -(tag.count or 0), fold(tag.id)))
    shown = found[:MOST_SHOWN]
    more = f", the first {MOST_SHOWN} shown" if len(found) > len(shown) else ""
    kept = display.lasting
    pairs = (*search.pairs(paging=False), *kept.pairs())
    start = Nearby.of(search, kept).start

    def way(parameter: str, label: str, tag: str) -> Way:
        if (parameter, tag) in pairs:
            return Way(label, start.without(parameter, tag), is_chosen=True)
        if start.can_add(parameter, tag):
            return Way(label, start.adding(parameter, tag), is_chosen=False)
        return Way(label, kept.url(search.adding(parameter, tag)), is_chosen=False)

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
        count=words.counted(len(found), "tag") + more,
        hidden=pairs,
        back_url=display.url(search),
    )

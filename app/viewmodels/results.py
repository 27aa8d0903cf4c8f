"""ResultsView: a page of results, with filters, pagination and errors."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final

import msgspec

from app.insight.distinctive_terms import distinctive_terms, excluding, including
from app.insight.filter_errors import left_out
from app.query import describe
from app.query.display import DENSITIES, GROUNDS, Display
from app.query.links import SearchLinks, changes_to
from app.query.search import Search
from app.viewmodels.library.folders import Level, tree
from app.viewmodels.library.indexing import IndexingView, indexing_view
from app.viewmodels.parts.card import Card, CardRow
from app.viewmodels.parts.controls import Switch
from app.viewmodels.parts.filter_panel import Panel, panel
from app.viewmodels.parts.search_bar import BarView, bar_parts
from app.viewmodels.parts.variants import stacked

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from app.errors import Problem
    from app.insight.filter_errors import Pointer
    from app.query.filters import Today
    from app.query.links import Values
    from app.query.search import Pairs
    from app.scenario.assets import Asset, ResultPage
    from app.services.results import SearchResult

    _Way = tuple[str, Mapping[str, Values], bool]  # label, changes of the address, whether it is on

MOST_PAGE_LINKS: Final = 7
_NO_ROW: Final = CardRow.of((), Search(), Display())


class Chip(msgspec.Struct, frozen=True, gc=False):
    """A condition, with the link that removes it."""

    words: str
    remove_url: str


class TermChip(msgspec.Struct, frozen=True, gc=False):
    """A term that is typical of the likes, to add, or of the unlikes, to avoid."""

    text: str
    side: str  # "like" or "unlike"
    url: str


class WayOut(msgspec.Struct, frozen=True, gc=False):
    """A search with results, suggested where this one has none."""

    words: str
    url: str
    count: str


class PageLink(msgspec.Struct, frozen=True, gc=False):
    """A page number; a gap if `url` is empty."""

    number: int
    url: str
    is_current: bool = False


@dataclass(frozen=True, slots=True)
class Pagination:
    """The pages around this one; a link that does not exist is empty."""

    previous: str
    next: str
    links: tuple[PageLink, ...]

    @classmethod
    def of(cls, search: Search, result: ResultPage, here: SearchLinks) -> Pagination:
        """Build the links to the pages around this one, the first and the last."""
        first, size = search.first, search.size
        current = first // size + 1
        pages = result.pages
        if pages is None and result.cards is not None:
            pages = math.ceil(result.cards / size)
        last = max(pages or 0, current + 1 if result.has_next else current)
        numbers = _window(current, last if pages is not None else current + result.has_next)
        links: list[PageLink] = []
        for number in numbers:
            if links and number > links[-1].number + 1:
                links.append(PageLink(0, ""))
            url = here.at((number - 1) * size, size=size)
            links.append(PageLink(number, url, number == current))
        # Beyond the end, the previous page is the last one that exists.
        before = (last - 1) * size if current - 1 > last else max(0, first - size)
        return cls(
            previous=here.at(before, size=size) if first else "",
            next=here.at(first + size, size=size) if result.has_next else "",
            links=tuple(links) if len(numbers) > 1 else (),
        )


def _window(current: int, last: int) -> list[int]:
    side = MOST_PAGE_LINKS // 2
    first = max(1, min(current - side, last - MOST_PAGE_LINKS + 1))
    around = range(first, min(last, first + MOST_PAGE_LINKS - 1) + 1)
    return sorted({1, *around, max(last, 1)})


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultsView(BarView):
    """The results page."""

    panel: Panel
    chips: tuple[Chip, ...]
    problems: tuple[Problem, ...]
    cards: tuple[Card, ...]
    closest: CardRow  # in meaning, after the last hit of an auto search
    switches: tuple[tuple[str, tuple[Switch, ...]], ...]  # display settings, by group
    terms: tuple[TermChip, ...] = ()
    ways: tuple[WayOut, ...] = ()  # without results
    total: int | None = None
    count: str = ""
    on_cards: str = ""  # " on 8 cards": where groups have more results than cards
    pagination: Pagination | None = None
    notice: str = ""  # why older results are shown
    by_library: bool = False
    folders: Level  # of the folder tree; without nodes where the API has none
    indexing: IndexingView
    lists_problems: bool = False  # the library lists the files that it does not show
    sort_is_ignored: bool = False

    @property
    def origin(self) -> Pairs:
        """The pairs of this page in the form of a selection."""
        return (*self.search.pairs(), *self.display.lasting.pairs())

    @property
    def canonical(self) -> str:
        """The address to share."""
        return self.link(self.search)

    @property
    def left_out(self) -> tuple[Problem, Pointer] | None:
        """The filter that was ignored, with the position of its mistake."""
        return left_out(self.problems) if self.error is None else None

    @property
    def unfolded(self) -> frozenset[str]:
        """The ids of the cards that follow the first one of an open stack."""
        return frozenset().union(*(stack.others for stack in self.stacks.values()))

    @property
    def closest_url(self) -> str:
        """The address of a row of results by meaning; empty if words are not the reason."""
        search = self.search
        is_worded = search.query and search.querySemanticRatio == 0 and not search.first
        return self.link(search, "/closest") if is_worded and not self.cards else ""


def results_view(found: SearchResult, *, today: Today) -> ResultsView:
    """Build the results page; presets of dates count back from `today`."""
    search, display, result, known = found.search, found.display, found.result, found.known
    lasting = display.lasting
    here = SearchLinks.of(search, lasting)
    start = here.start
    names = found.vocabulary.names
    hits = result.hits if result else ()
    shown, stacks = stacked(hits, search, display)
    filters = panel(
        search,
        start,
        today=today,
        hits=hits,
        facets=result.facets if result else None,
        total=result.cards if result else None,
        vocabulary=found.vocabulary,
        by_library=found.by_library,
    )
    return ResultsView(
        **bar_parts(search, display, known, panel=filters, is_library=found.lists_problems),
        title=describe.title(search, names),
        panel=filters,
        chips=tuple(
            Chip(text, start.without(parameter, value))
            for parameter, value, text in describe.conditions(search, names)
        ),
        problems=found.problems,
        cards=tuple(Card.of(hit, search, place) for place, hit in enumerate(shown)),
        stacks=stacks,
        closest=CardRow.of(
            found.closest, search, display, first=len(shown), leads_to=search.by_meaning()
        )
        if found.closest
        else _NO_ROW,
        switches=_switches(here, lasting),
        terms=tuple(_terms(search, lasting, known, hits)),
        ways=tuple(
            WayOut(way.words, lasting.url(way.search), describe.counted(way.count or 0, "result"))
            for way in found.ways
        ),
        total=result.total if result else None,
        count=_count(search, result, has_closest=bool(found.closest)) if result else "",
        on_cards=_on_cards(result) if result else "",
        pagination=Pagination.of(search, result, here) if result else None,
        error=found.error,
        notice=found.notice,
        by_library=found.by_library,
        indexing=indexing_view(found.indexing),
        lists_problems=found.lists_problems,
        folders=tree(search, start, result.folders if result else {}),
        sort_is_ignored=bool(search.sortBy and search.querySemanticRatio),
    )


def _switches(here: SearchLinks, display: Display) -> tuple[tuple[str, tuple[Switch, ...]], ...]:
    return tuple(
        (group, tuple([Switch(label, here.url(changes), is_on) for label, changes, is_on in ways]))
        for group, ways in _ways(display)
    )


@lru_cache(maxsize=64)
def _ways(display: Display) -> tuple[tuple[str, tuple[_Way, ...]], ...]:
    """Return the display settings by group, as changes of an address."""

    def way(label: str, *, is_on: bool, **shown: object) -> _Way:
        return label, changes_to(display.with_(**shown)), is_on

    sizes = zip(DENSITIES, ("Small", "Medium", "Large"), strict=True)
    rows = (way(label, is_on=display.density == each, density=each) for each, label in sizes)
    grounds = (
        way(label, is_on=display.ground == each, ground=each) for each, label in GROUNDS.items()
    )
    stacks, endless = display.stacks, display.endless
    show = (
        way("Names below the pictures", is_on=display.names, names=not display.names),
        way("Group what belongs together", is_on=display.groups, groups=not display.groups),
        way("Fold a page’s variants into stacks", is_on=stacks, stacks=not stacks),
        way("Endless, without pages", is_on=endless, endless=not endless),
    )
    return (("Rows", tuple(rows)), ("Background", tuple(grounds)), ("Show", show))


def _terms(
    search: Search, display: Display, known: Mapping[str, Asset], hits: tuple[Asset, ...]
) -> Iterator[TermChip]:
    """Yield the terms that distinguish likes from unlikes and are not yet part of the search."""
    likes = [known[each] for each in search.like if each in known]
    unlikes = [known[each] for each in search.unlike if each in known]
    terms = distinctive_terms(likes, unlikes, hits)
    if not terms:
        return
    here = search.with_()
    for term in terms:
        leads_to = (including if term.side == "like" else excluding)(search, term)
        if leads_to != here:
            yield TermChip(term.text, term.side, display.url(leads_to))


def _count(search: Search, result: ResultPage, *, has_closest: bool) -> str:
    """Return the exact number of results, or the numbers of those shown; never an estimate."""
    if has_closest and not result.hits:
        return "No exact match"
    if result.total is not None:
        return describe.counted(result.total, "result")
    if not result.hits:
        return "No results" if search.first == 0 else "No more results"
    last = search.first + len(result.hits)
    return f"Results {describe.number(search.first + 1)} to {describe.number(last)}"


def _on_cards(result: ResultPage) -> str:
    """Return on how many cards the results are, where that is another number."""
    if result.total is None or result.cards is None or result.cards >= result.total:
        return ""
    return f" on {describe.counted(result.cards, 'card')}"

"""ResultsView: a page of results, its way on, and what went wrong on it."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Final

import msgspec

from app import words
from app.display import DENSITIES, GROUNDS, Display
from app.insight.pointing import left_out, pointed
from app.insight.taste import away_from, taste, towards
from app.nearby import Nearby, changes_to
from app.views.card import Card
from app.views.form import Example, Form, examples
from app.views.option import Switch
from app.views.panel import Panel, Vocabulary, panel
from app.views.stack import Stack, stacked

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import date

    from app.assets import Asset, ResultPage
    from app.errors import AkinError, Problem
    from app.insight.nothing import Way
    from app.insight.pointing import Pointer
    from app.nearby import Values
    from app.search import Pairs, Search

    _Way = tuple[str, Mapping[str, Values], bool]  # its label, what it changes, whether it is on

MOST_PAGE_LINKS: Final = 7


class Chip(msgspec.Struct, frozen=True, gc=False):
    """A condition that removes itself."""

    words: str
    remove_url: str


class TasteChip(msgspec.Struct, frozen=True, gc=False):
    """A word or tag that speaks for the likes, to add, or for the unlikes, to avoid."""

    text: str
    side: str  # "like" or "unlike"
    url: str


class WayOut(msgspec.Struct, frozen=True, gc=False):
    """A search that finds something, where this one found nothing."""

    words: str
    url: str
    count: str


class PageLink(msgspec.Struct, frozen=True, gc=False):
    """A number in the pagination; a gap where `url` is empty."""

    number: int
    url: str
    is_current: bool = False


@dataclass(frozen=True, slots=True)
class Pagination:
    """Where one can go from this page; empty strings where one cannot."""

    previous: str
    next: str
    links: tuple[PageLink, ...]

    @classmethod
    def of(cls, search: Search, result: ResultPage, here: Nearby) -> Pagination:
        """Link the pages around this one, the first and the last."""
        first, size = search.first, search.size
        current = first // size + 1
        pages = result.pages
        if pages is None and result.total is not None:
            pages = math.ceil(result.total / size)
        last = max(pages or 0, current + 1 if result.has_next else current)
        numbers = _window(current, last if pages is not None else current + result.has_next)
        links: list[PageLink] = []
        for number in numbers:
            if links and number > links[-1].number + 1:
                links.append(PageLink(0, ""))
            url = here.at((number - 1) * size, size=size)
            links.append(PageLink(number, url, number == current))
        # From beyond the end the way back leads to the last page that there is.
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


@dataclass(frozen=True, slots=True)
class ResultsView:
    """The results page: the bar, the grid, the way on."""

    search: Search
    display: Display
    title: str
    form: Form
    panel: Panel
    examples: tuple[Example, ...]
    chips: tuple[Chip, ...]
    problems: tuple[Problem, ...]
    cards: tuple[Card, ...]
    stacks: Mapping[str, Stack]  # by the id of their first card
    switches: tuple[tuple[str, tuple[Switch, ...]], ...]  # other ways of showing the same, by group
    suffix: str  # what the addresses of its cards end with, to lead back here
    taste: tuple[TasteChip, ...] = ()
    ways: tuple[WayOut, ...] = ()  # where nothing was found
    total: int | None = None
    count: str = ""
    pagination: Pagination | None = None
    error: AkinError | None = None
    notice: str = ""  # why older answers are shown
    by_library: bool = False
    sort_is_ignored: bool = False

    @property
    def origin(self) -> Pairs:
        """The pairs that lead back here from a selection."""
        return (*self.search.pairs(), *self.display.lasting.pairs())

    @property
    def canonical(self) -> str:
        """The address to hand on."""
        return self.display.lasting.url(self.search)

    @property
    def pointer(self) -> Pointer | None:
        """Where in the filter the mistake is that the API found."""
        return pointed(self.search, getattr(self.error, "column", None))

    @property
    def left_out(self) -> tuple[Problem, Pointer] | None:
        """The filter that was not searched by, and where in it the mistake is."""
        return left_out(self.problems) if self.error is None else None

    @property
    def unfolded(self) -> frozenset[str]:
        """The cards that lie open behind the first one of their stack."""
        return frozenset().union(*(stack.others for stack in self.stacks.values()))

    @property
    def closest_url(self) -> str:
        """Where a row of what is near in meaning comes from; empty where that is no way out."""
        search = self.search
        is_worded = search.query and not search.querySemanticRatio and not search.first
        return search.url("/closest") if is_worded and not self.cards else ""

    def link(self, search: Search) -> str:
        """The address of a neighbour, shown as this one is."""
        return self.display.lasting.url(search)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a page of results is made of, before it is laid out; with an `error` without `result`.

    `known` are the assets among the examples, `ways` what to ask instead of what finds nothing.
    """

    search: Search
    display: Display = field(default_factory=Display)
    result: ResultPage | None = None
    known: Mapping[str, Asset] = field(default_factory=dict)
    vocabulary: Vocabulary = field(default_factory=Vocabulary)
    ways: tuple[Way, ...] = ()
    problems: tuple[Problem, ...] = ()
    error: AkinError | None = None
    notice: str = ""  # why older answers are shown
    by_library: bool = False  # Akin's own library answers, over a folder


def results_view(found: Found, *, today: date) -> ResultsView:
    """Lay out the results page; the presets of dates count back from `today`."""
    search, display, result, known = found.search, found.display, found.result, found.known
    kept = display.lasting
    here = Nearby.of(search, kept)
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
        total=result.total if result else None,
        vocabulary=found.vocabulary,
        by_library=found.by_library,
    )
    return ResultsView(
        search=search,
        display=display,
        title=words.title(search, names),
        form=Form.of(search, display, panel=filters),
        panel=filters,
        examples=examples(search, known, display),
        chips=tuple(
            Chip(text, start.without(parameter, value))
            for parameter, value, text in words.conditions(search, names)
        ),
        problems=found.problems,
        cards=tuple(Card.of(hit, search, place) for place, hit in enumerate(shown)),
        stacks=stacks,
        switches=_switches(here, kept),
        suffix=display.suffix(search),
        taste=tuple(_taste(search, kept, known, hits)),
        ways=tuple(
            WayOut(way.words, kept.url(way.search), words.counted(way.count or 0, "result"))
            for way in found.ways
        ),
        total=result.total if result else None,
        count=_count(search, result) if result else "",
        pagination=Pagination.of(search, result, here) if result else None,
        error=found.error,
        notice=found.notice,
        by_library=found.by_library,
        sort_is_ignored=bool(search.sortBy and search.querySemanticRatio),
    )


def _switches(here: Nearby, display: Display) -> tuple[tuple[str, tuple[Switch, ...]], ...]:
    return tuple(
        (group, tuple([Switch(label, here.url(changes), is_on) for label, changes, is_on in ways]))
        for group, ways in _ways(display)
    )


@lru_cache(maxsize=64)
def _ways(display: Display) -> tuple[tuple[str, tuple[_Way, ...]], ...]:
    """Other ways of showing the same, by group, as what they change in an address."""

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
        way("Fold a page’s variants into stacks", is_on=stacks, stacks=not stacks),
        way("Endless, without pages", is_on=endless, endless=not endless),
    )
    return (("Rows", tuple(rows)), ("Ground", tuple(grounds)), ("Show", show))


def _taste(
    search: Search, display: Display, known: Mapping[str, Asset], hits: tuple[Asset, ...]
) -> Iterator[TasteChip]:
    """The words that tell likes from unlikes, without those that the search has already."""
    likes = [known[each] for each in search.like if each in known]
    unlikes = [known[each] for each in search.unlike if each in known]
    terms = taste(likes, unlikes, hits)
    if not terms:
        return
    here = search.with_()
    for term in terms:
        leads_to = (towards if term.side == "like" else away_from)(search, term)
        if leads_to != here:
            yield TasteChip(term.text, term.side, display.url(leads_to))


def _count(search: Search, result: ResultPage) -> str:
    """How many there are, exactly, or which ones these are: an estimate is never shown."""
    if result.total is not None:
        return words.counted(result.total, "result")
    if not result.hits:
        return "No results" if search.first == 0 else "No more results"
    last = search.first + len(result.hits)
    return f"Results {words.number(search.first + 1)} to {words.number(last)}"

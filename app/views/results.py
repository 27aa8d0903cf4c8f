"""ResultsView: a page of results, its way on, and what went wrong on it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from app import words
from app.views.card import Card
from app.views.form import Example, Form, examples

if TYPE_CHECKING:
    from collections.abc import Mapping

    from app.assets import Asset, Named, ResultPage
    from app.errors import AkinError, Problem
    from app.search import Search

MOST_PAGE_LINKS: Final = 7


@dataclass(frozen=True, slots=True)
class Chip:
    """A condition that removes itself."""

    words: str
    remove_url: str


@dataclass(frozen=True, slots=True)
class PageLink:
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
    def of(cls, search: Search, result: ResultPage) -> Pagination:
        """Link the pages around this one, the first and the last."""
        current = search.first // search.size + 1
        pages = result.pages
        if pages is None and result.total is not None:
            pages = math.ceil(result.total / search.size)
        last = max(pages or 0, current + 1 if result.has_next else current)
        numbers = _window(current, last if pages is not None else current + result.has_next)
        links: list[PageLink] = []
        for number in numbers:
            if links and number > links[-1].number + 1:
                links.append(PageLink(0, ""))
            links.append(PageLink(number, search.on_page(number).url(), number == current))
        previous = min(current - 1, last)
        return cls(
            previous=search.on_page(previous).url() if current > 1 else "",
            next=search.on_page(current + 1).url() if result.has_next else "",
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
    title: str
    form: Form
    examples: tuple[Example, ...]
    chips: tuple[Chip, ...]
    problems: tuple[Problem, ...]
    cards: tuple[Card, ...] = ()
    total: int | None = None
    count: str = ""
    pagination: Pagination | None = None
    error: AkinError | None = None
    sort_is_ignored: bool = False

    @property
    def canonical(self) -> str:
        """The address to hand on."""
        return self.search.url()


def results_view(
    search: Search,
    *,
    result: ResultPage | None = None,
    known: Mapping[str, Asset] | None = None,
    collections: tuple[Named, ...] = (),
    problems: tuple[Problem, ...] = (),
    error: AkinError | None = None,
) -> ResultsView:
    """Build the results page; with an `error` and no `result` it still keeps the search."""
    names = {item.id: item.name for item in collections}
    view_title = words.title(search, names)
    cards: tuple[Card, ...] = ()
    count = ""
    if result is not None:
        cards = tuple(Card.of(hit, search, place) for place, hit in enumerate(result.hits))
        count = _count(search, result)
    return ResultsView(
        search=search,
        title=view_title,
        form=Form.of(search, collections),
        examples=examples(search, known or {}),
        chips=tuple(
            Chip(text, search.without(parameter, value).url())
            for parameter, value, text in words.conditions(search, names)
        ),
        problems=problems,
        cards=cards,
        total=result.total if result else None,
        count=count,
        pagination=Pagination.of(search, result) if result is not None else None,
        error=error,
        sort_is_ignored=bool(search.sortBy and search.querySemanticRatio),
    )


def _count(search: Search, result: ResultPage) -> str:
    """How many there are, exactly, or which ones these are: an estimate is never shown."""
    if result.total is not None:
        return words.counted(result.total, "result")
    if not result.hits:
        return "No results" if search.first == 0 else "No more results"
    last = search.first + len(result.hits)
    return f"Results {words.number(search.first + 1)} to {words.number(last)}"

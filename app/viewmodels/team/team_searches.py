"""The page of the team's searches, and the part that shows how much is new in one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.query import describe
from app.query.display import Display
from app.query.search import Search
from app.query.search_links import stored
from app.services.team.team_searches import news_of
from app.viewmodels.parts.search_bar import BarView, bar_parts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from app.records.frozen_searches import FrozenSearch
    from app.records.searches import TeamSearch
    from app.services.team.team_searches import Imported, Visitor


@dataclass(frozen=True, slots=True)
class SearchRow:
    """One team search."""

    id: str
    name: str
    words: str  # the search in words; empty where they are its name
    url: str
    new_url: str  # of what is new; empty where that cannot be counted
    count_url: str  # of the part with the number of new results
    feed_url: str
    seen: str
    owner: str
    is_own: bool


@dataclass(frozen=True, slots=True)
class FrozenRow:
    """One frozen search."""

    id: str
    title: str
    url: str
    size: str
    created: str
    owner: str


@dataclass(frozen=True, slots=True)
class Pending:
    """A search to be saved: the values of the form."""

    name: str
    search: str  # a query string
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamSearchesView(BarView):
    """The page “Team searches”."""

    rows: tuple[SearchRow, ...]
    frozen: tuple[FrozenRow, ...]
    notice: str
    unread: tuple[str, ...]  # lines of an import that are not understood
    text: str  # of an import
    pending: Pending | None  # a search that was not saved, because a sign-in was needed


@dataclass(frozen=True, slots=True)
class NewResults:
    """The number of new results of a search; `count` is None where it is not known."""

    count: int | None
    words: str
    label: str
    url: str


def team_searches_view(
    searches: Sequence[TeamSearch],
    frozen: Sequence[FrozenSearch],
    visitor: Visitor,
    names: Mapping[str, str],
    *,
    has_feeds: bool,
    notice: str = "",
    imported: Imported | None = None,
    pending: tuple[str, str] | None = None,
) -> TeamSearchesView:
    """Build the page; `names` are those of collections and models, by id.

    `has_feeds`: feeds need a signed address, which the page /feeds makes. `pending`: name and query
    string of a search that is to be saved.
    """
    return TeamSearchesView(
        **bar_parts(Search(), Display()),
        title="Team searches",
        rows=tuple(_row(each, visitor, names, has_feeds=has_feeds) for each in searches),
        frozen=tuple(
            FrozenRow(
                each.id,
                each.title,
                f"/frozen/{each.id}",
                describe.counted(each.size, "asset"),
                describe.moment(each.created),
                each.owner_name,
            )
            for each in frozen
        ),
        notice=_imported(imported) if imported else notice,
        unread=imported.unread if imported else (),
        text="\n".join(imported.unread) if imported else "",
        pending=_pending(*pending, names) if pending else None,
    )


def new_results(found: TeamSearch, count: int | None) -> NewResults:
    """Build the part of the page with the number of new results."""
    words = "not known" if count is None else f"{describe.number(count)} new" if count else ""
    return NewResults(count, words, f"{words} in {found.name}", f"/searches/{found.id}?new=1")


def _row(
    found: TeamSearch, visitor: Visitor, names: Mapping[str, str], *, has_feeds: bool
) -> SearchRow:
    search, display = stored(found.suffix)
    words = describe.title(search, names)
    url = f"/searches/{found.id}"
    is_countable = news_of(found) is not None
    return SearchRow(
        id=found.id,
        name=found.name,
        words="" if words == found.name else words,
        url=url,
        new_url=f"{url}?new=1" if is_countable else "",
        count_url=f"{url}/new" if is_countable else "",
        feed_url=display.url(search, "/feeds") if has_feeds else search.url("/search.atom"),
        seen=describe.moment(found.seen),
        owner=found.owner_name,
        is_own=visitor.may_change(found.owner_id),
    )


def _pending(name: str, querystring: str, names: Mapping[str, str]) -> Pending:
    search, display = stored(querystring)
    return Pending(name, display.suffix(search).removeprefix("?"), describe.title(search, names))


def _imported(result: Imported) -> str:
    parts = [f"{describe.counted(len(result.added), 'search', 'searches')} imported"]
    if result.known:
        parts.append(f"{len(result.known)} stored already")
    if result.unread:
        parts.append(f"{describe.counted(len(result.unread), 'line')} not understood")
    return ", ".join(parts) + "."

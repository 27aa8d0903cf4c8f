"""The page of a frozen search, and its part with what has changed since."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from app.query import describe
from app.query.search_links import stored
from app.query.selection import Selection
from app.viewmodels.parts.card import Card, CardRow
from app.viewmodels.parts.search_bar import BarView, bar_parts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from app.query.search import Pairs
    from app.records.frozen_searches import FrozenHit, FrozenSearch
    from app.scenario.assets import Asset
    from app.services.team.frozen_searches import Changes
    from app.services.team.team_searches import Visitor

PAGE_SIZE: Final = 100


@dataclass(frozen=True, slots=True)
class FrozenChanges:
    """What has been added and removed since; `removed` of assets that may exist elsewhere."""

    summary: str
    added: CardRow
    removed: tuple[FrozenHit, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FrozenView(BarView):
    """A page of the hits of a frozen search."""

    id: str
    count: str
    created: str
    owner: str
    items: tuple[Card | FrozenHit, ...]  # a hit where the asset does not exist any more
    first: int  # the place of the first of them, from 1
    origin: Pairs  # of the search, for the form of the selection
    search_url: str
    changes_url: str
    previous_url: str
    next_url: str
    is_own: bool
    changes: FrozenChanges | None


def page_of(frozen: FrozenSearch, page: int) -> tuple[int, tuple[FrozenHit, ...]]:
    """Return the number of the page that is shown, from 1, and its hits."""
    last = max(1, -(-frozen.size // PAGE_SIZE))
    page = min(max(page, 1), last)
    return page, frozen.hits[(page - 1) * PAGE_SIZE : page * PAGE_SIZE]


def frozen_view(
    frozen: FrozenSearch,
    visitor: Visitor,
    *,
    page: int,
    existing: Mapping[str, Asset],
    known: Mapping[str, Asset],
    changes: Changes | None = None,
) -> FrozenView:
    """Build a page; `existing` are those of its assets that exist, by id.

    With `changes` they are on the page, otherwise a script loads them, or a link leads to them.
    """
    search, display = stored(frozen.suffix)
    page, hits = page_of(frozen, page)
    first = (page - 1) * PAGE_SIZE
    url = f"/frozen/{frozen.id}"
    count = describe.counted(frozen.size, "asset")
    return FrozenView(
        **bar_parts(search, display, known),
        id=frozen.id,
        title=frozen.title,
        count=count if frozen.is_complete else f"the first {count}",
        created=describe.moment(frozen.created),
        owner=frozen.owner_name,
        items=tuple(
            Card.of(existing[hit.id], search, place) if hit.id in existing else hit
            for place, hit in enumerate(hits)
        ),
        first=first + 1,
        origin=Selection((), search, display).origin,
        search_url=display.url(search),
        changes_url=f"{url}/changes",
        previous_url=f"{url}?page={page - 1}" if page > 1 else "",
        next_url=f"{url}?page={page + 1}" if first + len(hits) < frozen.size else "",
        is_own=visitor.may_change(frozen.owner_id),
        changes=frozen_changes(frozen, changes) if changes else None,
    )


def frozen_changes(frozen: FrozenSearch, changes: Changes) -> FrozenChanges:
    """Build the part with the changes."""
    search, display = stored(frozen.suffix)
    parts = [f"{len(changes.added)} added", f"{len(changes.removed)} removed"]
    if changes.is_reordered:
        parts.append("the order has changed")
    is_same = not (changes.added or changes.removed or changes.is_reordered)
    return FrozenChanges(
        "The search has the same results today." if is_same else f"Since then: {', '.join(parts)}.",
        CardRow.of(changes.added, search, display),
        changes.removed,
    )

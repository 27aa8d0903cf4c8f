"""StoredSelectionView: a page of a stored selection, and what can be done with all of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

from app.query import describe
from app.query.parsing import parse
from app.records.selections import MOST_PER_USER
from app.viewmodels.parts.card import Card
from app.viewmodels.parts.search_bar import BarView, bar_parts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from app.exports.formats import ExportFormat, SelectionExport
    from app.query.search import Pairs
    from app.records.selections import StoredSelection
    from app.scenario.assets import Asset

PAGE_SIZE: Final = 48


@dataclass(frozen=True, slots=True)
class Download:
    """A link to an export; `note` says what it leaves out."""

    label: str
    icon: str
    url: str
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredSelectionView(BarView):
    """One page of it. Its checkboxes select from the assets of the page."""

    id: str
    source: str  # the search that it was made from, in words
    address: str
    until: str
    limits: str
    origin: Pairs
    cards: tuple[Card, ...]
    missing: tuple[str, ...]
    place: str
    previous: str
    next: str
    downloads: tuple[Download, ...]
    is_own: bool


def stored_selection_view(
    stored: StoredSelection,
    shown: Sequence[str],
    existing: Mapping[str, Asset],
    *,
    page: int,
    formats: Sequence[ExportFormat[SelectionExport]],
    origin: str,
    is_own: bool,
) -> StoredSelectionView:
    """Build page `page`, which has the assets `shown`; `existing` are those that exist."""
    search, display, _ = parse(stored.origin.encode())
    path = f"/selections/{stored.id}"
    size = len(stored.asset_ids)
    last = pages_of(stored)
    day = datetime.fromtimestamp(stored.expires_at, UTC)
    return StoredSelectionView(
        **bar_parts(search, display),
        title=f"{describe.counted(size, 'asset')} selected",
        id=stored.id,
        source=stored.title,
        address=origin + path,
        until=f"{day:%Y-%m-%d}",
        limits=f"A user can store {MOST_PER_USER} selections; then the oldest one is deleted.",
        origin=(*search.pairs(), *display.lasting.pairs()),
        cards=tuple(
            Card.of(existing[each], search, place)
            for place, each in enumerate(each for each in shown if each in existing)
        ),
        missing=tuple(each for each in shown if each not in existing),
        place=f"Page {page} of {last}" if last > 1 else "",
        previous=_page_url(path, page - 1) if page > 1 else "",
        next=_page_url(path, page + 1) if page < last else "",
        downloads=tuple(
            Download(
                each.label,
                each.icon,
                f"{path}.{each.suffix}",
                f"first {each.most}" if each.most and each.most < size else "",
            )
            for each in formats
        ),
        is_own=is_own,
    )


def pages_of(stored: StoredSelection) -> int:
    """Return the number of pages of a stored selection."""
    return max(1, -(-len(stored.asset_ids) // PAGE_SIZE))


def _page_url(path: str, page: int) -> str:
    return f"{path}?{urlencode({'page': page})}" if page > 1 else path

"""ChangesView: the list of changes, those in progress first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.query import describe
from app.viewmodels.editing.change import change_view
from app.viewmodels.parts.search_bar import BarView, bar_parts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from app.query.display import Display
    from app.query.search import Search
    from app.records.change_tables import Change


@dataclass(frozen=True, slots=True)
class Row:
    """One change."""

    url: str
    what: str
    assets: str
    by: str
    when: str
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangesView(BarView):
    """A page of changes."""

    rows: tuple[Row, ...]


def changes_view(
    search: Search, display: Display, found: Sequence[Change], *, names: Mapping[str, str]
) -> ChangesView:
    """Build the page; `names` are those of collections, by id."""
    rows = []
    for change in found:
        view = change_view(
            search, display, change, failures=(), names=names, may_edit=False, next_path=""
        )
        what = ", ".join(view.what)
        rows.append(
            Row(
                f"/changes/{change.id}",
                f"Undo: {what}" if change.undoes else what,
                describe.counted(change.size, "asset"),
                view.by,
                view.when,
                view.state + (" Undone." if change.undone_by else ""),
            )
        )
    return ChangesView(**bar_parts(search, display), title="Changes", rows=tuple(rows))

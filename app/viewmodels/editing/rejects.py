"""RejectsView: rejected assets, to be moved to the trash after a confirmation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.query import describe
from app.services.editing.rejects import REJECTED
from app.viewmodels.parts.card import CardRow
from app.viewmodels.parts.search_bar import BarView, bar_parts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.query.display import Display
    from app.query.search import Search
    from app.scenario.assets import ResultPage
    from app.scenario.library import NotTrashed


@dataclass(frozen=True, slots=True)
class Failure:
    """A file that was not moved."""

    name: str
    reason: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RejectsView(BarView):
    """The page of rejected assets."""

    row: CardRow
    count: str  # of the assets on the page: "12 files"
    rest: str  # how many there are beyond the page; empty without any
    notice: str  # what was just moved
    failures: tuple[Failure, ...]


def rejects_view(
    search: Search,
    display: Display,
    found: ResultPage,
    *,
    moved: int = 0,
    failed: Sequence[NotTrashed] = (),
) -> RejectsView:
    """Build the page; `moved` and `failed` are the result of a form."""
    names = {asset.id: asset.name for asset in found.hits}
    more = (found.total or 0) - len(found.hits)
    verb = "was" if moved == 1 else "were"
    return RejectsView(
        **bar_parts(search, display, {}),
        title="Rejected assets",
        row=CardRow.of(found.hits, REJECTED, display),
        count=describe.counted(len(found.hits), "file"),
        rest=f"{describe.counted(more, 'further rejected asset')}" if more > 0 else "",
        notice=f"{describe.counted(moved, 'file')} {verb} moved to the trash." if moved else "",
        failures=tuple(
            Failure(
                names.get(each.assetId, each.assetId),
                each.error,
                display.lasting.url(REJECTED, f"/assets/{each.assetId}"),
            )
            for each in failed
        ),
    )

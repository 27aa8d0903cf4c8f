"""SelectionView: the selected assets, and the actions on them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import msgspec

from app.query import describe
from app.query.params import MOST_LIKES
from app.viewmodels.compare import MOST_COMPARED
from app.viewmodels.parts.card import Card
from app.viewmodels.parts.search_bar import BarView, bar_parts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from app.errors import Problem
    from app.exports.formats import ExportFormat, SelectionExport
    from app.query.search import Pairs
    from app.query.selection import Selection
    from app.scenario.assets import Asset

MOST_ADDRESS: Final = 2000  # characters that every proxy and messenger accepts


@dataclass(frozen=True, slots=True, kw_only=True)
class SelectionView(BarView):
    """The page of a selection. Submitting its form unchanged gives the same selection."""

    cards: tuple[Card, ...]
    missing: tuple[str, ...]
    problems: tuple[Problem, ...]
    origin: Pairs  # the pairs of the search it came from
    method: str  # get if the address is short enough to be shared, else post
    formats: tuple[ExportFormat[SelectionExport], ...]
    can_compare: bool
    most_compared: int | None  # if they are too many to be compared
    most_likes: int | None  # if they are too many to be likes
    links: str  # one a line
    ids: str


def selection_view(
    selection: Selection,
    existing: Mapping[str, Asset],
    *,
    formats: tuple[ExportFormat[SelectionExport], ...],
    origin: str,
    known: Mapping[str, Asset] | None = None,
    problems: tuple[Problem, ...] = (),
) -> SelectionView:
    """Build the page; `existing` are the assets that exist, `origin` is what links begin with."""
    search = selection.search
    assets = [existing[each] for each in selection.ids if each in existing]
    count = describe.counted(len(assets), "picture" if _are_pictures(assets) else "asset")
    return SelectionView(
        **bar_parts(search, selection.display, known),
        title=f"{count} selected",
        cards=tuple(
            msgspec.structs.replace(Card.of(asset, search, place), is_picked=True)
            for place, asset in enumerate(assets)
        ),
        missing=tuple(each for each in selection.ids if each not in existing),
        problems=problems,
        origin=selection.origin,
        method=method_of(selection),
        formats=formats,
        can_compare=len(assets) > 1,
        most_compared=MOST_COMPARED if len(assets) > MOST_COMPARED else None,
        most_likes=MOST_LIKES if len(assets) + len(search.like) > MOST_LIKES else None,
        links="\n".join(f"{origin}/assets/{asset.id}" for asset in assets),
        ids="\n".join(asset.id for asset in assets),
    )


def method_of(selection: Selection) -> str:
    """Return the method of its forms: `get` if the address is short enough to be shared."""
    return "get" if len(selection.url()) <= MOST_ADDRESS else "post"


def _are_pictures(assets: list[Asset]) -> bool:
    return all(asset.medium in {"image", "image-hdr"} for asset in assets)

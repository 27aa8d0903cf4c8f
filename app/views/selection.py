"""SelectionView: what somebody has picked, and what can be done with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import msgspec

from app import words
from app.reading import MOST_LIKES
from app.views.bar import BarView, bar_parts
from app.views.card import Card

if TYPE_CHECKING:
    from collections.abc import Mapping

    from app.assets import Asset
    from app.errors import Problem
    from app.selection import Selection
    from app.views.stack import Stack

MOST_ADDRESS: Final = 2000  # characters that every proxy and every messenger lets pass


@dataclass(frozen=True, slots=True, kw_only=True)
class SelectionView(BarView):
    """The page of a selection; submitted unchanged, its form spells the same selection."""

    cards: tuple[Card, ...]
    stacks: Mapping[str, Stack]  # none: what was picked is shown one by one
    missing: tuple[str, ...]
    problems: tuple[Problem, ...]
    hidden: tuple[tuple[str, str], ...]  # the pairs of the search it came from
    method: str  # get where the address is short enough to be handed on
    back_url: str
    back_words: str
    can_compare: bool
    most_likes: int | None  # where not all of them can be likes
    links: str  # one a line
    ids: str


def selection_view(
    selection: Selection,
    found: Mapping[str, Asset],
    *,
    origin: str,
    known: Mapping[str, Asset] | None = None,
    problems: tuple[Problem, ...] = (),
) -> SelectionView:
    """Build the page; `found` are those of its assets that exist, `origin` begins the links."""
    search = selection.search
    assets = [found[each] for each in selection.ids if each in found]
    count = words.counted(len(assets), "picture" if _are_pictures(assets) else "asset")
    return SelectionView(
        **bar_parts(search, selection.display, known),
        title=f"{count} selected",
        cards=tuple(
            msgspec.structs.replace(Card.of(asset, search, place), is_picked=True)
            for place, asset in enumerate(assets)
        ),
        stacks={},
        missing=tuple(each for each in selection.ids if each not in found),
        problems=problems,
        hidden=selection.origin,
        method="get" if len(selection.url()) <= MOST_ADDRESS else "post",
        back_url=selection.display.lasting.url(search),
        back_words=words.back_to(search),
        can_compare=len(assets) > 1,
        most_likes=MOST_LIKES if len(assets) + len(search.like) > MOST_LIKES else None,
        links="\n".join(f"{origin}/assets/{asset.id}" for asset in assets),
        ids="\n".join(asset.id for asset in assets),
    )


def _are_pictures(assets: list[Asset]) -> bool:
    return all(asset.medium in {"image", "image-hdr"} for asset in assets)

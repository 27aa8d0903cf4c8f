"""The page of a group: its player and all members as cards."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.viewmodels.parts.card import CardRow
from app.viewmodels.parts.groups import GroupView
from app.viewmodels.parts.search_bar import BarView, bar_parts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from app.query.display import Display
    from app.query.search import Search
    from app.scenario.assets import Asset
    from app.services.groups import GroupMembers


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupPageView(BarView):
    """The page of a group."""

    asset_url: str
    group: GroupView
    row: CardRow


def group_list(found: GroupMembers, search: Search, display: Display) -> GroupView:
    """Build the list of the members of a group."""
    return GroupView.of(
        found.group,
        found.members,
        found.labels,
        current=found.asset.id,
        suffix=display.suffix(search),
    )


def group_page(
    found: GroupMembers, search: Search, display: Display, *, known: Mapping[str, Asset]
) -> GroupPageView:
    """Build the page."""
    group = group_list(found, search, display)
    return GroupPageView(
        **bar_parts(search, display, known),
        title=f"{group.words}: {found.asset.name}",
        asset_url=display.url(search, f"/assets/{found.asset.id}"),
        group=group,
        row=CardRow.of(found.members, search, display, first=0),
    )

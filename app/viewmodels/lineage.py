"""The lineage of an asset: a strip on its page, and a page of its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

from app.query import describe, filters
from app.query.search import Search
from app.viewmodels.asset_facts import shared_url
from app.viewmodels.parts.card import Card, CardRow
from app.viewmodels.parts.search_bar import BarView, bar_parts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from app.query.display import Display
    from app.scenario.assets import Asset
    from app.services.lineage import Lineage

STRIP_SIZE: Final = 12  # assets of each row of the strip
LEVELS: Final = "levels"  # the parameter; `all`: also what was made from the children
NEXT: Final = "next"  # the parameter; the token of a page of children


@dataclass(frozen=True, slots=True)
class LineageStrip:
    """The part of an asset's page with its parents and the first of its children."""

    parents: CardRow
    children: CardRow
    url: str  # of the whole lineage


@dataclass(frozen=True, slots=True, kw_only=True)
class LineageView(BarView):
    """The page of a lineage."""

    card: Card
    asset_url: str
    parents: CardRow
    lost: tuple[str, ...]  # ids of parents that do not exist any more
    children: CardRow
    children_label: str
    next_url: str  # of the next page of children
    levels_url: str  # of the page of all that comes from the first asset of the lineage
    search_url: str  # the search for these children; empty where the API cannot filter by parent


def lineage_url(asset_id: str, search: Search, display: Display, **pairs: str) -> str:
    """Return the address of the lineage of an asset; `pairs` are its further parameters."""
    url = display.url(search, f"/assets/{asset_id}/lineage")
    return f"{url}{'&' if '?' in url else '?'}{urlencode(pairs)}" if pairs else url


def lineage_strip(found: Lineage, display: Display) -> LineageStrip:
    """Build the strip; its cards have no search of their own."""
    return LineageStrip(
        CardRow.of(found.parents[:STRIP_SIZE], Search(), display),
        CardRow.of(found.children[:STRIP_SIZE], Search(), display),
        lineage_url(found.asset.id, Search(), display.lasting),
    )


def lineage_view(
    found: Lineage,
    search: Search,
    display: Display,
    *,
    known: Mapping[str, Asset],
    is_library: bool,
) -> LineageView:
    """Build the page; `is_library`: the API can filter by parent."""
    asset = found.asset
    origin = asset.metadata.rootParentId or asset.id
    more = {LEVELS: "all"} if found.all_levels else {}
    count = describe.counted(len(found.children), "asset")
    label = f"{'All made from' if found.all_levels else 'Made from'} this"
    return LineageView(
        **bar_parts(search, display, known),
        title=f"Lineage of {asset.name}",
        card=Card.of(asset, search, 0),
        asset_url=display.url(search, f"/assets/{asset.id}"),
        parents=CardRow.of(found.parents, search, display),
        lost=found.lost,
        children=CardRow.of(found.children, search, display),
        children_label=(
            f"{label}: {count}{' on this page' if found.token else ''}" if found.children else label
        ),
        next_url=(
            lineage_url(asset.id, search, display, **more, **{NEXT: found.token})
            if found.token
            else ""
        ),
        levels_url=(
            ""
            if (found.all_levels and origin == asset.id) or not (asset.parents or found.children)
            else lineage_url(origin, search, display, **{LEVELS: "all"})
        ),
        search_url=_children_url(found, display) if is_library else "",
    )


def _children_url(found: Lineage, display: Display) -> str:
    """Return the address of the search for the children; empty without any."""
    asset_id = found.asset.id
    if not found.children:
        return ""
    if found.all_levels:
        return shared_url("rootParentId", asset_id, display)
    if not any(asset_id in child.metadata.referenceImages for child in found.children):
        return shared_url("parentId", asset_id, display)
    named = filters.quote(asset_id)
    expression = f"parentId = {named} OR referenceImages = {named}"
    return display.lasting.url(Search(filter=expression))

"""The lineage of an asset: what it was made from, and what was made from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from app.scenario.assets import Asset
    from app.services.catalog import Catalog


@dataclass(frozen=True, slots=True)
class Lineage:
    """An asset with its parents and a page of the assets that were made from it."""

    asset: Asset
    parents: tuple[Asset, ...]
    lost: tuple[str, ...]  # ids of parents that do not exist any more
    children: tuple[Asset, ...]
    token: str | None  # of the next page of children
    all_levels: bool = False  # `children` contains what was made from them, too


def lineage(
    catalog: Catalog, asset_id: str, *, all_levels: bool = False, token: str = ""
) -> Lineage:
    """Return the lineage of an asset. Raises UpstreamError."""
    asset = catalog.asset(asset_id)
    parents = catalog.assets(asset.parents) if asset.parents else {}
    derived = catalog.derived(asset_id, all_levels=all_levels, token=token)
    return Lineage(
        asset,
        parents=tuple(parents[each] for each in asset.parents if each in parents),
        lost=tuple(each for each in asset.parents if each not in parents),
        children=tuple(each for each in derived.assets if each.id != asset_id),
        token=derived.token,
        all_levels=all_levels,
    )

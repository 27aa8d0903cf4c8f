"""The group that an asset belongs to, with its members as they are now."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.errors import NotFound

if TYPE_CHECKING:
    from app.scenario.assets import Asset, AssetGroup
    from app.services.catalog import Catalog


@dataclass(frozen=True, slots=True)
class GroupMembers:
    """A group, and those of its first members that exist, in order."""

    asset: Asset
    group: AssetGroup
    members: tuple[Asset, ...]
    labels: tuple[str, ...]  # of the members: the number of a frame, the role of a texture, ...


def members_of(catalog: Catalog, asset_id: str) -> GroupMembers:
    """Return the group of an asset. Raises UpstreamError, NotFound where it is in none."""
    asset = catalog.single(asset_id)
    if asset.group is None or not asset.group.members:
        raise NotFound(f"“{asset.name}” belongs to no group.")
    known = catalog.assets(member.assetId for member in asset.group.members)
    found = [
        (known[member.assetId], member.label)
        for member in asset.group.members
        if member.assetId in known
    ]
    members, labels = zip(*found, strict=True) if found else ((), ())
    return GroupMembers(asset, asset.group, members, labels)

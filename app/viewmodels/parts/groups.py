"""What pages say about a group of assets, and the list of its members."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from app.query import describe
from app.scenario import image_urls

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.scenario.assets import Asset, AssetGroup

_KINDS: Final = {
    "frames": ("frame", "frames"),
    "versions": ("version", "versions"),
    "formats": ("format", "formats"),
    "duplicates": ("duplicate", "duplicates"),
}
# What the player does with a group, and the words of its button.
_ACTIONS: Final = {"frames": "Play", "textures": "Tile 3 × 3"}
_STEP: Final = "Step through"


def group_words(group: AssetGroup | None) -> str:
    """Return `8 frames`, `Texture set, 4`; empty without a group."""
    if group is None or group.size < 2:
        return ""
    if group.kind == "textures":
        return f"Texture set, {describe.number(group.size)}"
    return describe.counted(group.size, *_KINDS.get(group.kind, ("file", "files")))


@dataclass(frozen=True, slots=True)
class GroupMemberView:
    """One member: its thumbnail in a row of links."""

    asset_id: str
    name: str
    label: str
    thumbnail: str
    picture: str  # with the margins that the thumbnail has not, so that frames do not jump
    url: str
    is_current: bool


@dataclass(frozen=True, slots=True)
class GroupView:
    """A group with its members, and what its player does."""

    kind: str
    words: str
    action: str
    members: tuple[GroupMemberView, ...]
    hidden: int = 0  # members that are not listed

    @classmethod
    def of(
        cls,
        group: AssetGroup,
        members: Sequence[Asset],
        labels: Sequence[str],
        *,
        current: str,
        suffix: str,
    ) -> GroupView:
        """Build the list; `suffix` is the query string of the search, `current` an asset's id."""
        return cls(
            kind=group.kind,
            words=group_words(group),
            action=_ACTIONS.get(group.kind, _STEP),
            members=tuple(
                GroupMemberView(
                    asset.id,
                    asset.name,
                    label,
                    image_urls.grid_picture(asset).src,
                    image_urls.whole_picture(asset).src,
                    f"/assets/{asset.id}{suffix}",
                    asset.id == current,
                )
                for asset, label in zip(members, labels, strict=True)
            ),
            hidden=max(0, group.size - len(members)),
        )

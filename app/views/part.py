"""PartView: a picture, and the box in it that is to be searched by."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from app import images
from app.pictures import PARTS, Part
from app.views.bar import BarView, bar_parts
from app.views.card import Card

if TYPE_CHECKING:
    from collections.abc import Mapping

    from app.assets import Asset
    from app.display import Display
    from app.errors import InvalidPart
    from app.images import Picture
    from app.search import Search


@dataclass(frozen=True, slots=True)
class Number:
    """One side of the box, in percent of the picture."""

    name: str
    label: str
    value: str
    least: int
    most: int
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PartView(BarView):
    """Where a part of a picture is chosen."""

    card: Card
    picture: Picture
    url: str
    carried: str  # the search that the form takes along, as a query string
    asset_url: str
    numbers: tuple[Number, ...]


def part_url(asset_id: str, search: Search, display: Display) -> str:
    """Where a part of an asset's picture is chosen, for a search."""
    return display.url(search, f"/assets/{asset_id}/part")


def part_view(
    asset: Asset,
    search: Search,
    display: Display,
    *,
    known: Mapping[str, Asset],
    typed: Mapping[str, str] | None = None,
    problem: InvalidPart | None = None,
) -> PartView:
    """Show `asset` with a box in its middle, or with the numbers `typed` and their `problem`."""
    given = typed or {name: f"{value:g}" for name, value in asdict(Part()).items()}
    return PartView(
        **bar_parts(search, display, known),
        title=f"A part of {asset.name}",
        card=Card.of(asset, search, 0),
        picture=images.large_picture(asset),
        url=f"/assets/{asset.id}/part",
        carried=display.suffix(search).removeprefix("?"),
        asset_url=display.url(search, f"/assets/{asset.id}"),
        numbers=tuple(
            Number(
                name=name,
                label=name.capitalize(),
                value=given.get(name, ""),
                least=least,
                most=most,
                problem=problem.message if problem and problem.field == name else "",
            )
            for name, (least, most) in PARTS.items()
        ),
    )

"""CropView: a picture, and the box in it to search by."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from app.query.crop import CROP_LIMITS, Crop
from app.scenario import image_urls
from app.viewmodels.parts.card import Card
from app.viewmodels.parts.search_bar import BarView, bar_parts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from app.errors import InvalidPart
    from app.query.display import Display
    from app.query.search import Search
    from app.scenario.assets import Asset
    from app.scenario.image_urls import Picture


@dataclass(frozen=True, slots=True)
class CropInput:
    """The input of one number of the box, in percent of the picture."""

    name: str
    label: str
    value: str
    least: int
    most: int
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CropView(BarView):
    """The page where a part of a picture is chosen."""

    card: Card
    picture: Picture
    url: str
    asset_url: str
    numbers: tuple[CropInput, ...]


def crop_url(asset_id: str, search: Search, display: Display) -> str:
    """Return the address of the page for an asset and a search."""
    return display.url(search, f"/assets/{asset_id}/part")


def crop_view(
    asset: Asset,
    search: Search,
    display: Display,
    *,
    known: Mapping[str, Asset],
    typed: Mapping[str, str] | None = None,
    problem: InvalidPart | None = None,
) -> CropView:
    """Build the page with a box in the middle, or with the numbers `typed` and their `problem`."""
    given = typed or {name: f"{value:g}" for name, value in asdict(Crop()).items()}
    return CropView(
        **bar_parts(search, display, known),
        title=f"A part of {asset.name}",
        card=Card.of(asset, search, 0),
        picture=image_urls.large_picture(asset),
        url=f"/assets/{asset.id}/part",
        asset_url=display.url(search, f"/assets/{asset.id}"),
        numbers=tuple(
            CropInput(
                name=name,
                label=name.capitalize(),
                value=given.get(name, ""),
                least=least,
                most=most,
                problem=problem.message if problem and problem.field == name else "",
            )
            for name, (least, most) in CROP_LIMITS.items()
        ),
    )

"""WanderView: a picture, the way that led to it, and the doors that lead on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from app import images
from app.insight.wander import doors, followed
from app.reading import MOST_LIKES
from app.views.bar import BarView, bar_parts
from app.views.card import Card

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from app.assets import Asset
    from app.display import Display
    from app.images import Picture
    from app.search import Search


@dataclass(frozen=True, slots=True)
class Step:
    """A picture of the trail; its link goes back there, and on from there another way."""

    name: str
    image_url: str
    url: str
    is_current: bool


@dataclass(frozen=True, slots=True)
class Door:
    """A near, but not the nearest, neighbour."""

    card: Card
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WanderView(BarView):
    """Where one stands while wandering."""

    card: Card
    picture: Picture
    trail: tuple[Step, ...]
    doors: tuple[Door, ...]
    asset_url: str
    trail_url: str  # the search for what is like the whole trail
    back_url: str


def wander_url(asset_id: str, trail: Sequence[str], search: Search, display: Display) -> str:
    """The address of a picture with a trail behind it."""
    suffix = display.suffix(search)
    steps = urlencode([("trail", each) for each in trail])
    return f"/wander/{asset_id}{suffix}{('&' if suffix else '?') + steps if steps else ''}"


def wander_view(
    asset: Asset,
    trail: Sequence[str],
    search: Search,
    display: Display,
    *,
    neighbours: Sequence[Asset],
    known: Mapping[str, Asset],
) -> WanderView:
    """Stand at `asset` after `trail`; `neighbours` are its ranked neighbours."""
    way = followed(trail, asset.id)
    found = doors(neighbours, way)
    places = [*trail, asset.id]
    return WanderView(
        **bar_parts(search, display, known),
        title=f"Wander · {asset.name}",
        card=Card.of(asset, search, 0),
        picture=images.large_picture(asset),
        trail=tuple(
            Step(
                name=known[each].name if each in known else each,
                image_url=f"/assets/{each}/image?width=256",
                url=wander_url(each, places[:at], search, display),
                is_current=at == len(trail),
            )
            for at, each in enumerate(places)
        ),
        doors=tuple(
            Door(Card.of(door, search, 0), wander_url(door.id, way, search, display))
            for door in found
        ),
        asset_url=display.url(search, f"/assets/{asset.id}"),
        trail_url=display.lasting.url(
            search.similar(asset.id).with_(like=tuple(dict.fromkeys(way))[-MOST_LIKES:])
        ),
        back_url=display.url(search),
    )

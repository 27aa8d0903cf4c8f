"""ExplorationView: a picture, the trail that led to it, and suggestions to go on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from app.insight.exploration import extended, suggestions
from app.query.params import MOST_LIKES
from app.scenario import image_urls
from app.viewmodels.parts.card import Card
from app.viewmodels.parts.search_bar import BarView, bar_parts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from app.query.display import Display
    from app.query.search import Search
    from app.scenario.assets import Asset
    from app.scenario.image_urls import Picture


@dataclass(frozen=True, slots=True)
class Step:
    """A picture of the trail; `url` goes back to it."""

    name: str
    image_url: str
    url: str
    is_current: bool


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A similar picture to go on to."""

    card: Card
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplorationView(BarView):
    """The exploration page."""

    card: Card
    picture: Picture
    trail: tuple[Step, ...]
    suggestions: tuple[Suggestion, ...]
    asset_url: str
    trail_url: str  # the search for what is similar to the whole trail


def exploration_url(asset_id: str, trail: Sequence[str], search: Search, display: Display) -> str:
    """Return the address of a picture after a trail."""
    suffix = display.suffix(search)
    steps = urlencode([("trail", each) for each in trail])
    return f"/wander/{asset_id}{suffix}{('&' if suffix else '?') + steps if steps else ''}"


def exploration_view(
    asset: Asset,
    trail: Sequence[str],
    search: Search,
    display: Display,
    *,
    neighbours: Sequence[Asset],
    known: Mapping[str, Asset],
) -> ExplorationView:
    """Build the page of `asset` after `trail`; `neighbours` are its ranked neighbours."""
    longer = extended(trail, asset.id)
    ids = [*trail, asset.id]
    return ExplorationView(
        **bar_parts(search, display, known),
        title=f"Explore · {asset.name}",
        card=Card.of(asset, search, 0),
        picture=image_urls.large_picture(asset),
        trail=tuple(
            Step(
                name=known[each].name if each in known else each,
                image_url=f"/assets/{each}/image?width=256",
                url=exploration_url(each, ids[:at], search, display),
                is_current=at == len(trail),
            )
            for at, each in enumerate(ids)
        ),
        suggestions=tuple(
            Suggestion(Card.of(each, search, 0), exploration_url(each.id, longer, search, display))
            for each in suggestions(neighbours, longer)
        ),
        asset_url=display.url(search, f"/assets/{asset.id}"),
        trail_url=display.lasting.url(
            search.similar(asset.id).with_(like=tuple(dict.fromkeys(longer))[-MOST_LIKES:])
        ),
    )

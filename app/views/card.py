"""Card: one asset in a grid, and the class of its shape."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final

import msgspec

from app import images, words
from app.images import PICTURED
from app.reading import MOST_LIKES, MOST_UNLIKES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from app.assets import Asset
    from app.images import Picture
    from app.search import Search
    from app.views.stack import Stack

EAGER: Final = 8  # the first row's pictures are asked for at once
SMALL: Final = 256  # pixels: a sprite, shown with air around it
TINY: Final = 64  # pixels: enlarged pixel by pixel

# Shapes are laid out by a class, since nothing may be inline: ratios in steps of 1.5 %.
_RATIO_STEP: Final = 1.015
_RATIO_LEAST: Final = 0.4
_RATIO_MOST: Final = 3.6
_RATIO_DEFAULT: Final[dict[str, float]] = {"audio": 2.0, "video": 16 / 9}

OTHER_GLYPH: Final = "file-text"
GLYPHS: Final[dict[str, str]] = {
    "image": "image",
    "image-hdr": "image",
    "video": "film",
    "audio": "audio-lines",
    "3d": "box",
}


def ratio_steps() -> dict[int, float]:
    """Every class number and the width-to-height ratio that it stands for."""
    last = _ratio_class(_RATIO_MOST)
    return {step: round(_RATIO_LEAST * _RATIO_STEP**step, 4) for step in range(last + 1)}


def _ratio_class(ratio: float) -> int:
    bounded = min(max(ratio, _RATIO_LEAST), _RATIO_MOST)
    return round(math.log(bounded / _RATIO_LEAST) / math.log(_RATIO_STEP))


class Card(msgspec.Struct, frozen=True, gc=False):
    """One hit in the grid. A struct, since a page makes, compares and hashes dozens."""

    asset_id: str
    name: str
    alt: str
    kind: str
    kind_name: str
    glyph: str
    facts: str  # "1024 × 768", "0:12"
    picture: Picture
    moving_url: str  # what plays: a video or an animated picture on hover, sound by its button
    ratio: int  # the class of its shape
    size_class: str  # "", "small" or "small tiny"
    is_sensitive: bool
    is_eager: bool
    is_first: bool
    side: str  # "like", "unlike" or ""
    says_nothing: bool  # its picture: then its name is always shown
    is_picked: bool = False  # its box is ticked from the start
    no_like: str = ""  # why nothing can be liked besides
    no_unlike: str = ""

    @classmethod
    def of(cls, asset: Asset, search: Search, position: int) -> Card:
        """Show `asset` at `position` (from 0) of the results of `search`."""
        side = "like" if asset.id in search.like else ""
        side = side or ("unlike" if asset.id in search.unlike else "")
        card = _card(asset, side, search.nsfw == "blur", position < EAGER, position == 0)
        if len(search.like) < MOST_LIKES and len(search.unlike) < MOST_UNLIKES:
            return card
        full = words.full_sides(search)
        return msgspec.structs.replace(
            card, no_like=full.get("like", ""), no_unlike=full.get("unlike", "")
        )


@lru_cache(maxsize=8192)
def _card(asset: Asset, side: str, blurs: bool, is_eager: bool, is_first: bool) -> Card:
    width, height = asset.width, asset.height
    medium = asset.medium
    ratio = width / height if width and height else _RATIO_DEFAULT.get(medium, 1.0)
    return Card(
        asset_id=asset.id,
        name=asset.name,
        alt=alternative(asset),
        kind=medium,
        kind_name=words.KINDS.get(medium, medium),
        glyph=GLYPHS.get(medium, OTHER_GLYPH),
        facts=facts(asset),
        picture=images.grid_picture(asset),
        moving_url=images.moving(asset),
        ratio=_ratio_class(ratio),
        size_class=_size_class(max(width, height) if width and height else None),
        is_sensitive=bool(asset.nsfw) and blurs,
        is_eager=is_eager,
        is_first=is_first,
        side=side,
        says_nothing=medium not in PICTURED,
    )


@dataclass(frozen=True, slots=True)
class Strip:
    """A row of cards of its own, and the search that it begins."""

    search: Search
    cards: tuple[Card, ...]
    suffix: str
    stacks: Mapping[str, Stack]

    @classmethod
    def of(cls, assets: Iterable[Asset], search: Search) -> Strip:
        """Lay out a row; none of its pictures is asked for before it is seen."""
        cards = tuple(Card.of(asset, search, EAGER + place) for place, asset in enumerate(assets))
        return cls(search, cards, search.url(""), {})


def _size_class(longer: int | None) -> str:
    if longer is None or longer > SMALL:
        return ""
    return "small tiny" if longer <= TINY else "small"


def alternative(asset: Asset) -> str:
    """The text that stands for a picture: what it was asked to show, else its name."""
    text = asset.description or asset.metadata.prompt or asset.name
    text = " ".join(text.split())
    return text if len(text) <= 160 else text[:160].rsplit(" ", 1)[0] + "…"


def facts(asset: Asset) -> str:
    """Size in pixels, or duration, or bytes: the one that says most."""
    if asset.width and asset.height:
        return f"{asset.width} × {asset.height}"
    duration = asset.properties.get("duration")
    if isinstance(duration, int | float) and not isinstance(duration, bool) and duration >= 0:
        return f"{int(duration // 60)}:{int(duration % 60):02d}"
    return words.file_size(asset.bytes) if asset.bytes else ""

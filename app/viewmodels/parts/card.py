"""Card: one asset in a grid; and a row of cards."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final

import msgspec

from app.exports.file_names import name_of_file
from app.query import describe
from app.query.edits import LABELS
from app.query.fields import KINDS
from app.query.params import MOST_LIKES, MOST_UNLIKES
from app.scenario import image_urls
from app.scenario.image_urls import PICTURED
from app.services.asset_text import alt_text, short_facts
from app.viewmodels.parts.groups import group_words

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from app.query.display import Display
    from app.query.search import Search
    from app.scenario.assets import Asset
    from app.scenario.image_urls import Picture
    from app.viewmodels.parts.variants import Stack

EAGER: Final = 8  # pictures of the first row, which are loaded at once
SMALL: Final = 256  # pixels: a sprite, shown with space around it
UNKNOWN_TYPE: Final = "application/octet-stream"
LIGHT: Final = 0.8  # lightness of a picture that is not seen on a light ground
DARK: Final = 0.25
TINY: Final = 64  # pixels: enlarged pixel by pixel

# Aspect ratios are CSS classes, in steps of 1.5 %, because inline styles are not allowed.
_RATIO_STEP: Final = 1.015
_RATIO_LEAST: Final = 0.4
_RATIO_MOST: Final = 3.6
_RATIO_DEFAULT: Final[dict[str, float]] = {"audio": 4 / 3, "video": 16 / 9}

OTHER_GLYPH: Final = "file-text"
GLYPHS: Final[dict[str, str]] = {
    "image": "image",
    "image-hdr": "image",
    "video": "film",
    "audio": "audio-lines",
    "3d": "box",
}


def ratio_steps() -> dict[int, float]:
    """Return the aspect ratio of every class number."""
    last = _ratio_class(_RATIO_MOST)
    return {step: round(_RATIO_LEAST * _RATIO_STEP**step, 4) for step in range(last + 1)}


@lru_cache(maxsize=1024)
def _ratio_class(ratio: float) -> int:
    bounded = min(max(ratio, _RATIO_LEAST), _RATIO_MOST)
    return round(math.log(bounded / _RATIO_LEAST) / math.log(_RATIO_STEP))


class Card(msgspec.Struct, frozen=True, gc=False):
    """One hit in the grid. A struct, because a page creates and hashes dozens."""

    asset_id: str
    name: str
    alt: str
    kind: str
    kind_name: str
    glyph: str
    facts: str  # "1024 × 768", "0:12"
    file: str  # MIME type and name of its file: "image/png:knight.png"; empty if it is missing
    picture: Picture
    moving_url: str  # plays on hover (video, animated picture) or by a button (sound)
    ratio: int  # the class of its aspect ratio
    classes: str  # of its picture in CSS (`picture_classes`)
    is_sensitive: bool
    is_eager: bool
    is_first: bool
    side: str  # "like", "unlike" or ""
    is_always_named: bool  # its picture does not show the content
    is_picked: bool = False  # its checkbox is ticked initially
    no_like: str = ""  # why no like can be added
    no_unlike: str = ""
    is_missing: bool = False  # its file is gone
    rating: int | str = ""  # 1 to 5 stars; "" for none
    label: str = ""  # "pick", "reject" or ""
    group: str = ""  # "8 frames"; empty without a group
    group_kind: str = ""

    @classmethod
    def of(cls, asset: Asset, search: Search, position: int) -> Card:
        """Return the card of `asset` at `position` (from 0) of the results of `search`."""
        side = "like" if asset.id in search.like else ""
        side = side or ("unlike" if asset.id in search.unlike else "")
        card = _card(asset, side, search.nsfw == "blur", position < EAGER, position == 0)
        if len(search.like) < MOST_LIKES and len(search.unlike) < MOST_UNLIKES:
            return card
        full = describe.full_sides(search)
        return msgspec.structs.replace(
            card, no_like=full.get("like", ""), no_unlike=full.get("unlike", "")
        )


@lru_cache(maxsize=8192)
def _card(asset: Asset, side: str, blurs: bool, is_eager: bool, is_first: bool) -> Card:
    width, height = asset.shown_size
    medium = asset.medium
    is_missing = asset.metadata.missing is not None
    ratio = width / height if width and height else _RATIO_DEFAULT.get(medium, 1.0)
    return Card(
        asset_id=asset.id,
        name=asset.name,
        alt=alt_text(asset),
        kind=medium,
        kind_name=KINDS.get(medium, medium),
        glyph=GLYPHS.get(medium, OTHER_GLYPH),
        facts=short_facts(asset),
        file="" if is_missing else f"{asset.mimeType or UNKNOWN_TYPE}:{name_of_file(asset)}",
        picture=image_urls.grid_picture(asset),
        moving_url=image_urls.moving(asset),
        ratio=_ratio_class(ratio),
        classes=picture_classes(asset, blurs=blurs),
        is_sensitive=bool(asset.nsfw) and blurs,
        is_eager=is_eager,
        is_first=is_first,
        side=side,
        is_always_named=medium not in PICTURED,
        is_missing=is_missing,
        rating=asset.metadata.rating or "",
        group=group_words(asset.group),
        group_kind=asset.group.kind if asset.group else "",
        label=label if (label := asset.metadata.label or "") in LABELS else "",
    )


def picture_classes(asset: Asset, *, blurs: bool) -> str:
    """Return the CSS classes that say how the picture of an asset is shown.

    "small" and "tiny" by its size, "light-picture" or "dark-picture" where it has no contrast to a
    ground that is as light or dark, and "sensitive" where it is to be blurred.
    """
    tone = _tone(asset)
    sensitive = "sensitive" if asset.nsfw and blurs else ""
    return " ".join(filter(None, (_size_class(asset), tone and f"{tone}-picture", sensitive)))


@dataclass(frozen=True, slots=True)
class CardRow:
    """A row of cards, with the link to its search."""

    search: Search
    cards: tuple[Card, ...]
    url: str
    suffix: str
    stacks: Mapping[str, Stack]

    @classmethod
    def of(
        cls,
        assets: Iterable[Asset],
        search: Search,
        display: Display,
        *,
        first: int = EAGER,
        leads_to: Search | None = None,
    ) -> CardRow:
        """Build a row, whose link leads to `search` or to another one.

        Its pictures are loaded when they become visible, except those before position `EAGER` of
        the page, where the row begins at `first`.
        """
        lasting = display.lasting
        cards = tuple(Card.of(asset, search, place) for place, asset in enumerate(assets, first))
        return cls(search, cards, lasting.url(leads_to or search), lasting.suffix(search), {})


def _size_class(asset: Asset) -> str:
    width, height = asset.width, asset.height
    if not width or not height or max(width, height) > SMALL:
        return ""
    longer = max(filter(None, asset.shown_size))  # the thumbnail of a small picture is not scaled
    return "small tiny" if longer <= TINY else "small"


def _tone(asset: Asset) -> str:
    lightness = asset.thumbnail.lightness if asset.thumbnail else None
    if lightness is None or DARK < lightness < LIGHT:
        return ""
    return "light" if lightness >= LIGHT else "dark"

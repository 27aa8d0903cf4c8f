"""The shape of a card: of what its picture shows."""

from __future__ import annotations

from typing import Any

import pytest

from app.query.search import Search
from app.scenario.assets import Asset, Metadata, Thumbnail
from app.viewmodels.parts.card import Card, ratio_steps


def card(*size: int, **shown: Any) -> Card:
    thumbnail = Thumbnail("a", "/library/thumbnails/a?Signature=x", **shown)
    metadata = Metadata(width=size[0], height=size[1], kind="image")
    return Card.of(Asset(id="a", metadata=metadata, thumbnail=thumbnail), Search(), 0)


def ratio(found: Card) -> float:
    return ratio_steps()[found.ratio]


def test_the_visible_part_gives_the_shape() -> None:
    """And not the file, whose transparent margins are not shown."""
    whole, part = card(2000, 1000), card(2000, 1000, width=100, height=100)
    assert ratio(whole) == pytest.approx(2, rel=0.01)
    assert ratio(part) == pytest.approx(1, rel=0.01)
    assert (part.picture.width, part.picture.height) == (100, 100)


def test_a_sprite_is_as_small_as_what_is_visible() -> None:
    assert card(128, 128).classes == "small"
    assert card(128, 128, width=60, height=64).classes == "small tiny"
    assert card(2000, 2000, width=60, height=64).classes == "", "its thumbnail is reduced"


@pytest.mark.parametrize(
    ("lightness", "tone"),
    [(None, ""), (0.0, " dark-picture"), (0.5, ""), (0.79, ""), (1.0, " light-picture")],
)
def test_a_light_or_dark_picture_says_so(lightness: float | None, tone: str) -> None:
    found = card(64, 64, width=9, height=9, lightness=lightness)
    assert found.classes == f"small tiny{tone}"


def test_a_sound_is_hardly_wider_than_a_picture() -> None:
    sound = Asset(id="a", metadata=Metadata(kind="audio"))
    assert ratio(Card.of(sound, Search(), 0)) == pytest.approx(4 / 3, rel=0.01)

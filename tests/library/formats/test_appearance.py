"""The visible part of a picture with transparency."""

from __future__ import annotations

import pytest
from PIL import Image

from library.formats.appearance import visible


def sprite(colour: tuple[int, int, int, int], box: tuple[int, int, int, int]) -> Image.Image:
    """A transparent picture of 20 x 10 pixels with a rectangle in it."""
    picture = Image.new("RGBA", (20, 10))
    picture.paste(colour, box)
    return picture


@pytest.mark.parametrize(
    ("colour", "lightness"),
    [((255, 255, 255, 255), 1.0), ((0, 0, 0, 255), 0.0), ((255, 255, 255, 40), 1.0)],
)
def test_the_box_and_the_lightness(colour: tuple[int, int, int, int], lightness: float) -> None:
    """A faint picture counts as a whole."""
    seen = visible(sprite(colour, (3, 2, 9, 7)))
    assert seen == ((3, 2, 9, 7), lightness)


def test_the_median_pixel_counts() -> None:
    """A white button with a dark sign is light."""
    picture = sprite((255, 255, 255, 255), (0, 0, 10, 10))
    picture.paste((0, 0, 0, 255), (2, 2, 6, 6))
    assert visible(picture) == ((0, 0, 10, 10), 1.0)


def test_a_dark_picture_is_as_light_as_its_lighter_parts() -> None:
    """A car by night is seen by its lights, and a black silhouette is not."""
    picture = sprite((0, 0, 0, 255), (0, 0, 10, 10))
    assert visible(picture) == ((0, 0, 10, 10), 0.0)
    picture.paste((255, 255, 255, 255), (0, 0, 5, 1))
    assert visible(picture) == ((0, 0, 10, 10), 1.0)


@pytest.mark.parametrize(
    "picture",
    [
        Image.new("RGB", (4, 4), "white"),
        Image.new("RGBA", (4, 4), "white"),
        Image.new("RGBA", (4, 4)),
        Image.new("RGBA", (4, 4), (255, 255, 255, 8)),
        Image.new("L", (4, 4)),
    ],
)
def test_there_is_none_of_an_opaque_or_empty_picture(picture: Image.Image) -> None:
    assert visible(picture) is None

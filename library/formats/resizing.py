"""Smaller versions of a decoded picture: its thumbnail, and what networks and pages look at."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Final

import numpy as np
from PIL import (
    Image,
    WebPImagePlugin,  # noqa: F401 - thumbnails need it, and not all the others
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

THUMBNAIL_SIDE: Final = 512


def on_background(
    image: Image.Image, colour: tuple[int, int, int] = (255, 255, 255)
) -> Image.Image:
    """Return the picture as RGB on a background of one colour."""
    if image.mode != "RGBA":
        return image if image.mode == "RGB" else image.convert("RGB")
    background = Image.new("RGB", image.size, colour)
    background.paste(image, mask=image.getchannel("A"))
    return background


def thumbnail(image: Image.Image) -> bytes:
    """Return a WebP of at most 512 pixels on the longer side, with transparency."""
    small = shrunk(image, THUMBNAIL_SIDE)
    file = io.BytesIO()
    # Method 1 takes three quarters of method 2's time for an eighth more bytes. Method 0 takes
    # another fifth off for as many bytes again, but for half as many more where there is alpha.
    small.save(file, "WEBP", quality=82, method=int(small.mode == "RGBA"), alpha_quality=90)
    return file.getvalue()


def shrunk(image: Image.Image, side: int) -> Image.Image:
    """Return the picture, reduced to at most `side` pixels on its longer side."""
    if max(image.size) <= side:
        return image
    # Lanczos after a box reduction to at least twice the size: no visible difference, faster.
    return image.resize(_fitting(image, side), Image.Resampling.LANCZOS, reducing_gap=2.0)


def _fitting(image: Image.Image, side: int) -> tuple[int, int]:
    longer = max(image.size)
    width, height = (max(1, round(length * side / longer)) for length in image.size)
    return width, height


def squared(image: Image.Image, side: int) -> NDArray[np.uint8]:
    """Return (side, side, 3) RGB on white, padded to a square.

    Pictures under 64 pixels are doubled by nearest neighbour first, which suits pixel art.
    """
    picture = on_background(image)
    if 0 < max(picture.size) < 64:
        picture = picture.resize((picture.width * 2, picture.height * 2), Image.Resampling.NEAREST)
    if (times := max(picture.size) // side) > 1:
        picture = picture.reduce(times)  # averages whole pixels: half the time of a resize
    size = _fitting(picture, side)
    if size != picture.size:
        picture = picture.resize(size, Image.Resampling.BICUBIC)
    square = Image.new("RGB", (side, side), (255, 255, 255))
    square.paste(picture, ((side - size[0]) // 2, (side - size[1]) // 2))
    return np.asarray(square)

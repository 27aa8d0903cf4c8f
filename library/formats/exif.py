"""EXIF of an opened picture: how it is turned. `metadata.exif_tags` reads the rest."""

from __future__ import annotations

from contextlib import suppress
from typing import Final

from PIL import Image

_ORIENTATION: Final = 0x0112
TRANSPOSES: Final = {  # orientation -> what makes the picture upright
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
ON_THEIR_SIDE: Final = frozenset({5, 6, 7, 8})  # orientations that exchange width and height


def orientation(image: Image.Image) -> int:
    """Return how the picture is turned and mirrored, 1 to 8; 1 if it is not."""
    # A damaged EXIF block raises errors of many types. Whether the picture itself is damaged,
    # decoding shows.
    with suppress(Exception):
        stated = image.getexif().get(_ORIENTATION, 1)
        return stated if stated in range(1, 9) else 1
    return 1

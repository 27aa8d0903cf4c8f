"""What of a picture with transparency is visible: where, and how light it is.

Grids show only the visible part, on a ground that it stands out from.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
from PIL import Image

if TYPE_CHECKING:
    from collections.abc import Sequence

_FAINT: Final = 8  # of 255: less opaque pixels are not seen
_HALF: Final = 128  # of 255: a picture with a darker median is dark
_SOLID: Final = 128  # of 255: pixels whose lightness counts


class Visible(NamedTuple):
    """The visible part of a picture."""

    box: tuple[int, int, int, int]  # left, top, right, bottom in pixels
    # 0 black, 1 white: of the median pixel; of a dark picture, of its lightest hundredth, because
    # a light sign or an outline is enough to see it
    lightness: float


def visible(picture: Image.Image) -> Visible | None:
    """Return the visible part of a picture; None for one that is opaque or wholly transparent."""
    if picture.mode != "RGBA":
        return None
    alpha = np.asarray(picture.getchannel("A"))
    seen = alpha > _FAINT
    if alpha.min() >= _SOLID or not seen.any():
        return None
    columns, rows = np.flatnonzero(seen.any(axis=0)), np.flatnonzero(seen.any(axis=1))
    solid = alpha >= _SOLID
    light = np.asarray(picture.convert("RGB").convert("L"))[solid if solid.any() else seen]
    lightness = float(np.median(light))
    if lightness < _HALF:
        lightness = float(np.percentile(light, 99))
    return Visible(
        (int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1),
        round(lightness / 255, 2),
    )


def whole(part: Image.Image, visible: Sequence[int]) -> Image.Image:
    """Return the picture that `part` is the visible part of; `visible` as in Document."""
    left, top, _, _, width, height = visible
    picture = Image.new("RGBA", (width, height))
    picture.paste(part, (left, top))
    return picture

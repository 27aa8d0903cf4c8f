"""Draw `static/img/apple-touch-icon.png` and `favicon.ico` from the mark of `static/img/akin.svg`.

    python -m scripts.draw_icons

The files are in the repository; this is run again when the mark changes.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from PIL import Image, ImageDraw

IMAGES: Final = Path(__file__).parents[1] / "static" / "img"
BACKGROUND: Final = (23, 23, 26)  # of an icon that must be opaque; the dark theme's
TOUCH_SIZE: Final = 180
FAVICON_SIZES: Final = ((16, 16), (32, 32), (48, 48))
_SIDE: Final = 24  # of the drawing's viewBox
_FINE: Final = 8  # pixels are drawn this many times smaller, and then averaged
_CIRCLE: Final = re.compile(
    r'<circle cx="(\d+)" cy="(\d+)" r="(\d+)" fill="#(\w{6})"(?: fill-opacity="([\d.]+)")?/>'
)


def mark(size: int, *, margin: float = 0.0) -> Image.Image:
    """Return the mark as a transparent picture; `margin` is a share of its side."""
    side = size * _FINE
    scale = side * (1 - 2 * margin) / _SIDE
    picture = Image.new("RGBA", (side, side))
    for x, y, radius, colour, opacity in _CIRCLE.findall((IMAGES / "akin.svg").read_text()):
        layer = Image.new("RGBA", picture.size)
        middle = [margin * side + float(value) * scale for value in (x, y)]
        reach = float(radius) * scale
        box = (*(each - reach for each in middle), *(each + reach for each in middle))
        alpha = round(255 * float(opacity or 1))
        ImageDraw.Draw(layer).ellipse(box, fill=(*bytes.fromhex(colour), alpha))
        picture = Image.alpha_composite(picture, layer)
    return picture.resize((size, size), Image.Resampling.BOX)


def main() -> None:
    """Write both files."""
    touch = Image.new("RGBA", (TOUCH_SIZE, TOUCH_SIZE), BACKGROUND)
    touch = Image.alpha_composite(touch, mark(TOUCH_SIZE, margin=0.1))
    touch.convert("RGB").save(IMAGES / "apple-touch-icon.png", optimize=True)
    largest = FAVICON_SIZES[-1][0]
    others = [mark(size) for size, _ in FAVICON_SIZES[:-1]]
    mark(largest).save(IMAGES / "favicon.ico", sizes=FAVICON_SIZES, append_images=others)


if __name__ == "__main__":
    main()

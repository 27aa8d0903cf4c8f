"""A canvas on which the layers of a document are drawn, one above the other.

Formulas: W3C, "Compositing and Blending Level 1", sections 5 and 10.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from PIL import Image

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Bytes = NDArray[np.uint8]
    Floats = NDArray[np.floating]

_ROWS: Final = 256  # that are mixed at a time, which bounds the memory
_BLENDS: Final[dict[str, Callable[[Floats, Floats], Floats]]] = {  # of backdrop and layer
    "multiply": lambda below, above: below * above,
    "screen": lambda below, above: below + above - below * above,
    "overlay": lambda below, above: np.where(
        below <= 0.5, 2 * below * above, 1 - 2 * (1 - below) * (1 - above)
    ),
    "darken": np.minimum,
    "lighten": np.maximum,
    "difference": lambda below, above: np.abs(below - above),
    "addition": lambda below, above: np.minimum(below + above, 1),
    "subtract": lambda below, above: np.maximum(below - above, 0),
}


class Canvas:
    """A picture of a size that is transparent at first."""

    def __init__(self, width: int, height: int) -> None:
        self._pixels = np.zeros((height, width, 4), np.uint8)

    def add(
        self, pixels: Bytes, x: int, y: int, opacity: float = 1.0, blend: str = "normal"
    ) -> None:
        """Draw a layer (height, width, 4) of RGBA with its upper left corner at x, y."""
        height, width, _ = self._pixels.shape
        left, right = max(0, x), min(width, x + pixels.shape[1])
        if left >= right or opacity <= 0:
            return
        last = min(height, y + pixels.shape[0])
        for top in range(max(0, y), last, _ROWS):
            bottom = min(top + _ROWS, last)
            layer = pixels[top - y : bottom - y, left - x : right - x]
            area = self._pixels[top:bottom, left:right]
            area[:] = _mixed(area, layer, opacity, blend)

    def image(self) -> Image.Image:
        """Return what is drawn, as RGB where nothing is transparent."""
        image = Image.fromarray(self._pixels, "RGBA")
        return image.convert("RGB") if image.getchannel("A").getextrema()[0] == 255 else image


def _mixed(backdrop: Bytes, layer: Bytes, opacity: float, blend: str) -> Bytes:
    """Return RGBA of a layer above a backdrop, both (height, width, 4)."""
    below, behind = _floats(backdrop)
    above, alpha = _floats(layer)
    alpha = alpha * min(opacity, 1.0)
    if blend in _BLENDS:
        above = (1 - behind) * above + behind * _BLENDS[blend](below, above)
    total = alpha + behind * (1 - alpha)
    colour = (above * alpha + below * behind * (1 - alpha)) / np.maximum(total, 1e-6)
    values = np.concatenate([colour, total], axis=2)
    mixed: Bytes = np.round(np.clip(values, 0, 1) * 255).astype(np.uint8)
    return mixed


def _floats(pixels: Bytes) -> tuple[Floats, Floats]:
    """Return colour and alpha from 0 to 1."""
    values = pixels.astype(np.float32) / 255
    return values[..., :3], values[..., 3:]

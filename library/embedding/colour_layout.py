"""Colour and layout descriptor of a picture, computed from its pixels.

Combined with the network's features (library.embedding.models) it finds near-duplicates, crops,
mirrored and recoloured copies (bench/likeness.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from PIL import Image

from library.formats.resizing import on_background

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Vector = NDArray[np.float32]

_HUES, _SATURATIONS, _VALUES = 18, 4, 4
_BYTES: Final = np.arange(256)
# Contribution of each byte to the index of a pixel's cell in the histogram.
_HUE_CELLS: Final = (_BYTES * _HUES // 256 * _SATURATIONS * _VALUES).astype(np.int16)
_SATURATION_CELLS: Final = (_BYTES * _SATURATIONS // 256 * _VALUES).astype(np.int16)
_VALUE_CELLS: Final = (_BYTES * _VALUES // 256).astype(np.int16)
_COARSE: Final = 128  # pixels
_CELLS: Final = 8  # the layout is a grid of 8 x 8 cells
_COLOUR_SHARE: Final = 0.5  # of the squared length; the rest is layout
COLOURS: Final = _HUES * _SATURATIONS * _VALUES  # values of the colour histogram
SIZE: Final = COLOURS + _CELLS * _CELLS * 3


def describe(image: Image.Image) -> Vector:
    """Return a (480,) unit vector: an HSV histogram of the opaque pixels, then the layout."""
    small = _coarse(image)
    colour = _histogram(small) * np.sqrt(_COLOUR_SHARE)
    layout = _layout(small) * np.sqrt(1 - _COLOUR_SHARE)
    return np.concatenate([colour, layout]).astype(np.float32)


def colours(looks: Vector) -> Vector:
    """Return the histograms, (n, 288) unit vectors, of descriptions (n, SIZE)."""
    return looks[:, :COLOURS] / np.float32(np.sqrt(_COLOUR_SHARE))


def layout(looks: Vector) -> Vector:
    """Return the layouts, (n, 192) unit vectors, of descriptions (n, SIZE)."""
    return looks[:, COLOURS:] / np.float32(np.sqrt(1 - _COLOUR_SHARE))


def _coarse(image: Image.Image) -> Image.Image:
    """Return the picture with at most 128 pixels on its longer side, by plain averages."""
    longer = max(image.size)
    if longer <= _COARSE:
        return image
    size = (
        max(1, round(image.width * _COARSE / longer)),
        max(1, round(image.height * _COARSE / longer)),
    )
    return image.resize(size, Image.Resampling.BOX)


def _histogram(image: Image.Image) -> Vector:
    """Return a (288,) unit vector: roots of the shares of 18 hues x 4 saturations x 4 values."""
    hsv = np.asarray(image.convert("RGB").convert("HSV")).reshape(-1, 3)
    if image.mode == "RGBA":
        opaque = np.asarray(image.getchannel("A")).reshape(-1) > 127
        hsv = hsv[opaque] if opaque.any() else hsv
    cell = _HUE_CELLS[hsv[:, 0]] + _SATURATION_CELLS[hsv[:, 1]] + _VALUE_CELLS[hsv[:, 2]]
    counts = np.bincount(cell, minlength=COLOURS)
    return _unit(np.sqrt(counts / max(1, len(cell))))


def _layout(image: Image.Image) -> Vector:
    """Return a (192,) unit vector, the same for a picture and its mirror image.

    Mean colours of 8 x 8 cells as lightness and two opponent colours, centred: for each cell of the
    left half the sum with its mirrored cell, then the absolute difference.
    """
    cells = on_background(image).resize((_CELLS, _CELLS), Image.Resampling.BOX)
    rgb = np.asarray(cells, dtype=np.float32) / 255
    red, green, blue = rgb[..., 0], rgb[..., 1], rgb[..., 2]
    planes = np.stack([(red + green + blue) / 3, (red - green) / 2, (red + green) / 4 - blue / 2])
    centred = planes - planes.mean(axis=(1, 2), keepdims=True)
    left, right = centred[..., : _CELLS // 2], centred[..., : _CELLS // 2 - 1 : -1]
    return _unit(np.concatenate([(left + right).ravel(), np.abs(left - right).ravel()]))


def _unit(vector: NDArray[np.floating]) -> Vector:
    length = float(np.linalg.norm(vector))
    if length < 1e-6:  # plain pictures have no layout: they share one direction
        flat = np.full(vector.shape, 1 / np.sqrt(vector.size), np.float32)
        return flat.astype(np.float32)
    return (vector / length).astype(np.float32)

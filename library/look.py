"""How a picture looks, apart from what it shows: its colours and where they lie.

Knows arrays of pixels; no model, no file. With the network's own middle (library.models) it finds
near-duplicates, crops, mirrored and recoloured copies (bench/likeness.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from PIL import Image

from library.pictures import on_ground

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Vector = NDArray[np.float32]

_HUES, _SATURATIONS, _VALUES = 18, 4, 4
_BYTES: Final = np.arange(256)
# What each byte adds to the number of a pixel's cell in the histogram.
_HUE_CELLS: Final = (_BYTES * _HUES // 256 * _SATURATIONS * _VALUES).astype(np.int16)
_SATURATION_CELLS: Final = (_BYTES * _SATURATIONS // 256 * _VALUES).astype(np.int16)
_VALUE_CELLS: Final = (_BYTES * _VALUES // 256).astype(np.int16)
_COARSE: Final = 128  # pixels
_CELLS: Final = 8  # the layout is a grid of 8 x 8 cells
_COLOUR_SHARE: Final = 0.5  # of the squared length; the rest is layout
COLOURS: Final = _HUES * _SATURATIONS * _VALUES  # values of the colour histogram
SIZE: Final = COLOURS + _CELLS * _CELLS * 3


def describe(image: Image.Image) -> Vector:
    """(480,) unit length: an HSV histogram over the opaque pixels, then the layout."""
    small = _coarse(image)
    colour = _histogram(small) * np.sqrt(_COLOUR_SHARE)
    layout = _layout(small) * np.sqrt(1 - _COLOUR_SHARE)
    return np.concatenate([colour, layout]).astype(np.float32)


def colours(looks: Vector) -> Vector:
    """(n, 288) of unit length: the histograms in descriptions (n, SIZE)."""
    return looks[:, :COLOURS] / np.float32(np.sqrt(_COLOUR_SHARE))


def layout(looks: Vector) -> Vector:
    """(n, 192) of unit length: the layouts in descriptions (n, SIZE)."""
    return looks[:, COLOURS:] / np.float32(np.sqrt(1 - _COLOUR_SHARE))


def _coarse(image: Image.Image) -> Image.Image:
    """The picture at most 128 pixels on its longer side: plain averages, since nobody sees it."""
    longer = max(image.size)
    if longer <= _COARSE:
        return image
    size = (
        max(1, round(image.width * _COARSE / longer)),
        max(1, round(image.height * _COARSE / longer)),
    )
    return image.resize(size, Image.Resampling.BOX)


def _histogram(image: Image.Image) -> Vector:
    """(288,) unit length: square roots of the shares of 18 hues x 4 saturations x 4 values."""
    hsv = np.asarray(image.convert("RGB").convert("HSV")).reshape(-1, 3)
    if image.mode == "RGBA":
        opaque = np.asarray(image.getchannel("A")).reshape(-1) > 127
        hsv = hsv[opaque] if opaque.any() else hsv
    cell = _HUE_CELLS[hsv[:, 0]] + _SATURATION_CELLS[hsv[:, 1]] + _VALUE_CELLS[hsv[:, 2]]
    counts = np.bincount(cell, minlength=COLOURS)
    return _unit(np.sqrt(counts / max(1, len(cell))))


def _layout(image: Image.Image) -> Vector:
    """(192,) unit length, the same for a picture and its mirror image.

    Mean colours of 8 x 8 cells as lightness and two opponents, centred: for each cell of the left
    half, what it and its mirror image have in common, then how far they differ.
    """
    cells = on_ground(image).resize((_CELLS, _CELLS), Image.Resampling.BOX)
    rgb = np.asarray(cells, dtype=np.float32) / 255
    red, green, blue = rgb[..., 0], rgb[..., 1], rgb[..., 2]
    planes = np.stack([(red + green + blue) / 3, (red - green) / 2, (red + green) / 4 - blue / 2])
    centred = planes - planes.mean(axis=(1, 2), keepdims=True)
    left, right = centred[..., : _CELLS // 2], centred[..., : _CELLS // 2 - 1 : -1]
    return _unit(np.concatenate([(left + right).ravel(), np.abs(left - right).ravel()]))


def _unit(vector: NDArray[np.floating]) -> Vector:
    length = float(np.linalg.norm(vector))
    if length < 1e-6:  # a plain ground has no layout: a direction that all plain grounds share
        flat = np.full(vector.shape, 1 / np.sqrt(vector.size), np.float32)
        return flat.astype(np.float32)
    return (vector / length).astype(np.float32)

"""The waveform of a sound: its peaks, and a picture of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from PIL import Image, ImageDraw

if TYPE_CHECKING:
    from numpy.typing import NDArray

_COLUMNS: Final = 128
_SIZE: Final = (512, 256)
_COLOUR: Final = (128, 140, 150, 255)  # visible on dark and on light backgrounds
_PIECE: Final = 64  # samples


def peaks(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the largest absolute value of every 64 samples, and of what remains."""
    values = np.abs(samples)
    whole = len(values) // _PIECE * _PIECE
    parts: NDArray[np.float32] = values[:whole].reshape(-1, _PIECE).max(axis=1, initial=0)
    if whole == len(values):
        return parts
    return np.append(parts, values[whole:].max()).astype(np.float32)


def draw(loudness: NDArray[np.float32]) -> Image.Image:
    """Return 512 x 256 pixels: bars on a transparent background, the loudest as high as fits."""
    parts = np.array_split(loudness, min(_COLUMNS, max(1, len(loudness))))
    bars = np.array([part.max(initial=0) for part in parts], np.float64)
    bars /= max(float(bars.max(initial=0)), 1e-6)
    image = Image.new("RGBA", _SIZE, (*_COLOUR[:3], 0))
    pen = ImageDraw.Draw(image)
    step = _SIZE[0] / len(bars)
    middle = _SIZE[1] / 2
    for number, bar in enumerate(bars):
        half = max(1.0, float(bar) * (middle - 8))
        left = number * step
        right = left + max(1.0, step * 0.6)
        pen.rectangle((left, middle - half, right, middle + half), fill=_COLOUR)
    return image

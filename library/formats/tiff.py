"""TIFF pictures of the kinds that Pillow does not know, or reads wrongly.

Floats of several bands, of 16 or 64 bits; integers of 32 bits; 16 bits in separate planes, with
alpha beside grey, or with white as zero. Read by `tifffile`; everything else is Pillow's.
"""

from __future__ import annotations

import logging
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from PIL import Image

from library.formats import exif
from library.formats.colours import in_srgb
from library.formats.images import MAX_PIXELS, Picture, open_picture

if TYPE_CHECKING:
    from typing import BinaryIO

    from numpy.typing import NDArray

_WHITE_IS_ZERO, _GREY, _RGB, _CMYK = 0, 1, 2, 5  # photometric interpretations
_BANDS: Final = {_WHITE_IS_ZERO: 1, _GREY: 1, _RGB: 3, _CMYK: 4}
_MAX_NUMBERS: Final = 4 * MAX_PIXELS
_SEPARATE: Final = 2

# What it logs about damaged files is of no use: Pillow's errors are reported.
logging.getLogger("tifffile").setLevel(logging.CRITICAL + 1)


def unusual(file: BinaryIO) -> Picture | None:
    """Return the first page of a file of one of these kinds; None for all others, and damaged ones.

    The position of the file is at its beginning afterwards.
    """
    import tifffile

    # tifffile raises errors of many types for damaged files; Pillow says what is wrong with them.
    with suppress(Exception):
        file.seek(0)
        with tifffile.TiffFile(file, name="picture.tif") as opened:
            page = opened.pages[0]
            if _is_unusual(page):
                return _picture(page, _metadata(file))
    file.seek(0)
    return None


def _is_unusual(page: Any) -> bool:
    kind, bands = np.dtype(page.dtype), int(page.samplesperpixel)
    photometric, numbers = int(page.photometric), int(np.prod(page.shape))
    if photometric not in _BANDS or page.imagedepth != 1 or numbers > _MAX_NUMBERS:
        return False
    if kind.kind == "f":
        return bands > 1 or kind.itemsize != 4 or photometric == _WHITE_IS_ZERO
    if kind.itemsize == 2:
        is_separate = bool(page.planarconfig == _SEPARATE and bands > 1)
        return is_separate or bands == 2 or photometric == _WHITE_IS_ZERO
    return bool(kind.itemsize > 2)


def _metadata(file: BinaryIO) -> Image.Image | None:
    """Return the file as Pillow opens it, for its EXIF and XMP; None if it does not."""
    with suppress(Exception):
        file.seek(0)
        return open_picture(file, "image/tiff")
    return None


def _picture(page: Any, opened: Image.Image | None) -> Picture:
    values = np.asarray(page.asarray())
    if values.ndim == 2:
        values = values[..., None]
    elif page.planarconfig == _SEPARATE:
        values = np.moveaxis(values, 0, -1)
    photometric, bands = int(page.photometric), _BANDS[int(page.photometric)]
    pixels = _eight_bits(values[..., : bands + 1])
    if photometric == _WHITE_IS_ZERO:
        pixels[..., 0] = 255 - pixels[..., 0]
    mode = {1: "L", 3: "RGB", 4: "CMYK"}[bands]
    image = Image.fromarray(np.ascontiguousarray(pixels[..., :bands].squeeze()), mode)
    if (profile := page.tags.get("InterColorProfile")) is not None:
        image.info["icc_profile"] = bytes(profile.value)
    image = in_srgb(image)
    if pixels.shape[2] > bands and page.extrasamples:
        image.putalpha(Image.fromarray(np.ascontiguousarray(pixels[..., bands]), "L"))
    turn = page.tags.get("Orientation")
    method = exif.TRANSPOSES.get(int(turn.value)) if turn is not None else None
    image = image if method is None else image.transpose(method)
    return Picture(image, image.size, opened=opened)


def _eight_bits(values: NDArray[Any]) -> NDArray[np.uint8]:
    """Return numbers from zero to the largest of their type, or one, as bytes."""
    if values.dtype.kind == "f":
        light = np.nan_to_num(values.astype(np.float32), nan=0.0, posinf=0.0, neginf=0.0)
        top = max(1.0, float(light.max(initial=0)))
    else:
        light, top = values.astype(np.float32), float(np.iinfo(values.dtype).max)
    pixels: NDArray[np.uint8] = np.round(np.clip(light / top, 0, 1) * 255).astype(np.uint8)
    return pixels

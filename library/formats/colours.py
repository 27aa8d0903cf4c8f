"""Conversion of a decoded picture of any mode to RGB or RGBA of 8 bits in sRGB."""

from __future__ import annotations

import io
from typing import Final

import numpy as np
from PIL import Image, ImageCms

_SRGB: Final = ImageCms.createProfile("sRGB")
_WITH_PROFILE: Final = {"RGB": "RGB", "RGBA": "RGBA", "CMYK": "RGB", "L": "RGB", "LAB": "RGB"}
_WITH_ALPHA: Final = frozenset({"LA", "La", "PA", "RGBA", "RGBa"})
_BLANK_SIDE: Final = 64  # pixels; a picture is reduced to this before it is called blank


def in_srgb(image: Image.Image) -> Image.Image:
    """Return RGB or RGBA of any mode: 16 bits scaled, CMYK and colour profiles converted."""
    profile = image.info.get("icc_profile")
    if image.mode.startswith("I") or image.mode == "F":
        return _scaled_down(image)
    alpha = image.mode in _WITH_ALPHA or "transparency" in image.info
    if image.mode == "LAB" and not profile:
        profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    if profile:
        if image.mode not in _WITH_PROFILE or (alpha and image.mode == "RGB"):
            image = image.convert("RGBA" if alpha else "RGB")  # of a palette, for example
        if image.mode != "L" or not alpha:
            image = _converted(image, bytes(profile))
    return image.convert("RGBA" if alpha else "RGB")


def _converted(image: Image.Image, profile: bytes) -> Image.Image:
    """Return the picture in sRGB, or as it is where the profile is damaged, as browsers do."""
    try:
        converted = ImageCms.profileToProfile(
            image,
            ImageCms.ImageCmsProfile(io.BytesIO(profile)),
            _SRGB,
            outputMode=_WITH_PROFILE[image.mode],
        )
    except (ImageCms.PyCMSError, OSError, ValueError):
        return image
    return image if converted is None else converted


def _scaled_down(image: Image.Image) -> Image.Image:
    """Return greyscale of 16 or 32 bits or floats as RGB or RGBA of 8 bits."""
    values = np.nan_to_num(np.asarray(image, dtype=np.float64), nan=0.0, posinf=0.0, neginf=0.0)
    if image.mode.startswith("I;16") or (image.mode == "I" and values.max(initial=0) > 255):
        top = 65535.0
    else:
        top = max(1.0, float(values.max(initial=0)))
        top = 255.0 if image.mode == "I" else top
    if image.mode == "I" and values.max(initial=0) > top:
        top = float(values.max(initial=0))
    grey = Image.fromarray(np.clip(values * (255.0 / top) + 0.5, 0, 255).astype(np.uint8), "L")
    clear = image.info.get("transparency")
    if not isinstance(clear, int):
        return grey.convert("RGB")
    picture = grey.convert("RGBA")
    picture.putalpha(Image.fromarray(np.where(values == clear, 0, 255).astype(np.uint8), "L"))
    return picture


def is_blank(image: Image.Image) -> bool:
    """Return whether an RGB or RGBA picture shows nothing: one colour, or no opaque pixel."""
    if max(image.size) > _BLANK_SIDE:
        image = image.reduce(-(-max(image.size) // _BLANK_SIDE))
    if image.mode == "RGBA" and image.getchannel("A").getextrema()[1] == 0:
        return True
    return all(low == high for low, high in image.getextrema())  # type: ignore[misc]

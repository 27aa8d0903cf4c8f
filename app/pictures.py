"""Pictures from outside, decoded with bounds.

Whatever the bytes are, nothing is unpacked that would not fit, and nothing but an InvalidReference
is raised. Knows Pillow; nothing of where the bytes come from or go to.
"""

from __future__ import annotations

import io
import struct
import threading
import warnings
from typing import Final

from PIL import Image, ImageOps, UnidentifiedImageError

from app.errors import InvalidReference

FORMATS: Final = ("PNG", "JPEG", "WEBP", "GIF", "AVIF", "BMP", "TIFF")
MOST_PIXELS: Final = 100_000_000

# What Pillow's decoders raise for files with wrong bytes in them, or may: each has its own kind.
_DAMAGED: Final = (
    OSError,
    ValueError,
    SyntaxError,
    EOFError,
    MemoryError,
    ArithmeticError,
    LookupError,
    RuntimeError,
    TypeError,
    struct.error,
)
_FILTERS: Final = threading.Lock()  # the filters of `warnings` belong to the whole process


def decoded(content: bytes, *, side: int) -> Image.Image:
    """The picture, upright, at most `side` pixels on its longer side, as RGB or RGBA.

    All metadata is dropped. Raises InvalidReference with the reason in its message.
    """
    try:
        with _FILTERS, warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            warnings.simplefilter("ignore", UserWarning)  # about odd metadata, which is dropped
            return _decoded(content, side)
    except InvalidReference:
        raise
    except UnidentifiedImageError as error:
        raise InvalidReference("The file is not a picture of a known format.") from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise InvalidReference("The picture unpacks to too many pixels.") from error
    except _DAMAGED as error:
        raise InvalidReference("The picture is damaged and cannot be read.") from error


def _decoded(content: bytes, side: int) -> Image.Image:
    opened = Image.open(io.BytesIO(content), formats=FORMATS)
    width, height = opened.size
    if width * height > MOST_PIXELS:
        raise InvalidReference(
            f"The picture unpacks to {width} × {height} pixels, which is too many."
        )
    opened.draft("RGB", (side, side))
    upright = ImageOps.exif_transpose(opened)
    picture = upright.convert("RGBA" if upright.has_transparency_data else "RGB")
    picture.thumbnail((side, side), Image.Resampling.LANCZOS)
    picture.info.clear()  # Pillow would write comments and profiles into a new file
    return picture

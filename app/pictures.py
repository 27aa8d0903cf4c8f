"""Pictures from outside, decoded with bounds.

Whatever the bytes are, nothing is unpacked that would not fit, and nothing but an InvalidReference
is raised. Knows Pillow; nothing of where the bytes come from or go to.
"""

from __future__ import annotations

import io
import math
import struct
import threading
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Self

from PIL import Image, ImageOps, UnidentifiedImageError

from app.errors import InvalidPart, InvalidReference

if TYPE_CHECKING:
    from collections.abc import Mapping

FORMATS: Final = ("PNG", "JPEG", "WEBP", "GIF", "AVIF", "BMP", "TIFF")
MOST_PIXELS: Final = 100_000_000
# The numbers of a Part, each with its least and its most.
PARTS: Final = {"left": (0, 99), "top": (0, 99), "width": (1, 100), "height": (1, 100)}

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


@dataclass(frozen=True, slots=True)
class Part:
    """A box within a picture: each number is in percent of the picture's width or height."""

    left: float = 25
    top: float = 25
    width: float = 50
    height: float = 50

    @classmethod
    def read(cls, fields: Mapping[str, str]) -> Self:
        """Read the four numbers of a form. Raises InvalidPart, which names the first wrong one."""
        return cls(*(_percent(fields, name, *bounds) for name, bounds in PARTS.items()))

    def box(self, size: tuple[int, int]) -> tuple[int, int, int, int]:
        """Left, upper, right and lower pixel in a picture of `size`; at least one of each."""
        (across, down), share = size, 1 / 100
        left, upper = int(across * self.left * share), int(down * self.top * share)
        right = math.ceil(across * (self.left + self.width) * share)
        lower = math.ceil(down * (self.top + self.height) * share)
        return left, upper, min(max(right, left + 1), across), min(max(lower, upper + 1), down)


def _percent(fields: Mapping[str, str], name: str, least: int, most: int) -> float:
    text = fields.get(name, "").strip()
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not least <= number <= most:
        said = f"“{text[:20]}” is not" if text else "Nothing is given that is"
        raise InvalidPart(f"{said} a number from {least} to {most}.", field=name)
    return number


def decoded(content: bytes, *, side: int, part: Part | None = None) -> Image.Image:
    """The picture, upright, at most `side` pixels on its longer side, as RGB or RGBA.

    With a `part` that alone, cut out of the whole. All metadata is dropped. Raises InvalidReference
    with the reason in its message.
    """
    try:
        with _FILTERS, warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            warnings.simplefilter("ignore", UserWarning)  # about odd metadata, which is dropped
            return _decoded(content, side, part)
    except InvalidReference:
        raise
    except UnidentifiedImageError as error:
        raise InvalidReference("The file is not a picture of a known format.") from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise InvalidReference("The picture unpacks to too many pixels.") from error
    except _DAMAGED as error:
        raise InvalidReference("The picture is damaged and cannot be read.") from error


def _decoded(content: bytes, side: int, part: Part | None) -> Image.Image:
    opened = Image.open(io.BytesIO(content), formats=FORMATS)
    width, height = opened.size
    if width * height > MOST_PIXELS:
        raise InvalidReference(
            f"The picture unpacks to {width} × {height} pixels, which is too many."
        )
    whole = side if part is None else math.ceil(side * 100 / min(part.width, part.height))
    opened.draft("RGB", (whole, whole))
    upright = ImageOps.exif_transpose(opened)
    picture = upright.convert("RGBA" if upright.has_transparency_data else "RGB")
    if part is not None:
        picture = picture.crop(part.box(picture.size))
    picture.thumbnail((side, side), Image.Resampling.LANCZOS)
    picture.info.clear()  # Pillow would write comments and profiles into a new file
    return picture

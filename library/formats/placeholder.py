"""The picture that is shown for a file without one: a sheet with its format and its name.

A damaged file has a torn sheet. Drawn in one grey that is visible on dark and on light backgrounds.
"""

from __future__ import annotations

from contextlib import suppress
from functools import lru_cache
from pathlib import PurePosixPath
from typing import Final

from PIL import Image, ImageDraw, ImageFont

from library.formats.format_table import BY_MIME

_SIZE: Final = (512, 512)
_COLOUR: Final = (128, 140, 150, 255)
_WIDTH: Final = 14
_LEFT, _TOP, _RIGHT, _BOTTOM, _FOLD = 136, 40, 376, 348, 72
_TEAR: Final = ((_LEFT, 216), (192, 168), (256, 216), (320, 168), (_RIGHT, 216))
_GAP: Final = 44  # between both parts of a torn sheet
_NAME_TOP: Final = 384
_NAME: Final = 32  # pixels, the size of its letters
_LINES: Final = 2
_MARGIN: Final = 24
_FONTS: Final = ("DejaVuSans.ttf", "LiberationSans-Regular.ttf", "Arial.ttf")
_LAST_LETTER: Final = "\u052f"  # of Cyrillic: these fonts have Latin and Greek as well


def placeholder(mime: str, path: str, *, damaged: bool = False) -> Image.Image:
    """Return the picture of a file of this type and name, 512 pixels square."""
    image = Image.new("RGBA", _SIZE, (*_COLOUR[:3], 0))
    pen = ImageDraw.Draw(image)
    fold = [(_LEFT, _TOP), (_RIGHT - _FOLD, _TOP), (_RIGHT, _TOP + _FOLD)]
    corner = [(_RIGHT - _FOLD, _TOP), (_RIGHT - _FOLD, _TOP + _FOLD), (_RIGHT, _TOP + _FOLD)]
    _line(pen, corner)
    if damaged:
        lower = [(x, y + _GAP) for x, y in _TEAR]
        _line(pen, [_TEAR[0], *fold, _TEAR[-1]])
        _line(pen, _TEAR)
        _line(pen, lower)
        _line(pen, [lower[0], (_LEFT, _BOTTOM), (_RIGHT, _BOTTOM), lower[-1]])
    else:
        sheet = [*fold, (_RIGHT, _BOTTOM), (_LEFT, _BOTTOM)]
        _line(pen, [*sheet, sheet[0], sheet[1]])
    middle = _BOTTOM - 44 if damaged else (_TOP + _BOTTOM) // 2 + 20
    _text(pen, _label(mime, path), middle, 44 if damaged else 64)
    for number, line in enumerate(_wrapped(pen, PurePosixPath(path).name)):
        pen.text((_SIZE[0] // 2, _NAME_TOP + 22 + 44 * number), line, fill=_COLOUR,
                 font=_font(), anchor="mm")  # fmt: skip
    return image


def _line(
    pen: ImageDraw.ImageDraw, points: list[tuple[int, int]] | tuple[tuple[int, int], ...]
) -> None:
    pen.line(list(points), fill=_COLOUR, width=_WIDTH, joint="curve")


def _label(mime: str, path: str) -> str:
    """Return the suffix of a file in capitals, or that of its format."""
    suffix = PurePosixPath(path).suffix[1:]
    known = BY_MIME.get(mime)
    if known is not None and suffix.lower() not in known.suffixes:
        suffix = known.suffixes[0]
    return suffix[:10].upper()


def _text(pen: ImageDraw.ImageDraw, text: str, middle: int, size: int) -> None:
    """Write a line on the sheet, around the vertical position `middle`."""
    while size > 14 and pen.textlength(text, ImageFont.load_default(size)) > _RIGHT - _LEFT - 48:
        size -= 4
    font = ImageFont.load_default(size)
    pen.text((_SIZE[0] // 2, middle), text, fill=_COLOUR, font=font, anchor="mm")


@lru_cache
def _font() -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """Return a font of the system, else the one of Pillow (no path), which has no accents."""
    for name in _FONTS:
        with suppress(OSError):
            return ImageFont.truetype(name, _NAME)
    return ImageFont.load_default(_NAME)


def _wrapped(pen: ImageDraw.ImageDraw, name: str) -> list[str]:
    """Return a file's name in at most two lines; none in a script that the font does not have."""
    name = " ".join(name[:200].split())
    font = _font()
    last = _LAST_LETTER if isinstance(font, ImageFont.FreeTypeFont) and font.path else "\x7f"
    if not name.isprintable() or any(letter > last for letter in name):
        return []
    lines: list[str] = []
    while name and len(lines) < _LINES:
        end = len(name)
        more = "…" if len(lines) == _LINES - 1 else ""
        while end > 1 and pen.textlength(name[:end] + more, font) > _SIZE[0] - 2 * _MARGIN:
            end -= 1
        lines.append(name[:end] + (more if end < len(name) else ""))
        name = name[end:]
    return lines

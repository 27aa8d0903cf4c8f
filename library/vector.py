"""SVG rendered to a picture: no script, no network, no other file.

Knows which parts of an SVG reach outside of it, and its size; nothing of the library. `drawing`
draws it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from library import drawing
from library.pictures import BadImage, decode

if TYPE_CHECKING:
    from pathlib import Path

    from PIL import Image

_MAX_BYTES: Final = 8 * 1024 * 1024
_MAX_USES: Final = 5_000  # of <use>, which may double what is drawn with every level
_MAX_FILTERS: Final = 64
_SIDE: Final = 512
_MAX_SIDE: Final = 100_000  # pixels told as width or height

# A reference to anything but a part of the file itself (#id) or data that is in it.
_OUTSIDE: Final = re.compile(
    r"""((?:[\w-]+:)?(?:href|src|base)\s*=\s*)("(?!\#|data:)[^"]*"|'(?!\#|data:)[^']*')""",
    re.IGNORECASE,
)
_URL: Final = re.compile(r"""url\(\s*(?!["']?(?:\#|data:))[^)]*\)|@import[^;]*;?""", re.IGNORECASE)
_ROOT: Final = re.compile(r"<(?:\w+:)?svg\b[^>]*>", re.DOTALL)
_UNITS: Final = {"": 1, "px": 1, "pt": 4 / 3, "pc": 16, "mm": 96 / 25.4, "cm": 96 / 2.54, "in": 96}


def render(source: Path | bytes) -> tuple[Image.Image, tuple[int, int] | None]:
    """The picture, at most 512 pixels, and the size that the file says, where it says one.

    Raises BadImage with a clear text, OSError when a path cannot be read.
    """
    text = contained(source)
    size = told_size(text)
    wide = size is None or size[0] >= size[1]
    side = _SIDE if size is None else min(_SIDE, max(size))
    try:
        png = drawing.draw(text, width=side if wide else None, height=None if wide else side)
    except drawing.BadDrawing as error:
        raise BadImage(str(error)) from error
    return decode(png), size


def contained(source: Path | bytes) -> str:
    """The SVG's text without anything that reaches outside of it. Raises BadImage."""
    if isinstance(source, bytes):
        raw = source
    else:
        with source.open("rb") as file:
            raw = file.read(_MAX_BYTES + 1)
    if len(raw) > _MAX_BYTES:
        raise BadImage(f"is an SVG larger than {_MAX_BYTES // 1024**2} MB")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadImage("is an SVG in another encoding than UTF-8") from error
    if "<!ENTITY" in text:
        raise BadImage("is an SVG with entities, which are not expanded")
    if text.count("<use") > _MAX_USES or text.count("<filter") > _MAX_FILTERS:
        raise BadImage("is an SVG with too many references or filters to be drawn")
    return _URL.sub("none", _OUTSIDE.sub(r'\1""', text))


def told_size(text: str) -> tuple[int, int] | None:
    """Width and height in CSS pixels from the root's attributes, else from its viewBox."""
    root = _ROOT.search(text)
    if root is None:
        return None
    sides = [_length(root.group(), name) for name in ("width", "height")]
    if None in sides and (box := _attribute(root.group(), "viewBox")):
        numbers = re.findall(r"[-+]?\d*\.?\d+(?:e[-+]?\d+)?", box)
        if len(numbers) == 4:
            width, height = (_bounded(float(number)) for number in numbers[2:])
            if sides[0] and width and height:
                return _pair(sides[0], sides[0] * height / width)
            if sides[1] and width and height:
                return _pair(sides[1] * width / height, sides[1])
            sides = [width, height]
    return _pair(*sides)


def _pair(width: float | None, height: float | None) -> tuple[int, int] | None:
    if not width or not height:
        return None
    return max(1, round(width)), max(1, round(height))


def _attribute(root: str, name: str) -> str | None:
    found = re.search(rf"""\s{name}\s*=\s*["']([^"']*)["']""", root)
    return found.group(1) if found else None


def _length(root: str, name: str) -> float | None:
    text = _attribute(root, name) or ""
    found = re.fullmatch(r"\s*(\d*\.?\d+)([a-z]*)\s*", text)
    if found is None or found.group(2) not in _UNITS:
        return None
    return _bounded(float(found.group(1)) * _UNITS[found.group(2)])


def _bounded(length: float) -> float | None:
    return length if 0 < length <= _MAX_SIDE else None

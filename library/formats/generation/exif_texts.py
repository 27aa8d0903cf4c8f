"""Texts that generators write into EXIF: UserComment, descriptions, the tags of cameras."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Final

from library.formats.metadata.exif_tags import Tags, user_comment
from library.formats.metadata.text import decoded, utf16

if TYPE_CHECKING:
    from collections.abc import Callable

    from PIL import Image

_IFD: Final = 0x8769
_COMMENT: Final = 0x9286
_TAGS: Final = {
    0x010E: "ImageDescription", 0x010F: "Make", 0x0110: "Model", 0x0131: "Software",
    0x013B: "Artist",
}  # fmt: skip
_WINDOWS: Final = {
    0x9C9B: "XPTitle", 0x9C9C: "XPComment", 0x9C9E: "XPKeywords", 0x9C9F: "XPSubject",
}  # fmt: skip


def read(image: Image.Image, limit: int) -> dict[str, str]:
    """Return texts by the names of their tags, each of at most `limit` characters."""
    value = _values(image)
    comment = value(_COMMENT)
    texts = {
        "UserComment": user_comment(comment) if isinstance(comment, bytes) else _plain(comment),
        **{name: _plain(value(tag)) for tag, name in _TAGS.items()},
        **{name: _wide(value(tag)) for tag, name in _WINDOWS.items()},
    }
    return {name: text[:limit] for name, text in texts.items() if text}


def _values(image: Image.Image) -> Callable[[int], object]:
    """Return a function that returns the value of a tag, whichever block it is in."""
    values: dict[int, object] = {}
    with suppress(Exception):  # a damaged block raises errors of many types
        found = image.getexif()
        values = {**found, **found.get_ifd(_IFD)}
    tags = Tags.of(image.info.get("exif"))
    # Pillow reads none of the tags behind a damaged one.
    return lambda tag: tags.raw(tag) or values.get(tag)


def _plain(value: object) -> str:
    if isinstance(value, bytes):
        value = decoded(value.rstrip(b"\0 "))
    return value.strip("\0 ") if isinstance(value, str) else ""


def _wide(value: object) -> str:
    """Return a text that Windows has written, in UTF-16."""
    if isinstance(value, tuple) and all(isinstance(part, int) and part < 256 for part in value):
        value = bytes(value)
    return utf16(value, "utf-16-le").strip("\0 ") if isinstance(value, bytes) else _plain(value)

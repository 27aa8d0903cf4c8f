"""The picture of a file of kind `image`, whatever its format: one reader for each type."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from library.formats import images, raw, svg, textures, tiff
from library.formats.design import aseprite, clip_studio, gimp, pages, photoshop, previews
from library.formats.format_table import FORMATS

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import BinaryIO

    from library.formats.images import Picture


def read(file: BinaryIO, mime: str, side: int | None = None) -> Picture:
    """Return the picture of a file of this type; see `images.read` for `side`.

    Raises BadImage, and OSError when the file cannot be read.
    """
    if mime == "image/tiff" and (picture := tiff.unusual(file)) is not None:
        return picture
    reader = _READERS.get(mime)
    found = images.read(file, mime, side) if reader is None else reader(file, mime)
    if not all(found.image.size):
        raise images.BadImage("is broken: it has no pixels")
    return found


def _cursor(file: BinaryIO, _mime: str) -> Picture:
    """Return the largest size of a cursor: an icon of another type, with hot spots in its list."""
    content = bytearray(file.read(images.MAX_BYTES))
    content[2:3] = b"\x01"
    for at in range(6, min(6 + 16 * content[4] if len(content) > 4 else 0, len(content) - 15), 16):
        bitmap = int.from_bytes(content[at + 12 : at + 16], "little")
        depth = (
            content[bitmap + 14 : bitmap + 16]
            if content[bitmap : bitmap + 1] == _BITMAP
            else b"\x20\0"
        )
        content[at + 4 : at + 8] = b"\1\0" + depth.ljust(2, b"\0")
    return images.read(bytes(content), "image/vnd.microsoft.icon")


_BITMAP: Final = b"\x28"  # first byte of a bitmap in a cursor: the length of its header
_READERS: Final[dict[str, Callable[[BinaryIO, str], Picture]]] = {
    "image/svg+xml": svg.read,
    "image/vnd.adobe.photoshop": photoshop.composite,
    "application/x-krita": previews.zipped,
    "image/openraster": previews.zipped,
    "image/x-sketch": previews.zipped,
    "image/x-procreate": previews.zipped,
    "image/x-figma": previews.zipped,
    "image/x-adobe-xd": previews.zipped,
    "image/x-affinity": previews.affinity,
    "image/x-clip-studio": clip_studio.preview,
    "image/x-xcf": gimp.draw,
    "image/x-aseprite": aseprite.draw,
    "image/x-win-bitmap": _cursor,
    "image/ktx2": textures.ktx2,
    "application/illustrator": pages.illustrator,
    "application/postscript": pages.postscript,
    **{each.mime: raw.preview for each in FORMATS if each.extra == "raw"},
}

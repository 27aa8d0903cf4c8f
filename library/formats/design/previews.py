"""The pictures that painting and modelling programs store in their files.

Krita, OpenRaster, Sketch, Procreate, Figma and Adobe XD write ZIPs; Clip Studio Paint a database;
Affinity a PNG between its own data; Blender a small bitmap. Only that picture is unpacked, with
limits on the directory of a ZIP and on every size.
"""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from typing import TYPE_CHECKING, Final

from PIL import Image

from library.formats.images import BadImage, Picture, read

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import BinaryIO

_MAX_DIRECTORY: Final = 16 * 1024**2  # bytes of the list of members of a ZIP
_MAX_MEMBER: Final = 256 * 1024**2  # bytes of an unpacked picture
_END_OF_ZIP: Final = b"PK\x05\x06"
_FIGMA: Final = b"fig-kiwi"
_PNG: Final = b"\x89PNG\r\n\x1a\n"
_MEMBERS: Final = {  # in the order in which they are tried
    "application/x-krita": ("mergedimage.png", "preview.png"),
    "image/openraster": ("mergedimage.png", "Thumbnails/thumbnail.png"),
    "image/x-sketch": ("previews/preview.png",),
    "image/x-procreate": ("QuickLook/Thumbnail.png", "QuickLook/Preview.png"),
    "image/x-figma": ("thumbnail.png",),
    "image/x-adobe-xd": ("preview.png", "thumbnail.png"),
    "model/3mf": ("Metadata/thumbnail.png", "Metadata/plate_1.png", "Thumbnails/thumbnail.png"),
}
_MAX_AFFINITY: Final = 512 * 1024**2  # bytes that are searched for pictures
_MAX_FOUND: Final = 64  # pictures between the data of an Affinity file
_BLENDER_READ: Final = 32 * 1024**2  # bytes from the beginning of a .blend; its preview is there
_BLENDER_BLOCKS: Final = 64
_BLENDER_SIDE: Final = 4096


class NoPreview(BadImage):
    """The file is whole, as far as can be told, and contains no picture that can be shown."""

    def __init__(self, reason: str, size: tuple[int, int] | None = None) -> None:
        super().__init__(reason)
        self.size = size  # that the file states


def zipped(file: BinaryIO, mime: str) -> Picture:
    """Return the picture in a ZIP of this type. Raises BadImage."""
    if file.read(len(_FIGMA)) == _FIGMA:  # of the canvas alone, without a ZIP around it
        raise NoPreview("contains no picture of its content")
    with open_zip(file) as archive:
        for content in members(archive, _MEMBERS[mime]):
            return read(content, "image/png")
    raise NoPreview("contains no picture of its content")


def open_zip(file: BinaryIO) -> zipfile.ZipFile:
    """Return an opened ZIP whose list of members is not too long. Raises BadImage."""
    size = file.seek(0, io.SEEK_END)
    start = max(0, size - 66_000)
    file.seek(start)
    tail = file.read(66_000)
    found = tail.rfind(_END_OF_ZIP)
    if found < 0 or found + 22 > len(tail):
        raise BadImage("is broken: it ends before the list of its parts")
    (listed,) = struct.unpack_from("<I", tail, found + 12)
    if listed > _MAX_DIRECTORY:
        raise BadImage("has too many parts")
    file.seek(0)
    try:
        return zipfile.ZipFile(file)
    except (zipfile.BadZipFile, ValueError, NotImplementedError, UnicodeDecodeError) as error:
        raise BadImage(f"is broken: {error}") from error


def members(archive: zipfile.ZipFile, names: Sequence[str]) -> list[bytes]:
    """Return the content of the first member with one of these names; none if there is none.

    Names are compared without case. Raises BadImage when it is encrypted or too large.
    """
    listed = {info.filename.lower(): info for info in archive.infolist()}
    for name in names:
        info = listed.get(name.lower())
        if info is not None:
            return [unpacked(archive, info)]
    return []


def unpacked(archive: zipfile.ZipFile, info: zipfile.ZipInfo, most: int = _MAX_MEMBER) -> bytes:
    """Return the content of a member, at most `most` bytes. Raises BadImage."""
    if info.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
        raise BadImage("is compressed in an unusual way")
    try:
        with archive.open(info) as member:
            content = member.read(most + 1)
    except (zipfile.BadZipFile, zlib.error, RuntimeError, EOFError, OSError, ValueError) as error:
        raise BadImage(f"is broken: {' '.join(str(error).split())[:100]}") from error
    if len(content) > most:
        raise BadImage(f"unpacks to more than {most // 1024**2} MB")
    return content


def affinity(file: BinaryIO, _mime: str) -> Picture:
    """Return the largest PNG between the data of an Affinity file. Raises BadImage."""
    raw = file.read(_MAX_AFFINITY)
    found: list[tuple[int, int]] = []  # area, offset
    start = raw.find(_PNG)
    while start >= 0 and len(found) < _MAX_FOUND:
        if raw[start + 12 : start + 16] == b"IHDR" and start + 24 <= len(raw):
            width, height = struct.unpack_from(">II", raw, start + 16)
            found.append((width * height, start))
        start = raw.find(_PNG, start + len(_PNG))
    for _, offset in sorted(found, reverse=True)[:4]:
        if (content := _png(raw, offset)) is not None:
            return read(content, "image/png")
    raise NoPreview("contains no picture of its content")


def _png(raw: bytes, start: int) -> bytes | None:
    """Return the PNG that begins at `start`; None if it has no end."""
    position = start + len(_PNG)
    while position + 12 <= len(raw):
        length, name = struct.unpack_from(">I4s", raw, position)
        position += 12 + length
        if name == b"IEND" and position <= len(raw):
            return raw[start:position]
    return None


def blender(file: BinaryIO) -> Image.Image | None:
    """Return the preview at the beginning of a .blend, compressed or not; None without one."""
    raw = file.read(_BLENDER_READ)
    if raw.startswith(b"\x1f\x8b"):
        raw = zlib.decompressobj(zlib.MAX_WBITS | 16).decompress(raw, _BLENDER_READ)
    elif raw.startswith(b"\x28\xb5\x2f\xfd"):
        raw = unzstd(raw, _BLENDER_READ)
    # "BLENDER", "_" (32 bits) or "-" (64 bits), "v" or "V", a version of 3 digits; from 5.0 on
    # "BLENDER", the length of all this, "-", a version of 2 digits, "v", a version of 4 digits.
    if raw[:7] != b"BLENDER":
        return None
    if raw[7:9].isdigit():
        start, head, order = int(raw[7:9]), struct.Struct("<4siQqq"), "<"
        where = 3  # of the length
    else:
        order = "<" if raw[8:9] == b"v" else ">"
        start, where = 12, 1
        head = struct.Struct(order + ("4siIii" if raw[7:8] == b"_" else "4siQii"))
    for _ in range(_BLENDER_BLOCKS):
        if start + head.size > len(raw):
            return None
        block = head.unpack_from(raw, start)
        start += head.size
        length = block[where]
        if block[0] == b"TEST":
            return _bitmap(raw[start : start + length], order)
        if block[0] == b"ENDB" or length < 0:
            return None
        start += length
    return None


def _bitmap(raw: bytes, order: str) -> Image.Image | None:
    """Return a bitmap of Blender: width, height, and rows of RGBA from the lowest up."""
    if len(raw) < 8:
        return None
    width, height = struct.unpack_from(order + "ii", raw)
    inside = 0 < width <= _BLENDER_SIDE and 0 < height <= _BLENDER_SIDE
    if not inside or len(raw) < 8 + 4 * width * height:
        return None
    image = Image.frombytes("RGBA", (width, height), raw[8 : 8 + 4 * width * height])
    return image.transpose(Image.Transpose.FLIP_TOP_BOTTOM)


def unzstd(raw: bytes, most: int) -> bytes:
    """Return what zstd unpacks to, at most `most` bytes, frame after frame, as far as it goes."""
    import sys

    if sys.version_info >= (3, 14):
        from compression import zstd
    else:
        from backports import zstd
    parts: list[bytes] = []
    left = most
    while raw and left > 0:
        unpacker = zstd.ZstdDecompressor()
        try:
            parts.append(unpacker.decompress(raw, left))
        except zstd.ZstdError:
            break
        left -= len(parts[-1])
        raw = unpacker.unused_data if unpacker.eof else b""
    return b"".join(parts)

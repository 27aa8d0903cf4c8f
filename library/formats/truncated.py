"""Files of pictures that end too early: whether they do, and with something for their decoders.

The decoders of WebP, AVIF, HEIF and QOI want as many bytes as the file states, and draw what comes
before the first wrong one; that of JPEG wants an end.
"""

from __future__ import annotations

import io
import re
import struct
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from typing import BinaryIO

_TAIL: Final = 64 * 1024  # bytes: more than the last part of a PNG, and than a segment of a JPEG
_PNG_END: Final = re.compile(rb"IEND.{4}", re.DOTALL)
_JPEG_SEGMENT: Final = re.compile(rb"\xff[\xc0-\xcf\xda-\xfe]")
_QOI_END: Final = bytes(7) + b"\x01"
_MAX_MISSING: Final = 100 * 1024**2  # bytes that are filled up
_BOXES: Final = frozenset({b"ftyp", b"meta", b"mdat", b"moov"})  # what follows them is not missed
_MAX_QOI: Final = 8 * 1024**2  # of these: its decoder is slow
_MAX_BOXES: Final = 1000
_JPEG_END: Final = b"\xff\xd9"


def padded(source: bytes | BinaryIO) -> bytes | None:
    """Return a file with zeros in the place of what is missing; None if it is whole, or unknown."""
    if isinstance(source, bytes):
        source = io.BytesIO(source)
    size = source.seek(0, io.SEEK_END)
    source.seek(0)
    head = source.read(16)
    stated = size
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        stated = 7 + int.from_bytes(head[4:8], "little")  # the last byte is often forgotten
    elif head[4:8] == b"ftyp":
        stated = _boxes(source, size)
    elif head[:4] == b"qoif":
        source.seek(-min(size, len(_QOI_END)), io.SEEK_END)
        if source.read() != _QOI_END:
            width, height = struct.unpack(">II", head[4:12].ljust(8, b"\0"))
            missed = width * height + len(_QOI_END)
            stated = size + missed if missed <= _MAX_QOI else size
    source.seek(0)
    if not size < stated <= size + _MAX_MISSING:
        return None
    return source.read().ljust(stated + 1, b"\0")


def _boxes(file: BinaryIO, size: int) -> int:
    """Return the length of a file of the ISO base media format, by that of its outermost boxes."""
    position = 0
    for _ in range(_MAX_BOXES):
        file.seek(position)
        head = file.read(16)
        if len(head) < 8:
            break
        length = int.from_bytes(head[:4], "big")
        if length == 1:
            length = int.from_bytes(head[8:16], "big")
        if head[4:8] in _BOXES and position + length > size:
            return position + length
        if length < 8:
            break
        position += length
    return size


def missing(name: str | None, source: bytes | BinaryIO) -> str | None:
    """Return what is missing of a file that its decoder has accepted; `name` is Pillow's."""
    if name != "PNG":
        return None
    tail = source[-_TAIL:] if isinstance(source, bytes) else _last(source)
    complete = _PNG_END.search(tail) or not tail
    return None if complete else "ends too early; its pixels are complete"


def _last(file: BinaryIO) -> bytes:
    file.seek(max(0, file.seek(0, io.SEEK_END) - _TAIL))
    return file.read(_TAIL)


def closed(jpeg: bytes) -> bytes:
    """Return a JPEG that is cut off with an end: a progressive one is drawn only there.

    The decoder waits for the rest of a segment (FF, its type, its length) that is cut off itself.
    """
    for match in reversed([*_JPEG_SEGMENT.finditer(jpeg, max(0, len(jpeg) - _TAIL - 1))]):
        start, length = match.start(), int.from_bytes(jpeg[match.end() : match.end() + 2], "big")
        if match.end() + length > len(jpeg) or match.end() + 2 > len(jpeg):
            jpeg = jpeg[:start]
    return jpeg.removesuffix(b"\xff") + _JPEG_END

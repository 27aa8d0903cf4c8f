"""Raw files of cameras by their largest embedded preview, upright.

Read by LibRaw (through rawpy). A preview that states no orientation of its own is turned as the raw
data are, unless it is upright already. A file without any preview is developed at half its size; of
one that LibRaw does not know, the JPEGs in its TIFF structure are looked at.
"""

from __future__ import annotations

import io
import os
import struct
from typing import TYPE_CHECKING, Final

import numpy as np
from PIL import Image

from library.formats import exif
from library.formats.images import MAX_BYTES, MAX_PIXELS, BadImage, Picture, read, too_many_pixels

if TYPE_CHECKING:
    from typing import BinaryIO

    from rawpy import RawPy

_OF_LIBRAW: Final = {3: 3, 5: 8, 6: 6}  # LibRaw's name of an orientation -> that of EXIF
_JPEG: Final = b"\xff\xd8\xff"
_MAX_FOLDERS: Final = 64  # image file directories of a TIFF
_MAX_ENTRIES: Final = 512
_STRIPS, _COUNTS, _ORIENTATION, _SUB = 0x0111, 0x0117, 0x0112, 0x014A
_JPEG_AT, _JPEG_LENGTH, _PANASONIC = 0x0201, 0x0202, 0x002E


def preview(file: BinaryIO, _mime: str) -> Picture:
    """Return the largest preview of a raw file. Raises BadImage."""
    if file.seek(0, io.SEEK_END) > MAX_BYTES:
        raise BadImage(f"is larger than {MAX_BYTES // 1024**2} MB")
    file.seek(0)
    raw = file.read()
    try:
        return _by_libraw(raw)
    except BadImage as error:
        found = _largest_jpeg(raw)
        if found is None:
            raise
        content, turn = found
        try:
            return _upright(content, turn, None)
        except BadImage:
            raise error from None


def _by_libraw(raw: bytes) -> Picture:
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    import rawpy

    try:
        with rawpy.imread(io.BytesIO(raw)) as opened:
            sizes = opened.sizes
            is_wide = sizes.width >= sizes.height
            turn = _OF_LIBRAW.get(sizes.flip, 1)
            try:
                thumbnail = opened.extract_thumb()
            except (rawpy.LibRawNoThumbnailError, rawpy.LibRawUnsupportedThumbnailError):
                return _developed(opened)
            if thumbnail.format == rawpy.ThumbFormat.JPEG:
                return _upright(bytes(thumbnail.data), turn, is_wide)
            image = Image.fromarray(np.asarray(thumbnail.data), "RGB")
            return _turned(Picture(image, image.size), turn)
    except (rawpy.LibRawError, ValueError, TypeError, OSError) as error:
        if isinstance(error, BadImage):
            raise
        reason = error.args[0] if error.args else type(error).__name__
        text = reason.decode("ascii", "replace") if isinstance(reason, bytes) else str(reason)
        raise BadImage(f"is broken: {' '.join(text.split())[:100]}") from error


def _developed(opened: RawPy) -> Picture:
    """Return the picture that LibRaw makes from the raw data, at half its size."""
    sizes = opened.sizes
    if sizes.raw_width * sizes.raw_height > MAX_PIXELS:
        raise too_many_pixels()
    pixels = opened.postprocess(half_size=True, use_camera_wb=True)
    image = Image.fromarray(pixels, "RGB")
    return Picture(image, (2 * image.width, 2 * image.height))


def _upright(content: bytes, turn: int, is_wide: bool | None) -> Picture:
    """Return a JPEG: turned as it states itself (LibRaw adds that), else by `turn`.

    It stays as it is stored where that is upright already: tall, of wide raw data that are turned.
    """
    picture = read(content, "image/jpeg")
    stated = 1 if picture.opened is None else exif.orientation(picture.opened)
    turned = stated in exif.ON_THEIR_SIDE
    image = picture.image
    width, height = image.size[::-1] if turned else image.size
    if turn in {6, 8} and is_wide is not None and (width < height) == is_wide and width != height:
        back = exif.TRANSPOSES.get({6: 8, 8: 6}.get(stated, 1))
        image = image if back is None else image.transpose(back)
        return Picture(image, image.size, damage=picture.damage, opened=picture.opened)
    return picture if stated != 1 else _turned(picture, turn)


def _turned(picture: Picture, turn: int) -> Picture:
    method = exif.TRANSPOSES.get(turn)
    if method is None:
        return picture
    image = picture.image.transpose(method)
    return Picture(image, image.size, damage=picture.damage, opened=picture.opened)


def _largest_jpeg(raw: bytes) -> tuple[bytes, int] | None:
    """Return the largest JPEG that the directories of a TIFF name, and its orientation."""
    order = {b"II": "<", b"MM": ">"}.get(raw[:2])
    if order is None or len(raw) < 8:
        return None
    pending: list[int] = [struct.unpack_from(order + "I", raw, 4)[0]]
    seen: set[int] = set()
    found: list[tuple[int, int]] = []  # length, offset
    turn = 1
    while pending and len(seen) < _MAX_FOLDERS:
        offset = pending.pop()
        if offset in seen or not 8 <= offset < len(raw) - 2:
            continue
        seen.add(offset)
        tags, following = _directory(raw, offset, order)
        turn = turn if turn != 1 else (tags.get(_ORIENTATION) or [1])[0]
        pending += [following, *tags.get(_SUB, [])]
        for at, length in ((_JPEG_AT, _JPEG_LENGTH), (_STRIPS, _COUNTS)):
            if len(tags.get(at, [])) == len(tags.get(length, [])) == 1:
                found.append((tags[length][0], tags[at][0]))
    for length, offset in sorted(found, reverse=True):
        if raw[offset : offset + 3] == _JPEG:
            return raw[offset : offset + length], turn
    return None


def _directory(raw: bytes, offset: int, order: str) -> tuple[dict[int, list[int]], int]:
    """Return the numbers of a directory by their tags, and the offset of the next one."""
    (count,) = struct.unpack_from(order + "H", raw, offset)
    tags: dict[int, list[int]] = {}
    for position in range(offset + 2, offset + 2 + 12 * min(count, _MAX_ENTRIES), 12):
        if position + 12 > len(raw):
            return tags, 0
        tag, kind, number = struct.unpack_from(order + "HHI", raw, position)
        size = {3: 2, 4: 4, 13: 4}.get(kind)
        if size is None or number > _MAX_FOLDERS:
            continue
        start = position + 8
        if size * number > 4:
            (start,) = struct.unpack_from(order + "I", raw, start)
        if start + size * number <= len(raw):
            letter = "H" if size == 2 else "I"
            tags[tag] = list(struct.unpack_from(f"{order}{number}{letter}", raw, start))
    end = offset + 2 + 12 * count
    following = struct.unpack_from(order + "I", raw, end)[0] if end + 4 <= len(raw) else 0
    return tags, following

"""Photoshop documents (PSD and PSB) by the composite that they contain, of any depth and mode.

Read as in Adobe's "Photoshop File Formats Specification": header, palette, resources, layers (which
are passed over) and the merged image. A document that was saved without one shows its preview.
"""

from __future__ import annotations

import io
import struct
import zlib
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
from PIL import Image

from library.formats.colours import in_srgb
from library.formats.design.previews import NoPreview
from library.formats.images import MAX_PIXELS, BadImage, Picture, read, too_many_pixels

if TYPE_CHECKING:
    from typing import BinaryIO

    from numpy.typing import NDArray

    Bytes = NDArray[np.uint8]

_BITMAP, _GREY, _INDEXED, _RGB, _CMYK, _MULTI, _DUOTONE, _LAB = 0, 1, 2, 3, 4, 7, 8, 9
_BANDS: Final = {_BITMAP: 1, _GREY: 1, _INDEXED: 1, _RGB: 3, _CMYK: 4, _MULTI: 1, _DUOTONE: 1,
                 _LAB: 3}  # fmt: skip
_MODES: Final = {1: "L", 3: "RGB", 4: "CMYK"}
_DEPTHS: Final = frozenset({1, 8, 16, 32})
_MAX_RESOURCES: Final = 64 * 1024**2
_OLD_PREVIEW, _PREVIEW, _ICC, _CLEAR, _VERSION, _EXIF, _XMP = (
    1033,
    1036,
    1039,
    1047,
    1057,
    1058,
    1060,
)
_UNMERGED: Final = "was saved without a merged image"
_RAW, _RLE, _ZIP, _PREDICTED = range(4)  # compression


class _Header(NamedTuple):
    version: int
    channels: int
    height: int
    width: int
    depth: int
    mode: int


def composite(file: BinaryIO, _mime: str) -> Picture:
    """Return the merged image, or the preview of a document without one. Raises BadImage."""
    try:
        header = _Header(*struct.unpack(">4xH6xHIIHH", _exactly(file, 26)))
        known = header.version in {1, 2} and header.mode in _BANDS and header.depth in _DEPTHS
        if not known or not header.width * header.height:
            raise BadImage("is a Photoshop document of an unknown kind")
        if header.width * header.height > MAX_PIXELS:
            raise too_many_pixels()
        palette = _section(file, 4)
        resources = _resources(_section(file, 4))
        clear = _skip_layers(file, 8 if header.version == 2 else 4)
        size = (header.width, header.height)
        opened = Image.new("L", (1, 1))
        opened.info |= _metadata(resources)
        if resources.get(_VERSION, b"\0\0\0\0\1")[4:5] == b"\0":
            return Picture(_preview(resources, _UNMERGED), size, opened=opened)
        try:
            image = _merged(file, header, palette, resources, clear=clear)
        except (BadImage, struct.error, EOFError, zlib.error) as error:
            reason = str(error) if isinstance(error, BadImage) else "is broken: it ends too early"
            damage = f"{reason}; its preview is shown"
            return Picture(_preview(resources, reason), size, damage=damage, opened=opened)
        return Picture(image, size, opened=opened)
    except (struct.error, EOFError) as error:
        raise BadImage("is broken: it ends too early") from error


def _exactly(file: BinaryIO, length: int) -> bytes:
    content = file.read(length)
    if len(content) < length:
        raise EOFError
    return content


def _section(file: BinaryIO, width: int) -> bytes:
    """Return a section that begins with its length, of `width` bytes."""
    length = int.from_bytes(_exactly(file, width), "big")
    if length > _MAX_RESOURCES:
        raise BadImage("is broken: a part of it is too long")
    return _exactly(file, length)


def _resources(raw: bytes) -> dict[int, bytes]:
    """Return the image resources by their numbers."""
    found: dict[int, bytes] = {}
    position = 0
    while position + 8 <= len(raw) and raw[position : position + 4] in {b"8BIM", b"MeSa", b"8B64"}:
        (number,) = struct.unpack_from(">H", raw, position + 4)
        position += 6 + (raw[position + 6] + 2) // 2 * 2  # a name, padded with its length
        if position + 4 > len(raw):
            break
        (length,) = struct.unpack_from(">I", raw, position)
        found.setdefault(number, raw[position + 4 : position + 4 + length])
        position += 4 + length + length % 2
    return found


def _metadata(resources: dict[int, bytes]) -> dict[str | tuple[int, int], Any]:
    """Return EXIF and XMP as Pillow names them."""
    named = {"exif": resources.get(_EXIF), "xmp": resources.get(_XMP)}
    return {name: content for name, content in named.items() if content}


def _skip_layers(file: BinaryIO, width: int) -> bool:
    """Pass over the layers; return whether the first extra channel of the composite is alpha."""
    length = int.from_bytes(_exactly(file, width), "big")
    end = file.tell() + length
    is_clear = False
    if length >= width + 2:
        layers = int.from_bytes(_exactly(file, width), "big")
        is_clear = bool(layers) and int.from_bytes(_exactly(file, 2), "big", signed=True) < 0
    if end > file.seek(0, io.SEEK_END):
        raise EOFError
    file.seek(end)
    return is_clear


def _merged(
    file: BinaryIO, header: _Header, palette: bytes, resources: dict[int, bytes], *, clear: bool
) -> Image.Image:
    bands = _BANDS[header.mode]
    if header.channels < bands:
        raise BadImage("is broken: it has too few channels")
    has_alpha = clear and header.channels > bands and header.mode in {_GREY, _RGB, _CMYK, _LAB}
    channels = [
        _eight_bits(channel, header) for channel in _channels(file, header, bands + has_alpha)
    ]
    if header.mode == _INDEXED:
        image = Image.fromarray(channels[0], "P")
        image.putpalette(bytes(np.frombuffer(palette[:768].ljust(768, b"\0"), np.uint8)
                               .reshape(3, 256).T.tobytes()))  # fmt: skip
        if len(number := resources.get(_CLEAR, b"")) == 2:
            image.info["transparency"] = int.from_bytes(number, "big") & 0xFF
    else:
        if header.mode == _CMYK:  # stored inverted
            channels[:4] = [255 - channel for channel in channels[:4]]
        mode = "LAB" if header.mode == _LAB else _MODES[bands]
        image = Image.merge(mode, [Image.fromarray(c, "L") for c in channels[:bands]])
    if _ICC in resources:
        image.info["icc_profile"] = resources[_ICC]
    image = in_srgb(image)
    if has_alpha:
        image.putalpha(Image.fromarray(channels[bands], "L"))
    return image


def _channels(file: BinaryIO, header: _Header, count: int) -> list[Bytes]:
    """Return the rows (height, bytes of a row) of the first `count` channels."""
    row = (header.width * header.depth + 7) // 8
    whole = row * header.height
    (compression,) = struct.unpack(">H", _exactly(file, 2))
    if compression == _RAW:
        contents = [_exactly(file, whole) for _ in range(count)]
    elif compression == _RLE:
        width = 4 if header.version == 2 else 2
        counts = np.frombuffer(
            _exactly(file, width * header.channels * header.height), f">u{width}"
        ).reshape(header.channels, header.height)
        lengths = counts.astype(np.int64).sum(axis=1)
        contents = [_packed(_exactly(file, int(n)), row, header.height) for n in lengths[:count]]
    elif compression in {_ZIP, _PREDICTED}:
        unpacker = zlib.decompressobj()
        raw = unpacker.decompress(file.read(2 * whole * header.channels + 1024), whole * count)
        contents = [raw[n * whole : (n + 1) * whole] for n in range(count)]
    else:
        raise BadImage("is broken: its compression is unknown")
    if any(len(content) < whole for content in contents):
        raise EOFError
    rows = [np.frombuffer(c, np.uint8, whole).reshape(header.height, row) for c in contents]
    return [_undo_prediction(r, header.depth) for r in rows] if compression == _PREDICTED else rows


def _packed(content: bytes, row: int, height: int) -> bytes:
    """Return PackBits unpacked, which Pillow does row by row."""
    try:
        return Image.frombytes("L", (row, height), content, "packbits", "L").tobytes()
    except ValueError as error:
        raise EOFError from error


def _undo_prediction(rows: Bytes, depth: int) -> Bytes:
    if depth == 16:
        values = np.cumsum(rows.view(">u2"), axis=1, dtype=np.uint16)
        return np.ascontiguousarray(values.astype(">u2")).view(np.uint8)
    if depth == 8:
        return np.cumsum(rows, axis=1, dtype=np.uint8)
    raise BadImage("is compressed in an unusual way")


def _eight_bits(rows: Bytes, header: _Header) -> Bytes:
    """Return (height, width) of eight bits."""
    if header.depth == 1:
        return np.where(np.unpackbits(rows, axis=1)[:, : header.width], 0, 255).astype(np.uint8)
    if header.depth == 8:
        return rows
    if header.depth == 16:
        return np.ascontiguousarray(rows[:, ::2])
    light = np.nan_to_num(np.ascontiguousarray(rows).view(">f4").astype(np.float32))
    return np.round(np.clip(light, 0, 1) ** (1 / 2.2) * 255).astype(np.uint8)


def _preview(resources: dict[int, bytes], reason: str) -> Image.Image:
    """Return the JPEG in the resources. Raises NoPreview."""
    for number in (_PREVIEW, _OLD_PREVIEW):
        content = resources.get(number, b"")[28:]
        if content.startswith(b"\xff\xd8"):
            image = read(content, "image/jpeg").image
            if number == _OLD_PREVIEW:  # blue first
                image = Image.merge("RGB", image.convert("RGB").split()[::-1])
            return image
    raise NoPreview(f"{reason}, and contains no preview")

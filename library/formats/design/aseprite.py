"""Aseprite documents: their first frame that is not blank, drawn from its layers.

Read as in "Aseprite File Format (.ase/.aseprite) Specifications": RGBA, grey and indexed colours,
cels (raw, compressed, linked, of tiles), opacity, groups, and the usual blend modes.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
from PIL import Image

from library.formats.colours import is_blank
from library.formats.design.blending import Canvas
from library.formats.images import BadImage, Picture, too_many_pixels

if TYPE_CHECKING:
    from typing import BinaryIO

    from numpy.typing import NDArray

_MAX_BYTES: Final = 256 * 1024**2
_MAX_SIDE: Final = 16_384
_MAX_PIXELS: Final = 64_000_000
_MAX_CELS: Final = 4_000  # that are drawn
_MAX_SEARCHED: Final = 50  # frames that are drawn until one is not blank
_MAGIC, _FRAME_MAGIC = 0xA5E0, 0xF1FA
_OLD_PALETTE, _LAYER, _CEL, _PALETTE, _TILESET = 0x0004, 0x2004, 0x2005, 0x2019, 0x2023
_RAW, _LINKED, _COMPRESSED, _TILEMAP = range(4)  # types of cels
_MODES: Final = {1: "multiply", 2: "screen", 3: "overlay", 4: "darken", 5: "lighten",
                 10: "difference", 16: "addition", 17: "subtract"}  # fmt: skip


class _Layer(NamedTuple):
    visible: bool  # with all the groups around it
    blend: str
    opacity: float
    tileset: int


class _Cel(NamedTuple):
    layer: int
    x: int
    y: int
    opacity: float
    kind: int
    body: bytes
    order: int


@dataclass(slots=True)
class _Document:
    width: int
    height: int
    depth: int  # bits of a pixel
    clear: int  # index of the transparent colour
    has_opacity: bool
    palette: NDArray[np.uint8] = field(default_factory=lambda: np.zeros((256, 4), np.uint8))
    layers: list[_Layer] = field(default_factory=list)
    frames: list[list[_Cel]] = field(default_factory=list)
    tilesets: dict[int, NDArray[np.uint8]] = field(default_factory=dict)
    groups: list[bool] = field(default_factory=list)  # whether the groups of each level are shown


def draw(file: BinaryIO, _mime: str) -> Picture:
    """Return the first frame that is not blank. Raises BadImage."""
    raw = file.read(_MAX_BYTES)
    try:
        document = _parsed(raw)
        image = None
        for number in range(min(len(document.frames), _MAX_SEARCHED)):
            frame = _drawn(document, number)
            image = image or frame
            if not is_blank(frame):
                image = frame
                break
    except (struct.error, LookupError, zlib.error, ArithmeticError, ValueError) as error:
        if isinstance(error, BadImage):
            raise
        raise BadImage(f"is broken: {' '.join(str(error).split())[:100]}") from error
    if image is None:
        raise BadImage("is broken: it has no frames")
    return Picture(image, image.size, max(1, len(document.frames)))


def _parsed(raw: bytes) -> _Document:
    _, magic, frames, width, height, depth, flags = struct.unpack_from("<IHHHHHI", raw)
    if magic != _MAGIC or depth not in {8, 16, 32}:
        raise BadImage("is no Aseprite document")
    if not 0 < width * height <= _MAX_PIXELS:
        raise too_many_pixels(_MAX_PIXELS)
    document = _Document(width, height, depth, raw[28], bool(flags & 1))
    position = 128
    for _ in range(frames):
        if position + 16 > len(raw):
            break
        size, magic, few, _, many = struct.unpack_from("<IHHHxxI", raw, position)
        if magic != _FRAME_MAGIC or size < 16:
            break
        document.frames.append([])
        chunk, end = position + 16, min(position + size, len(raw))
        for _ in range(many or few):
            if chunk + 6 > end:
                break
            length, kind = struct.unpack_from("<IH", raw, chunk)
            if length < 6:
                break
            _add(document, kind, raw[chunk + 6 : min(chunk + length, end)])
            chunk += length
        position += size
    return document


def _add(document: _Document, kind: int, body: bytes) -> None:
    """Add what a chunk describes."""
    if kind == _LAYER:
        flags, type_, level, _, _, blend, opacity = struct.unpack_from("<HHHHHHB", body)
        around = all(document.groups[:level])
        shown = bool(flags & 1) and around and not flags & 64  # 64: a reference layer
        del document.groups[level:]
        document.groups.append(bool(flags & 1))
        tileset = 0
        if type_ == 2:
            (named,) = struct.unpack_from("<H", body, 16)
            (tileset,) = struct.unpack_from("<I", body, 18 + named)
        alpha = opacity / 255 if document.has_opacity else 1.0
        document.layers.append(_Layer(shown, _MODES.get(blend, "normal"), alpha, tileset))
    elif kind == _CEL and document.frames:
        layer, x, y, opacity, type_, order = struct.unpack_from("<HhhBHh", body)
        document.frames[-1].append(_Cel(layer, x, y, opacity / 255, type_, body[16:], order))
    elif kind == _PALETTE:
        _, first, last = struct.unpack_from("<III", body)
        position = 20
        for index in range(first, min(last, 255) + 1):
            named, *colour = struct.unpack_from("<HBBBB", body, position)
            document.palette[index] = colour
            position += 6
            if named & 1:
                position += 2 + struct.unpack_from("<H", body, position)[0]
    elif kind == _OLD_PALETTE and not document.palette.any():
        _old_palette(document, body)
    elif kind == _TILESET:
        _add_tileset(document, body)


def _old_palette(document: _Document, body: bytes) -> None:
    (packets,) = struct.unpack_from("<H", body)
    position, index = 2, 0
    for _ in range(packets):
        skipped, count = body[position], body[position + 1] or 256
        index += skipped
        colours = np.frombuffer(body, np.uint8, count * 3, position + 2).reshape(-1, 3)
        colours = colours[: max(0, 256 - index)]
        document.palette[index : index + len(colours), :3] = colours
        document.palette[index : index + len(colours), 3] = 255
        position, index = position + 2 + count * 3, index + count


def _add_tileset(document: _Document, body: bytes) -> None:
    number, flags, count, width, height = struct.unpack_from("<IIIHH", body)
    if not flags & 2 or not count * width * height <= _MAX_PIXELS:
        return
    (named,) = struct.unpack_from("<H", body, 32)
    start = 34 + named + (8 if flags & 1 else 0) + 4
    pixels = _pixels(
        document, _unpacked(body[start:], count * width * height * document.depth // 8)
    )
    document.tilesets[number] = pixels.reshape(count, height, width, 4)


def _unpacked(packed: bytes, size: int) -> bytes:
    raw = zlib.decompressobj().decompress(packed, max(1, size))
    if len(raw) < size:
        raise ValueError("a picture in it is cut off")
    return raw


def _pixels(document: _Document, raw: bytes) -> NDArray[np.uint8]:
    """Return (n, 4) RGBA of pixels in the document's depth."""
    values = np.frombuffer(raw, np.uint8)
    if document.depth == 32:
        return values.reshape(-1, 4)
    if document.depth == 16:
        grey = values.reshape(-1, 2)
        return np.concatenate([np.repeat(grey[:, :1], 3, axis=1), grey[:, 1:]], axis=1)
    colours = document.palette.copy()
    colours[document.clear] = 0
    return np.asarray(colours[values])


def _drawn(document: _Document, number: int) -> Image.Image:
    canvas = Canvas(document.width, document.height)
    cels = sorted(document.frames[number], key=lambda cel: (cel.layer + cel.order, cel.order))
    for cel in cels[:_MAX_CELS]:
        if cel.layer >= len(document.layers) or not document.layers[cel.layer].visible:
            continue
        layer = document.layers[cel.layer]
        kind, body = cel.kind, cel.body
        if kind == _LINKED:
            (frame,) = struct.unpack_from("<H", body)
            linked = [c for c in document.frames[frame] if c.layer == cel.layer]
            if not linked or linked[0].kind == _LINKED:
                continue
            kind, body = linked[0].kind, linked[0].body
        pixels = _cel(document, layer, kind, body)
        if pixels is not None:
            canvas.add(pixels, cel.x, cel.y, layer.opacity * cel.opacity, layer.blend)
    return canvas.image()


def _cel(document: _Document, layer: _Layer, kind: int, body: bytes) -> NDArray[np.uint8] | None:
    """Return (height, width, 4) of a cel."""
    width, height = struct.unpack_from("<HH", body)
    if width * height > _MAX_PIXELS or max(width, height) > _MAX_SIDE:
        raise too_many_pixels(_MAX_PIXELS)
    size = width * height * document.depth // 8
    if kind == _RAW:
        if len(body) < 4 + size:
            raise ValueError("a picture in it is cut off")
        return _pixels(document, body[4 : 4 + size]).reshape(height, width, 4)
    if kind == _COMPRESSED:
        return _pixels(document, _unpacked(body[4:], size)).reshape(height, width, 4)
    tiles = document.tilesets.get(layer.tileset)
    if kind != _TILEMAP or tiles is None:
        return None
    bits, mask = struct.unpack_from("<HI", body, 4)
    if bits != 32 or width * height * tiles[0].size > 4 * _MAX_PIXELS:
        return None
    numbers = np.frombuffer(_unpacked(body[32:], width * height * 4), "<u4") & mask
    numbers = np.where(numbers < len(tiles), numbers, 0)
    placed = tiles[numbers].reshape(height, width, *tiles.shape[1:])
    return placed.transpose(0, 2, 1, 3, 4).reshape(
        height * tiles.shape[1], width * tiles.shape[2], 4
    )

"""GIMP documents (XCF): all visible layers, drawn.

Read as in GIMP's "Documentation of the XCF file format": versions up to 22, RGB, grey and indexed
colours of every precision, RLE and zlib, groups, masks, opacity, and the usual blend modes.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from library.formats.design.blending import Canvas
from library.formats.images import BadImage, Picture, too_many_pixels

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

    from numpy.typing import NDArray

    Bytes = NDArray[np.uint8]

_MAX_BYTES: Final = 1024**3
_MAX_PIXELS: Final = 64_000_000  # of the document, and of a layer
_MAX_DRAWN: Final = 600_000_000  # pixels of all layers together
_MAX_LAYERS: Final = 2_000
_TILE: Final = 64
_END, _COLORMAP, _OPACITY, _MODE, _VISIBLE, _APPLY_MASK = 0, 1, 6, 7, 8, 11
_OFFSETS, _COMPRESSION, _GROUP, _PATH, _FLOAT_OPACITY = 15, 17, 29, 30, 33
_RLE, _ZLIB = 1, 2
_BLENDS: Final = {
    3: "multiply", 4: "screen", 5: "overlay", 6: "difference", 7: "addition", 8: "subtract",
    9: "darken", 10: "lighten", 23: "overlay", 30: "multiply", 31: "screen", 32: "difference",
    33: "addition", 34: "subtract", 35: "darken", 36: "lighten",
}  # fmt: skip
_OLD_PRECISIONS: Final = {0: 150, 1: 250, 2: 350, 3: 550, 4: 650}  # of version 4
_TYPES: Final = {1: "u1", 2: "u2", 3: "u4", 5: "f2", 6: "f4", 7: "f8"}  # hundreds of a precision


@dataclass(frozen=True, slots=True)
class _Format:
    """How the pixels of a document are stored."""

    wide: bool  # offsets of 64 bits
    compression: int
    dtype: str
    linear: bool
    colours: Bytes  # (n, 3), of an indexed document


class _Reader:
    """The bytes of a file, read at a position."""

    def __init__(self, raw: bytes, at: int = 0, *, wide: bool = False) -> None:
        self.raw, self.at, self.wide = raw, at, wide

    def ints(self, count: int) -> tuple[int, ...]:
        found = struct.unpack_from(f">{count}I", self.raw, self.at)
        self.at += 4 * count
        return found

    def offset(self) -> int:
        (found,) = struct.unpack_from(">Q" if self.wide else ">I", self.raw, self.at)
        self.at += 8 if self.wide else 4
        return int(found)

    def offsets(self) -> list[int]:
        """Return a list that ends with zero."""
        found: list[int] = []
        while len(found) <= _MAX_LAYERS and (offset := self.offset()):
            found.append(offset)
        return found

    def properties(self) -> dict[int, bytes]:
        found: dict[int, bytes] = {}
        while True:
            kind, length = self.ints(2)
            content = self.raw[self.at : self.at + length]
            self.at += length
            if kind == _END:
                return found
            found[kind] = content

    def text(self) -> None:
        """Pass over a text."""
        (length,) = self.ints(1)
        self.at += length


def draw(file: BinaryIO, _mime: str) -> Picture:
    """Return the picture of all visible layers. Raises BadImage."""
    raw = file.read(_MAX_BYTES)
    try:
        return _drawn(raw)
    except BadImage:
        raise
    except (struct.error, LookupError, zlib.error, ArithmeticError, ValueError) as error:
        raise BadImage(f"is broken: {' '.join(str(error).split())[:100]}") from error


def _drawn(raw: bytes) -> Picture:
    version = 0 if raw[9:13] == b"file" else int(raw[10:13])
    reader = _Reader(raw, 14, wide=version >= 11)
    width, height, _ = reader.ints(3)
    precision = reader.ints(1)[0] if version >= 4 else 150
    if not 0 < width * height <= _MAX_PIXELS:
        raise too_many_pixels(_MAX_PIXELS)
    properties = reader.properties()
    precision = _OLD_PRECISIONS.get(precision, precision)
    colours = np.frombuffer(properties.get(_COLORMAP, b"")[4:], np.uint8)
    stored = _Format(
        reader.wide,
        properties.get(_COMPRESSION, b"\0")[0],
        (">" if version >= 12 else "<") + _TYPES.get(precision // 100, "u1"),
        precision % 100 == 0,
        colours[: len(colours) // 3 * 3].reshape(-1, 3),
    )
    canvas = Canvas(width, height)
    left = _MAX_DRAWN
    groups: dict[tuple[int, ...], float] = {}  # path of a group -> opacity, 0 if it is hidden
    layers = [_Layer(reader.raw, offset, stored) for offset in reader.offsets()]
    for layer in layers:
        if layer.is_group:
            groups[layer.path] = layer.opacity if layer.visible else 0.0
    for layer in reversed(layers):
        opacity = layer.opacity
        for length in range(1, len(layer.path)):
            opacity *= groups.get(layer.path[:length], 1.0)
        if layer.is_group or not layer.visible or opacity <= 0:
            continue
        left -= layer.width * layer.height
        if layer.width * layer.height > _MAX_PIXELS or left < 0:
            raise BadImage("has too many or too large layers to be drawn")
        canvas.add(layer.pixels(), layer.x, layer.y, opacity, layer.blend)
    image = canvas.image()
    return Picture(image, image.size)


class _Layer:
    """A layer, its pixels not yet unpacked."""

    def __init__(self, raw: bytes, offset: int, stored: _Format) -> None:
        reader = _Reader(raw, offset, wide=stored.wide)
        self._raw, self._stored = raw, stored
        self.width, self.height, self._kind = reader.ints(3)
        reader.text()
        found = reader.properties()
        self.visible = found.get(_VISIBLE, b"\0\0\0\1")[-1] == 1
        self.opacity = int.from_bytes(found.get(_OPACITY, b"\xff"), "big") / 255
        if len(found.get(_FLOAT_OPACITY, b"")) == 4:
            (self.opacity,) = struct.unpack(">f", found[_FLOAT_OPACITY])
        self.x, self.y = struct.unpack(">ii", found.get(_OFFSETS, bytes(8)))
        self.blend = _BLENDS.get(int.from_bytes(found.get(_MODE, b""), "big"), "normal")
        self.is_group = _GROUP in found
        path = found.get(_PATH, b"")
        self.path = struct.unpack(f">{len(path) // 4}I", path[: len(path) // 4 * 4])
        self._hierarchy, self._mask = reader.offset(), reader.offset()
        if found.get(_APPLY_MASK, b"\1")[-1] == 0:
            self._mask = 0

    def pixels(self) -> Bytes:
        """Return (height, width, 4) of RGBA."""
        planes = _planes(self._raw, self._hierarchy, self.width, self.height, self._stored)
        channels = 1 + 2 * (self._kind in {0, 1}) + self._kind % 2
        if planes.shape[2] < channels:
            raise ValueError("a layer has too few channels")
        pixels = np.full((self.height, self.width, 4), 255, np.uint8)
        if self._kind in {4, 5}:
            colours = np.zeros((256, 3), np.uint8)
            colours[: len(self._stored.colours)] = self._stored.colours[:256]
            pixels[..., :3] = colours[planes[..., 0]]
        else:
            pixels[..., :3] = planes[..., : 3 if self._kind in {0, 1} else 1]
        if self._kind % 2:
            pixels[..., 3] = planes[..., channels - 1]
        if self._mask:
            pixels[..., 3] = (pixels[..., 3].astype(np.uint16) * self._masked() // 255).astype("u1")
        return pixels

    def _masked(self) -> Bytes:
        reader = _Reader(self._raw, self._mask, wide=self._stored.wide)
        width, height = reader.ints(2)
        if (width, height) != (self.width, self.height):
            raise ValueError("a mask has another size than its layer")
        reader.text()
        reader.properties()
        return _planes(self._raw, reader.offset(), width, height, self._stored)[..., 0]


def _planes(raw: bytes, offset: int, width: int, height: int, stored: _Format) -> Bytes:
    """Return (height, width, channels) of eight bits: the tiles of a hierarchy's first level."""
    reader = _Reader(raw, offset, wide=stored.wide)
    _, _, depth = reader.ints(3)
    reader.at = reader.offset()
    if reader.ints(2) != (width, height):
        raise ValueError("a layer has another size than its pixels")
    size = np.dtype(stored.dtype).itemsize
    if not 0 < depth <= 4 * size or depth % size:
        raise ValueError("a layer has pixels of an unknown kind")
    pixels = np.zeros((height, width, depth // size), np.uint8)
    for row in range(0, height, _TILE):
        for column in range(0, width, _TILE):
            across, down = min(_TILE, width - column), min(_TILE, height - row)
            tile = reader.offset()
            if not tile:
                raise ValueError("it has too few tiles")
            values = _tile(raw, tile, across * down, depth, stored)
            pixels[row : row + down, column : column + across] = values.reshape(down, across, -1)
    return pixels


def _tile(raw: bytes, offset: int, count: int, depth: int, stored: _Format) -> Bytes:
    """Return (count, channels) of a tile of `count` pixels of `depth` bytes."""
    if stored.compression == _RLE:
        runs = _runs(raw, offset, count, depth)
        flat = np.frombuffer(b"".join(runs), np.uint8).reshape(depth, count).T
        content = np.ascontiguousarray(flat).tobytes()
    elif stored.compression == _ZLIB:
        packed = raw[offset : offset + 2 * count * depth + 1024]
        content = zlib.decompressobj().decompress(packed, count * depth)
    else:
        content = raw[offset : offset + count * depth]
    values = np.frombuffer(content, stored.dtype).reshape(count, -1)
    if values.dtype.kind == "u":
        light = values.astype(np.float32) / np.iinfo(values.dtype).max
        if values.dtype.itemsize == 1 and not stored.linear:
            return values.astype(np.uint8)
    else:
        light = np.clip(np.nan_to_num(values.astype(np.float32)), 0, 1)
    if stored.linear:
        colours = light.shape[1] - (light.shape[1] % 2 == 0)  # alpha is always linear
        light[:, :colours] = light[:, :colours] ** (1 / 2.2)
    return np.round(light * 255).astype(np.uint8)


def _runs(raw: bytes, at: int, count: int, depth: int) -> Iterator[bytes]:
    """Yield the runs of `depth` planes, each of `count` bytes."""
    for _ in range(depth):
        left = count
        while left > 0:
            code = raw[at]
            at += 1
            if code in {127, 128}:
                length = raw[at] << 8 | raw[at + 1]
                at += 2
            else:
                length = code + 1 if code < 127 else 256 - code
            if not 0 < length <= left:
                raise ValueError("a run of a tile is too long")
            if code < 128:
                yield raw[at : at + 1] * length
                at += 1
            else:
                yield raw[at : at + length]
                at += length
            left -= length

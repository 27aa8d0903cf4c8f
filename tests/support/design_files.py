"""Files of painting and modelling programs, as far as readers of their pictures look at them."""

from __future__ import annotations

import gzip
import io
import sqlite3
import struct
import zipfile
import zlib
from contextlib import closing
from typing import TYPE_CHECKING

import numpy as np
from backports import zstd
from PIL import Image

from tests.support import sample_files

if TYPE_CHECKING:
    from collections.abc import Iterable


def corner(size: tuple[int, int] = (60, 40), mode: str = "RGB") -> Image.Image:
    """A blue picture whose upper left quarter is red."""
    image = Image.new("RGB", size, (0, 0, 128))
    image.paste((255, 0, 0), (0, 0, size[0] // 2, size[1] // 2))
    return image.convert(mode)


def archive(members: dict[str, bytes], *, stored: Iterable[str] = ()) -> bytes:
    """A ZIP of these members."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as written:
        for name, content in members.items():
            kind = zipfile.ZIP_STORED if name in stored else zipfile.ZIP_DEFLATED
            written.writestr(name, content, kind)
    return file.getvalue()


def painting(mime: str, picture: str) -> bytes:
    """A Krita or OpenRaster file, whose type is stated by its first member."""
    members = {"mimetype": mime.encode(), picture: sample_files.encoded(corner())}
    return archive(members, stored=["mimetype"])


def clip(content: bytes, *, statements: Iterable[str] = (), view: bool = False) -> bytes:
    """A .clip with this preview in its database, and more statements run in it."""
    with closing(sqlite3.connect(":memory:")) as connection:
        name = "Hidden" if view else "CanvasPreview"
        connection.execute(f"CREATE TABLE {name} (MainId INTEGER, ImageData BLOB)")
        connection.execute(f"INSERT INTO {name} VALUES (1, ?)", (content,))  # noqa: S608 - ours
        for statement in statements:
            connection.execute(statement)
        connection.commit()
        database = connection.serialize()
    chunks = b"".join(
        name + struct.pack(">Q", len(body)) + body
        for name, body in ((b"CHNKHead", bytes(40)), (b"CHNKExta", bytes(99)),
                           (b"CHNKSQLi", database), (b"CHNKFoot", b""))
    )  # fmt: skip
    return b"CSFCHUNK" + struct.pack(">QQ", 24 + len(chunks), 24) + chunks


def affinity(*pictures: bytes) -> bytes:
    """An Affinity document with these PNGs between its data."""
    return b"\x00\xffKA" + bytes(500) + b"".join(each + bytes(77) for each in pictures)


def blender(image: Image.Image, header: bytes = b"BLENDER-v300", packed: str = "") -> bytes:
    """A .blend with a preview; `packed` is gzip, zstd or nothing."""
    rows = image.convert("RGBA").transpose(Image.Transpose.FLIP_TOP_BOTTOM).tobytes()
    if header[7:9].isdigit():
        order, head = "<", "<4siQqq"
    else:
        order = "<" if header[8:9] == b"v" else ">"
        head = order + ("4siIii" if header[7:8] == b"_" else "4siQii")
    bitmap = struct.pack(order + "ii", *image.size) + rows

    def block(code: bytes, body: bytes) -> bytes:
        values = (0, 0, len(body), 1) if head == "<4siQqq" else (len(body), 0, 0, 1)
        return struct.pack(head, code, *values) + body

    content = header + block(b"REND", bytes(72)) + block(b"TEST", bitmap) + block(b"ENDB", b"")
    if packed == "gzip":
        return gzip.compress(content)
    return zstd.compress(content) if packed == "zstd" else content


def photoshop(
    image: Image.Image,
    *,
    version: int = 1,
    depth: int = 8,
    packed: int = 1,
    resources: dict[int, bytes] | None = None,
    merged: bool = True,
) -> bytes:
    """A PSD (version 1) or PSB (2) of an RGB, RGBA, L, CMYK or P picture; `packed` 0, 1, 2 or 3."""
    modes = {"RGB": 3, "RGBA": 3, "L": 1, "CMYK": 4, "P": 2, "LAB": 9, "1": 0}
    bands = [np.asarray(band, np.uint8) for band in image.split()]
    if image.mode == "CMYK":
        bands = [255 - band for band in bands]
    wide = ">Q" if version == 2 else ">I"
    header = struct.pack(
        ">4sH6xHIIHH", b"8BPS", version, len(bands), image.height, image.width, depth,
        modes[image.mode],
    )  # fmt: skip
    palette = b""
    if image.mode == "P":
        colours = np.frombuffer(bytes(image.getpalette() or []).ljust(768, b"\0"), np.uint8)
        palette = colours.reshape(256, 3).T.tobytes()
    blocks = b""
    for number, body in {1057: b"\0\0\0\1" + bytes([merged]) + bytes(20), **(resources or {})}.items():  # fmt: skip # noqa: E501
        blocks += b"8BIM" + struct.pack(">HH", number, 0) + struct.pack(">I", len(body)) + body
        blocks += bytes(len(body) % 2)
    layers = struct.pack(">h", -1 if image.mode == "RGBA" else 1) + bytes(40)
    info = struct.pack(wide, len(layers)) + layers
    head = header + struct.pack(">I", len(palette)) + palette + struct.pack(">I", len(blocks))
    return head + blocks + struct.pack(wide, len(info)) + info + _composite(
        bands, version, depth, packed
    )  # fmt: skip


def _composite(bands: list[np.ndarray], version: int, depth: int, packed: int) -> bytes:
    rows = [_row(row, depth) for band in bands for row in band]
    if packed == 0:
        return struct.pack(">H", 0) + b"".join(rows)
    if packed == 1:
        runs = [b"".join(bytes([len(r[n : n + 128]) - 1]) + r[n : n + 128]
                         for n in range(0, len(r), 128)) for r in rows]  # fmt: skip
        counts = struct.pack(f">{len(runs)}{'I' if version == 2 else 'H'}", *map(len, runs))
        return struct.pack(">H", 1) + counts + b"".join(runs)
    if packed == 3:
        kind = ">u2" if depth == 16 else "u1"
        values = [np.frombuffer(row, kind) for row in rows]
        rows = [np.diff(v, prepend=v.dtype.type(0)).astype(kind).tobytes() for v in values]
    return struct.pack(">H", packed) + zlib.compress(b"".join(rows))


def _row(row: np.ndarray, depth: int) -> bytes:
    if depth == 1:
        return np.packbits(row == 0).tobytes()
    if depth == 16:
        return (row.astype(">u2") * 257).tobytes()
    if depth == 32:
        return ((row.astype(">f4") / 255) ** 2.2).astype(">f4").tobytes()
    return row.tobytes()


class Layer:
    """A layer of an XCF or Aseprite file: a picture at a place."""

    def __init__(
        self,
        image: Image.Image,
        at: tuple[int, int] = (0, 0),
        *,
        opacity: int = 255,
        visible: bool = True,
        mode: int = 0,
        mask: int | None = None,
        path: tuple[int, ...] = (),
        is_group: bool = False,
    ) -> None:
        self.image, self.at, self.opacity, self.visible = image, at, opacity, visible
        self.mode, self.mask, self.path, self.is_group = mode, mask, path, is_group


def xcf(
    size: tuple[int, int],
    layers: list[Layer],
    *,
    version: int = 11,
    packed: int = 1,
    precision: int = 150,
    base: int = 0,
    palette: bytes = b"",
) -> bytes:
    """A GIMP document: its layers from the uppermost down."""
    name = b"gimp xcf " + (b"file" if version == 0 else b"v%03d" % version) + b"\0"
    wide = ">Q" if version >= 11 else ">I"
    places = struct.calcsize(wide)

    def prop(kind: int, body: bytes) -> bytes:
        return struct.pack(">II", kind, len(body)) + body

    head = name + struct.pack(">III", *size, base)
    if version >= 4:
        head += struct.pack(">I", precision)
    if palette:
        head += prop(1, struct.pack(">I", len(palette) // 3) + palette)
    head += prop(17, bytes([packed])) + prop(0, b"")
    body = b""
    offsets = []
    start = len(head) + places * (len(layers) + 2)

    def tiles(planes: np.ndarray) -> bytes:
        """Return a hierarchy whose offsets are those of a file in which it follows `body`."""
        nonlocal body
        height, width, depth = planes.shape
        found = []
        for row in range(0, height, 64):
            for column in range(0, width, 64):
                found.append(start + len(body))
                body += _tile(
                    planes[row : row + 64, column : column + 64], packed, precision, version
                )
        level = start + len(body)
        body += struct.pack(">II", width, height) + b"".join(
            struct.pack(wide, offset) for offset in [*found, 0]
        )
        hierarchy = start + len(body)
        pixel = depth * (2 if precision in {200, 250} else 1)
        body += (
            struct.pack(">III", width, height, pixel)
            + struct.pack(wide, level)
            + struct.pack(wide, 0)
        )
        return struct.pack(wide, hierarchy)

    for layer in layers:
        image = layer.image
        kinds = {"RGB": 0, "RGBA": 1, "L": 2, "LA": 3, "P": 4}
        planes = np.asarray(image, np.uint8).reshape(image.height, image.width, -1)
        place = tiles(planes)
        mask = struct.pack(wide, 0)
        if layer.mask is not None:
            shown = tiles(np.full((image.height, image.width, 1), layer.mask, np.uint8))
            mask = struct.pack(wide, start + len(body))
            body += struct.pack(">III", *image.size, 2) + b"m\0" + prop(0, b"") + shown
        offsets.append(start + len(body))
        body += struct.pack(">IIII", *image.size, kinds[image.mode], 2) + b"a\0"
        body += prop(6, struct.pack(">I", layer.opacity)) + prop(
            8, struct.pack(">I", layer.visible)
        )
        body += prop(15, struct.pack(">ii", *layer.at)) + prop(7, struct.pack(">I", layer.mode))
        if layer.path:
            body += prop(30, struct.pack(f">{len(layer.path)}I", *layer.path))
        if layer.is_group:
            body += prop(29, b"")
        body += prop(0, b"") + place + mask
    pointers = b"".join(struct.pack(wide, offset) for offset in [*offsets, 0, 0])
    return head + pointers + body


def _tile(planes: np.ndarray, packed: int, precision: int, version: int) -> bytes:
    values = planes.reshape(-1, planes.shape[2])
    if precision in {200, 250}:
        values = (values.astype(">u2" if version >= 12 else "<u2") * 257).view(np.uint8)
    if packed == 0:
        return values.tobytes()
    if packed == 2:
        return zlib.compress(values.tobytes())
    out = b""
    for plane in values.T:
        run = plane.tobytes()
        if len(set(run)) == 1:
            out += bytes([127]) + struct.pack(">H", len(run)) + run[:1]
        else:
            out += bytes([128]) + struct.pack(">H", len(run)) + run
    return out


def aseprite(
    size: tuple[int, int], frames: list[list[Layer]], *, depth: int = 32, palette: bytes = b"",
    packed: int = 2, names: int = 1,
) -> bytes:  # fmt: skip
    """An Aseprite document: the layers of each frame from the lowest up, all in one order."""

    def chunk(kind: int, body: bytes) -> bytes:
        return struct.pack("<IH", 6 + len(body), kind) + body

    written = b""
    for number, layers in enumerate(frames):
        chunks = []
        if number == 0:
            if palette:
                colours = b"".join(struct.pack("<H", 0) + palette[n : n + 4] for n in range(0, len(palette), 4))  # fmt: skip # noqa: E501
                last = len(palette) // 4 - 1
                chunks.append(chunk(0x2019, struct.pack("<III8x", last + 1, 0, last) + colours))
            for layer in layers:
                flags = int(layer.visible)
                body = struct.pack("<HHHHHHB3x", flags, 0, 0, 0, 0, layer.mode, layer.opacity)
                chunks.append(chunk(0x2004, body + struct.pack("<H", names) + b"a" * names))
        for position, layer in enumerate(layers):
            raw = _pixels(layer.image, depth)
            head = struct.pack("<HhhBHh5x", position, *layer.at, 255, packed, 0)
            content = zlib.compress(raw) if packed == 2 else raw
            chunks.append(chunk(0x2005, head + struct.pack("<HH", *layer.image.size) + content))
        body = b"".join(chunks)
        written += struct.pack("<IHHHxxI", 16 + len(body), 0xF1FA, len(chunks), 100, 0) + body
    head = struct.pack("<IHHHHHI", 128 + len(written), 0xA5E0, len(frames), *size, depth, 1)
    return head.ljust(128, b"\0") + written


def _pixels(image: Image.Image, depth: int) -> bytes:
    return image.convert({32: "RGBA", 16: "LA", 8: image.mode}[depth]).tobytes()

"""KTX 2 textures: their size, and a picture of plain and of block-compressed (BC) ones.

Read as in "KTX File Format Specification" 2.0. Blocks are given to Pillow's reader of DDS.
"""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING, Final

from PIL import Image

from library.formats.design.previews import NoPreview, unzstd
from library.formats.images import MAX_PIXELS, BadImage, Picture, read, too_many_pixels

if TYPE_CHECKING:
    from typing import BinaryIO

_HEAD: Final = struct.Struct("<12x9I4I2Q")
_LEVEL: Final = struct.Struct("<3Q")
_PLAIN: Final = {  # Vulkan's number of a format -> Pillow's mode, order of its bytes
    9: ("L", "L"), 15: ("L", "L"), 16: ("LA", "LA"), 22: ("LA", "LA"),
    23: ("RGB", "RGB"), 29: ("RGB", "RGB"), 30: ("RGB", "BGR"), 36: ("RGB", "BGR"),
    37: ("RGBA", "RGBA"), 43: ("RGBA", "RGBA"), 44: ("RGBA", "BGRA"), 50: ("RGBA", "BGRA"),
}  # fmt: skip
_BLOCKS: Final = {  # Vulkan's number -> DXGI's, bytes of a block of 4 x 4 pixels
    131: (71, 8), 132: (72, 8), 133: (71, 8), 134: (72, 8), 135: (74, 16), 136: (75, 16),
    137: (77, 16), 138: (78, 16), 139: (80, 8), 140: (81, 8), 141: (83, 16), 142: (84, 16),
    143: (95, 16), 144: (96, 16), 145: (98, 16), 146: (99, 16),
}  # fmt: skip
_NONE, _BASIS, _ZSTD, _ZLIB = range(4)  # supercompression


def ktx2(file: BinaryIO, _mime: str) -> Picture:
    """Return the largest level of a texture. Raises NoPreview with its size, or BadImage."""
    head = file.read(_HEAD.size)
    if len(head) < _HEAD.size:
        raise BadImage("is broken: it ends too early")
    kind, _, width, height, depth, *_, scheme = _HEAD.unpack(head)[:9]
    size = (width, max(1, height))
    if not 0 < size[0] * size[1] <= MAX_PIXELS:
        raise too_many_pixels()
    if kind in _PLAIN:
        mode, order = _PLAIN[kind]
        whole = len(order) * size[0] * size[1]
    elif kind in _BLOCKS and depth <= 1:
        whole = -(-size[0] // 4) * -(-size[1] // 4) * _BLOCKS[kind][1]
    else:
        raise NoPreview("is compressed in a way that is not supported", size)
    content = _level(file, scheme, whole)
    if len(content) < whole:
        raise BadImage("is broken: it ends too early")
    if kind in _PLAIN:
        image = Image.frombytes(mode, size, content[:whole], "raw", order)
        image = image.convert("RGBA" if mode.endswith("A") else "RGB")
        return Picture(image, size)
    return read(_dds(size, _BLOCKS[kind][0], content[:whole]), "image/vnd-ms.dds")


def _level(file: BinaryIO, scheme: int, whole: int) -> bytes:
    """Return the unpacked bytes of the first level, which is the largest."""
    index = file.read(_LEVEL.size)
    if len(index) < _LEVEL.size or scheme not in {_NONE, _ZSTD, _ZLIB}:
        raise NoPreview("is compressed in a way that is not supported")
    start, length, _ = _LEVEL.unpack(index)
    try:
        file.seek(start)
        content = file.read(min(length, 2 * whole + 1024))
        if scheme == _ZSTD:
            return unzstd(content, whole)
        return zlib.decompressobj().decompress(content, whole) if scheme == _ZLIB else content
    except (zlib.error, OverflowError, OSError, ValueError) as error:
        raise BadImage(f"is broken: {error}") from error


def _dds(size: tuple[int, int], kind: int, content: bytes) -> bytes:
    """Return a DDS of these blocks."""
    flags = 0x1 | 0x2 | 0x4 | 0x1000 | 0x80000
    pixels = struct.pack("<II4s5I", 32, 4, b"DX10", 0, 0, 0, 0, 0)
    head = struct.pack("<4s7I44x", b"DDS ", 124, flags, size[1], size[0], len(content), 0, 1)
    return head + pixels + struct.pack("<5I", 0x1000, 0, 0, 0, 0) + struct.pack(
        "<5I", kind, 3, 0, 1, 0
    ) + content  # fmt: skip

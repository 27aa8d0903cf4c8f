"""Texts that a picture carries in the lowest bits of its pixels ("stealth pnginfo").

Knows the layout that NovelAI and Automatic1111's extensions write: column by column, the highest
bit of a byte first, a name that says where the bits are and whether they are packed by gzip, 32
bits for the length of the text in bits, the text as UTF-8. sd-parsers reads the packed kind in
alpha too, pixel by pixel in Python and to any length; this reads no pixel beyond the text.
"""

from __future__ import annotations

import json
import zlib
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from PIL import Image

_NAME: Final = 15  # bytes
_HEAD: Final = _NAME + 4  # and the length
_KINDS: Final = {  # name -> the bands whose lowest bits carry it, whether it is packed
    b"stealth_pnginfo": ("A", False),
    b"stealth_pngcomp": ("A", True),
    b"stealth_rgbinfo": ("RGB", False),
    b"stealth_rgbcomp": ("RGB", True),
}
_GZIP: Final = 31  # zlib's name for a gzip header


def read(image: Image.Image, limit: int) -> dict[str, str]:
    """Named texts of a decoded picture, as PNG files carry them; {} when it hides none.

    A text of more than `limit` characters is none. Raises ValueError and zlib.error when what
    follows the name is no such text.
    """
    for bands in ("A", "RGB"):
        if not set(bands) <= set(image.getbands()):
            continue
        head = _bytes(image, bands, _HEAD)
        place = _KINDS.get(head[:_NAME])
        length = int.from_bytes(head[_NAME:], "big") // 8
        if place is None or place[0] != bands or not 0 < length <= limit:
            continue
        body = _bytes(image, bands, _HEAD + length)[_HEAD:]
        if place[1]:
            body = zlib.decompressobj(_GZIP).decompress(body, limit)
        return _named(body.decode("utf-8"))
    return {}


def _bytes(image: Image.Image, bands: str, count: int) -> bytes:
    """The first `count` bytes, fewer where the picture ends before."""
    columns = -(-count * 8 // max(1, len(bands) * image.height))
    part = image.crop((0, 0, min(columns, image.width), image.height))
    pixels = np.stack([np.asarray(part.getchannel(band)) for band in bands], axis=-1)
    bits = pixels.transpose(1, 0, 2).reshape(-1)[: count * 8] & 1
    return np.packbits(bits).tobytes()


def _named(text: str) -> dict[str, str]:
    """NovelAI writes its texts as one JSON object, others the one that PNG calls parameters."""
    if not text.startswith("{"):
        return {"parameters": text}
    return {str(k): v for k, v in json.loads(text).items() if isinstance(v, str)}

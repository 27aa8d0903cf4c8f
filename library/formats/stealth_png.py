"""Texts in the lowest bits of a picture's pixels ("stealth pnginfo").

The layout of NovelAI and of extensions of Automatic1111: column by column, the highest bit of a
byte first; a name that states the channels and whether the text is compressed by gzip; 32 bits for
the length of the text in bits; the text as UTF-8. No pixel beyond the text is read.
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
_KINDS: Final = {  # name -> the bands that contain the bits, whether the text is compressed
    b"stealth_pnginfo": ("A", False),
    b"stealth_pngcomp": ("A", True),
    b"stealth_rgbinfo": ("RGB", False),
    b"stealth_rgbcomp": ("RGB", True),
}
_GZIP: Final = 31  # zlib's wbits for a gzip header


def read(image: Image.Image, limit: int) -> dict[str, str]:
    """Return the named texts of a decoded picture, as a PNG has them; {} if there are none.

    Texts of more than `limit` characters are ignored. Raises ValueError and zlib.error when the
    bits behind the name are no text.
    """
    for bands in ("A", "RGB"):
        if not set(bands) <= set(image.getbands()):
            continue
        head = _bytes(image, bands, _HEAD)
        layout = _KINDS.get(head[:_NAME])
        length = int.from_bytes(head[_NAME:], "big") // 8
        if layout is None or layout[0] != bands or not 0 < length <= limit:
            continue
        body = _bytes(image, bands, _HEAD + length)[_HEAD:]
        if layout[1]:
            body = zlib.decompressobj(_GZIP).decompress(body, limit)
        return _named(body.decode("utf-8"))
    return {}


def _bytes(image: Image.Image, bands: str, count: int) -> bytes:
    """Return the first `count` bytes, or fewer if the picture is too small."""
    columns = -(-count * 8 // max(1, len(bands) * image.height))
    part = image.crop((0, 0, min(columns, image.width), image.height))
    channels = [image.getbands().index(band) for band in bands]
    bits = np.asarray(part)[:, :, channels].transpose(1, 0, 2).reshape(-1)[: count * 8] & 1
    return np.packbits(bits).tobytes()


def _named(text: str) -> dict[str, str]:
    """Return the texts by name: NovelAI writes a JSON object, others the text `parameters`."""
    if not text.startswith("{"):
        return {"parameters": text}
    return {str(k): v for k, v in json.loads(text).items() if isinstance(v, str)}

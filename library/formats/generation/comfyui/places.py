"""Places in a picture where only ComfyUI's savers write: other tags of EXIF, and a chunk of PNG."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Final

from PIL import PngImagePlugin

from library.formats.generation.fields import MAX_SOURCE

if TYPE_CHECKING:
    from PIL import Image

# Pillow refuses a picture with a compressed text that unpacks to more; its default is a megabyte.
PngImagePlugin.MAX_TEXT_CHUNK = MAX_SOURCE

_MAX_TAGS: Final = 100
_CHUNK: Final = b"comf"  # of an animated PNG: a name, a zero, a graph


def read(image: Image.Image, limit: int) -> dict[str, str]:
    """Return the graphs in an opened picture by the names of their places. Never raises."""
    texts: dict[str, str] = {}
    with suppress(Exception):  # a damaged block raises errors of many types
        # The first graph is in Model, and each further one in the tag below.
        for tag, value in list(image.getexif().items())[:_MAX_TAGS]:
            text = value.decode("utf-8", "replace") if isinstance(value, bytes) else value
            if isinstance(text, str) and "{" in text[:60]:
                texts[f"EXIF {tag:04x}"] = text[:limit]
    for chunk in list(getattr(image, "private_chunks", ()))[:_MAX_TAGS]:
        if chunk[0] == _CHUNK:
            name, _, text = chunk[1].partition(b"\0")
            texts[name.decode("latin-1")[:40]] = text[:limit].decode("utf-8", "replace")
    return texts

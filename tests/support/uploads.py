"""Image files for uploads."""

from __future__ import annotations

import io

from PIL import Image


def image_file(colour: str = "red", kind: str = "PNG") -> bytes:
    """Return a small image as the content of a file."""
    file = io.BytesIO()
    Image.new("RGB", (32, 16), colour).save(file, kind)
    return file.getvalue()

"""Further frames of a video for `reembed`: an animated WebP beside its thumbnail."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Final

from PIL import Image

from library.store.blobs import frames_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from library.store.blobs import Blobs

_QUALITY: Final = 85
_MAX_FRAMES: Final = 8


def encoded(pictures: Sequence[Image.Image]) -> bytes:
    """Return the content of the file of these pictures; empty if there are none."""
    if not pictures:
        return b""
    mode = "RGBA" if any(picture.mode == "RGBA" for picture in pictures) else "RGB"
    first, *rest = (picture.convert(mode).resize(pictures[0].size) for picture in pictures)
    file = io.BytesIO()
    first.save(file, "WEBP", save_all=True, append_images=rest, quality=_QUALITY, method=1)
    return file.getvalue()


def read(blobs: Blobs, asset_id: str) -> list[Image.Image]:
    """Return the frames of an asset; none where they cannot be read."""
    found: list[Image.Image] = []
    try:
        content = io.BytesIO(blobs.read(frames_name(asset_id)))
        with Image.open(content, formats=["WEBP"]) as opened:
            for number in range(min(getattr(opened, "n_frames", 1), _MAX_FRAMES)):
                opened.seek(number)
                found.append(opened.convert("RGBA" if "A" in opened.mode else "RGB"))
    except (OSError, ValueError, EOFError):
        return []
    return found

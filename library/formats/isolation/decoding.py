"""Decoding of foreign images in a web process: by a few confined workers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from PIL import Image

from library.formats import images, pictures, resizing
from library.formats.isolation.worker_pool import PATIENCE, Failed, WorkerPool

if TYPE_CHECKING:
    from library.formats.isolation.worker import Files

# Decoding many large images at once would take all of the memory, encoding all of the processors.
_MAX_RESULT: Final = 2 * 1024**2  # bytes; the pixels are at most half of it
_MAX_PICTURES: Final = 8  # of a file
WORKERS: Final = WorkerPool(2, [pictures.__name__])


def decode(content: bytes) -> Image.Image:
    """Return the image in `content`, upright, at most 512 pixels. Raises BadImage and Busy."""
    try:
        shape, pixels = WORKERS.run(_small, blob=content, limit=_MAX_RESULT, patience=PATIENCE)
        return from_pixels(shape["picture"], pixels)
    except Failed as error:
        raise images.BadImage(str(error)) from error


def _small(files: Files) -> tuple[dict[str, Any], bytes]:
    picture = images.decode(bytes(files.blob))
    return to_pixels(resizing.shrunk(picture, resizing.THUMBNAIL_SIDE))


def enlarged(files: Files, mime: str, side: int) -> tuple[dict[str, Any], bytes]:
    """Return the picture of a file, of at most `side` pixels, for a worker to send."""
    picture = pictures.read(files.given[0], mime, side).image
    return to_pixels(resizing.shrunk(picture, side))


def to_pixels(picture: Image.Image) -> tuple[dict[str, Any], bytes]:
    """Return a small picture as a worker sends it."""
    return {"picture": [picture.mode, *picture.size]}, picture.tobytes()


def from_pixels(
    shape: list[Any], pixels: bytes | bytearray | memoryview, side: int = resizing.THUMBNAIL_SIDE
) -> Image.Image:
    """Return the picture that a worker has sent, of at most `side` pixels on its longer side.

    Raises Failed when it is none.
    """
    try:
        mode, width, height = shape
        if mode not in {"RGB", "RGBA"} or not 0 < max(width, height) <= side:
            raise ValueError("an impossible size")  # noqa: TRY301 - one message
        return Image.frombytes(mode, (width, height), pixels)
    except (ValueError, TypeError) as error:
        raise Failed("is broken: its reader has returned no picture") from error


def several_from_pixels(shapes: list[Any], pixels: bytes | bytearray) -> list[Image.Image]:
    """Return pictures that a worker has sent one after the other. Raises Failed."""
    found: list[Image.Image] = []
    rest = memoryview(pixels)
    for shape in shapes[:_MAX_PICTURES]:
        try:
            mode, width, height = shape
            length = len(mode) * width * height
        except (ValueError, TypeError) as error:
            raise Failed("is broken: its reader has returned no picture") from error
        found.append(from_pixels(shape, rest[:length]))
        rest = rest[length:]
    return found

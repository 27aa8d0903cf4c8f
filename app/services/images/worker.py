"""Worker process that decodes images of other people. Run by file name; imports only Pillow.

    python -I -W ignore image_worker.py MAX_DECODED_BYTES CPU_SECONDS

Each request on standard input is one line of JSON (`length`, `side`, `crop`) and the bytes of an
image file. Each response on standard output is one line of JSON and, unless that holds an `error`,
the pixels: `mode` RGB or RGBA, `size`, `length`. Limits of Pillow and of the process are set here,
so that they hold for no other process.
"""

from __future__ import annotations

import io
import json
import math
import struct
import sys
from contextlib import suppress
from typing import BinaryIO, Final

from PIL import AvifImagePlugin, Image, ImageOps, UnidentifiedImageError

# Format -> bytes of memory for each pixel at the peak, measured with Pillow 13: WebP and AVIF hold
# the canvas of their decoder, a copy of it as bytes, and the image; the others hold the image, its
# conversion to RGB or RGBA, and a first reduction of it.
FORMATS: Final = {
    "PNG": 10,
    "JPEG": 10,
    "WEBP": 18,
    "GIF": 10,
    "AVIF": 24,
    "BMP": 10,
    "TIFF": 10,
}
MAX_PIXELS: Final = 100_000_000
BASE_BYTES: Final = 512 * 1024 * 1024  # of addresses: Python, the decoders, a file, small copies

_DAMAGED: Final = (  # what Pillow's decoders raise for wrong bytes
    OSError,
    ValueError,
    SyntaxError,
    EOFError,
    MemoryError,
    ArithmeticError,
    LookupError,
    RuntimeError,
    TypeError,
    struct.error,
)

Crop = tuple[float, float, float, float]


class UnusableImage(ValueError):
    """The file cannot be decoded; the message is a sentence for the person who sent it."""


def decode(content: bytes, *, side: int, crop: Crop | None, max_bytes: int) -> Image.Image:
    """Return an image upright, as RGB or RGBA, at most `side` pixels on its longer side.

    `crop` is left, top, width and height of the part to return, in percent. The size in the header
    is checked before anything is decoded. Metadata is dropped. Raises UnusableImage.
    """
    try:
        image = _open(content, max_bytes)
        whole = side if crop is None else math.ceil(side * 100 / min(crop[2:]))
        image.draft("RGB", (whole, whole))  # JPEG is decoded at a half, a quarter or an eighth
        ImageOps.exif_transpose(image, in_place=True)
        if crop is not None:
            image = image.crop(crop_box(crop, image.size))
        mode = "RGBA" if image.has_transparency_data else "RGB"
        if image.mode != mode:
            image = image.convert(mode)
        image.thumbnail((side, side), Image.Resampling.LANCZOS)
    except UnusableImage:
        raise
    except _DAMAGED as error:
        raise UnusableImage("The picture is damaged and cannot be read.") from error
    return image


def _open(content: bytes, max_bytes: int) -> Image.Image:
    """Open a file with the one format that accepts it, its size checked by that format's limit."""
    for name, pixel_bytes in FORMATS.items():
        most = min(MAX_PIXELS, max_bytes // pixel_bytes)
        # Pillow checks this before it creates a decoder, and raises above twice the number.
        Image.MAX_IMAGE_PIXELS = most // 2
        try:
            return Image.open(io.BytesIO(content), formats=[name])
        except UnidentifiedImageError:
            continue
        except Image.DecompressionBombError as error:
            message = (
                f"The picture has too many pixels: a {name} file may have at most "
                f"{most // 10**6} million."
            )
            raise UnusableImage(message) from error
    raise UnusableImage("The file is not a picture of a known format.")


def crop_box(crop: Crop, size: tuple[int, int]) -> tuple[int, int, int, int]:
    """Return left, upper, right and lower pixel of a crop in percent; at least one pixel."""
    left_percent, top_percent, width_percent, height_percent = crop
    width, height = size
    left, upper = int(width * left_percent / 100), int(height * top_percent / 100)
    right = math.ceil(width * (left_percent + width_percent) / 100)
    lower = math.ceil(height * (top_percent + height_percent) / 100)
    return left, upper, min(max(right, left + 1), width), min(max(lower, upper + 1), height)


def limit_memory(max_bytes: int) -> None:
    """Bound the address space of this process, and leave no core dump."""
    with suppress(ImportError):  # Windows
        import resource

        for kind, wanted in ((resource.RLIMIT_AS, max_bytes), (resource.RLIMIT_CORE, 0)):
            _, hard = resource.getrlimit(kind)
            bound = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
            with suppress(ValueError, OSError):  # macOS does not bound addresses
                resource.setrlimit(kind, (bound, bound))


def limit_time(seconds: int) -> None:
    """Let the system end this process after so many more seconds of processor time."""
    with suppress(ImportError):  # Windows
        import resource

        usage = resource.getrusage(resource.RUSAGE_SELF)
        total = math.ceil(usage.ru_utime + usage.ru_stime) + seconds
        _, hard = resource.getrlimit(resource.RLIMIT_CPU)
        with suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_CPU, (total, hard))


def serve(requests: BinaryIO, responses: BinaryIO, *, max_bytes: int, seconds: int) -> None:
    """Answer requests until their end."""
    while line := requests.readline():
        request = json.loads(line)
        content = requests.read(request["length"])
        limit_time(seconds)
        pixels = b""
        try:
            image = decode(
                content,
                side=request["side"],
                crop=request["crop"] and tuple(request["crop"]),
                max_bytes=max_bytes,
            )
        except UnusableImage as error:
            response: dict[str, object] = {"error": str(error)}
        else:
            pixels = image.tobytes()
            response = {"mode": image.mode, "size": image.size, "length": len(pixels)}
        responses.write(json.dumps(response).encode() + b"\n" + pixels)
        responses.flush()


def main(max_bytes: int, seconds: int) -> None:
    """Decode what standard input sends."""
    AvifImagePlugin.DEFAULT_MAX_THREADS = 1  # each thread has addresses of its own
    limit_memory(max_bytes + BASE_BYTES)
    serve(sys.stdin.buffer, sys.stdout.buffer, max_bytes=max_bytes, seconds=seconds)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))

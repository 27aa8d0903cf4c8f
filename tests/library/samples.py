"""Sample files made in code: small, of every kind, and broken in every known way."""

from __future__ import annotations

import io
import math
import struct
import wave
import zlib
from typing import TYPE_CHECKING, Any

from PIL import Image, ImageDraw

if TYPE_CHECKING:
    from pathlib import Path


def picture(
    colour: str = "tomato", size: tuple[int, int] = (96, 64), *, shape: str = "ellipse"
) -> Image.Image:
    """A picture with one shape on a transparent ground."""
    image = Image.new("RGBA", size, (0, 0, 0, 0))
    draw = ImageDraw.Draw(image)
    box = (size[0] // 8, size[1] // 8, size[0] - size[0] // 8, size[1] - size[1] // 8)
    if shape == "ellipse":
        draw.ellipse(box, fill=colour)
    elif shape == "cross":
        draw.line(box, fill=colour, width=max(2, size[0] // 10))
        draw.line((box[0], box[3], box[2], box[1]), fill=colour, width=max(2, size[0] // 10))
    else:
        draw.rectangle(box, fill=colour)
    return image


def encoded(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    """The picture as a file's content."""
    if kind == "JPEG":
        image = image.convert("RGB")
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def png(colour: str = "tomato", size: tuple[int, int] = (96, 64), **how: Any) -> bytes:
    """A PNG with one shape."""
    return encoded(picture(colour, size, **how))


def bomb(width: int = 40_000, height: int = 40_000) -> bytes:
    """A PNG of a few bytes that announces more than a billion pixels."""

    def chunk(name: bytes, content: bytes) -> bytes:
        return (
            struct.pack(">I", len(content))
            + name
            + content
            + struct.pack(">I", zlib.crc32(name + content))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b"\x00" * 100))
        + chunk(b"IEND", b"")
    )


def rotated_jpeg() -> bytes:
    """A JPEG of 60 x 40 stored pixels that its EXIF turns into 40 x 60."""
    exif = Image.Exif()
    exif[0x0112] = 6
    return encoded(Image.new("RGB", (60, 40), "navy"), "JPEG", exif=exif)


def sound(seconds: float = 0.5, rate: int = 8000) -> bytes:
    """A WAV file with a tone."""
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(rate)
        out.writeframes(
            b"".join(
                struct.pack("<h", int(20_000 * math.sin(number / 5)))
                for number in range(int(seconds * rate))
            )
        )
    return file.getvalue()


def video(seconds: int = 2, size: tuple[int, int] = (64, 48)) -> bytes:
    """An MP4 of ten frames a second, its first half black."""
    import av

    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as container:
        stream = container.add_stream("mpeg4", rate=10)
        stream.width, stream.height = size
        stream.pix_fmt = "yuv420p"
        for number in range(seconds * 10):
            image = Image.new("RGB", size, "black")
            if number >= seconds * 5:
                image.paste("orange", (8, 8, size[0] // 2, size[1] // 2))
            container.mux(stream.encode(av.VideoFrame.from_image(image)))
        container.mux(stream.encode())
    return file.getvalue()


def fill(folder: Path, files: dict[str, bytes]) -> Path:
    """Write the files (paths below the folder -> content); returns the folder."""
    for path, content in files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    return folder

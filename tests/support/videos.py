"""Videos made in code: turned, stretched, transparent, HDR, of several scenes, and broken."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

COLOURS = ((220, 30, 30), (30, 200, 30), (30, 30, 220), (240, 240, 240))


def quarters(size: tuple[int, int] = (160, 96)) -> Image.Image:
    """Red and green above blue and white."""
    image = Image.new("RGB", size)
    width, height = size[0] // 2, size[1] // 2
    for number, colour in enumerate(COLOURS):
        left, top = number % 2 * width, number // 2 * height
        image.paste(colour, (left, top, left + width, top + height))
    return image


def corners(image: Image.Image | None) -> str:
    """The colours of the four quarters by their first letters, in the order of reading."""
    assert image is not None
    letters = ""
    for y in (0.25, 0.75):
        for x in (0.25, 0.75):
            pixel = image.convert("RGB").getpixel((int(image.width * x), int(image.height * y)))
            distances = [np.abs(np.subtract(pixel, colour)).sum() for colour in COLOURS]
            letters += "rgbw"[int(np.argmin(distances))]
    return letters


def video(
    images: Sequence[Image.Image] | None = None,
    *,
    container: str = "mp4",
    codec: str = "mpeg4",
    pixels: str = "yuv420p",
    rate: int = 10,
    prepare: Callable[[Any], object] = lambda _stream: None,
    frame: Callable[[Any], Any] = lambda frame: frame,
    cover: bytes = b"",
    live: bool = False,
    **options: str,
) -> bytes:
    """The content of a file with these frames; `prepare` sets up the stream.

    `live`: a recording whose header states no duration.
    """
    import av

    images = images or [quarters()] * 5
    file = io.BytesIO()
    how = {"live": "1", "write_crc32": "0", "fflags": "+bitexact"} if live else {}
    with av.open(file, "w", format=container, options=how) as output:
        stream = output.add_stream(codec, rate=rate, options=options)
        stream.width, stream.height = images[0].size
        stream.pix_fmt = pixels
        prepare(stream)
        attached = _cover(output) if cover else None
        for number, image in enumerate(images):
            made = av.VideoFrame.from_ndarray(np.asarray(image), image.mode.lower() + "24"[: 2 * (
                image.mode == "RGB")])  # fmt: skip
            made = frame(made)
            if made.format.name != pixels:
                made = made.reformat(format=pixels)
            made.pts = number
            for packet in stream.encode(made):
                output.mux(packet)
        output.mux(stream.encode())
        if attached is not None:
            packet = av.Packet(cover)
            packet.stream = attached
            packet.pts = packet.dts = 0
            output.mux(packet)
    return file.getvalue()


def _cover(output: Any) -> Any:
    import av

    stream = output.add_stream("mjpeg")
    stream.width, stream.height, stream.pix_fmt = 64, 64, "yuvj420p"
    stream.disposition = av.stream.Disposition.attached_pic
    return stream


_SOUNDS = {
    "audio/mpeg": ("mp3", "libmp3lame", "s16p"),
    "audio/flac": ("flac", "flac", "s16"),
    "audio/mp4": ("mp4", "aac", "fltp"),
}


def sound(mime: str, cover: bytes) -> bytes:
    """A second of sound with a cover picture, if there is one."""
    import av

    container, codec, samples = _SOUNDS[mime]
    file = io.BytesIO()
    with av.open(file, "w", format=container) as output:
        stream = output.add_stream(codec, rate=16000)
        stream.codec_context.layout = "mono"
        stream.codec_context.format = samples
        attached = _cover(output) if cover else None
        if attached is not None:
            packet = av.Packet(cover)
            packet.stream = attached
            packet.pts = packet.dts = 0
            output.mux(packet)
        _mux_tone(output, stream, 16000, samples)
    return file.getvalue()


def _mux_tone(output: Any, stream: Any, rate: int, samples: str) -> None:
    import av

    tone = (np.sin(np.arange(rate) / 5) * 20_000).astype(np.int16)[None]
    made = av.AudioFrame.from_ndarray(tone, "s16", "mono")
    made.sample_rate, made.pts = rate, 0
    for piece in av.AudioResampler(samples, "mono", rate).resample(made):
        output.mux(stream.encode(piece))
    output.mux(stream.encode())


def with_sound(*, broken: bool) -> bytes:
    """A second of a QuickTime file with pictures, broken or not, and sound."""
    import av

    file = io.BytesIO()
    with av.open(file, "w", format="mov") as output:
        stream = output.add_stream("png", rate=10)
        stream.width, stream.height, stream.pix_fmt = 160, 96, "rgb24"
        tone = output.add_stream("pcm_s16le", rate=8000)
        tone.codec_context.layout = "mono"
        for _ in range(10):
            output.mux(stream.encode(av.VideoFrame.from_image(quarters())))
        output.mux(stream.encode())
        _mux_tone(output, tone, 8000, "s16")
    content = file.getvalue()
    return content.replace(b"IDAT", b"XXXX") if broken else content

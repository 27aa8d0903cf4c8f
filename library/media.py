"""Sound and moving pictures through PyAV: length, tags, a poster frame, a waveform picture.

Knows containers and frames; nothing of the library. Reads a bounded part of each file.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from PIL import Image, ImageDraw

from library.errors import LibraryError

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

_MAX_SIDE: Final = 1024  # of a poster frame
_MAX_PIXELS: Final = 64_000_000  # of a frame; 8K has 33 million
_MAX_SAMPLES: Final = 48_000 * 60 * 10  # ten minutes of sound are enough for a picture of it
_MAX_FRAMES: Final = 100  # decoded while looking for a frame that is not plain
_COLUMNS: Final = 128
_WAVE_SIZE: Final = (512, 256)
_WAVE_COLOUR: Final = (128, 140, 150, 255)  # a neutral that shows on dark and on light grounds


class BadMedia(LibraryError):
    """The bytes are not sound or video that can be read."""


@dataclass(frozen=True, slots=True)
class Media:
    """What a file of sound or video tells. Seconds, pixels, frames a second."""

    moving: bool  # there is video
    duration: float | None = None
    width: int | None = None
    height: int | None = None
    frame_rate: float | None = None
    sample_rate: int | None = None
    channels: int | None = None
    codec: str | None = None
    tags: dict[str, str] = field(default_factory=dict)  # title, artist, ... as the file has them
    picture: Image.Image | None = None  # the poster frame, or the waveform


def read(path: Path) -> Media:
    """What the file tells. Raises BadMedia with a clear text; OSError when it cannot be opened."""
    import av

    with path.open("rb") as file:
        try:
            with av.open(file, mode="r", metadata_errors="replace") as container:
                return _read(container)
        except av.FFmpegError as error:
            raise BadMedia(f"is broken: {error.strerror}") from error
        except (ValueError, TypeError, ArithmeticError, IndexError, MemoryError, EOFError) as error:
            raise BadMedia(f"is broken: {error}") from error


def _read(container: Any) -> Media:
    found: dict[str, Any] = {"tags": _tags(container)}
    if container.duration is not None and container.duration > 0:
        found["duration"] = round(container.duration / 1_000_000, 3)
    # A cover picture inside a sound file is a video stream of one frame.
    videos = [s for s in container.streams.video if not _is_cover(s)]
    if videos:
        return _video(container, videos[0], found)
    if not container.streams.audio:
        raise BadMedia("has neither sound nor pictures")
    return _audio(container, container.streams.audio[0], found)


def _is_cover(stream: Any) -> bool:
    return bool(int(stream.disposition) & 0x400)  # FFmpeg's AV_DISPOSITION_ATTACHED_PIC


def _tags(container: Any) -> dict[str, str]:
    return {
        str(key).lower(): " ".join(str(value).split())[:500]
        for key, value in list(container.metadata.items())[:64]
        if str(value).strip()
    }


def _video(container: Any, stream: Any, found: dict[str, Any]) -> Media:
    context = stream.codec_context
    if context is None:
        raise BadMedia("is in a codec that cannot be read")
    if context.width * context.height > _MAX_PIXELS:
        raise BadMedia(f"has frames of more than {_MAX_PIXELS // 10**6} million pixels")
    context.thread_count = 1
    picture = _poster(container, stream)
    turned = picture is not None and (picture.width > picture.height) != (
        context.width > context.height
    )
    width, height = (
        (context.width, context.height) if not turned else (context.height, context.width)
    )
    rate = stream.average_rate
    return Media(
        moving=True,
        width=width or None,
        height=height or None,
        frame_rate=round(float(rate), 3) if rate else None,
        codec=context.name,
        picture=picture,
        **found,
    )


def _poster(container: Any, stream: Any) -> Image.Image | None:
    """A frame from a tenth of the way in; the next that is not plain, where it is."""
    import av

    if container.duration and container.duration > 1_000_000:
        with contextlib.suppress(av.FFmpegError):  # not seekable: then from the beginning
            container.seek(container.duration // 10)
    best: Image.Image | None = None
    try:
        for number, frame in enumerate(container.decode(stream)):
            best = _frame_picture(frame)
            if number >= _MAX_FRAMES or np.asarray(best.convert("L")).std() > 8:
                break
    except av.FFmpegError:
        if best is None:
            raise
    return best


def _frame_picture(frame: Any) -> Image.Image:
    scale = min(1.0, _MAX_SIDE / max(frame.width, frame.height, 1))
    size = (max(1, round(frame.width * scale)), max(1, round(frame.height * scale)))
    picture: Image.Image = frame.reformat(*size, format="rgb24").to_image()
    rotation = getattr(frame, "rotation", 0)
    return picture.rotate(rotation, expand=True) if rotation else picture


def _audio(container: Any, stream: Any, found: dict[str, Any]) -> Media:
    context = stream.codec_context
    if context is None:
        raise BadMedia("is in a codec that cannot be read")
    context.thread_count = 1
    peaks, samples = _peaks(container, stream)
    rate = context.sample_rate or None
    if "duration" not in found and rate:
        found["duration"] = round(samples / rate, 3)
    return Media(
        moving=False,
        sample_rate=rate,
        channels=context.channels or None,
        codec=context.name,
        picture=waveform(peaks),
        **found,
    )


def _peaks(container: Any, stream: Any) -> tuple[NDArray[np.float32], int]:
    """Loudest value of each of many short pieces, 0 to 1; and how many samples there were."""
    import av

    resampler = av.AudioResampler(format="flt", layout="mono")
    pieces: list[NDArray[np.float32]] = []
    samples = 0
    try:
        for frame in container.decode(stream):
            for piece in resampler.resample(frame):
                values = np.abs(piece.to_ndarray().reshape(-1))
                samples += len(values)
                whole = len(values) // 64 * 64
                pieces.append(values[:whole].reshape(-1, 64).max(axis=1, initial=0))
                pieces.append(values[whole:].max(initial=0, keepdims=True)[: len(values) - whole])
            if samples >= _MAX_SAMPLES:
                break
    except av.FFmpegError:
        if not samples:
            raise
    if not samples:
        raise BadMedia("has no sound in it")
    return np.nan_to_num(np.concatenate(pieces)), samples


def waveform(peaks: NDArray[np.float32]) -> Image.Image:
    """512 x 256, bars on a transparent ground, as loud as the loudest place fills the height."""
    parts = np.array_split(peaks, min(_COLUMNS, max(1, len(peaks))))
    bars = np.array([part.max(initial=0) for part in parts], np.float64)
    bars /= max(float(bars.max(initial=0)), 1e-6)
    image = Image.new("RGBA", _WAVE_SIZE, (*_WAVE_COLOUR[:3], 0))
    draw = ImageDraw.Draw(image)
    step = _WAVE_SIZE[0] / len(bars)
    middle = _WAVE_SIZE[1] / 2
    for number, bar in enumerate(bars):
        half = max(1.0, float(bar) * (middle - 8))
        left = number * step
        draw.rectangle((left, middle - half, left + max(1.0, step * 0.6), middle + half),
                       fill=_WAVE_COLOUR)  # fmt: skip
    return image

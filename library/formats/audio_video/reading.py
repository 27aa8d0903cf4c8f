"""Audio and video through PyAV: duration, tags, a poster frame or a waveform.

The demuxer is fixed by the type of the file. FFmpeg would otherwise choose one by content, and some
of its demuxers open other files or network connections (concat, SDP, HLS). A bounded part of each
file is read.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from library.errors import LibraryError
from library.formats import images
from library.formats.audio_video import cropping as video_cropping
from library.formats.audio_video import frames as video_frames
from library.formats.audio_video import waveform
from library.formats.audio_video.cropping import Crop

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

    from numpy.typing import NDArray
    from PIL import Image

MAX_PIXELS: Final = 64_000_000  # of a frame; 8K has 33 million
_MAX_SAMPLES: Final = 48_000 * 60 * 10  # ten minutes are enough for a waveform
_MAX_RATE: Final = 1000  # frames per second; more is no rate but the unit of the file's clock
_MAX_STREAMS: Final = 4  # tried, until one can be read
_MAX_COVERS: Final = 4
_MAX_TEXT: Final = 8_000_000  # characters of a tag
_LONG: Final = 40  # characters
_DEMUXERS: Final = {
    "audio/aac": "aac",
    "audio/aiff": "aiff",
    "audio/flac": "flac",
    "audio/mp4": "mov",
    "audio/mpeg": "mp3",
    "audio/ogg": "ogg",
    "audio/wav": "wav",
    "video/mp4": "mov",
    "video/ogg": "ogg",
    "video/quicktime": "mov",
    "video/webm": "matroska",
    "video/x-flv": "flv",
    "video/x-msvideo": "avi",
    "image/x-exr": "exr_pipe",
    "image/vnd.radiance": "hdr_pipe",
}


class BadMedia(LibraryError):
    """The bytes are not audio or video that can be read."""

    media: Media | None = None  # what the file states nevertheless


@dataclass(frozen=True, slots=True)
class Media:
    """What a file of audio or video states. Seconds, pixels, frames per second."""

    duration: float | None = None
    width: int | None = None
    height: int | None = None
    frame_rate: float | None = None
    sample_rate: int | None = None
    channels: int | None = None
    codec: str | None = None
    tags: dict[str, str] = field(default_factory=dict)  # title, artist, ..., as in the file
    texts: dict[str, str] = field(default_factory=dict)  # the long ones, whole: graphs of nodes
    picture: Image.Image | None = None  # the poster frame, the cover or the waveform
    others: tuple[Image.Image, ...] = ()  # frames that show something else than the poster
    damage: str | None = None  # why a stream cannot be read


@contextlib.contextmanager
def opened(file: BinaryIO, mime: str) -> Iterator[Any]:
    """Open the container with the demuxer of its type, without any protocol. Raises BadMedia."""
    import av

    demuxer = _DEMUXERS[mime]
    options = {"format_whitelist": demuxer, "protocol_whitelist": "none"}
    with (
        _explained(),
        av.open(
            file, mode="r", format=demuxer, options=options, metadata_errors="replace"
        ) as container,
    ):
        yield container


@contextlib.contextmanager
def _explained() -> Iterator[None]:
    """Raise BadMedia in the place of what FFmpeg and PyAV raise."""
    import av

    try:
        yield
    except av.FFmpegError as error:
        raise BadMedia(f"is broken: {error.strerror}") from error
    except (
        ValueError, TypeError, ArithmeticError, IndexError, EOFError, StopIteration
    ) as error:  # fmt: skip
        raise BadMedia(f"is broken: {error}") from error


def read(file: BinaryIO, mime: str, *, max_pixels: int = MAX_PIXELS) -> Media:
    """Return what the file states. Raises BadMedia, and OSError when it cannot be read."""
    crops, is_cut = video_cropping.read(file, mime)
    with opened(file, mime) as container:
        media = _read(container, max_pixels, crops)
        if media.damage is None and (is_cut or _ends_early(container)):
            return replace(media, damage="ends too early; it is shown as far as it goes")
        return media


def _ends_early(container: Any) -> bool:
    """Return whether the index of the file lists content behind its end."""
    last = (entries[-1] for s in container.streams if len(entries := s.index_entries))
    return any(entry.pos + entry.size > container.size > 0 for entry in last)


def _read(container: Any, max_pixels: int, crops: list[Crop]) -> Media:
    stated: dict[str, Any] = {"tags": _tags(container), "texts": _texts(container)}
    if container.duration is not None and container.duration > 0:
        stated["duration"] = round(container.duration / 1_000_000, 3)
    # A cover picture is a video stream of one frame.
    videos = [s for s in container.streams.video if not _is_cover(s)][:_MAX_STREAMS]
    sounds = container.streams.audio[:_MAX_STREAMS]
    first: BadMedia | None = None
    for stream in [*videos, *sounds]:
        try:
            with _explained():
                if stream in videos:
                    crop = crops[videos.index(stream)] if len(crops) == len(videos) else Crop()
                    return _video(container, stream, stated, max_pixels, crop)
                sound = _audio(container, stream, stated)
        except BadMedia as error:
            first = first or error
        else:
            if not videos:
                return sound
            damage = f"{first}; only its sound is read" if first else None
            return replace(sound, damage=damage, **_stated_size(videos[0]))
    if first is None:
        raise BadMedia("has neither sound nor pictures")
    size = _stated_size(videos[0]) if videos else {}
    first.media = Media(picture=_cover(container), **size, **stated)
    raise first


def _stated_size(stream: Any) -> dict[str, Any]:
    context = stream.codec_context
    if context is None or not context.width or not context.height:
        return {}
    return {"width": context.width, "height": context.height}


def _is_cover(stream: Any) -> bool:
    return bool(int(stream.disposition) & 0x400)  # FFmpeg's AV_DISPOSITION_ATTACHED_PIC


def _tags(container: Any) -> dict[str, str]:
    return {
        str(key).lower(): " ".join(str(value).split())[:500]
        for key, value in list(container.metadata.items())[:64]
        if str(value).strip()
    }


def _texts(container: Any) -> dict[str, str]:
    """Return the tags of the container and its streams that are longer than words, by name."""
    tags = [container.metadata, *(stream.metadata for stream in list(container.streams)[:8])]
    return {
        str(key).lower(): str(value)[:_MAX_TEXT]
        for each in reversed(tags)
        for key, value in list(each.items())[:64]
        if len(str(value)) > _LONG
    }


def _video(
    container: Any, stream: Any, stated: dict[str, Any], max_pixels: int, crop: Crop
) -> Media:
    context = stream.codec_context
    if context is None:
        raise BadMedia("is in a codec that cannot be read")
    if context.width * context.height > max_pixels:
        raise BadMedia(f"has frames of more than {max_pixels // 10**6} million pixels")
    found = video_frames.read(container, stream, crop)
    if found.poster is None:
        raise BadMedia("has no frame that can be read")
    poster = (_cover(container) or found.poster) if found.is_blank else found.poster
    if found.duration:
        stated = {"duration": round(found.duration, 3), **stated}
    rate = stream.average_rate
    return Media(
        width=found.size[0],
        height=found.size[1],
        frame_rate=round(float(rate), 3) if rate and rate <= _MAX_RATE else None,
        codec=context.name,
        picture=poster,
        others=tuple(found.others),
        **stated,
    )


def _cover(container: Any) -> Image.Image | None:
    """Return the cover picture that is attached to a sound or video."""
    import av

    for stream in [s for s in container.streams.video if _is_cover(s)][:_MAX_COVERS]:
        with contextlib.suppress(av.FFmpegError, images.BadImage):
            container.seek(0)
            packet = next(iter(container.demux(stream)))
            return images.decode(bytes(packet))
    return None


def _audio(container: Any, stream: Any, stated: dict[str, Any]) -> Media:
    context = stream.codec_context
    if context is None:
        raise BadMedia("is in a codec that cannot be read")
    stated = dict(stated)
    context.thread_count = 1
    cover = _cover(container)
    rate = context.sample_rate or None
    if cover is None or "duration" not in stated:
        container.seek(0)
        peaks, samples = _peaks(container, stream)
        if "duration" not in stated and rate:
            stated["duration"] = round(samples / rate, 3)
    return Media(
        sample_rate=rate,
        channels=context.channels or None,
        codec=context.name,
        picture=cover or waveform.draw(peaks),
        **stated,
    )


def _peaks(container: Any, stream: Any) -> tuple[NDArray[np.float32], int]:
    """Return the peaks of the sound, and how many samples it has."""
    import av

    resampler = av.AudioResampler(format="flt", layout="mono")
    pieces: list[NDArray[np.float32]] = []
    samples = 0
    try:
        for frame in container.decode(stream):
            for piece in resampler.resample(frame):
                values = np.asarray(piece.to_ndarray(), np.float32).reshape(-1)
                samples += len(values)
                pieces.append(waveform.peaks(values))
            if samples >= _MAX_SAMPLES:
                break
    except av.FFmpegError:
        if not samples:
            raise
    if not samples:
        raise BadMedia("has no sound in it")
    return np.nan_to_num(np.concatenate(pieces)), samples

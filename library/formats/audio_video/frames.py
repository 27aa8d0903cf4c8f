"""Frames of a video for its poster and its likeness, with a bounded number of frames decoded.

A short video is decoded in sequence; a long one is decoded at five places, each from the key frame
before it. Where all of them are blank, further frames are searched.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from PIL import Image, ImageChops

from library.formats.audio_video import pictures as video_pictures
from library.formats.audio_video.cropping import Crop
from library.formats.resizing import THUMBNAIL_SIDE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from library.formats.audio_video.pictures import View

_PLACES: Final = (0.1, 0.3, 0.5, 0.7, 0.9)  # of the duration
_MAX_FRAMES: Final = 500  # decoded at all places, and once more in search of one that is not blank
_MAX_DECODED: Final = 250_000_000  # pixels decoded for the same: 120 frames of 1080p
_MAX_PACKETS: Final = 20_000  # of other streams, too
_MAX_MEASURED: Final = (200_000, 256 * 1024**2)  # packets and bytes read for a duration
_ALPHA_DECODERS: Final = {"vp8": "libvpx", "vp9": "libvpx-vp9"}
_LEAST_CONTRAST: Final = 8  # standard deviation of a frame that is not blank
_DARK, _BRIGHT = 40, 215  # a frame whose pixels are nearly all beyond one of them is blank
_NEARLY: Final = 0.8  # of the most contrast: the first frame with as much is the poster
_SAME: Final = 3  # mean difference of frames that show the same


@dataclass(slots=True)
class Frames:
    """What was found in a video."""

    poster: Image.Image | None = None
    others: list[Image.Image] = field(default_factory=list)  # which show something else
    size: tuple[int, int] = (0, 0)  # as it is shown
    is_blank: bool = True
    duration: float | None = None  # in seconds


def read(container: Any, stream: Any, crop: Crop) -> Frames:
    """Return the poster and a few other frames. Raises an error of FFmpeg if there is none."""
    decoder = _Decoder(container, stream, crop)
    shown = [_Shown.of(frame, decoder) for frame in decoder.samples()]
    if all(each.is_blank for each in shown):
        shown += decoder.search()
    if not shown:
        if decoder.error is not None:
            raise decoder.error
        return Frames(duration=decoder.duration)
    good = [each for each in shown if not each.is_blank]
    most = max(each.contrast for each in good or shown)
    first = next(e for e in good or shown if e.contrast >= (_NEARLY if good else 1) * most)
    return Frames(
        first.picture, _different(first.picture, good), first.size, first.is_blank, decoder.duration
    )


@dataclass(frozen=True, slots=True)
class _Shown:
    """A frame as it is shown."""

    picture: Image.Image
    size: tuple[int, int]
    contrast: float
    is_blank: bool

    @classmethod
    def of(cls, frame: Any, decoder: _Decoder) -> _Shown:
        how = decoder.view(frame)
        picture = video_pictures.picture(frame, how, THUMBNAIL_SIDE)
        return cls(picture, how.size(frame.width, frame.height), *_contrast(picture))


def _contrast(picture: Image.Image) -> tuple[float, bool]:
    """Return the contrast of a picture, and whether it is blank: of one colour, black or white."""
    small = picture.copy()
    small.thumbnail((96, 96))
    if small.mode != "RGBA":
        grey = np.asarray(small.convert("L"), np.float32)
        colours = float(np.asarray(small, np.float32).reshape(-1, 3).std(axis=0).max())
        contrast = max(float(grey.std()), colours)
        darkest, brightest = np.percentile(grey, (0.5, 99.5))
        is_blank = contrast < _LEAST_CONTRAST or brightest < _DARK or darkest > _BRIGHT
        return contrast, bool(is_blank)
    grounds = (Image.new("RGBA", small.size, colour) for colour in ("black", "white"))
    composed = (Image.alpha_composite(ground, small).convert("L") for ground in grounds)
    contrast = max(float(np.asarray(each, np.float32).std()) for each in composed)
    return contrast, contrast < _LEAST_CONTRAST


def _different(poster: Image.Image, shown: Iterable[_Shown]) -> list[Image.Image]:
    """Return the pictures that are like neither the poster nor one before them."""
    kept = [poster]
    for each in shown:
        if all(_difference(each.picture, other) > _SAME for other in kept):
            kept.append(each.picture)
    return kept[1 : len(_PLACES)]


def _difference(one: Image.Image, other: Image.Image) -> float:
    small = [each.convert("RGBA").resize((32, 32)).convert("RGB") for each in (one, other)]
    return float(np.asarray(ImageChops.difference(*small), np.float32).mean())


class _Decoder:
    """Decodes the frames of one stream; a packet that is broken costs only itself."""

    def __init__(self, container: Any, stream: Any, crop: Crop) -> None:
        self._container, self._stream, self._crop = container, stream, crop
        self._context = _context(stream)
        pixels = max(1, stream.codec_context.width * stream.codec_context.height)
        self._budget = max(len(_PLACES), min(_MAX_FRAMES, _MAX_DECODED // pixels))
        self.duration = _duration(container, stream)
        self.error: Exception | None = None

    def view(self, frame: Any) -> View:
        is_whole = min(self._crop.size(frame.width, frame.height)) > 0
        crop = self._crop if is_whole else Crop()
        return video_pictures.view(
            frame, self._stream.sample_aspect_ratio, self._stream.metadata, crop
        )

    def samples(self) -> list[Any]:
        """Return the frames at the places, fewer where the video has fewer."""
        rate = float(self._stream.average_rate or 0) or 25.0
        total = self._stream.frames or round((self.duration or 0) * rate)
        if not self.duration or total <= self._budget:
            return self._in_sequence()
        found: list[Any] = []
        for place in _PLACES:
            frame = self._at(place * self.duration, self._budget // len(_PLACES))
            if frame is not None and all(frame.pts != other.pts for other in found):
                found.append(frame)
        return found or self._in_sequence()

    def search(self) -> list[_Shown]:
        """Return the first frame that is not blank: at more places, then in sequence."""
        if self.duration:
            for number in range(12):
                frame = self._at((number + 0.25) / 12 * self.duration, 3)
                if frame is not None and not (shown := _Shown.of(frame, self)).is_blank:
                    return [shown]
        self._seek(0)
        for frame in self._frames(self._budget):
            if not (shown := _Shown.of(frame, self)).is_blank:
                return [shown]
        return []

    def _in_sequence(self) -> list[Any]:
        self._seek(0)
        duration = self.duration or 0
        ahead = [place * duration for place in _PLACES]
        found: list[Any] = []
        last = None
        for last in self._frames(self._budget):
            if ahead and last.time is not None and last.time - self._start >= ahead[0] - 1e-3:
                found.append(last)
                ahead = [time for time in ahead[1:] if time > last.time - self._start]
        return found or ([] if last is None else [last])

    def _at(self, seconds: float, most: int) -> Any:
        """Return the frame at a time, or the last one of as many as may be decoded before it."""
        self._seek(seconds)
        frame = None
        for frame in self._frames(most):
            if frame.time is None or frame.time - self._start >= seconds - 1e-3:
                break
        return frame

    @property
    def _start(self) -> float:
        start, base = self._stream.start_time, self._stream.time_base
        return float(start * base) if start and base else 0.0

    def _seek(self, seconds: float) -> None:
        import av

        base = self._stream.time_base
        with contextlib.suppress(av.FFmpegError):  # not seekable: from where it is
            self._container.seek(int((seconds + self._start) / base), stream=self._stream)
        self._context.flush_buffers()

    def _frames(self, most: int) -> Iterator[Any]:
        import av

        number = 0
        try:
            for count, packet in enumerate(self._container.demux(self._stream)):
                try:
                    for frame in self._context.decode(packet):
                        yield frame
                        number += 1
                        if number >= most:
                            return
                except av.InvalidDataError as error:
                    self.error = error
                if count >= _MAX_PACKETS:
                    return
        except av.FFmpegError as error:  # the file ends too early
            self.error = error


def _context(stream: Any) -> Any:
    """Return the decoder: FFmpeg's own ones of VP8 and VP9 do not read transparency."""
    import av

    context = stream.codec_context
    name = _ALPHA_DECODERS.get(context.name) if stream.metadata.get("alpha_mode") == "1" else None
    if name is not None:
        with contextlib.suppress(av.FFmpegError, ValueError):
            own = av.CodecContext.create(name, "r")
            own.extradata = context.extradata
            own.thread_count = 1
            return own
    context.thread_count = 1
    return context


def _duration(container: Any, stream: Any) -> float | None:
    """Return the seconds of a stream; where none are stated, those of its packets."""
    if stream.duration and stream.time_base:
        return float(stream.duration * stream.time_base)
    if container.duration:
        return float(container.duration / 1_000_000)
    return _measured(container, stream)


def _measured(container: Any, stream: Any) -> float | None:
    """Return the end of the last packet, of a recording that was not finished; None: too long."""
    import av

    end, size = 0, 0
    with contextlib.suppress(av.FFmpegError):  # the file ends too early
        for count, packet in enumerate(container.demux(stream)):
            size += packet.size
            if count >= _MAX_MEASURED[0] or size >= _MAX_MEASURED[1]:
                return None
            if packet.pts is not None:
                end = max(end, packet.pts + (packet.duration or 0))
    return float((end - (stream.start_time or 0)) * stream.time_base) or None

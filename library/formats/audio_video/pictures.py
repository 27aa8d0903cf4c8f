"""A decoded frame of a video as a picture: the shape and the colours that players show."""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from PIL import Image

from library.formats.audio_video import tone_mapping
from library.formats.audio_video.cropping import Crop

if TYPE_CHECKING:
    from collections.abc import Mapping

_MAX_ASPECT: Final = 16  # of a pixel; more is an error of the file
_Transpose = Image.Transpose
# What becomes of the axes (signs of the display matrix' a, b, c and d) -> the operation.
_TURNS: Final = {
    (0, 1, -1, 0): _Transpose.ROTATE_270,
    (-1, 0, 0, -1): _Transpose.ROTATE_180,
    (0, -1, 1, 0): _Transpose.ROTATE_90,
    (-1, 0, 0, 1): _Transpose.FLIP_LEFT_RIGHT,
    (1, 0, 0, -1): _Transpose.FLIP_TOP_BOTTOM,
    (0, 1, 1, 0): _Transpose.TRANSPOSE,
    (0, -1, -1, 0): _Transpose.TRANSVERSE,
}
_BY_DEGREES: Final = {
    90: _Transpose.ROTATE_270,
    180: _Transpose.ROTATE_180,
    270: _Transpose.ROTATE_90,
}
_DEGREES: Final = re.compile(r"-?[0-9]{1,4}")
_SWAPS: Final = frozenset(
    {_Transpose.ROTATE_90, _Transpose.ROTATE_270, _Transpose.TRANSPOSE, _Transpose.TRANSVERSE}
)
# FFmpeg's numbers of matrices that it converts from; the others count as unknown.
_BT2020: Final = 9
_COLOUR_SPACES: Final = {1: 1, 4: 4, 5: 5, 6: 5, 7: 7, 9: 9, 10: 9}


@dataclass(frozen=True, slots=True)
class View:
    """How the frames of a video are shown."""

    aspect: Fraction = Fraction(1)  # width of a pixel : its height
    turn: Image.Transpose | None = None
    crop: Crop = field(default_factory=Crop)

    def size(self, width: int, height: int) -> tuple[int, int]:
        """Return the size of a frame as it is shown: one side grows until pixels are square."""
        width, height = self.crop.size(width, height)
        if self.aspect > 1:
            width = round(width * self.aspect)
        elif self.aspect < 1:
            height = round(height / self.aspect)
        return (height, width) if self.turn in _SWAPS else (width, height)


def view(frame: Any, aspect: Fraction | None, tags: Mapping[str, str], crop: Crop) -> View:
    """Return how a frame is shown, from its pixels' aspect ratio and the tags of its stream."""
    known = aspect is not None and 1 / _MAX_ASPECT <= aspect <= _MAX_ASPECT
    return View(aspect if known and aspect else Fraction(1), _turn(frame, tags), crop)


def _turn(frame: Any, tags: Mapping[str, str]) -> Image.Transpose | None:
    try:
        matrix = frame.side_data.get("DISPLAYMATRIX")
    except ValueError:  # PyAV does not know the type of another one, such as EXIF
        return _BY_DEGREES.get(round(-frame.rotation / 90) * 90 % 360)
    if matrix is not None:
        a, b, _, c, d, *_ = struct.unpack("=9i", bytes(matrix)[:36])
        # The larger of two values is the direction of an axis.
        across = abs(b) + abs(c) > abs(a) + abs(d)
        axes = (0, _sign(b), _sign(c), 0) if across else (_sign(a), 0, 0, _sign(d))
        return _TURNS.get(axes)
    degrees = next((text for name, text in tags.items() if name.lower() == "rotate"), "")
    return _BY_DEGREES.get(int(degrees) % 360) if _DEGREES.fullmatch(degrees) else None


def _sign(value: int) -> int:
    return (value > 0) - (value < 0)


def picture(frame: Any, how: View, side: int) -> Image.Image:
    """Return a frame as it is shown, at most `side` pixels wide and high: RGB, or RGBA."""
    if frame.interlaced_frame:
        frame = _deinterlaced(frame)
    width, height = View(how.aspect, crop=how.crop).size(frame.width, frame.height)
    scale = min(1.0, side / max(width, height, 1))
    shown = (max(1, round(width * scale)), max(1, round(height * scale)))
    size, box = _uncropped(frame, how.crop, shown)
    has_alpha = any(component.is_alpha for component in frame.format.components)
    has_alpha = has_alpha or frame.format.name == "pal8"
    transfer, primaries = int(frame.color_trc), int(frame.color_primaries)
    if tone_mapping.needed(transfer, primaries):
        values = _scaled(frame, size, "rgba64le" if has_alpha else "rgb48le") / np.float32(65535)
        colours = tone_mapping.to_srgb(values[..., :3], transfer, primaries)
        values = np.concatenate([colours, values[..., 3:]], axis=-1)
        pixels = np.round(values * 255).astype(np.uint8)
    else:
        pixels = _scaled(frame, size, "rgba" if has_alpha else "rgb24")
    image = Image.fromarray(pixels).crop(box)
    if has_alpha and int(pixels[..., 3].min()) == 255:
        image = image.convert("RGB")
    return image if how.turn is None else image.transpose(how.turn)


def _uncropped(
    frame: Any, crop: Crop, shown: tuple[int, int]
) -> tuple[tuple[int, int], tuple[int, int, int, int]]:
    """Return the size of the whole frame, and the box in it that has the size `shown`."""
    width, height = crop.size(frame.width, frame.height)
    across, down = Fraction(shown[0], width), Fraction(shown[1], height)
    left, top = round(crop.left * across), round(crop.top * down)
    whole = (
        max(left + shown[0], round(frame.width * across)),
        max(top + shown[1], round(frame.height * down)),
    )
    return whole, (left, top, left + shown[0], top + shown[1])


def _scaled(frame: Any, size: tuple[int, int], pixels: str) -> Any:
    """Return the pixels in that format; the matrix is guessed by the size where it is unknown."""
    space = _COLOUR_SPACES.get(int(frame.colorspace))
    if space is None and int(frame.color_primaries) == _BT2020:
        space = _BT2020
    elif space is None:
        space = 1 if frame.width >= 1280 or frame.height > 576 else 5
    return frame.reformat(
        *size, format=pixels, src_colorspace=space, interpolation="AREA", threads=1
    ).to_ndarray()


def _deinterlaced(frame: Any) -> Any:
    """Return a frame with the lines of one field, and others computed between them."""
    import av

    graph = av.filter.Graph()
    source = graph.add_buffer(
        width=frame.width, height=frame.height, format=frame.format.name, time_base=Fraction(1, 25)
    )
    graph.link_nodes(
        source, graph.add("estdif", "mode=frame:deint=all"), graph.add("buffersink")
    ).configure()
    try:
        graph.push(frame)
        graph.push(None)
        return graph.pull()
    except (av.FFmpegError, EOFError):
        return frame  # in pixels that the filter does not know

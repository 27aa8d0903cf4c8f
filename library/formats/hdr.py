"""OpenEXR and Radiance images: their size, and a version for screens.

Decoded by FFmpeg (through PyAV). Tone mapping: Reinhard et al., "Photographic Tone
Reproduction for Digital Images" (2002), equations 1, 2 and 4 for all of the picture at once.
"""

from __future__ import annotations

import os
import re
import struct
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from PIL import Image

from library.formats.audio_video.reading import BadMedia, opened
from library.formats.audio_video.tone_mapping import srgb

if TYPE_CHECKING:
    from typing import BinaryIO

    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

MAX_PIXELS: Final = 40_000_000  # 640 MB of floats; an environment of 8192 x 4096 fits
MAX_BYTES: Final = 512 * 1024 * 1024
_SIDE: Final = 512  # pixels on the longer side, at least, while there are as many
_KEY: Final = 0.18  # the middle grey that the average becomes
_LUMINANCE: Final = np.array([0.2126, 0.7152, 0.0722], np.float32)
_HEADER: Final = 64 * 1024  # bytes that are searched for the size
_WINDOW: Final = re.compile(
    rb"(?:data|display)Window\x00box2i\x00\x10\x00\x00\x00(.{16})", re.DOTALL
)
_RESOLUTION: Final = re.compile(rb"\n[-+][XY] +(\d{1,9}) +[-+][XY] +(\d{1,9})\n")
_DEPTHS: Final = {"f32le": "<f4", "f16le": "<f2"}
_BANDS: Final = {"gray": 1, "gbrp": 3, "gbrap": 4}  # FFmpeg keeps green first


def read(file: BinaryIO, mime: str) -> tuple[tuple[int, int], Image.Image]:
    """Return width and height, and the picture for a screen, at least 512 pixels if it has them.

    Raises BadMedia, and OSError when the file cannot be read.
    """
    if os.fstat(file.fileno()).st_size > MAX_BYTES:
        raise BadMedia(f"is larger than {MAX_BYTES // 1024**2} MB")
    # FFmpeg allocates all that the header states as soon as it opens the file.
    if not 0 < _stated_pixels(file.read(_HEADER)) <= MAX_PIXELS:
        raise BadMedia(f"states no size, or more than {MAX_PIXELS // 10**6} million pixels")
    file.seek(0)
    with opened(file, mime) as container:
        stream = container.streams.video[0]
        stream.codec_context.thread_count = 1
        frame = next(container.decode(stream))
        planes = _planes(frame)
    return (frame.width, frame.height), on_screen(planes)


def _stated_pixels(head: bytes) -> int:
    """Return the pixels that a header states: EXR in windows, Radiance in a resolution."""
    windows = [struct.unpack("<4i", box) for box in _WINDOW.findall(head)]
    sizes = [(right - left + 1, bottom - top + 1) for left, top, right, bottom in windows]
    if not sizes and (match := _RESOLUTION.search(head)):
        sizes = [(int(match[1]), int(match[2]))]
    return max(
        (width * height if min(width, height) > 0 else 0 for width, height in sizes), default=0
    )


def _planes(frame: Any) -> Floats:
    """Return (height, width, 1 to 4), reduced by a whole factor; red first, alpha last."""
    name = str(frame.format.name)
    bands = next((b for b in _BANDS if name.startswith(b)), "")
    depth = _DEPTHS.get(name.removeprefix(bands))
    if not bands or depth is None:
        raise ValueError(f"the format of its pixels is unknown: {name}")
    times = max(1, max(frame.width, frame.height) // _SIDE)
    bands_reduced = []
    for plane in frame.planes[: _BANDS[bands]]:
        rows = np.frombuffer(plane, depth).reshape(-1, plane.line_size // np.dtype(depth).itemsize)
        values = rows[: frame.height, : frame.width].astype(np.float32)
        small = Image.fromarray(np.nan_to_num(values, posinf=65504, neginf=0)).reduce(times)
        bands_reduced.append(np.asarray(small, np.float32))
    order = [2, 0, 1, 3] if len(bands_reduced) > 1 else [0]
    return np.stack([bands_reduced[band] for band in order[: len(bands_reduced)]], axis=-1)


def on_screen(light: Floats) -> Image.Image:
    """Return RGB or RGBA of (height, width, 1, 3 or 4) linear light, premultiplied by alpha."""
    alpha = np.clip(light[..., 3:], 0, 1) if light.shape[2] == 4 else np.ones_like(light[..., :1])
    colour = np.maximum(np.broadcast_to(light[..., :3], (*light.shape[:2], 3)), 0)
    colour = colour / np.maximum(alpha, 1e-4)
    luminance = colour @ _LUMINANCE
    lit = luminance[(alpha[..., 0] > 0) & (luminance > 0)]
    if len(lit):
        colour = colour * (_KEY / max(float(np.exp(np.log(lit + 1e-6).mean())), 1e-6))
        luminance = (colour @ _LUMINANCE)[..., None]
        white = max(float(np.percentile(luminance, 99.5)), 1.0)  # what becomes white
        colour = colour * ((1 + luminance / white**2) / (1 + luminance))
    shown = np.clip(np.concatenate([srgb(np.clip(colour, 0, 1)), alpha], axis=-1), 0, 1)
    image = Image.fromarray(np.round(shown * 255).astype(np.uint8), "RGBA")
    return image if float(alpha.min(initial=1)) < 1 else image.convert("RGB")

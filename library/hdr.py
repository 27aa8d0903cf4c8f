"""OpenEXR and Radiance pictures: their size, and what they look like on a screen.

Knows FFmpeg's decoders (through PyAV) and tone mapping: Reinhard et al., "Photographic Tone
Reproduction for Digital Images" (2002), equations 1, 2 and 4 for all of the picture at once.
"""

from __future__ import annotations

import re
import struct
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from PIL import Image

from library.media import BadMedia

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

MAX_PIXELS: Final = 40_000_000  # 640 MB of floats; an environment of 8192 x 4096 fits
MAX_BYTES: Final = 512 * 1024 * 1024
_DEMUXERS: Final = {"image/x-exr": "exr_pipe", "image/vnd.radiance": "hdr_pipe"}
_SIDE: Final = 512  # pixels on the longer side, at least, while there are as many
_KEY: Final = 0.18  # the middle grey that the average becomes
_LUMINANCE: Final = np.array([0.2126, 0.7152, 0.0722], np.float32)
_HEADER: Final = 64 * 1024  # bytes looked through for the size
_WINDOW: Final = re.compile(
    rb"(?:data|display)Window\x00box2i\x00\x10\x00\x00\x00(.{16})", re.DOTALL
)
_RESOLUTION: Final = re.compile(rb"\n[-+][XY] +(\d{1,9}) +[-+][XY] +(\d{1,9})\n")
_DEPTHS: Final = {"f32le": "<f4", "f16le": "<f2"}
_BANDS: Final = {"gray": 1, "gbrp": 3, "gbrap": 4}  # FFmpeg keeps green first


def read(path: Path, mime: str) -> tuple[tuple[int, int], Image.Image]:
    """Width and height, and the picture for a screen, at least 512 pixels where it has them.

    Raises BadMedia with a clear text; OSError when the file cannot be opened.
    """
    import av

    if path.stat().st_size > MAX_BYTES:
        raise BadMedia(f"is larger than {MAX_BYTES // 1024**2} MB")
    with path.open("rb") as file:
        try:
            # FFmpeg makes room for all that the header says, as soon as it opens the file.
            if not 0 < _told_pixels(file.read(_HEADER)) <= MAX_PIXELS:
                raise BadMedia(f"says no size, or more than {MAX_PIXELS // 10**6} million pixels")
            file.seek(0)
            with av.open(file, mode="r", format=_DEMUXERS[mime]) as container:
                stream = container.streams.video[0]
                stream.codec_context.thread_count = 1
                frame = next(container.decode(stream))
                planes = _planes(frame)
        except av.FFmpegError as error:
            raise BadMedia(f"is broken: {error.strerror}") from error
        except (ValueError, IndexError, StopIteration, MemoryError, ArithmeticError) as error:
            raise BadMedia(f"is broken: {error}") from error
    return (frame.width, frame.height), on_screen(planes)


def _told_pixels(head: bytes) -> int:
    """The most that a header asks room for: of EXR its windows, of Radiance its resolution."""
    windows = [struct.unpack("<4i", found) for found in _WINDOW.findall(head)]
    sizes = [(right - left + 1, bottom - top + 1) for left, top, right, bottom in windows]
    if not sizes and (found := _RESOLUTION.search(head)):
        sizes = [(int(found[1]), int(found[2]))]
    return max(
        (width * height if min(width, height) > 0 else 0 for width, height in sizes), default=0
    )


def _planes(frame: Any) -> Floats:
    """(height, width, 1 to 4), reduced by whole pixels; red first, then alpha."""
    name = str(frame.format.name)
    bands = next((b for b in _BANDS if name.startswith(b)), "")
    depth = _DEPTHS.get(name.removeprefix(bands))
    if not bands or depth is None:
        raise ValueError(f"pixels of a kind that is not known: {name}")
    times = max(1, max(frame.width, frame.height) // _SIDE)
    found = []
    for plane in frame.planes[: _BANDS[bands]]:
        rows = np.frombuffer(plane, depth).reshape(-1, plane.line_size // np.dtype(depth).itemsize)
        values = rows[: frame.height, : frame.width].astype(np.float32)
        small = Image.fromarray(np.nan_to_num(values, posinf=65504, neginf=0)).reduce(times)
        found.append(np.asarray(small, np.float32))
    order = [2, 0, 1, 3] if len(found) > 1 else [0]
    return np.stack([found[band] for band in order[: len(found)]], axis=-1)


def on_screen(light: Floats) -> Image.Image:
    """RGB or RGBA of (height, width, 1, 3 or 4) linear light, premultiplied by its alpha."""
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
    shown = np.clip(np.concatenate([_srgb(np.clip(colour, 0, 1)), alpha], axis=-1), 0, 1)
    image = Image.fromarray(np.round(shown * 255).astype(np.uint8), "RGBA")
    return image if float(alpha.min(initial=1)) < 1 else image.convert("RGB")


def _srgb(linear: Floats) -> Floats:
    """IEC 61966-2-1's curve."""
    curved = 1.055 * np.power(linear, 1 / 2.4) - 0.055
    return np.where(linear <= 0.0031308, linear * 12.92, curved).astype(np.float32)

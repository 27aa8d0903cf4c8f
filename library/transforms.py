"""Pictures resized and converted on the fly, and the folder where the results are kept.

Knows the API's transform parameters (scenario-api.md, "Asset URLs"); no HTTP. Results are files
named by a hash of all that shaped them, so that several processes may share the folder; it is
kept below a bound by dropping what was not asked for longest.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from PIL import Image, ImageColor, ImageFilter, ImageOps

from library.errors import BadRequest
from library.homes import write_atomically
from library.pictures import on_ground

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

MAX_SIDE: Final = 4096  # pixels asked for
MAX_CACHE: Final = 1024**3  # bytes of kept results
_SWEEP_EVERY: Final = 64  # results written between two looks at the folder's size
_FITS: Final = ("cover", "contain", "fill", "inside", "outside")
MIME: Final = {
    "jpeg": "image/jpeg",
    "png": "image/png",
    "webp": "image/webp",
    "avif": "image/avif",
}
_SHOWN_EVERYWHERE: Final = frozenset({*MIME.values(), "image/gif"})
PARAMETERS: Final = frozenset(
    {"width", "height", "quality", "format", "fit", "blur", "greyscale", "grayscale", "flatten",
     "background"}
)  # fmt: skip
# Decoding large originals at once would take all of the memory; encoding all of the cores.
_AT_ONCE = threading.BoundedSemaphore(2)


@dataclass(frozen=True, slots=True)
class Transform:
    """What is asked of a picture. `format` is one of MIME's names, or "origin"."""

    width: int | None = None
    height: int | None = None
    quality: int = 80
    format: str = "origin"
    fit: str = "cover"
    blur: float = 0.0
    greyscale: bool = False
    background: tuple[int, int, int] | None = None  # set: transparency is flattened onto it

    @property
    def is_identity(self) -> bool:
        """Whether nothing is asked for."""
        return self == Transform(quality=self.quality)


def parse(parameters: Mapping[str, str], accept: str = "", mime: str = "") -> Transform:
    """The transform that the query asks for; other parameters are passed over.

    `accept` is the Accept header and `mime` the original's type, both for `format=auto`. Raises
    BadRequest naming the parameter.
    """
    wanted = parameters.get("format", "")
    if wanted and wanted not in {*MIME, "jpg", "auto", "origin"}:
        raise BadRequest(
            f"format must be one of jpeg, png, webp, avif, auto, origin, not {wanted!r}"
        )
    fit = parameters.get("fit") or "cover"
    if fit not in _FITS:
        raise BadRequest(f"fit must be one of {', '.join(_FITS)}, not {fit!r}")
    background = _colour(parameters.get("background"))
    if background is None and _flag(parameters, "flatten"):
        background = (255, 255, 255)
    return Transform(
        width=_number(parameters, "width", 1, MAX_SIDE),
        height=_number(parameters, "height", 1, MAX_SIDE),
        quality=_number(parameters, "quality", 1, 100) or 80,
        format=_format(wanted, accept, mime),
        fit=fit,
        blur=_blur(parameters.get("blur")),
        greyscale=_flag(parameters, "greyscale") or _flag(parameters, "grayscale"),
        background=background,
    )


def _format(wanted: str, accept: str, mime: str) -> str:
    if wanted == "jpg":
        return "jpeg"
    if wanted in MIME:
        return wanted
    if wanted == "auto":
        # AVIF takes ten times as long to make as WebP: only where it is asked for by name.
        return "webp" if "image/webp" in accept or "*/*" in accept else "jpeg"
    return "origin" if mime in _SHOWN_EVERYWHERE else "webp"


def _number(parameters: Mapping[str, str], name: str, least: int, most: int) -> int | None:
    text = parameters.get(name)
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 5) or not least <= int(text) <= most:
        raise BadRequest(f"{name} must be a whole number from {least} to {most}")
    return int(text)


def _blur(text: str | None) -> float:
    if not text:
        return 0.0
    if text == "true":
        return 4.0
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 1000:
        raise BadRequest("blur must be a number from 0 to 1000")
    return min(value, 100.0)


def _flag(parameters: Mapping[str, str], name: str) -> bool:
    return parameters.get(name, "false").lower() not in {"false", "0", "no"}


def _colour(text: str | None) -> tuple[int, int, int] | None:
    if not text:
        return None
    for spelled in (text, f"#{text}"):
        with contextlib.suppress(ValueError):
            red, green, blue, *_ = ImageColor.getrgb(spelled)  # refuses what is long
            return red, green, blue
    raise BadRequest("background must be a colour such as ffffff, #336699 or white")


def apply(image: Image.Image, wanted: Transform, mime: str) -> tuple[bytes, str]:
    """The transformed picture, and its MIME type; never enlarged."""
    image = _resized(image, wanted)
    if wanted.greyscale:
        alpha = image.getchannel("A") if image.mode == "RGBA" else None
        image = image.convert("L").convert("RGB")
        if alpha is not None:
            image.putalpha(alpha)
    if wanted.blur:
        image = image.filter(ImageFilter.GaussianBlur(wanted.blur))
    if wanted.background is not None:
        image = on_ground(image, wanted.background)
    name = wanted.format
    if name == "origin":
        name = next((n for n, m in MIME.items() if m == mime), "webp")
    return _encoded(image, name, wanted.quality), MIME[name]


def _resized(image: Image.Image, wanted: Transform) -> Image.Image:
    if wanted.width is None and wanted.height is None:
        return image
    width, height = image.size
    if wanted.width is None or wanted.height is None:
        scale = (wanted.width or wanted.height or 1) / (width if wanted.width else height)
        target = (round(width * scale), round(height * scale))
        return _scaled(image, target) if scale < 1 else image
    box = (wanted.width, wanted.height)
    if wanted.fit in {"inside", "outside", "contain"}:
        choose = max if wanted.fit == "outside" else min
        scale = min(1.0, choose(box[0] / width, box[1] / height))
        inner = _scaled(image, (round(width * scale), round(height * scale)))
        if wanted.fit != "contain":
            return inner
        ground = wanted.background or (0, 0, 0)
        canvas = Image.new("RGBA", box, (*ground, 255 if wanted.background else 0))
        canvas.paste(inner, ((box[0] - inner.width) // 2, (box[1] - inner.height) // 2))
        return canvas
    # Not enlarged: the box shrinks, in its own proportion, until the picture fills it.
    shrink = min(1.0, width / box[0], height / box[1])
    box = (max(1, round(box[0] * shrink)), max(1, round(box[1] * shrink)))
    if wanted.fit == "fill":
        return _scaled(image, box)
    return ImageOps.fit(image, box, Image.Resampling.LANCZOS)


def _scaled(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    bounded = (max(1, size[0]), max(1, size[1]))
    if bounded == image.size:
        return image
    return image.resize(bounded, Image.Resampling.LANCZOS, reducing_gap=2.0)


def _encoded(image: Image.Image, name: str, quality: int) -> bytes:
    options: dict[str, Any] = {
        "jpeg": {"quality": min(quality, 95), "progressive": True},
        "png": {"compress_level": 4},
        "webp": {"quality": quality, "method": 2},
        "avif": {"quality": quality, "speed": 8, "max_threads": 1},
    }[name]
    if name == "jpeg":
        image = on_ground(image)
    if name in {"webp", "avif"} and max(image.size) > 16_000:  # the formats' own bound
        image = image.copy()
        image.thumbnail((16_000, 16_000))
    file = io.BytesIO()
    image.save(file, name.upper(), **options)
    return file.getvalue()


class Cache:
    """Results on disk, below `folder`, of at most `limit` bytes (nearly: it is swept in turns)."""

    def __init__(self, folder: Path, limit: int = MAX_CACHE) -> None:
        self._folder = folder
        self._limit = limit
        self._written = 0

    def get(
        self, asset_id: str, wanted: Transform, make: Callable[[], tuple[bytes, str]]
    ) -> tuple[bytes, str]:
        """The kept result for an asset, or the one that `make` makes now, which is then kept."""
        digest = hashlib.sha256(f"{asset_id} {wanted!r}".encode()).hexdigest()[:32]
        for name, mime in MIME.items():
            path = self._folder / digest[:2] / f"{digest}.{name}"
            with contextlib.suppress(OSError):
                content = path.read_bytes()
                os.utime(path)  # asked for lately
                return content, mime
        with _AT_ONCE:
            content, mime = make()
        name = next(n for n, m in MIME.items() if m == mime)
        # A full disk must not keep a picture from being shown.
        with contextlib.suppress(OSError):
            write_atomically(self._folder / digest[:2] / f"{digest}.{name}", content)
            self._written += 1
            if self._written % _SWEEP_EVERY == 1:
                self.sweep()
        return content, mime

    def sweep(self) -> None:
        """When the folder is over its bound, drop the oldest down to four fifths of it."""
        kept: list[tuple[float, int, Path]] = []
        for path in self._folder.glob("*/*"):
            with contextlib.suppress(OSError):
                status = path.stat()
                kept.append((status.st_mtime, status.st_size, path))
        total = sum(size for _, size, _ in kept)
        if total <= self._limit:
            return
        for _, size, path in sorted(kept):
            with contextlib.suppress(OSError):
                path.unlink()
            total -= size
            if total <= self._limit * 4 // 5:
                return

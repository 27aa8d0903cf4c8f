"""Images resized and converted on request, and a cache of the results on disk.

Knows the API's transform parameters (docs/scenario-api.md, "Asset URLs"); no HTTP. A result is a
file named by a hash of the content and the parameters that it was made from, so several processes
may share the cache. The least recently used files are dropped when it exceeds its limit.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from PIL import Image, ImageColor, ImageFilter, ImageOps

from library.errors import BadRequest, NotFound
from library.formats import pictures
from library.formats.isolation.decoding import WORKERS
from library.formats.isolation.worker_pool import PATIENCE, Failed
from library.formats.open_file import open_below
from library.formats.resizing import on_background
from library.home import write_atomically

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path
    from typing import BinaryIO

    from library.formats.isolation.worker import Files

MAX_SIDE: Final = 4096  # pixels of a requested width or height
MAX_CACHE: Final = 1024**3  # bytes
_SWEEP_EVERY: Final = 64  # results written between two checks of the cache's size
# A few, so that requests for other radii are found in the cache.
_BLURS: Final = (0.0, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 100.0)
_FITS: Final = ("cover", "contain", "fill", "inside", "outside")
MIME: Final = {
    "jpeg": "image/jpeg",
    "png": "image/png",
    "webp": "image/webp",
    "avif": "image/avif",
}
_WEB_TYPES: Final = frozenset({*MIME.values(), "image/gif"})
PARAMETERS: Final = frozenset(
    {"width", "height", "quality", "format", "fit", "blur", "greyscale", "grayscale", "flatten",
     "background"}
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Transform:
    """The parameters of a transform. `format` is one of MIME's names, or "origin"."""

    width: int | None = None
    height: int | None = None
    quality: int = 80
    format: str = "origin"
    fit: str = "cover"
    blur: float = 0.0
    greyscale: bool = False
    background: tuple[int, int, int] | None = None  # if set, transparent parts get this colour

    @property
    def is_identity(self) -> bool:
        """Whether the image stays as it is."""
        return self == Transform(quality=self.quality)


def parse(parameters: Mapping[str, str], accept: str = "", mime: str = "") -> Transform:
    """Return the transform of a query string; other parameters are ignored.

    `accept` is the Accept header and `mime` the original's type, both for `format=auto`. Raises
    BadRequest naming the parameter.
    """
    requested = parameters.get("format", "")
    if requested and requested not in {*MIME, "jpg", "auto", "origin"}:
        raise BadRequest(
            f"format must be one of jpeg, png, webp, avif, auto, origin, not {requested!r}"
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
        format=_format(requested, accept, mime),
        fit=fit,
        blur=_blur(parameters.get("blur")),
        greyscale=_flag(parameters, "greyscale") or _flag(parameters, "grayscale"),
        background=background,
    )


def _format(requested: str, accept: str, mime: str) -> str:
    if requested == "jpg":
        return "jpeg"
    if requested in MIME:
        return requested
    if requested == "auto":
        # Encoding AVIF takes ten times as long as WebP, so it must be requested by name.
        return "webp" if "image/webp" in accept or "*/*" in accept else "jpeg"
    return "origin" if mime in _WEB_TYPES else "webp"


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
    return min(_BLURS, key=lambda step: abs(step - value))


def _flag(parameters: Mapping[str, str], name: str) -> bool:
    return parameters.get(name, "false").lower() not in {"false", "0", "no"}


def _colour(text: str | None) -> tuple[int, int, int] | None:
    if not text:
        return None
    for colour in (text, f"#{text}"):
        with contextlib.suppress(ValueError):
            red, green, blue, *_ = ImageColor.getrgb(colour)  # raises for a long text
            return red, green, blue
    raise BadRequest("background must be a colour such as ffffff, #336699 or white")


def apply(image: Image.Image, transform: Transform, mime: str) -> tuple[bytes, str]:
    """Return the transformed image and its MIME type; it is never enlarged."""
    image = _resized(image, transform)
    if transform.greyscale:
        alpha = image.getchannel("A") if image.mode == "RGBA" else None
        image = image.convert("L").convert("RGB")
        if alpha is not None:
            image.putalpha(alpha)
    if transform.blur:
        image = image.filter(ImageFilter.GaussianBlur(transform.blur))
    if transform.background is not None:
        image = on_background(image, transform.background)
    name = _result_format(transform, mime)
    return _encoded(image, name, transform.quality), MIME[name]


def _result_format(transform: Transform, mime: str) -> str:
    if transform.format != "origin":
        return transform.format
    return next((name for name, known in MIME.items() if known == mime), "webp")


def convert(
    source: BinaryIO | bytes, source_mime: str, transform: Transform, mime: str
) -> Rendition:
    """Return `source` transformed by a confined worker; `mime` is the type of the asset's file.

    Raises NotFound when it cannot be decoded, and Busy.
    """
    try:
        _, content = WORKERS.run(
            _convert,
            () if isinstance(source, bytes) else (source,),
            blob=source if isinstance(source, bytes) else b"",
            patience=PATIENCE,
            parameters=asdict(transform),
            source_mime=source_mime,
            mime=mime,
        )
    except Failed as error:
        raise NotFound(f"The file of this asset {error}") from error
    return Rendition(bytes(content), MIME[_result_format(transform, mime)])


def _convert(
    files: Files, parameters: dict[str, Any], source_mime: str, mime: str
) -> tuple[dict[str, Any], bytes]:
    """Run `apply` in a worker."""
    background = parameters.pop("background")
    transform = Transform(**parameters, background=background and tuple(background))
    source = files.given[0] if files.given else io.BytesIO(files.blob)
    return {}, apply(pictures.read(source, source_mime).image, transform, mime)[0]


def _resized(image: Image.Image, transform: Transform) -> Image.Image:
    if transform.width is None and transform.height is None:
        return image
    width, height = image.size
    if transform.width is None or transform.height is None:
        scale = (transform.width or transform.height or 1) / (width if transform.width else height)
        target = (round(width * scale), round(height * scale))
        return _scaled(image, target) if scale < 1 else image
    box = (transform.width, transform.height)
    if transform.fit in {"inside", "outside", "contain"}:
        choose = max if transform.fit == "outside" else min
        scale = min(1.0, choose(box[0] / width, box[1] / height))
        inner = _scaled(image, (round(width * scale), round(height * scale)))
        if transform.fit != "contain":
            return inner
        background = transform.background or (0, 0, 0)
        canvas = Image.new("RGBA", box, (*background, 255 if transform.background else 0))
        canvas.paste(inner, ((box[0] - inner.width) // 2, (box[1] - inner.height) // 2))
        return canvas
    # To avoid enlarging, the box shrinks in its own proportion until the image fills it.
    shrink = min(1.0, width / box[0], height / box[1])
    box = (max(1, round(box[0] * shrink)), max(1, round(box[1] * shrink)))
    if transform.fit == "fill":
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
        image = on_background(image)
    if name in {"webp", "avif"} and max(image.size) > 16_000:  # the formats' limit
        image = image.copy()
        image.thumbnail((16_000, 16_000))
    file = io.BytesIO()
    image.save(file, name.upper(), **options)
    return file.getvalue()


class Rendition(NamedTuple):
    """A converted image."""

    content: bytes
    mime: str
    storable: bool = True  # the content is the one that the cache key names


class Cache:
    """Results on disk below `folder`, of about `limit` bytes at most: it is checked at times."""

    def __init__(self, folder: Path, limit: int = MAX_CACHE) -> None:
        self._folder = folder
        self._limit = limit
        self._written = 0

    def get(self, key: str, transform: Transform, render: Callable[[], Rendition]) -> Rendition:
        """Return the stored result, or the one that `render` returns, which is then stored.

        `key` names the content that is transformed.
        """
        digest = hashlib.sha256(f"{key} {transform!r}".encode()).hexdigest()[:32]
        for name, mime in MIME.items():
            path = f"{digest[:2]}/{digest}.{name}"
            with contextlib.suppress(OSError), open_below(self._folder, path) as file:
                os.utime(self._folder / path)  # the least recently used are dropped first
                return Rendition(file.read(), mime)
        rendition = render()
        if not rendition.storable:
            return rendition
        name = next(n for n, m in MIME.items() if m == rendition.mime)
        # With a full disk the image is returned all the same.
        with contextlib.suppress(OSError):
            write_atomically(self._folder / digest[:2] / f"{digest}.{name}", rendition.content)
            self._written += 1
            if self._written % _SWEEP_EVERY == 1:
                self.sweep()
        return rendition

    def sweep(self) -> None:
        """Drop the least recently used files above the limit, down to four fifths of it."""
        stored: list[tuple[float, int, Path]] = []
        for path in self._folder.glob("*/*"):
            with contextlib.suppress(OSError):
                status = path.stat()
                stored.append((status.st_mtime, status.st_size, path))
        total = sum(size for _, size, _ in stored)
        if total <= self._limit:
            return
        for _, size, path in sorted(stored):
            with contextlib.suppress(OSError):
                path.unlink()
            total -= size
            if total <= self._limit * 4 // 5:
                return

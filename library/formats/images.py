"""Images: decoding to an upright RGB or RGBA picture in sRGB; `resizing` makes the smaller ones.

One decoder of Pillow is tried per type of file. Foreign bytes are decoded in a confined worker
only; what the library has made itself (thumbnails) is decoded anywhere.
"""

from __future__ import annotations

import io
import logging
import struct
import warnings
import zlib
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Final

from PIL import Image, ImageFile, ImageOps, UnidentifiedImageError

from library.errors import LibraryError
from library.formats import exif, file_types, truncated
from library.formats.colours import in_srgb, is_blank

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any, BinaryIO


MAX_PIXELS: Final = 100_000_000  # 400 MB as RGBA; a 10,000 x 10,000 painting
MAX_BYTES: Final = 512 * 1024 * 1024  # of an encoded picture
_MAX_FRAMES: Final = 100  # that are looked at for one that is not blank
_PARTIAL: Final = "{}; it is shown as far as it goes"
_JPEG: Final = b"\xff\xd8"
_XMP: Final = ("xmp", "XML:com.adobe.xmp")
_PAGES: Final = frozenset({"TIFF"})  # formats whose frames are pages
_TURNED: Final = frozenset({"JXL"})  # formats whose decoders turn the picture
_SUBFILE: Final = 0x00FE  # tag of a TIFF's page

# The size is checked after opening, with a message of its own.
warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)
# A damaged EXIF block is ignored; whether the picture is damaged, decoding shows.
warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")

# Everything that is logged is raised as well; without a handler, Python would print it.
logging.getLogger("PIL").addHandler(logging.NullHandler())

# MIME type -> Pillow's decoders for it, each with the name of its module. Without EPS (which runs
# Ghostscript), WMF, and rare formats.
_DECODERS: Final = {
    "image/png": {"PNG": "Png"},
    "image/jpeg": {"JPEG": "Jpeg", "MPO": "Mpo"},
    "image/gif": {"GIF": "Gif"},
    "image/webp": {"WEBP": "WebP"},
    "image/avif": {"AVIF": "Avif"},
    "image/heic": {"HEIF": "", "AVIF": "Avif"},  # some AVIF files state the brand of both
    "image/tiff": {"TIFF": "Tiff"},
    "image/bmp": {"BMP": "Bmp", "DIB": "Bmp"},
    "image/jp2": {"JPEG2000": "Jpeg2K"},
    "image/qoi": {"QOI": "Qoi"},
    "image/vnd-ms.dds": {"DDS": "Dds"},
    "image/vnd.microsoft.icon": {"ICO": "Ico"},
    "image/icns": {"ICNS": "Icns"},
    "image/x-tga": {"TGA": "Tga"},
    "image/vnd.zbrush.pcx": {"PCX": "Pcx"},
    "image/x-portable-pixmap": {"PPM": "Ppm"},
    "image/x-portable-graymap": {"PPM": "Ppm"},
    "image/x-portable-bitmap": {"PPM": "Ppm"},
    "image/x-xpixmap": {"XPM": "Xpm"},
    "image/jxl": {"JXL": ""},
}

# What Pillow's decoders raise for damaged files.
_BROKEN = (OSError, ValueError, SyntaxError, EOFError, IndexError, KeyError, TypeError,
           AttributeError, ArithmeticError, MemoryError, NotImplementedError, AssertionError,
           RuntimeError, UserWarning, struct.error, zlib.error)  # fmt: skip


class BadImage(LibraryError, ValueError):
    """The bytes are not a picture that can be decoded; the text says why."""


def too_many_pixels(most: int = MAX_PIXELS) -> BadImage:
    """Return the error of a picture of more than `most` pixels."""
    return BadImage(f"unpacks to more than {most // 10**6} million pixels")


def open_picture(source: bytes | BinaryIO, mime: str | None = None) -> Image.Image:
    """Return the picture, not yet decoded, its size checked. `mime`: None tries all decoders.

    Raises BadImage, and OSError when the file cannot be read.
    """
    file = io.BytesIO(source) if isinstance(source, bytes) else source
    size = file.seek(0, io.SEEK_END)
    file.seek(0)
    if not size:
        raise BadImage("is empty")
    if size > MAX_BYTES:
        raise BadImage(f"is larger than {MAX_BYTES // 1024**2} MB")
    try:
        image = Image.open(file, formats=_decoders(mime))
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise too_many_pixels() from error
    except UnidentifiedImageError as error:
        raise BadImage(_unidentified(file)) from error
    except _BROKEN as error:
        raise BadImage(f"is broken: {_reason(error)}") from error
    if image.width * image.height > MAX_PIXELS:
        raise too_many_pixels()
    return image


def _decoders(mime: str | None) -> list[str]:
    """Return the names of the decoders, and load only these."""
    modules = {} if mime is not None else {k: v for d in _DECODERS.values() for k, v in d.items()}
    modules |= _DECODERS.get(mime or "", {})
    for name, module in modules.items():
        if module:
            import_module(f"PIL.{module}ImagePlugin")
        elif name not in Image.OPEN:
            _PLUGINS[name]()
    return [name for name in modules if name in Image.OPEN]


def _register_heif() -> None:
    with suppress(ImportError):
        import pillow_heif

        pillow_heif.register_heif_opener()


def _register_jxl() -> None:
    with suppress(ImportError):
        import pillow_jxl  # noqa: F401 - it registers itself


_PLUGINS: Final = {"HEIF": _register_heif, "JXL": _register_jxl}


def _unidentified(file: BinaryIO) -> str:
    file.seek(0)
    kind = file_types.recognise(file.read(file_types.HEAD), "")
    if kind is not None and (missing := file_types.missing_extra(kind.mime)):
        return missing.needed
    return "is not a picture of a known format"


def _reason(error: BaseException) -> str:
    return " ".join(str(error).split())[:120] or type(error).__name__


@dataclass(frozen=True, slots=True)
class Picture:
    """A decoded picture and what else its reader has found."""

    image: Image.Image  # upright RGB or RGBA; may be smaller than the file's
    size: tuple[int, int] | None  # width and height as shown, if the file states them
    frames: int = 1
    damage: str | None = None  # what is missing of a picture that is shown all the same
    opened: Image.Image | None = None  # as Pillow has opened it, with its metadata
    markup: str | None = None  # of an SVG, without anything that leads out of it


def decode(source: bytes | BinaryIO, mime: str | None = None) -> Image.Image:
    """Return the picture as RGB or RGBA, rotated as its EXIF states; see `read`.

    Raises BadImage, and OSError when the file cannot be read.
    """
    return read(source, mime).image


def read(source: bytes | BinaryIO, mime: str | None = None, side: int | None = None) -> Picture:
    """Return the picture of a file; of an animation, the first frame that is not blank.

    A file that ends too early is shown as far as it goes. A JPEG may be returned smaller, with at
    least `side` pixels on its longer side. Raises BadImage, and OSError when the file cannot be
    read.
    """
    filled = truncated.padded(source)
    source = source if filled is None else filled
    broken = None
    try:
        opened = open_picture(source, mime)
    except BadImage:  # a part beside the pixels may be broken, which browsers pass over
        lenient = _salvaged(source, mime)
        if lenient is None or lenient.getbbox() is None:
            raise
        opened, broken = lenient, _PARTIAL.format("has a part that cannot be read")
    whole = opened.size
    frames = frame_count(opened)
    if side is not None:
        opened.draft(None, (side, side))
    reduced = opened.size != whole
    try:
        image, damage = _upright(opened), truncated.missing(opened.format, source) or broken
        if filled is not None:
            damage = _PARTIAL.format("ends too early")
    except BadImage as error:
        salvaged = _salvaged(source, mime)
        if salvaged is None:
            raise
        reason = "ends too early" if "truncated" in str(error) else str(error)
        opened, damage = salvaged, _PARTIAL.format(reason)
        image = _upright(opened)
        if is_blank(image):  # nothing was decoded
            raise
    if filled is not None and is_blank(image):
        raise BadImage("is broken: it ends too early")
    if frames > 1 and damage is None:
        image = _first_shown(image, opened, frames)
    on_its_side = opened.format not in _TURNED and exif.orientation(opened) in exif.ON_THEIR_SIDE
    size = (whole[::-1] if on_its_side else whole) if reduced else image.size
    return Picture(image, size, frames, damage, opened)


def _upright(image: Image.Image) -> Image.Image:
    """Return an opened picture, decoded, as RGB or RGBA and rotated. Raises BadImage."""
    try:
        with _without_xmp(image):
            image.load()
        with _without_xmp(image):
            turned = exif.orientation(image) != 1 and image.format not in _TURNED
            return in_srgb(ImageOps.exif_transpose(image) if turned else image)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise too_many_pixels() from error
    except _BROKEN as error:
        raise BadImage(f"is broken: {_reason(error)}") from error


@contextmanager
def _without_xmp(image: Image.Image) -> Iterator[None]:
    """Hide XMP, whose orientation Pillow would apply: browsers apply that of EXIF alone."""
    hidden: dict[str | tuple[int, int], Any] = {}
    hidden |= {name: image.info.pop(name) for name in _XMP if name in image.info}
    try:
        yield
    finally:
        image.info |= hidden


def _salvaged(source: bytes | BinaryIO, mime: str | None) -> Image.Image | None:
    """Return a picture whose file ends too early, decoded as far as it goes; None without any."""
    if not isinstance(source, bytes):
        source.seek(0)
        source = source.read(MAX_BYTES)
    if source.startswith(_JPEG):
        source = truncated.closed(source)
    ImageFile.LOAD_TRUNCATED_IMAGES = True
    try:
        image = open_picture(source, mime)
        with _without_xmp(image):
            image.load()
    except (BadImage, *_BROKEN):
        return None
    finally:
        ImageFile.LOAD_TRUNCATED_IMAGES = False
    return image


def _first_shown(image: Image.Image, opened: Image.Image, frames: int) -> Image.Image:
    """Return the first frame that shows something: an animation may begin with an empty one."""
    first = int(bool(getattr(opened, "default_image", False)))  # of an APNG, for other programs
    is_pages = opened.format in _PAGES
    if not (first or (_is_reduced(opened) if is_pages else is_blank(image))):
        return image
    most = min(frames, _MAX_FRAMES, 1 + MAX_PIXELS // max(1, opened.width * opened.height))
    with suppress(*_BROKEN, BadImage):
        for number in range(first, most):
            opened.seek(number)
            if is_pages and _is_reduced(opened):
                continue
            if opened.width * opened.height > MAX_PIXELS:
                break
            frame = _upright(opened)
            if is_pages or not is_blank(frame):
                return frame
    return image


def _is_reduced(page: Image.Image) -> bool:
    """Return whether a page is a smaller version of another one."""
    with suppress(Exception):
        return bool(page.getexif().get(_SUBFILE, 0) & 1)
    return False


def frame_count(image: Image.Image) -> int:
    """Return the number of frames of an opened picture; 1 if one of them is damaged."""
    try:
        return int(getattr(image, "n_frames", 1))
    except _BROKEN:
        with suppress(*_BROKEN):
            image.seek(0)
        return 1

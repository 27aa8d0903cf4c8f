"""What a picture states: XMP, IPTC, EXIF, comments, and the texts of a PNG, joined."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from library.formats.metadata import dates, iptc, xmp
from library.formats.metadata.exif_tags import Tags
from library.formats.metadata.stated import Stated
from library.formats.metadata.text import clean, decoded, relabelled

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

    from PIL import Image

# Formats whose packets Pillow does not return; XMP is plain text in them.
_SCANNED: Final = frozenset({"GIF", "PSD", "JPEG2000", "DDS", "ICO", "BMP", "TGA"})
_EXTENSION: Final = b"http://ns.adobe.com/xmp/extension/\0"
_EXTENSION_HEAD: Final = len(_EXTENSION) + 40
# The texts of a PNG, by their names in lower case.
_MAX_TEXTS: Final = 200
_TITLES: Final = frozenset({"title", "document", "label"})
_CAPTIONS: Final = frozenset({"description", "comment", "caption", "subject", "disclaimer"})
_NOTES: Final = {"author": "author", "artist": "author", "creator": "author",
                 "copyright": "copyright", "source": "source", "warning": "warning"}  # fmt: skip
_KEYWORDS: Final = frozenset({"keywords", "tags", "keyword"})
_LICENCES: Final = frozenset({"license", "licence", "license_url", "usage terms"})
_CREATED: Final = ("creation time", "creationtime", "date:create", "create-date", "date")


def read(image: Image.Image, file: BinaryIO) -> dict[str, Any]:
    """Return fields of Document, and `dates`, of a decoded picture. Never raises.

    XMP counts more than IPTC, and IPTC more than EXIF and comments.
    """
    found = Stated()
    for part in (_xmp, _photoshop, _tags, _comments, _png):
        # A block that cannot be understood costs only itself; damaged ones raise all kinds.
        try:
            for stated in part(image, file):
                found.add(stated)
        except Exception:  # noqa: BLE001, S112 - see above
            continue
    return found.fields()


def _xmp(image: Image.Image, file: BinaryIO) -> Iterator[Stated]:
    for packet in (
        image.info.get("xmp"),
        image.info.get("XML:com.adobe.xmp"),
        _raw_profile(image, "xmp"),
        xmp.scan(file) if image.format in _SCANNED else None,
        _extended(image),
    ):
        if packet:
            try:
                raw = (
                    packet.encode("utf-8", "replace") if isinstance(packet, str) else bytes(packet)
                )
                yield xmp.read(raw)
            except ValueError:
                continue


def _extended(image: Image.Image) -> bytes:
    """Return the part of XMP that did not fit into one segment of a JPEG, in its order."""
    parts: dict[int, bytes] = {}
    for name, segment in getattr(image, "applist", ()):
        if name == "APP1" and segment.startswith(_EXTENSION):
            offset = int.from_bytes(segment[_EXTENSION_HEAD - 4 : _EXTENSION_HEAD], "big")
            parts.setdefault(offset, segment[_EXTENSION_HEAD:])
            if len(parts) >= xmp.MAX_BYTES // 1024:
                break
    return b"".join(parts[offset] for offset in sorted(parts))[: xmp.MAX_BYTES]


def _photoshop(image: Image.Image, file: BinaryIO) -> Iterator[Stated]:
    blocks = [iptc.in_jpeg(image)]
    blocks += [data for number, _, data in getattr(image, "resources", ()) if number == 0x0404]
    if image.format == "TIFF":
        plain, photoshop, _ = Tags(file).blocks()
        blocks += [plain, iptc.in_photoshop(photoshop)]
    profile = _raw_profile(image, "iptc") or _raw_profile(image, "8bim")
    blocks.append(iptc.in_photoshop(profile) or profile)
    for block in blocks:
        if isinstance(block, bytes) and block:
            yield iptc.read(block)


def _tags(image: Image.Image, file: BinaryIO) -> Iterator[Stated]:
    raw = image.info.get("exif") or _raw_profile(image, "exif") or _raw_profile(image, "APP1")
    if image.format == "TIFF":
        yield Tags(file).stated()
    elif raw:
        yield Tags.of(raw).stated()


def _raw_profile(image: Image.Image, name: str) -> bytes:
    """Return a block that ImageMagick stores as hexadecimal digits in a text of a PNG."""
    text = image.info.get(f"Raw profile type {name}")
    if not isinstance(text, str):
        return b""
    try:
        return bytes.fromhex("".join(text.split("\n")[3:]))
    except ValueError:
        return b""


def _comments(image: Image.Image, _file: BinaryIO) -> Iterator[Stated]:
    found = Stated()
    comments = [data for name, data in getattr(image, "applist", ()) if name == "COM"]
    for comment in comments[:_MAX_TEXTS] or [image.info.get("comment", b"")]:
        text = decoded(comment) if isinstance(comment, bytes) else clean(str(comment))
        found.caption(text)
    yield found


def _png(image: Image.Image, _file: BinaryIO) -> Iterator[Stated]:
    found = Stated()
    if image.format != "PNG":
        return
    texts = {
        name.lower(): relabelled(text)
        for name, text in list(image.info.items())[:_MAX_TEXTS]
        if isinstance(name, str) and isinstance(text, str)
    }
    for name, text in texts.items():
        if name in _TITLES:
            found.title(text)
        elif name in _CAPTIONS:
            found.caption(text)
        elif name in _KEYWORDS:
            found.keywords([text], also=",")
        elif name in _LICENCES:
            found.licence(text)
        elif name in _NOTES:
            found.note(_NOTES[name], text)
    for name in _CREATED:
        if name in texts and found.date("tags", dates.parse(texts[name])):
            break
    yield found

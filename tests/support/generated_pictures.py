"""Pictures with the texts of image generators in PNG texts, EXIF, XMP and comments."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from PIL import Image, PngImagePlugin

from library.formats.generation import parameters
from tests.support import sample_files

if TYPE_CHECKING:
    from collections.abc import Mapping

COMMENT = 0x9286
CAMERA = 0x8769


def opened(content: bytes) -> Image.Image:
    """Return a decoded picture, as the indexer has it."""
    image = Image.open(io.BytesIO(content))
    image.load()
    return image


def read(content: bytes) -> dict[str, Any]:
    """Return the fields that are read from the content of a file."""
    return parameters.read(opened(content))


def with_texts(texts: Mapping[str, str]) -> bytes:
    """Return a PNG with these texts."""
    info = PngImagePlugin.PngInfo()
    for name, text in texts.items():
        info.add_itxt(name, text)
    return sample_files.encoded(sample_files.picture(), pnginfo=info)


def with_comment(comment: object, kind: str = "JPEG", *, beside: bool = False) -> bytes:
    """Return a picture with UserComment in the block of the camera, or `beside` it."""
    exif = Image.Exif()
    (exif if beside else exif.get_ifd(CAMERA))[COMMENT] = comment
    return sample_files.encoded(sample_files.picture(), kind, exif=exif.tobytes())


def wide(text: str, encoding: str = "utf-16-be") -> bytes:
    """Return a text as UserComment in UTF-16."""
    return b"UNICODE\0" + text.encode(encoding)


def with_tags(tags: Mapping[int, Any], kind: str = "JPEG") -> bytes:
    """Return a picture with these tags of EXIF."""
    exif = Image.Exif()
    for tag, value in tags.items():
        exif[tag] = value
    return sample_files.encoded(sample_files.picture(), kind, exif=exif.tobytes())


def xmp(inside: str, attributes: str = "") -> str:
    """Return a packet of XMP with these properties."""
    return (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF '
        'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" '
        'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:exif="http://ns.adobe.com/exif/1.0/" '
        'xmlns:xmp="http://ns.adobe.com/xap/1.0/" '
        'xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/" '
        'xmlns:iptcExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" '
        f"{attributes}>{inside}</rdf:Description></rdf:RDF></x:xmpmeta>"
    )


def with_xmp(packet: str, kind: str = "PNG") -> bytes:
    """Return a picture with a packet of XMP."""
    if kind == "PNG":
        return with_texts({"XML:com.adobe.xmp": packet})
    return sample_files.encoded(sample_files.picture(), kind, xmp=packet.encode())

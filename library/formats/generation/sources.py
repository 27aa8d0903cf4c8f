"""The named texts of a picture: PNG texts, EXIF, XMP, comments, or bits of its pixels."""

from __future__ import annotations

import json
import re
import zlib
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from library.formats import stealth_png
from library.formats.generation import exif_texts, provenance, settings
from library.formats.generation.comfyui import places
from library.formats.generation.fields import MAX_SOURCE, MAX_TEXT
from library.formats.generation.values import json_object
from library.formats.metadata import iptc, xmp
from library.formats.metadata.text import decoded

if TYPE_CHECKING:
    from collections.abc import Mapping

    from PIL import Image

_LOSSLESS: Final = frozenset({"PNG", "WEBP"})  # formats that preserve the lowest bits
_WRAPPING: Final = frozenset(
    {"Comment", "invokeai_metadata", "sd-metadata", "parameters", "workflow", "generation_data"}
)
_XMP: Final = {  # property -> name
    "exif:UserComment": "xmp:UserComment",
    "dc:description": "xmp:description",
    "dc:title": "xmp:title",
    "xmp:CreatorTool": "xmp:CreatorTool",
    "photoshop:Credit": "xmp:Credit",
    "Iptc4xmpExt:DigitalSourceType": "xmp:DigitalSourceType",
    "Iptc4xmpExt:AISystemUsed": "xmp:AISystemUsed",
    "Iptc4xmpExt:AIPromptInformation": "xmp:AIPromptInformation",
}
_MAX_NAMES: Final = 500
# Names of texts that are read as what a picture states by itself, or that describe the file.
_ELSEWHERE: Final = frozenset(
    {"title", "document", "label", "description", "comment", "caption", "subject", "disclaimer",
     "author", "artist", "creator", "copyright", "license", "licence", "license_url", "usage terms",
     "source", "warning", "keywords", "tags", "keyword", "date", "software", "make", "model",
     "imagedescription", "usercomment", "xptitle", "xpcomment",
     "xpkeywords", "xpsubject", "create-date", "creationtime", "creation time", "timestamp",
     "modify-date", "compression", "version"}
)  # fmt: skip
_TECHNICAL: Final = re.compile(
    r"(?:date|exif|png|jpeg|icc|tiff|xmp|iptc|c2pa|thumb|svg):|Raw profile |EXIF "
)


def named_texts(image: Image.Image) -> dict[str, str]:
    """Return the texts of a decoded picture by name. Never raises."""
    texts: dict[str, str] = {}
    for key, value in list(image.info.items())[:_MAX_NAMES]:
        if isinstance(key, str) and isinstance(value, (str, bytes)):
            if isinstance(value, str):
                texts[key] = _utf8(value[:MAX_SOURCE])
            elif key == "comment":  # of JPEG and GIF
                texts[key] = decoded(value[:MAX_TEXT])
    stored = {**places.read(image, MAX_SOURCE), **exif_texts.read(image, MAX_SOURCE)}
    texts = {**stored, **texts}
    with suppress(Exception):
        plainly = texts.pop("XML:com.adobe.xmp", "")
        packet = image.info.get("xmp") or plainly
        raw = packet.encode("utf-8", "replace") if isinstance(packet, str) else bytes(packet)
        properties = xmp.properties(raw)
        texts |= {_XMP[name]: properties[name][0][1] for name in _XMP.keys() & properties.keys()}
    with suppress(Exception):
        texts |= _iptc(image)
    with suppress(Exception):
        texts |= provenance.c2pa_texts(_manifest(image))
    return texts


def _utf8(text: str) -> str:
    """Return a text of a PNG, which should be Latin-1, as UTF-8 where it is that."""
    if text.isascii():
        return text
    try:
        return text.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return text


def hidden_texts(image: Image.Image) -> dict[str, str]:
    """Return the texts in the lowest bits of a decoded picture by name. Never raises."""
    if image.format in _LOSSLESS:
        with suppress(ValueError, zlib.error, AttributeError, RecursionError):
            return stealth_png.read(image, MAX_TEXT)
    return {}


def _iptc(image: Image.Image) -> dict[str, str]:
    """Return credit and caption of the IPTC block of a JPEG."""
    block = iptc.in_jpeg(image)
    if not block:
        return {}
    stated = iptc.read(block)
    found = {
        "iptc:Credit": stated.other.get("credit"),
        "iptc:description": "\n".join(stated.captions),
    }
    return {name: text for name, text in found.items() if text}


def _manifest(image: Image.Image) -> bytes:
    """Return the bytes of a C2PA manifest in a PNG or JPEG, at most `MAX_TEXT`."""
    chunks: list[Any] = [*getattr(image, "private_chunks", ()), *getattr(image, "applist", ())]
    kept = [chunk[1] for chunk in chunks[:1000] if chunk[0] in {b"caBX", "APP11"}]
    return b"".join(kept)[:MAX_TEXT]


def unwrapped(texts: Mapping[str, str]) -> dict[str, str]:
    """Return texts with those that programs have gathered in one JSON object, as for JPEG."""
    found = {"parameters" if name == "Parameters" else name: text for name, text in texts.items()}
    for name in ("UserComment", "ImageDescription", "comment", "parameters"):
        document = json_object(texts.get(name, "")) if texts.get(name, "").startswith("{") else {}
        prompt = document.get("prompt")
        if document.keys() & _WRAPPING or isinstance(prompt, dict):
            for key, value in list(document.items())[:_MAX_NAMES]:
                with suppress(RecursionError):
                    text = value if isinstance(value, str) else json.dumps(value)
                    found.setdefault(key, text)
                    if key == "parameters" and name == key:
                        found[key] = text
    return found


def unread(texts: Mapping[str, str], fields: Mapping[str, Any]) -> str:
    """Return what is in the texts of a picture beyond these fields, for the search.

    Objects are left out where a maker has been understood, whose reader has returned the rest.
    """
    prompt = fields.get("prompt")
    rest: list[Any] = []
    for name, text in texts.items():
        is_object = text.lstrip().startswith(("{", "["))
        if is_object and not prompt and "class_type" not in text:  # of a graph of ComfyUI
            rest.append(json_object(text) or text)
        elif not (
            is_object
            or name.lower() in _ELSEWHERE
            or _TECHNICAL.match(name)
            or (prompt and prompt[:100] in text)
        ):
            rest.append(text)
    return settings.unread(rest)

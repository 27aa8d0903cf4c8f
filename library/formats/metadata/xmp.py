"""XMP: keywords, texts, rating, label and dates of a packet, which is parsed in one pass."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final
from xml.etree import ElementTree as ET

from library.formats.metadata import dates
from library.formats.metadata.stated import MAX_TEXT, Stated, stars
from library.formats.metadata.text import as_xml, clean, decoded

if TYPE_CHECKING:
    from datetime import datetime
    from typing import BinaryIO

MAX_BYTES: Final = 4 * 1024 * 1024
_MAX_DEPTH: Final = 100  # elements within each other
_MAX_VALUES: Final = 5_000
_SCANNED: Final = 4 * 1024 * 1024  # bytes at both ends of a file in which a packet is looked for
_RDF: Final = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_RESOURCE: Final = f"{{{_RDF}}}resource"
_LANGUAGE: Final = "{http://www.w3.org/XML/1998/namespace}lang"
_STRUCTURE: Final = (_RDF, "adobe:ns:meta/")
_PREFIXES: Final = {
    "http://purl.org/dc/elements/1.1/": "dc",
    "http://ns.adobe.com/xap/1.0/": "xmp",
    "http://ns.adobe.com/xap/1.0/rights/": "xmpRights",
    "http://creativecommons.org/ns#": "cc",
    "http://web.resource.org/cc/": "cc",
    "http://purl.org/dc/terms/": "dcterms",
    "http://ns.adobe.com/photoshop/1.0/": "photoshop",
    "http://ns.adobe.com/lightroom/1.0/": "lr",
    "http://ns.adobe.com/exif/1.0/": "exif",
    "http://ns.adobe.com/tiff/1.0/": "tiff",
    "http://ns.adobe.com/pdf/1.3/": "pdf",
    "http://ns.adobe.com/xmp/1.0/DynamicMedia/": "xmpDM",
    "http://www.digikam.org/ns/1.0/": "digiKam",
    "http://ns.microsoft.com/photo/1.0": "MicrosoftPhoto",
    "http://ns.microsoft.com/photo/1.0/": "MicrosoftPhoto",
    "http://www.metadataworkinggroup.com/schemas/keywords/": "mwg-kw",
    "http://www.metadataworkinggroup.com/schemas/regions/": "mwg-rs",
    "http://ns.microsoft.com/photo/1.2/t/Region#": "MPReg",
    "http://ns.iview-multimedia.com/mediapro/1.0/": "mediapro",
    "http://ns.acdsee.com/iptc/1.0/": "acdsee",
    "http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/": "Iptc4xmpCore",
    "http://iptc.org/std/Iptc4xmpExt/2008-02-29/": "Iptc4xmpExt",
}
_TITLES: Final = ("dc:title", "xmpDM:shotName", "acdsee:title")
_CAPTIONS: Final = (
    "dc:description", "acdsee:caption", "acdsee:notes", "tiff:ImageDescription", "exif:UserComment",
    "Iptc4xmpCore:AltTextAccessibility", "Iptc4xmpCore:ExtDescrAccessibility", "xmpDM:logComment",
)  # fmt: skip
# Keywords, and the characters that separate the levels of a hierarchy in them.
_KEYWORDS: Final = {
    "dc:subject": "|",
    "lr:hierarchicalSubject": "|",
    "digiKam:TagsList": "/",
    "MicrosoftPhoto:LastKeywordXMP": "/",
    "MicrosoftPhoto:LastKeywordIPTC": "/",
    "mediapro:CatalogSets": "|",
    "mwg-kw:Keyword": "",
    "acdsee:keywords": "|",
    "pdf:Keywords": ",",
    "Iptc4xmpExt:PersonInImage": "",
    "mwg-rs:Name": "",
    "MPReg:PersonDisplayName": "",
}
_NOTES: Final = {
    "dc:creator": "author",
    "tiff:Artist": "author",
    "acdsee:author": "author",
    "dc:rights": "copyright",
    "tiff:Copyright": "copyright",
    "photoshop:Headline": "headline",
    "photoshop:Credit": "credit",
    "photoshop:Source": "source",
    "photoshop:Instructions": "instructions",
    "Iptc4xmpCore:Location": "location",
    "photoshop:City": "location",
    "photoshop:State": "location",
    "photoshop:Country": "location",
    "xmp:Label": "label",
    "xmpDM:artist": "artist",
    "xmpDM:album": "album",
    "xmpDM:genre": "genre",
}
# An address is the text of the property or the resource that it names.
_LICENCES: Final = ("cc:license", "dcterms:license", "xmpRights:UsageTerms",
                    "xmpRights:WebStatement")  # fmt: skip
# Read by `formats.generation`.
_OF_GENERATORS: Final = (
    "xmp:CreatorTool", "Iptc4xmpExt:DigitalSourceType", "Iptc4xmpExt:AISystemUsed",
    "Iptc4xmpExt:AIPromptInformation",
)  # fmt: skip
_DATES: Final = (
    "exif:DateTimeOriginal", "photoshop:DateCreated", "xmp:CreateDate", "exif:DateTimeDigitized",
    "xmpDM:shotDate", "acdsee:datetime", "tiff:DateTime", "dc:date",
)  # fmt: skip
# Properties that count wherever they are nested; the others only at the top of a packet.
_ANYWHERE: Final = frozenset({"mwg-kw:Keyword", "mwg-rs:Name", "MPReg:PersonDisplayName"})
_KNOWN: Final = frozenset(
    {*_TITLES, *_CAPTIONS, *_KEYWORDS, *_NOTES, *_DATES, "xmp:Rating", "MicrosoftPhoto:Rating",
     "acdsee:rating", "acdsee:categories", *_LICENCES, *_OF_GENERATORS}
)  # fmt: skip


def read(raw: bytes) -> Stated:
    """Return what a packet states. Raises ValueError when it is none.

    Of a packet that is broken off, what comes before is returned.
    """
    return _stated(properties(raw))


@lru_cache(maxsize=1)  # a picture's packet is read for what it states and for its generation
def properties(raw: bytes) -> dict[str, list[tuple[str, str]]]:
    """Return the known properties of a packet: name -> languages and texts. Raises ValueError."""
    if len(raw) > MAX_BYTES:
        raise ValueError(f"is larger than {MAX_BYTES // 1024**2} MB")
    text = _as_text(raw)
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise ValueError("is no XMP: it has declarations")
    start = re.search(r"<(\w{1,20}:xmpmeta|\w{1,20}:RDF)[\s>]", text)
    if start is None:
        raise ValueError("is no XMP")
    end = text.rfind(f"</{start[1]}>")
    end = len(text) if end < start.start() else end + len(start[1]) + 3
    target = _Properties()
    parser = ET.XMLParser(target=target)  # noqa: S314 - no declarations, see above
    try:
        parser.feed(as_xml(text[start.start() : end]))
        parser.close()
    except ET.ParseError as error:
        if not target.values:
            raise ValueError("is broken XMP") from error
    return target.values


def scan(file: BinaryIO) -> bytes | None:
    """Return the packet that is somewhere in a file as plain text, as XMP is made to be found."""
    size = file.seek(0, 2)
    for position in dict.fromkeys((0, max(0, size - _SCANNED))):
        file.seek(position)
        content = file.read(_SCANNED)
        start = content.find(b"<x:xmpmeta")
        end = content.find(b"</x:xmpmeta>", start)
        if 0 <= start < end:
            return content[start : end + 12]
    return None


def _as_text(raw: bytes) -> str:
    """Return a packet as text, whatever its encoding; broken characters are replaced."""
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in raw[:200]:
        return decoded(raw)
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return decoded(raw)


class _Properties:
    """The target of the XML parser: name of a property -> its values, each with a language."""

    def __init__(self) -> None:
        self.values: dict[str, list[tuple[str, str]]] = {}
        self._path: list[tuple[str, str, list[str]]] = []  # property, language, texts
        self._count = 0

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """Note an element and the properties in its attributes."""
        if len(self._path) >= _MAX_DEPTH:
            raise ValueError("is nested too deeply")
        within = self._path[-1][0] if self._path else ""
        name = _name(tag, within)
        self._path.append((name, attributes.get(_LANGUAGE, ""), []))
        for key, value in attributes.items():
            if key == _RESOURCE and name in _LICENCES:
                self._add(name, "", value)
            elif key[:1] == "{" and key != _LANGUAGE and (found := _name(key, name)) != name:
                self._add(found, "", value)

    def data(self, text: str) -> None:
        """Note the text of an element."""
        if self._path:
            self._path[-1][2].append(text)

    def end(self, _tag: str) -> None:
        """Note the end of an element."""
        name, language, texts = self._path.pop()
        if texts:
            self._add(name, language, "".join(texts))

    def close(self) -> None:
        """End the packet."""

    def _add(self, name: str, language: str, text: str) -> None:
        if name not in _KNOWN or self._count >= _MAX_VALUES:
            return
        if text := clean(text)[:MAX_TEXT]:
            self._count += 1
            self.values.setdefault(name, []).append((language.lower(), text))


def _name(tag: str, within: str) -> str:
    """Return the property of an element or attribute; those of RDF belong to what is around them.

    A property within a structure is "-", unless it counts anywhere.
    """
    uri, _, local = tag[1:].rpartition("}")
    if uri in _STRUCTURE or not uri:
        return within
    name = f"{_PREFIXES.get(uri, '')}:{local}"
    return name if not within or name in _ANYWHERE else "-"


def _stated(values: dict[str, list[tuple[str, str]]]) -> Stated:
    found = Stated()
    for name in _TITLES:
        found.title(_in_one_language(values.get(name, [])))
    for name in _CAPTIONS:
        found.caption(_in_one_language(values.get(name, [])))
    for name in (*_TITLES, *_CAPTIONS):
        for _, text in values.get(name, [])[:20]:
            if text not in (*found.titles, *found.captions):
                found.note("translations", text)
    for name, separator in _KEYWORDS.items():
        texts = [text for _, text in values.get(name, []) if not text.startswith("darktable|")]
        found.keywords(texts, also=separator)
    found.keywords(_assigned(" ".join(text for _, text in values.get("acdsee:categories", []))))
    for name, field in _NOTES.items():
        if name == "dc:rights":
            found.note(field, _in_one_language(values.get(name, [])))
            continue
        for _, text in values.get(name, [])[:20]:
            found.note(field, text)
    for name in _LICENCES:
        found.licence(_in_one_language(values.get(name, [])))
    found.note("rating", _rating(values))
    found.date("xmp", _date(values))
    return found


def _date(values: dict[str, list[tuple[str, str]]]) -> datetime | None:
    first = (text for name in _DATES for _, text in values.get(name, [])[:1])
    return next(filter(None, map(dates.parse, first)), None)


def _in_one_language(texts: list[tuple[str, str]]) -> str:
    """Return the text in the default language, else in English, else the first."""
    if not texts:
        return ""

    def rank(item: tuple[str, str]) -> int:
        language = item[0]
        if language in {"", "x-default"}:
            return 0
        return 1 if language.partition("-")[0] == "en" else 2

    return min(texts, key=rank)[1]


def _assigned(text: str) -> list[str]:
    """Return the categories that ACDSee marks as assigned, from its XML within XML."""
    return [
        name
        for mark, name in re.findall(r'<Category Assigned="([01])">([^<]{0,200})', text[:MAX_TEXT])
        if mark == "1" or name
    ]


def _rating(values: dict[str, list[tuple[str, str]]]) -> int | None:
    for name in ("xmp:Rating", "acdsee:rating", "MicrosoftPhoto:Rating"):
        for _, text in values.get(name, []):
            rating = stars(text, percent=name == "MicrosoftPhoto:Rating")
            if rating is not None:
                return rating
    return None


def fields(raw: bytes) -> dict[str, Any]:
    """Return fields of Document that a packet states. Raises ValueError when it is none."""
    return read(raw).fields()

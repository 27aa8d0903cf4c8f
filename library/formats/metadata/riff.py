"""Texts in the chunks of WAV, AVI and AIFF: INFO, `bext` of broadcasters, `iXML` of recorders."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal
from xml.etree import ElementTree as ET

from library.formats.metadata import dates, tags, xmp
from library.formats.metadata.stated import Stated
from library.formats.metadata.text import as_xml, decoded, decoded_all

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

_MAX_CHUNKS: Final = 2_000
_MAX_BYTES: Final = 1024 * 1024  # of a chunk of text
_MAX_DEPTH: Final = 50
_LISTS: Final = frozenset({b"INFO", b"hdrl", b"adtl"})
_TEXTS: Final = {
    b"INAM": "title", b"ICMT": "comment", b"ISBJ": "subject", b"IKEY": "keywords",
    b"IART": "artist", b"IPRD": "album", b"IGNR": "genre", b"ICOP": "copyright",
    b"ICRD": "date", b"IDIT": "date", b"IENG": "engineer", b"IMUS": "composer", b"IPRO": "author",
    b"ISRC": "source", b"TITL": "title", b"IWRI": "author",
    b"labl": "labels", b"note": "labels",
    # AIFF
    b"NAME": "title", b"AUTH": "artist", b"(c) ": "copyright", b"ANNO": "comment",
}  # fmt: skip
_IXML: Final = {
    "DESCRIPTION": "description", "BEXT_DESCRIPTION": "description", "NOTE": "comment",
    "NOTES": "comment", "KEYWORDS": "keywords", "CATEGORY": "category",
    "CATEGORYFULL": "categoryfull", "SUBCATEGORY": "subcategory", "TITLE": "title",
    "FXNAME": "title", "TRACKTITLE": "title", "SCENE": "scene", "PROJECT": "project",
    "TAPE": "tape", "LIBRARY": "library", "LOCATION": "location", "LOCATION_NAME": "location",
    "ARTIST": "artist", "DESIGNER": "author", "MICROPHONE": "microphone", "SHOW": "show",
}  # fmt: skip


def read(file: BinaryIO) -> Stated:
    """Return what the chunks state. Damaged ones are passed over."""
    found = Stated()
    texts: dict[str, bytes] = {}
    names: dict[str, str] = {}
    for number, (name, content) in enumerate(_chunks(file)):
        if name == b"bext":
            found.add(_bext(content))
        elif name in {b"iXML", b"IXML"}:
            found.add(_ixml(content))
        elif name in {b"_PMX", b"XMP "}:
            try:
                found.add(xmp.read(content))
            except ValueError:
                continue
        elif name in _TEXTS:
            raw = content[4:] if name in {b"labl", b"note"} else content
            texts[f"{number}"], names[f"{number}"] = raw.rstrip(b"\0"), _TEXTS[name]
    joined: dict[str, list[str]] = {}
    for key, text in decoded_all(texts).items():
        joined.setdefault(names[key], []).append(text)
    found.add(tags.stated(joined))
    return found


def _chunks(file: BinaryIO) -> Iterator[tuple[bytes, bytes]]:
    """Yield the chunks that may contain text, those of lists as well."""
    size = file.seek(0, 2)
    file.seek(0)
    order: Literal["little", "big"] = "big" if file.read(12)[:4] == b"FORM" else "little"
    position = 12
    for _ in range(_MAX_CHUNKS):
        file.seek(position)
        head = file.read(8)
        if len(head) < 8 or position >= size:
            return
        name, length = head[:4], int.from_bytes(head[4:], order)
        position += 8
        if name == b"LIST" and file.read(4) in _LISTS:
            position += 4
            continue
        if name in _TEXTS or name in {b"bext", b"iXML", b"IXML", b"_PMX", b"XMP "}:
            file.seek(position)
            yield name, file.read(min(length, _MAX_BYTES))
        position += length + length % 2


def _bext(content: bytes) -> Stated:
    """Return what the Broadcast Audio Extension states: description, originator, date, time."""
    raw = {"description": content[:256], "originator": content[256:288]}
    found = tags.stated(
        {name: [text] for name, text in decoded_all(_ended(raw)).items()}, "container"
    )
    day, clock = (decoded(part.rstrip(b"\0")) for part in (content[320:330], content[330:338]))
    clock = clock.replace("-", ":").replace(".", ":").replace("_", ":")
    found.date("container", dates.parse(f"{day} {clock}") or dates.parse(day))
    return found


def _ended(texts: dict[str, bytes]) -> dict[str, bytes]:
    return {name: raw.partition(b"\0")[0] for name, raw in texts.items()}


def _ixml(content: bytes) -> Stated:
    """Return what the XML of a recorder or of a sound library states."""
    text = decoded(content)
    start = text.find("<BWFXML")
    if start < 0 or "<!DOCTYPE" in text or "<!ENTITY" in text:
        return Stated()
    target = _Leaves()
    parser = ET.XMLParser(target=target)  # noqa: S314 - no declarations, see above
    try:
        parser.feed(as_xml(text[start:]))
        parser.close()
    except (ET.ParseError, ValueError):
        pass  # what comes before the damage counts
    return tags.stated(target.values, "container")


class _Leaves:
    """The target of the XML parser: the texts of the elements that are known."""

    def __init__(self) -> None:
        self.values: dict[str, list[str]] = {}
        self._path: list[list[str]] = []

    def start(self, _tag: str, _attributes: dict[str, str]) -> None:
        """Note an element."""
        if len(self._path) >= _MAX_DEPTH:
            raise ValueError("is nested too deeply")
        self._path.append([])

    def data(self, text: str) -> None:
        """Note the text of an element."""
        if self._path:
            self._path[-1].append(text)

    def end(self, tag: str) -> None:
        """Note the end of an element."""
        name = _IXML.get(tag.rpartition("}")[2].upper())
        text = "".join(self._path.pop()).strip()
        if name and text and len(self.values.setdefault(name, [])) < 20:
            self.values[name].append(text)

    def close(self) -> None:
        """End the document."""

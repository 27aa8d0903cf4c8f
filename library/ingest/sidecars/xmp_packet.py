"""Changing a packet of XMP: some properties are set, and all others stay as they are written.

The packet is parsed as XML, changed in place and written again with its own prefixes, comments
and order. A packet that is no well-formed XML is refused, so that nothing in it is lost.
"""

from __future__ import annotations

import re
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE
from typing import TYPE_CHECKING, Any, Final
from xml.dom import Node
from xml.dom.minidom import parseString
from xml.parsers.expat import ExpatError

from library.schema.fields import folded

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from xml.dom.minidom import Document, Element

MAX_BYTES: Final = 4 * 1024 * 1024
_MAX_DEPTH: Final = 100  # elements within each other
_RDF: Final = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_XMLNS: Final = "http://www.w3.org/2000/xmlns/"
_XML: Final = "http://www.w3.org/XML/1998/namespace"
_SPACES: Final = {
    "dc": "http://purl.org/dc/elements/1.1/",
    "xmp": "http://ns.adobe.com/xap/1.0/",
    "digiKam": "http://www.digikam.org/ns/1.0/",
    "lr": "http://ns.adobe.com/lightroom/1.0/",
}
_EMPTY: Final = (
    '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n'
    f'<x:xmpmeta xmlns:x="adobe:ns:meta/">\n <rdf:RDF xmlns:rdf="{_RDF}">\n'
    '  <rdf:Description rdf:about=""/>\n </rdf:RDF>\n</x:xmpmeta>\n<?xpacket end="w"?>\n'
)
_SUBJECT: Final = "dc:subject"
# Further lists of keywords: a removed tag is removed from them too; digiKam reads its own first.
_LISTS: Final = (_SUBJECT, "digiKam:TagsList", "lr:hierarchicalSubject")
TEXTS: Final = ("dc:title", "dc:description")  # in several languages; the default one is set
_ENCODINGS: Final = (
    (BOM_UTF8, "utf-8", BOM_UTF8),
    (BOM_UTF16_LE, "utf-16-le", BOM_UTF16_LE),
    (BOM_UTF16_BE, "utf-16-be", BOM_UTF16_BE),
    (b"", "utf-8", b""),
)
_NOT_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class Packet:
    """A packet that is changed; a new one without `raw`. Raises ValueError for a broken one."""

    def __init__(self, raw: bytes | None = None) -> None:
        raw = _EMPTY.encode() if raw is None else raw
        if len(raw) > MAX_BYTES:
            raise ValueError(f"is larger than {MAX_BYTES // 1024**2} MB")
        self._mark, self._encoding, text = _decoded(raw)
        if "<!DOCTYPE" in text or "<!ENTITY" in text:
            raise ValueError("has declarations")
        start = re.search(r"<(\w{1,20}:xmpmeta|\w{1,20}:RDF)[\s>]", text)
        end = text.rfind(f"</{start[1]}>") if start else -1
        if start is None or end < start.start():
            raise ValueError("is no whole XMP")
        end += len(start[1]) + 3
        self._before, self._after = text[: start.start()], text[end:]
        try:
            self._document: Document = parseString(text[start.start() : end])  # noqa: S318 - no declarations
        except (ExpatError, ValueError) as error:
            raise ValueError("is no well-formed XML") from error
        root: Any = self._document.documentElement
        if _depth(root) > _MAX_DEPTH:
            raise ValueError("is nested too deeply")
        is_rdf = (root.namespaceURI, root.localName) == (_RDF, "RDF")
        found = [root] if is_rdf else list(_elements(root, _RDF, "RDF"))
        if not found:
            raise ValueError("has no RDF")
        self._rdf: Element = found[0]
        self._parts = [part for rdf in found for part in _elements(rdf, _RDF, "Description")]
        self._as_read = self.content()
        if not self._parts:
            self._parts = [self._new(self._rdf, _RDF, "rdf:Description")]

    def value(self, name: str) -> str | None:
        """Return a property as a text; of one in several languages, the default one."""
        uri, local = _split(name)
        for part in self._parts:
            if part.hasAttributeNS(uri, local):
                return str(part.getAttributeNS(uri, local))
            for element in _elements(part, uri, local):
                listed = list(_elements(element, _RDF, "li", deep=True))
                return _text(_default(listed) or listed[0] if listed else element)
        return None

    def set_value(self, name: str, value: str | None) -> None:
        """Set a property that is a text; None removes it."""
        if name in TEXTS and value is not None:
            self._set_default(name, value)
            return
        place = self._remove(name)
        if value is not None:
            uri, local = _split(name)
            place.setAttributeNS(uri, f"{self._prefix(place, name)}:{local}", _clean(value))

    def keywords(self) -> list[str]:
        """Return the keywords of `dc:subject`."""
        return [_text(item) for item in self._items(_SUBJECT)]

    def has_keywords(self) -> bool:
        """Return whether there is a `dc:subject`."""
        return self.value(_SUBJECT) is not None

    def set_keywords(self, changes: Mapping[str, str | None]) -> None:
        """Add and remove keywords, by their folded forms; None removes one."""
        changes = {folded(_clean(key)): tag for key, tag in changes.items()}
        for name in _LISTS:
            known = set()
            for item in self._items(name):
                key = folded(_text(item))
                known.add(key)
                if key in changes and changes[key] is None and item.parentNode:
                    item.parentNode.removeChild(item)
            new = [tag for key, tag in changes.items() if tag is not None and key not in known]
            if new and (name == _SUBJECT or (known and name == "digiKam:TagsList")):
                self._append(name, new)

    @property
    def is_changed(self) -> bool:
        """Whether anything was changed; the order of attributes may be another one."""
        return self.content() != self._as_read

    def content(self) -> bytes:
        """Return the packet as bytes, in the encoding in which it was."""
        written = "".join(_written(self._document.documentElement))
        text = f"{self._before}{written}{self._after}"
        return self._mark + text.encode(self._encoding)

    # Elements.

    def _items(self, name: str) -> list[Element]:
        uri, local = _split(name)
        found = [each for part in self._parts for each in _elements(part, uri, local)]
        return [item for each in found for item in _elements(each, _RDF, "li", deep=True)]

    def _append(self, name: str, texts: Iterable[str]) -> None:
        items = self._items(name)
        container: Any = items[-1].parentNode if items else self._container(name, "Bag")
        for text in texts:
            item = self._new(container, _RDF, "rdf:li")
            item.appendChild(self._document.createTextNode(_clean(text)))

    def _set_default(self, name: str, text: str) -> None:
        container: Any = next((item.parentNode for item in self._items(name)), None)
        container = container or self._container(name, "Alt")
        item = _default(_elements(container, _RDF, "li"))
        if item is None:
            item = self._new(container, _RDF, "rdf:li")
            item.setAttributeNS(_XML, "xml:lang", "x-default")
            if container.firstChild is not item:
                container.insertBefore(item, container.firstChild)
        for child in list(item.childNodes):
            item.removeChild(child)
        item.appendChild(self._document.createTextNode(_clean(text)))

    def _container(self, name: str, kind: str) -> Element:
        """Return a new list in the place of a property."""
        uri, local = _split(name)
        place = self._remove(name)
        element = self._new(place, uri, f"{self._prefix(place, name)}:{local}")
        return self._new(element, _RDF, f"rdf:{kind}")

    def _new(self, within: Any, uri: str, name: str) -> Element:
        prefix, _, local = name.partition(":")
        if uri == _RDF:
            prefix = str(self._rdf.tagName).partition(":")[0]
        element = self._document.createElementNS(uri, f"{prefix}:{local}")
        within.appendChild(element)
        return element

    def _remove(self, name: str) -> Element:
        """Remove a property; return the description that had it, else the first."""
        uri, local = _split(name)
        place = None
        for part in self._parts:
            if part.hasAttributeNS(uri, local):
                part.removeAttributeNS(uri, local)
                place = place or part
            for element in list(_elements(part, uri, local)):
                part.removeChild(element)
                place = place or part
        return place or self._parts[0]

    def _prefix(self, place: Element, name: str) -> str:
        """Return the prefix of a property's namespace at a description, declared if need be."""
        uri, _ = _split(name)
        declared: dict[str, str] = {}
        node: Any = place
        while node is not None and node.nodeType == Node.ELEMENT_NODE:
            for each in (node.attributes.item(at) for at in range(node.attributes.length)):
                if each.namespaceURI == _XMLNS and each.prefix:
                    declared.setdefault(str(each.localName), each.value)
            node = node.parentNode
        for prefix, known in declared.items():
            if known == uri:
                return prefix
        wanted = name.partition(":")[0]
        free = (wanted, *(f"{wanted}{number}" for number in range(1, len(declared) + 2)))
        prefix = next(each for each in free if each not in declared)
        place.setAttributeNS(_XMLNS, f"xmlns:{prefix}", uri)
        return prefix


def _decoded(raw: bytes) -> tuple[bytes, str, str]:
    """Return the mark of a packet's encoding, the encoding, and the text. Raises ValueError."""
    mark, encoding, kept = next(each for each in _ENCODINGS if raw.startswith(each[0]))
    try:
        return kept, encoding, raw[len(mark) :].decode(encoding)
    except UnicodeDecodeError as error:
        raise ValueError("is neither UTF-8 nor UTF-16") from error


def _split(name: str) -> tuple[str, str]:
    prefix, _, local = name.partition(":")
    return _SPACES[prefix], local


def _elements(within: Any, uri: str, local: str, *, deep: bool = False) -> Iterator[Element]:
    if deep:
        yield from list(within.getElementsByTagNameNS(uri, local))
        return
    for child in within.childNodes:
        if child.nodeType == Node.ELEMENT_NODE and (child.namespaceURI, child.localName) == (
            uri,
            local,
        ):
            yield child


def _default(items: Iterable[Element]) -> Element | None:
    return next((i for i in items if i.getAttributeNS(_XML, "lang").lower() == "x-default"), None)


def _text(element: Any) -> str:
    kinds = (Node.TEXT_NODE, Node.CDATA_SECTION_NODE)
    return "".join(child.data for child in element.childNodes if child.nodeType in kinds).strip()


def _clean(text: str) -> str:
    """Return a text with the characters replaced that XML cannot contain."""
    return _NOT_XML.sub("\ufffd", text)


def _depth(node: Any) -> int:
    """Return how many elements are within each other."""
    deepest, level = 0, [node]
    while level and deepest <= _MAX_DEPTH:
        deepest += 1
        level = [c for each in level for c in each.childNodes if c.nodeType == Node.ELEMENT_NODE]
    return deepest


def _written(node: Any) -> Iterator[str]:
    """Yield the parts of a node as XML. Python's own writer loses line breaks in attributes."""
    if node.nodeType == Node.ELEMENT_NODE:
        yield f"<{node.tagName}"
        for each in (node.attributes.item(at) for at in range(node.attributes.length)):
            yield f' {each.name}="{_escaped(each.value, _IN_ATTRIBUTE)}"'
        if not node.childNodes:
            yield "/>"
            return
        yield ">"
        for child in node.childNodes:
            yield from _written(child)
        yield f"</{node.tagName}>"
    elif node.nodeType == Node.CDATA_SECTION_NODE:
        yield f"<![CDATA[{node.data}]]>"
    elif node.nodeType == Node.TEXT_NODE:
        yield _escaped(node.data, _IN_TEXT)
    elif node.nodeType == Node.COMMENT_NODE:
        yield f"<!--{node.data}-->"
    elif node.nodeType == Node.PROCESSING_INSTRUCTION_NODE:
        yield f"<?{node.target} {node.data}?>"


_IN_TEXT: Final = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#13;"}
_IN_ATTRIBUTE: Final = {**_IN_TEXT, '"': "&quot;", "\n": "&#10;", "\t": "&#9;"}


def _escaped(text: str, characters: Mapping[str, str]) -> str:
    return "".join(characters.get(character, character) for character in text)

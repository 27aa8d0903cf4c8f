"""What an SVG states: title, descriptions, the texts that are drawn, RDF of Inkscape, XMP."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final
from xml.etree import ElementTree as ET

from library.formats.metadata import dates, xmp
from library.formats.metadata.stated import MAX_TEXT, Stated
from library.formats.metadata.text import clean, one_line

if TYPE_CHECKING:
    from collections.abc import Callable

_MAX_TEXTS: Final = 2_000
_DUBLIN: Final = "{http://purl.org/dc/elements/1.1/}"
_RDF: Final = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
_RESOURCE: Final = f"{_RDF}resource"
_LICENCES: Final = frozenset({"{http://creativecommons.org/ns#}license",
                              "{http://web.resource.org/cc/}license"})  # fmt: skip
_XMP: Final = "{adobe:ns:meta/}xmpmeta"
_LABELS: Final = ("aria-label", "{http://www.inkscape.org/namespaces/inkscape}label")
_SVG: Final = frozenset({"title", "desc", "text"})
_AGENTS: Final = {"creator": "author", "contributor": "author", "rights": "copyright",
                  "publisher": "publisher"}  # fmt: skip


def read(markup: str) -> dict[str, Any]:
    """Return fields of Document, and `dates`, of an SVG without entities. Never raises."""
    target = _Texts()
    parser = ET.XMLParser(target=target)  # noqa: S314 - its reader has removed declarations
    with suppress(ET.ParseError, ValueError, LookupError):  # what comes before counts
        parser.feed(markup)
        parser.close()
    found = target.stated
    if "xmpmeta" in markup:
        start, end = markup.find("<x:xmpmeta"), markup.find("</x:xmpmeta>")
        with suppress(ValueError):
            found.add(xmp.read(markup[start : end + 12].encode("utf-8", "replace")))
    fields = found.fields()
    drawn = "\n".join(dict.fromkeys(text for text in target.drawn if text))[:MAX_TEXT]
    return {**fields, "text": drawn} if drawn else fields


class _Texts:
    """The target of the XML parser. Text belongs to the innermost element that is read."""

    def __init__(self) -> None:
        self.stated = Stated()
        self.drawn: list[str] = []
        self._path: list[str] = []
        self._open: list[tuple[str, int, list[str]]] = []  # name, depth, texts
        self._count = 0

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """Note an element and its labels."""
        self._path.append(tag)
        uri, _, local = tag.rpartition("}")
        is_drawn = local in _SVG and uri in {"", "{http://www.w3.org/2000/svg"}
        is_dublin = tag.startswith(_DUBLIN) or (tag == f"{_RDF}li" and self._within("subject"))
        is_dublin = is_dublin and _XMP not in self._path
        if self._count < _MAX_TEXTS and (is_dublin or is_drawn):
            self._count += 1
            self._open.append((tag if is_dublin else local, len(self._path), []))
        if tag in _LICENCES:
            self.stated.licence(clean(attributes.get(_RESOURCE, "")[:2000]))
        for name in _LABELS:
            if text := attributes.get(name):
                self.stated.note("labels", clean(text[:200]))

    def data(self, text: str) -> None:
        """Note a text."""
        if self._open:
            self._open[-1][2].append(text)

    def end(self, _tag: str) -> None:
        """Note the end of an element."""
        if self._open and self._open[-1][1] == len(self._path):
            name, depth, texts = self._open.pop()
            self._add(name, depth, one_line(clean("".join(texts)[:MAX_TEXT]), MAX_TEXT))
        self._path.pop()

    def close(self) -> None:
        """End the document."""

    def _within(self, local: str) -> bool:
        return f"{_DUBLIN}{local}" in self._path

    def _add(self, name: str, depth: int, text: str) -> None:
        if not text:
            return
        if name == "text":
            self.drawn.append(text)
        elif name == "title" and depth > 2:  # of a part
            self.stated.caption(text)
        elif name in {f"{_RDF}li", f"{_DUBLIN}subject"}:
            self.stated.keywords([text], also=",")
        else:
            agent = next((note for part, note in _AGENTS.items() if self._within(part)), None)
            if agent is not None:
                self.stated.note(agent, text)
            else:
                self._plain(name.rpartition("}")[2], text)

    def _plain(self, local: str, text: str) -> None:
        adders: dict[str, Callable[[str], object]] = {
            "title": self.stated.title,
            "desc": self.stated.caption,
            "description": self.stated.caption,
            "date": lambda date: self.stated.date("tags", dates.parse(date)),
        }
        if local in adders:
            adders[local](text)

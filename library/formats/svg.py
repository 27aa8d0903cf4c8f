"""SVG: its size, and a picture of it.

The text is parsed once, with limits on size, depth and number of elements, and written again
without what leads out of the file (links, imports, style sheets). resvg draws what remains, in a
confined worker, since an SVG is a program: deep nesting overflows resvg's stack, and a filter of a
few letters takes hours.
"""

from __future__ import annotations

import codecs
import re
import zlib
from html import escape
from typing import TYPE_CHECKING, Final
from xml.parsers import expat

from library.formats.images import BadImage, Picture, decode

if TYPE_CHECKING:
    from typing import BinaryIO

    from PIL import Image

GZIP: Final = b"\x1f\x8b"
_MAX_BYTES: Final = 8 * 1024 * 1024
_MAX_ELEMENTS: Final = 200_000
_MAX_DEPTH: Final = 200  # resvg needs about 30 kB of stack for each
_MAX_OF: Final = {"use": 5_000, "filter": 64}  # each may multiply what is drawn
_MAX_TEXT: Final = 4_000  # characters of a text element; resvg's layout of it is quadratic
_SIDE: Final = 512
_MAX_SIDE: Final = 100_000  # pixels of width or height
_LINKS: Final = frozenset({"href", "src", "base"})
_DPI: Final = 96  # CSS pixels of an inch
_UNITS: Final = {"": 1, "px": 1, "pt": _DPI / 72, "pc": _DPI / 6, "in": _DPI, "mm": _DPI / 25.4,
                 "cm": _DPI / 2.54, "q": _DPI / 101.6, "rem": 16}  # fmt: skip
_OF_FONT: Final = {"em": 1, "ex": 0.5, "ch": 0.5}
_EM: Final = 16.0  # pixels
_DEFAULT: Final = (300.0, 150.0)  # pixels: what browsers take where one of the two is missing
_LENGTH: Final = re.compile(
    r"\s*(\+?(?:\d{1,9}(?:\.\d{0,12})?|\.\d{1,12})(?:[eE][-+]?\d{1,2})?)\s*([a-zA-Z]{0,3})\s*"
)
_MAX_ENTITIES: Final = 64  # declared; Illustrator names its namespaces so
_MAX_ENTITY: Final = 200  # characters
_ENCODING: Final = re.compile(rb"<\?xml[^>]{0,100}?encoding=[\"']([A-Za-z0-9._-]{1,40})[\"']")
_ENCODINGS: Final = ("utf", "iso-8859", "iso8859", "latin", "windows-125", "cp125", "us-ascii",
                     "koi8", "shift_jis", "euc-", "gb", "big5")  # fmt: skip


def read(file: BinaryIO, _mime: str) -> Picture:
    """Return the picture of an SVG, at most 512 pixels. Raises BadImage."""
    markup, size = _markup(file)
    return Picture(_drawn(markup, size), size, markup=markup)


def render(file: BinaryIO) -> tuple[Image.Image, tuple[int, int] | None]:
    """Return the picture, at most 512 pixels, and the size that the file states, if it does.

    Raises BadImage, and OSError when the file cannot be read.
    """
    markup, size = _markup(file)
    return _drawn(markup, size), size


def _markup(file: BinaryIO) -> tuple[str, tuple[int, int] | None]:
    raw = file.read(_MAX_BYTES + 1)
    return cleaned(_unpacked(raw) if raw.startswith(GZIP) else raw)


def _drawn(text: str, size: tuple[int, int] | None) -> Image.Image:
    wide = size is None or size[0] >= size[1]
    side = _SIDE if size is None else min(_SIDE, max(size))
    import resvg_py

    try:
        png = resvg_py.svg_to_bytes(
            svg_string=text, width=side if wide else None, height=None if wide else side, dpi=_DPI
        )
    except (ValueError, RuntimeError) as error:
        raise BadImage(f"is broken: {' '.join(str(error).split())[:120]}") from error
    return decode(bytes(png), "image/png")


def cleaned(raw: bytes) -> tuple[str, tuple[int, int] | None]:
    """Return the SVG without anything that leads out of it, and its size. Raises BadImage."""
    if len(raw) > _MAX_BYTES:
        raise BadImage(f"is an SVG larger than {_MAX_BYTES // 1024**2} MB")
    text = _decoded(raw)
    cleaner = _Cleaner()
    parser = expat.ParserCreate("utf-8")
    parser.buffer_text = True
    parser.buffer_size = max(1, len(raw))  # the text of an element arrives as a whole
    parser.ordered_attributes = True
    parser.StartElementHandler = cleaner.start
    parser.EndElementHandler = cleaner.end
    parser.CharacterDataHandler = cleaner.text
    parser.EntityDeclHandler = cleaner.entity
    try:
        parser.Parse(text.encode("utf-8", "replace"), True)
    except expat.ExpatError as error:
        raise BadImage(f"is broken: {error}") from error
    size = cleaner.size and (max(1, round(cleaner.size[0])), max(1, round(cleaner.size[1])))
    return "".join(cleaner.parts), size


def _unpacked(raw: bytes) -> bytes:
    """Return the content of an .svgz, at most one byte more than an SVG may have."""
    try:
        return zlib.decompressobj(zlib.MAX_WBITS | 16).decompress(raw, _MAX_BYTES + 1)
    except zlib.error as error:
        raise BadImage(f"is broken: {error}") from error


def _decoded(raw: bytes) -> str:
    """Return the text in the encoding that its first bytes or its declaration name."""
    declared = _ENCODING.match(raw[:200].removeprefix(codecs.BOM_UTF8))
    encoding = declared[1].decode("ascii").lower() if declared else "utf-8"
    if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encoding = "utf-16"
    elif raw.startswith(codecs.BOM_UTF8) or encoding.startswith("utf-8"):
        encoding = "utf-8-sig"
    if not encoding.startswith(_ENCODINGS):
        raise BadImage(f"is an SVG in the encoding {encoding}, which is not supported")
    try:
        return raw.decode(encoding)
    except LookupError as error:
        raise BadImage(f"is an SVG in the encoding {encoding}, which is not known") from error
    except UnicodeDecodeError as error:
        raise BadImage(f"is an SVG that is not in its encoding, {error.encoding}") from error


class _Cleaner:
    """The handlers of the parser: `parts` becomes the text that is drawn."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        self.size: tuple[float, float] | None = None
        self._depth = self._elements = self._entities = self._length = 0
        self._texts = 0  # open text elements
        self._text_left = 0
        self._counts = dict.fromkeys(_MAX_OF, 0)

    def start(self, name: str, attributes: list[str]) -> None:
        values = dict(zip(attributes[::2], attributes[1::2], strict=True))
        if not self._elements:
            self.size = stated_size(values)
            values = _sized(values, self.size)
        self._depth += 1
        self._elements += 1
        local = name.rpartition(":")[2]
        if local in self._counts:
            self._counts[local] += 1
            if self._counts[local] > _MAX_OF[local]:
                raise BadImage("is an SVG with too many references or filters to be drawn")
        if local == "text":
            self._texts += 1
            self._text_left = _MAX_TEXT if self._texts == 1 else self._text_left
        if self._depth > _MAX_DEPTH:
            raise BadImage("is an SVG that is nested too deeply")
        if self._elements > _MAX_ELEMENTS:
            raise BadImage("is an SVG with too many elements")
        inner = (f' {key}="{escape(_inner(key, value))}"' for key, value in values.items())
        self._add(f"<{name}", *inner, ">")

    def end(self, name: str) -> None:
        self._depth -= 1
        self._texts -= name.rpartition(":")[2] == "text"
        self._add(f"</{name}>")

    def text(self, text: str) -> None:
        if self._texts:
            text = text[: self._text_left]
            self._text_left -= len(text)
        self._add(escape(_without_links(text), quote=False))

    def entity(self, name: str, is_parameter: bool, value: str | None, *_: object) -> None:
        """Accept a short text without entities; expat puts it in its places."""
        self._entities += 1
        plain = value is not None and len(value) <= _MAX_ENTITY and not set("&%<") & set(value)
        if is_parameter or not plain or self._entities > _MAX_ENTITIES:
            raise BadImage(f"is an SVG with the entity {name[:40]}, which is not expanded")

    def _add(self, *parts: str) -> None:
        self._length += sum(map(len, parts))
        if self._length > 4 * _MAX_BYTES:
            raise BadImage("is an SVG that unpacks to too much text")
        self.parts += parts


def _sized(root: dict[str, str], size: tuple[float, float] | None) -> dict[str, str]:
    """Return the attributes of the root with which it is drawn in this size."""
    others = {name: value for name, value in root.items() if name not in {"width", "height"}}
    if size is None:  # resvg draws the box around all that there is
        return others
    return others | {"width": f"{size[0]:.6g}", "height": f"{size[1]:.6g}"}


def _inner(name: str, value: str) -> str:
    """Return an attribute's value, or nothing when it is a link out of the file."""
    if name.rpartition(":")[2].lower() in _LINKS:
        return value if value.startswith(("#", "data:")) else ""
    return _without_links(value)


def _without_links(text: str) -> str:
    """Return a text of CSS with `none` for each link out of the file, and without imports."""
    lower = text.lower()
    if "url(" not in lower and "@import" not in lower:
        return text
    parts: list[str] = []
    position = 0
    for start in _STARTS.finditer(text):
        if start.start() < position:
            continue
        ending = ";" if start[0][0] == "@" else ")"
        target = text[start.end() : start.end() + 8].lstrip("\"'").lower()
        if ending == ")" and target.startswith(("#", "data:")):
            continue
        end = text.find(ending, start.end())
        end = len(text) if end < 0 else end + 1
        parts += (text[position : start.start()], "none" if ending == ")" else "")
        position = end
        if end == len(text):
            break
    return "".join([*parts, text[position:]])


_STARTS: Final = re.compile(r"url\(\s{0,64}|@import", re.IGNORECASE)


_STYLED: Final = re.compile(
    r"(?:^|;)\s{0,20}(width|height|font-size)\s{0,20}:([^;!]*)", re.IGNORECASE
)


def stated_size(root: dict[str, str]) -> tuple[float, float] | None:
    """Return width and height in CSS pixels of the root's style, its attributes, or its viewBox.

    A length that depends on the page (`100%`, `auto`, `50vw`) counts as missing, as does zero.
    """
    styled = {name: value.strip() for name, value in _STYLED.findall(root.get("style", "")[:2000])}
    root = root | {name.lower(): value for name, value in styled.items()}
    em = _length(root.get("font-size", ""), _EM) or _EM
    width, height = (_length(root.get(name, ""), em) for name in ("width", "height"))
    if (width is None or height is None) and (box := _box(root.get("viewBox", ""))):
        if width:
            height = _bounded(width * box[1] / box[0])
        elif height:
            width = _bounded(height * box[0] / box[1])
        else:
            width, height = box
    if width or height:
        return width or _DEFAULT[0], height or _DEFAULT[1]
    return None


def _box(text: str) -> tuple[float, float] | None:
    numbers = text[:200].replace(",", " ").split()
    if len(numbers) != 4:
        return None
    try:
        width, height = (_bounded(float(number)) for number in numbers[2:])
    except ValueError:
        return None
    return (width, height) if width and height else None


def _length(text: str, em: float) -> float | None:
    match = _LENGTH.fullmatch(text) if len(text) < 100 else None
    if match is None:
        return None
    unit = match[2].lower()
    times = _UNITS.get(unit) or em * _OF_FONT.get(unit, 0)
    return _bounded(float(match[1]) * times)


def _bounded(length: float) -> float | None:
    return length if 0 < length <= _MAX_SIDE else None

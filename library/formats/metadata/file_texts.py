"""What files state whose metadata no decoder returns: raw photographs, PDF, design files."""

from __future__ import annotations

import re
from html import unescape
from typing import TYPE_CHECKING, Any, Final

from library.formats.design import previews
from library.formats.metadata import dates, xmp
from library.formats.metadata.exif_tags import Tags
from library.formats.metadata.stated import Stated
from library.formats.metadata.text import clean, decoded

if TYPE_CHECKING:
    from typing import BinaryIO

# Types whose picture, which is within them, does not state what they do.
PREVIEWED: Final = frozenset({"application/x-krita", "application/postscript"})
_SCANNED: Final = 2 * 1024 * 1024  # bytes at both ends of a PDF
_INFO: Final = re.compile(rb"/Info\s{1,9}(\d{1,9})\s{1,9}(\d{1,5})\s{1,9}R")
_ENTRY: Final = re.compile(
    rb"/(Title|Subject|Author|Keywords|CreationDate)\s{0,9}"
    rb"(?:\(((?:[^\\()]|\\.|\((?:[^\\()]|\\.)*\)){0,4000})\)|<([0-9A-Fa-f\s]{0,8000})>)",
    re.DOTALL,
)
_KRITA: Final = re.compile(
    r"<(title|abstract|subject|keyword|full-name|creator|creation-date|license)>"
    r"(?:\s{0,99}+<!\[CDATA\[([^\]]{0,9999}+)\]\]>|([^<]{0,9999}+)</)"
)
_ESCAPED: Final = re.compile(rb"\\([0-7]{1,3}|.)", re.DOTALL)
_PLAIN: Final = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"", b"f": b""}
_PDF_DATE: Final = re.compile(r"D:(\d{4,14})(?:([-+Z])(\d\d)?'?(\d\d)?)?.*", re.DOTALL)


def read(file: BinaryIO) -> dict[str, Any]:
    """Return fields of Document, and `dates`. Never raises."""
    found = Stated()
    for part in (_xmp, _exif, _pdf, _postscript, _krita):
        # What cannot be understood costs only itself; damaged files raise all kinds.
        try:
            found.add(part(file))
        except Exception:  # noqa: BLE001, S112 - see above
            continue
    return found.fields()


def _xmp(file: BinaryIO) -> Stated:
    packet = xmp.scan(file)
    return Stated() if packet is None else xmp.read(packet)


def _exif(file: BinaryIO) -> Stated:
    """Return the EXIF of raw photographs, which begin like a TIFF."""
    return Tags(file).stated()


def _pdf(file: BinaryIO) -> Stated:
    """Return the entries of the information dictionary that the trailer of a PDF names."""
    found = Stated()
    size = file.seek(0, 2)
    file.seek(0)
    content = file.read(_SCANNED)
    if not content.startswith(b"%PDF-"):
        return found
    if size > _SCANNED:
        file.seek(max(_SCANNED, size - _SCANNED))
        content += file.read(_SCANNED)
    named = _INFO.search(content)
    if named is None:
        return found
    start = re.search(rb"\b%s\s{1,9}%s\s{1,9}obj" % (named[1], named[2]), content)
    if start is None:
        return found
    entries = content[start.end() : start.end() + 20_000].partition(b"endobj")[0]
    texts = {name.decode(): _text(plain, digits) for name, plain, digits in _ENTRY.findall(entries)}
    found.title(texts.get("Title", ""))
    found.caption(texts.get("Subject", ""))
    found.keywords([texts.get("Keywords", "")], also=",")
    found.note("author", texts.get("Author"))
    found.date("tags", _date(texts.get("CreationDate", "")))
    return found


def _postscript(file: BinaryIO) -> Stated:
    """Return the title in the comments of an EPS, also one with a preview, and of old .ai files."""
    found = Stated()
    file.seek(0)
    head = file.read(32)
    start = int.from_bytes(head[4:8], "little") if head.startswith(b"\xc5\xd0\xd3\xc6") else 0
    file.seek(start)
    comments = file.read(4096)
    title = re.search(rb"[\r\n]%%Title:[ \t]*([^\r\n]{1,500})", comments)
    if comments.startswith(b"%!PS") and title is not None:
        plain = title[1].strip()
        text = _text(plain.removeprefix(b"(").removesuffix(b")"), b"")
        found.title(re.sub(r"\.(?:eps|ai|ps)$", "", text, flags=re.IGNORECASE))
    return found


def _krita(file: BinaryIO) -> Stated:
    """Return what the information about a document of Krita states, by its author."""
    found = Stated()
    file.seek(0)
    if file.read(2) != b"PK":
        return found
    with previews.open_zip(file) as archive:
        for content in previews.members(archive, ["documentinfo.xml"]):
            texts: dict[str, str] = {}
            for name, marked, plain in _KRITA.findall(
                content[:_SCANNED].decode("utf-8", "replace")
            ):
                texts.setdefault(name, clean(marked or unescape(plain)))
            if texts.get("title") != "Unnamed":
                found.title(texts.get("title", ""))
            found.caption(texts.get("abstract", ""))
            found.caption(texts.get("subject", ""))
            found.keywords([texts.get("keyword", "")], also=",")
            found.note("author", texts.get("full-name") or texts.get("creator"))
            found.licence(texts.get("license", ""))
            found.date("tags", dates.parse(texts.get("creation-date", "")))
    return found


def _text(plain: bytes, digits: bytes) -> str:
    if digits:
        return decoded(bytes.fromhex(digits[: len(digits) // 2 * 2].decode("ascii")))

    def unescaped(match: re.Match[bytes]) -> bytes:
        code = match[1]
        return bytes([int(code, 8) & 255]) if code.isdigit() else _PLAIN.get(code, code)

    return decoded(_ESCAPED.sub(unescaped, plain))


def _date(text: str) -> Any:
    """Return a date such as `D:20190624135733+02'00'`."""
    match = _PDF_DATE.fullmatch(text)
    if match is None:
        return None
    digits = match[1].ljust(8, "0") if len(match[1]) > 8 else match[1]
    day, clock = digits[:8], digits[8:]
    offset = f"{match[2]}{match[3]}:{match[4] or '00'}" if match[3] else ""
    return dates.parse(f"{day} {clock.ljust(6, '0')}" if clock else day, offset)

"""The tags of an EXIF block or a TIFF, read one by one: a damaged tag costs only itself.

Pillow stops reading a block at its first damaged tag.
"""

from __future__ import annotations

import io
import struct
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from library.formats.metadata import dates
from library.formats.metadata.stated import Stated, stars
from library.formats.metadata.text import decoded, is_utf8, utf16

if TYPE_CHECKING:
    from datetime import datetime
    from typing import BinaryIO

_MAX_ENTRIES: Final = 1_000  # of a directory
_MAX_VALUE: Final = 4 * 1024 * 1024  # bytes
_MAX_ALL: Final = 16 * 1024 * 1024  # bytes of all values: many tags may name the same place
_SIZES: Final = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 13: 4, 129: 1}
_EXIF, _GPS = 0x8769, 0x8825
_COMMENT: Final = 0x9286
_TITLE, _XP_COMMENT, _AUTHOR, _KEYWORDS, _SUBJECT = range(0x9C9B, 0x9CA0)
_IPTC, _PHOTOSHOP, _XMP = 33723, 34377, 700
# The date, its offset, and the digits after its seconds.
_DATES: Final = (
    (0x9003, 0x9011, 0x9291),
    (0x9004, 0x9012, 0x9292),
    (0x0132, 0x9010, 0x9290),
)
_UNICODE, _JIS = b"UNICODE\0", b"JIS\0\0\0\0\0"
_PREFIXES: Final = frozenset({b"ASCII\0\0\0", _UNICODE, _JIS, b"\0" * 8})


class Tags:
    """The values of an EXIF block as bytes, by number, those of its directories together."""

    def __init__(self, file: BinaryIO) -> None:
        """Read the directories of a file that begins like a TIFF; what is damaged is left out."""
        self.values: dict[int, tuple[int, bytes]] = {}  # number -> type, bytes
        self.gps: dict[int, tuple[int, bytes]] = {}
        self._file, self._left = file, _MAX_ALL
        head = _at(file, 0, 8)
        self._order = "<" if head[:2] == b"II" else ">"
        if len(head) == 8 and head[:2] in {b"II", b"MM"}:
            self._directory(self._number(head[4:8]), self.values)
            for pointer, values in ((_EXIF, self.values), (_GPS, self.gps)):
                if pointer in self.values:
                    self._directory(self._number(self.values[pointer][1]), values)

    @classmethod
    def of(cls, block: object) -> Tags:
        """Read an EXIF block, behind its mark or without it; what is no bytes has no tags."""
        raw = block.removeprefix(b"Exif\0\0") if isinstance(block, bytes) else b""
        return cls(io.BytesIO(raw))

    def _directory(self, position: int, values: dict[int, tuple[int, bytes]]) -> None:
        count = min(self._number(_at(self._file, position, 2)), _MAX_ENTRIES)
        entries = _at(self._file, position + 2, count * 12)
        for start in range(0, len(entries) - 11, 12):
            tag, kind, number = struct.unpack_from(f"{self._order}HHI", entries, start)
            size = _SIZES.get(kind, 0) * number
            if not 0 < size <= _MAX_VALUE:
                continue
            value = entries[start + 8 : start + 12]
            if size > 4:
                if size > self._left:
                    continue
                self._left -= size
                value = _at(self._file, self._number(value), size)
            if len(value) >= size or kind in {2, 7, 129}:  # of a text, the rest counts as well
                values.setdefault(tag, (kind, value[:size]))

    def _number(self, raw: bytes) -> int:
        return int.from_bytes(raw[:4], "little" if self._order == "<" else "big")

    def raw(self, tag: int) -> bytes:
        """Return the bytes of a tag; none when it is missing."""
        return self.values.get(tag, (0, b""))[1]

    def text(self, tag: int) -> str:
        """Return a tag as text, whatever its encoding."""
        return decoded(self.raw(tag).rstrip(b"\0 "))

    def number(self, tag: int) -> int | None:
        """Return a tag that is a whole number."""
        kind, value = self.values.get(tag, (0, b""))
        return self._number(value[: _SIZES[kind]]) if kind in {1, 3, 4} else None

    def taken(self) -> datetime | None:
        """Return when the picture was taken: by the first of the dates that is set."""
        for date, offset, digits in _DATES:
            zone = self.text(offset) or self.text(0x9010)
            moment = dates.parse(self.text(date), zone, self.text(digits))
            if moment is not None:
                return moment
        return self._by_satellite()

    def _by_satellite(self) -> datetime | None:
        """Return the date and time that GPS gives, in UTC."""
        day = decoded(self.gps.get(0x1D, (0, b""))[1])
        kind, clock = self.gps.get(7, (0, b""))
        time = ""
        if kind in {5, 10} and len(clock) == 24:
            parts = [self._number(clock[at : at + 4]) for at in range(0, 24, 4)]
            if all(parts[1::2]):
                hour, minute, second = (parts[at] / parts[at + 1] for at in (0, 2, 4))
                time = f"{int(hour):02d}:{int(minute):02d}:{int(second):02d}"
        return dates.parse(f"{day} {time}") or dates.parse(day)

    def stated(self) -> Stated:
        """Return the texts, keywords, rating and date."""
        found = Stated()
        found.title(utf16(self.raw(_TITLE), "utf-16-le"))
        found.caption(self.text(0x010E))
        found.caption(utf16(self.raw(_SUBJECT), "utf-16-le"))
        found.caption(utf16(self.raw(_XP_COMMENT), "utf-16-le"))
        found.caption(user_comment(self.raw(_COMMENT)))
        found.keywords([utf16(self.raw(_KEYWORDS), "utf-16-le")], also=",")
        for name, text in (
            ("author", self.text(0x013B)),
            ("author", utf16(self.raw(_AUTHOR), "utf-16-le")),
            ("copyright", _copyright(self.raw(0x8298))),
        ):
            found.note(name, text)
        rating = stars(self.number(0x4746)) or stars(self.number(0x4749), percent=True)
        found.note("rating", rating or None)
        found.date("exif", self.taken())
        return found

    def blocks(self) -> tuple[bytes, bytes, bytes]:
        """Return the blocks of IPTC, Photoshop and XMP that a TIFF has as tags."""
        return self.raw(_IPTC), self.raw(_PHOTOSHOP), self.raw(_XMP)


def user_comment(raw: bytes) -> str:
    """Return the text of UserComment, whose first eight bytes should name its encoding."""
    prefix = raw[:8].upper()
    body = raw[8:] if prefix in _PREFIXES else raw
    if prefix == _JIS:
        with suppress(UnicodeDecodeError):
            return body.rstrip(b"\0").decode("iso2022_jp")
    # Some programs write UTF-8 behind the name of UTF-16.
    is_wide = prefix == _UNICODE and (b"\0" in body.rstrip(b"\0") or not is_utf8(body))
    return utf16(body) if is_wide else decoded(body)


def _copyright(raw: bytes) -> str:
    """Return the copyrights of photographer and editor, which a zero separates."""
    return "; ".join(filter(None, (decoded(part).strip() for part in raw.split(b"\0")[:2])))


def _at(file: BinaryIO, position: int, size: int) -> bytes:
    try:
        file.seek(position)
        return file.read(size)
    except (OSError, ValueError, OverflowError):
        return b""

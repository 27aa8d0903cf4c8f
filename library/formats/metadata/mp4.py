"""Texts and the date in the boxes of MP4 and QuickTime: iTunes, 3GPP, QuickTime's two kinds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from library.formats.metadata import dates, tags
from library.formats.metadata.text import decoded, utf16

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

    from library.formats.metadata.stated import Stated

_MAX_BOXES: Final = 5_000
_MAX_TEXT: Final = 200_000  # bytes
_NAMES: Final = {
    "nam": "title", "ART": "artist", "alb": "album", "gen": "genre", "cmt": "comment",
    "des": "description", "inf": "comment", "day": "date", "cpy": "copyright", "aut": "author",
    "wrt": "composer", "grp": "grouping", "lyr": "lyrics", "key": "keywords", "prf": "performer",
    "dir": "author", "swr": "software", "too": "software",
    "titl": "title", "dscp": "description", "auth": "author", "perf": "performer", "gnre": "genre",
    "cprt": "copyright", "kywd": "keywords", "desc": "description", "ldes": "synopsis",
    "keyw": "keywords", "aART": "albumartist", "tvsh": "show", "catg": "category",
}  # fmt: skip
_BETWEEN: Final = 2_082_844_800  # seconds from 1904 to 1970
_APPLE: Final = "com.apple.quicktime."
_CONTAINERS: Final = frozenset({b"moov", b"udta", b"meta", b"ilst"})


class _Reader:
    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._left = _MAX_BOXES
        self.texts: dict[str, list[str]] = {}
        self.created: list[str] = []  # dates that a camera has written
        self.header: float | None = None  # seconds since 1904
        self._keys: list[str] = []

    def boxes(self, start: int, end: int) -> Iterator[tuple[bytes, int, int]]:
        """Yield (type, start of the content, end) of the boxes between two positions."""
        while start + 8 <= end and self._left > 0:
            self._left -= 1
            self._file.seek(start)
            head = self._file.read(16)
            if len(head) < 8:
                return
            size, kind, skip = int.from_bytes(head[:4], "big"), head[4:8], 8
            if size == 1 and len(head) == 16:
                size, skip = int.from_bytes(head[8:16], "big"), 16
            elif size == 0:
                size = end - start
            if size < skip:
                return
            yield kind, start + skip, min(start + size, end)
            start += size

    def read(self, start: int, end: int, within: bytes = b"", depth: int = 0) -> None:
        """Read the boxes between two positions."""
        if within == b"meta":
            head = self._at(start, 8)
            start += 0 if head[4:8] in {b"hdlr", b"keys", b"ilst"} else 4  # QuickTime has no flags
        for kind, inner, stop in self.boxes(start, end):
            if kind == b"mvhd":
                self._movie(self._at(inner, 20))
            elif kind == b"keys":
                self._read_keys(inner, stop)
            elif kind in _CONTAINERS and depth < 6:
                self.read(inner, stop, kind, depth + 1)
            elif within == b"ilst":
                self._item(kind, inner, stop)
            elif within == b"udta":
                self._user_text(kind, self._at(inner, min(stop - inner, _MAX_TEXT)))

    def _at(self, position: int, size: int) -> bytes:
        self._file.seek(position)
        return self._file.read(size)

    def _movie(self, head: bytes) -> None:
        if len(head) >= 12:
            long = head[0] == 1
            self.header = int.from_bytes(head[4:12] if long else head[4:8], "big")

    def _read_keys(self, start: int, end: int) -> None:
        for _, inner, stop in self.boxes(start + 8, end):
            self._keys.append(self._at(inner, min(stop - inner, 200)).decode("utf-8", "replace"))

    def _item(self, kind: bytes, start: int, end: int) -> None:
        name = ""
        number = int.from_bytes(kind, "big")
        if 0 < number <= len(self._keys):
            name = self._keys[number - 1].removeprefix(_APPLE)
        for inner_kind, inner, stop in self.boxes(start, end):
            content = self._at(inner, min(stop - inner, _MAX_TEXT))
            if inner_kind == b"name" and kind == b"----":
                name = content[4:].decode("utf-8", "replace")
            elif inner_kind == b"data" and len(content) > 8:
                flag = int.from_bytes(content[:4], "big") & 0xFFFFFF
                if flag in {1, 2}:
                    text = decoded(content[8:]) if flag == 1 else utf16(content[8:], "utf-16-be")
                    self._add(name or _plain(kind), text)

    def _user_text(self, kind: bytes, content: bytes) -> None:
        if kind[:1] == b"\xa9" and len(content) > 4:  # QuickTime: length, language, text
            length = int.from_bytes(content[:2], "big")
            self._add(_plain(kind), decoded(content[4 : 4 + length]))
        elif kind.decode("latin-1") in _NAMES and len(content) > 6:  # 3GPP: flags, language, text
            text = content[6:]
            wide = text.startswith((b"\xfe\xff", b"\xff\xfe"))
            self._add(_plain(kind), utf16(text) if wide else decoded(text.partition(b"\0")[0]))

    def _add(self, name: str, text: str) -> None:
        if name in {"creationdate", "com.android.creationdate"}:
            self.created.append(text)
        elif text:
            self.texts.setdefault(_NAMES.get(name, name), []).append(text)


def _plain(kind: bytes) -> str:
    return kind.decode("latin-1").removeprefix("\xa9")


def read(file: BinaryIO) -> Stated:
    """Return what the boxes state; the date is the one of the camera, else that of the movie."""
    reader = _Reader(file)
    reader.read(0, file.seek(0, 2))
    found = tags.stated(reader.texts)
    for text in reader.created:
        found.date("container", dates.parse(text))
    if reader.header:  # some programs count from 1970 instead of 1904
        since = 1904 if reader.header >= _BETWEEN else 1970
        found.date("container", dates.of_seconds(reader.header, since))
    return found

"""The part of a video's frames that is shown: `clap` of MP4 and QuickTime, PixelCrop of Matroska.

FFmpeg reads both, but PyAV does not hand them on.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

_MAX_PARTS: Final = 5_000  # boxes or elements that are looked at
_MAX_DEPTH: Final = 8
_BOXES: Final = frozenset({b"moov", b"trak", b"mdia", b"minf", b"stbl"})
_ENTRY: Final = 78  # bytes of a video's entry in `stsd` before its boxes
_SEGMENT, _TRACKS, _TRACK, _VIDEO = 0x18538067, 0x1654AE6B, 0xAE, 0xE0
_CLUSTER: Final = 0x1F43B675  # what comes after it describes no track
_SIDES: Final = {0x54CC: "left", 0x54BB: "top", 0x54DD: "right", 0x54AA: "bottom"}


class Crop(NamedTuple):
    """Pixels that are not shown."""

    left: int = 0
    top: int = 0
    right: int = 0
    bottom: int = 0

    def size(self, width: int, height: int) -> tuple[int, int]:
        """Return the size of what is shown."""
        return width - self.left - self.right, height - self.top - self.bottom


def read(file: BinaryIO, mime: str) -> tuple[list[Crop], bool]:
    """Return what is not shown of each track of pictures, in the order of the file.

    The second value: whether a Matroska file ends too early.
    """
    end = file.seek(0, 2)
    parts = _Parts(file)
    if mime in {"video/mp4", "video/quicktime"}:
        parts.boxes(0, end)
    elif mime == "video/webm":
        parts.elements(0, end)
    file.seek(0)
    return [Crop(**sides) for sides in parts.found], parts.is_cut


class _Parts:
    def __init__(self, file: BinaryIO) -> None:
        self._file, self._left = file, _MAX_PARTS
        self.found: list[dict[str, int]] = []
        self.is_cut = False  # the file ends before its content does
        self._is_video = False

    def _at(self, start: int, size: int) -> bytes:
        self._file.seek(start)
        return self._file.read(size)

    def _walk(self, start: int, end: int) -> Iterator[tuple[bytes, int, int]]:
        while start + 8 <= end and self._left > 0:
            self._left -= 1
            head = self._at(start, 16)
            size, skip = int.from_bytes(head[:4], "big"), 8
            if size == 1:
                size, skip = int.from_bytes(head[8:16], "big"), 16
            size = size or end - start
            if size < skip:
                return
            yield head[4:8], start + skip, min(start + size, end)
            start += size

    def boxes(self, start: int, end: int, depth: int = 0) -> None:
        for kind, inner, stop in self._walk(start, end):
            if kind in _BOXES and depth < _MAX_DEPTH:
                self.boxes(inner, stop, depth + 1)
            elif kind == b"hdlr" and (handler := self._at(inner + 8, 4)) != b"alis":
                self._is_video = handler == b"vide" or (self._is_video and handler == b"url ")
            elif kind == b"stsd" and self._is_video:
                self.found.append({})
                for _, entry, entry_stop in self._walk(inner + 8, stop):
                    self._entry(entry, entry_stop)
                    break

    def _entry(self, start: int, end: int) -> None:
        sizes = self._at(start + 24, 4)
        width, height = (int.from_bytes(sizes[at : at + 2], "big") for at in (0, 2))
        for kind, inner, stop in self._walk(start + _ENTRY, end):
            values = self._at(inner, 32)
            if kind == b"clap" and stop - inner >= 32 and len(values) == 32:
                numbers = [
                    Fraction(
                        int.from_bytes(values[at : at + 4], "big", signed=True),
                        max(1, int.from_bytes(values[at + 4 : at + 8], "big")),
                    )
                    for at in range(0, 32, 8)
                ]
                self.found[-1] = _sides(width, height, *numbers)

    def elements(self, start: int, end: int, within: int = 0, depth: int = 0) -> None:
        while start < end and self._left > 0:
            self._left -= 1
            head = self._at(start, 12)
            kind, skip = _number(head, marked=True)
            size, more = _number(head[skip:], marked=False)
            inner = start + skip + more
            if not skip or not more or kind == _CLUSTER:
                return
            unknown = size == (1 << 7 * more) - 1
            stop = end if unknown else min(inner + size, end)
            self.is_cut |= kind == _SEGMENT and not unknown and inner + size > end
            if kind in {_SEGMENT, _TRACKS, _TRACK, _VIDEO} and depth < _MAX_DEPTH:
                if kind == _VIDEO:
                    self.found.append({})
                self.elements(inner, stop, kind, depth + 1)
            elif within == _VIDEO and kind in _SIDES:
                self.found[-1][_SIDES[kind]] = int.from_bytes(self._at(inner, min(size, 4)), "big")
            start = stop


def _number(head: bytes, *, marked: bool) -> tuple[int, int]:
    """Return a number of EBML and its length; 0 and 0 if there is none."""
    length = 9 - head[0].bit_length() if head else 9
    if length > 8 or len(head) < length:
        return 0, 0
    value = int.from_bytes(head[:length], "big")
    return (value if marked else value & ((1 << 7 * length) - 1)), length


def _sides(
    width: int, height: int, shown: Fraction, rows: Fraction, right: Fraction, down: Fraction
) -> dict[str, int]:
    """Return the sides of a clean aperture: its size, and how far its centre is moved."""
    if not (0 < shown <= width and 0 < rows <= height):
        return {}
    left = min(max(0, round((width - shown) / 2 + right)), width - round(shown))
    top = min(max(0, round((height - rows) / 2 + down)), height - round(rows))
    return {
        "left": left,
        "top": top,
        "right": width - left - round(shown),
        "bottom": height - top - round(rows),
    }

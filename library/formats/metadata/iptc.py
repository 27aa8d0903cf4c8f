"""IPTC-IIM: the captions, keywords and dates that press photographs have had since 1991."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from library.formats.metadata import dates
from library.formats.metadata.stated import Stated
from library.formats.metadata.text import clean, decoded_all, is_utf8

if TYPE_CHECKING:
    from collections.abc import Iterator

    from PIL import Image

_MAX_BYTES: Final = 1024 * 1024
_MAX_SETS: Final = 2_000
_UTF8: Final = b"\x1b%G"  # in 1:90
_NOTES: Final = {
    80: "author", 116: "copyright", 105: "headline", 110: "credit", 115: "source",
    40: "instructions", 92: "location", 90: "location", 95: "location", 101: "location",
}  # fmt: skip
_PHOTOSHOP: Final = b"Photoshop 3.0\0"
_PHOTOSHOP_IPTC: Final = 0x0404


def read(raw: bytes) -> Stated:
    """Return what a block of IPTC states. Never raises; damaged parts are passed over."""
    sets = list(_sets(raw[:_MAX_BYTES]))
    marked = any(key == (1, 90) and value.startswith(_UTF8) for key, value in sets)
    values = {f"{number}": value for number, (_, value) in enumerate(sets)}
    if marked and all(is_utf8(value) for (record, _), value in sets if record == 2):
        texts = {key: clean(value.decode("utf-8", "replace")) for key, value in values.items()}
    else:
        texts = decoded_all({k: v for k, v in values.items() if sets[int(k)][0][0] == 2})
    found: dict[int, list[str]] = {}
    for number, ((record, dataset), _) in enumerate(sets):
        if record == 2:
            found.setdefault(dataset, []).append(texts[f"{number}"])
    return _stated(found)


def _stated(found: dict[int, list[str]]) -> Stated:
    stated = Stated()
    for text in found.get(5, []):
        stated.title(text)
    stated.keywords(found.get(25, []))
    for text in found.get(120, []):
        stated.caption(text)
    for dataset, name in _NOTES.items():
        for text in found.get(dataset, [])[:20]:
            stated.note(name, text)
    for day, time in ((55, 60), (62, 63)):
        clock = "".join(found.get(time, [])[:1])
        for text in found.get(day, [])[:1]:
            if stated.date("iptc", dates.parse(f"{text} {clock}") or dates.parse(text)):
                return stated
    return stated


def _sets(raw: bytes) -> Iterator[tuple[tuple[int, int], bytes]]:
    """Yield ((record, dataset), value). Where the next one is damaged, it is looked for."""
    position = 0
    for _ in range(_MAX_SETS):
        position = raw.find(b"\x1c", position)
        if position < 0 or position + 5 > len(raw):
            return
        record, dataset = raw[position + 1], raw[position + 2]
        length = int.from_bytes(raw[position + 3 : position + 5], "big")
        start = position + 5
        if length & 0x8000:  # the length has a length
            width = length & 0x7FFF
            if width > 4:
                position += 1
                continue
            length = int.from_bytes(raw[start : start + width], "big")
            start += width
        if not 1 <= record <= 9:
            position += 1
            continue
        yield (record, dataset), raw[start : start + length]
        position = start + length


def in_jpeg(image: Image.Image) -> bytes | None:
    """Return the IPTC of an opened JPEG, which may be in several segments."""
    segments = (data for name, data in getattr(image, "applist", ()) if name == "APP13")
    return in_photoshop(b"".join(data.removeprefix(_PHOTOSHOP) for data in segments))


def in_photoshop(raw: bytes) -> bytes | None:
    """Return the IPTC of a block of Photoshop's resources (`8BIM`)."""
    position = 0
    for _ in range(_MAX_SETS):
        position = raw.find(b"8BIM", position)
        if position < 0:
            return None
        number = int.from_bytes(raw[position + 4 : position + 6], "big")
        name = raw[position + 6 : position + 7]
        start = position + 6 + ((1 + (name[0] if name else 0)) + 1) // 2 * 2
        length = int.from_bytes(raw[start : start + 4], "big")
        if number == _PHOTOSHOP_IPTC:
            return raw[start + 4 : start + 4 + length]
        position = max(position + 4, start + 4)
        if length <= len(raw) - position:
            position += length
    return None

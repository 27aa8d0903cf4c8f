"""Named tags of sounds and videos, whatever format they come from, as fields."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from library.formats.metadata import dates
from library.formats.metadata.stated import Stated
from library.formats.metadata.text import clean, one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_MAX_VALUES: Final = 64  # of one name
_TITLES: Final = ("title", "name")
_CREDITS: Final = ("artist", "album", "genre")  # shown in one line
_CAPTIONS: Final = ("comment", "description", "subtitle", "synopsis", "subject", "lyrics")
_KEYWORDS: Final = ("keywords", "keyword", "tags", "mood", "category", "subcategory")
_LICENCES: Final = ("license", "licence", "license_url", "wcop")
_DATES: Final = ("originaldate", "date_recorded", "date", "year", "recorded", "date_digitized",
                 "date_released")  # fmt: skip
_NAMES: Final = {
    "author": "author", "copyright": "copyright", "composer": "composer", "performer": "performer",
    "albumartist": "albumartist", "publisher": "publisher", "label": "publisher",
    "grouping": "grouping", "show": "show", "location": "location", "engineer": "author",
    "scene": "scene", "project": "project", "library": "library", "originator": "author",
}  # fmt: skip
# Of programs, and of what generators write, which is read elsewhere.
_TECHNICAL: Final = re.compile(
    r".*(?:replaygain|musicbrainz|acoustid|encod|itun|cover|picture|brand|handler|version|"
    r"catalog|barcode|isrc|track|disc|length|media|script|rating|bpm|prompt|workflow|parameters|"
    r"vendor|timecode|creation|purchase|account|xid|gapless|software|tool|compilation).*",
    re.DOTALL,
)
_MAX_OTHER: Final = 24  # names that are not known


def stated(tags: Mapping[str, Iterable[str]], source: str = "tags") -> Stated:
    """Return what tags state; `source` is that of their dates."""
    values = {
        name.lower(): [text for text in map(clean, list(texts)[:_MAX_VALUES]) if text]
        for name, texts in tags.items()
    }
    found = Stated()
    for text in _of(values, _TITLES):
        found.title(text)
    found.caption(" · ".join(_credits(values)))
    for text in _of(values, _CAPTIONS):
        found.caption(text)
    found.keywords(_of(values, _KEYWORDS), also=",")
    for name, note in _NAMES.items():
        for text in values.get(name, ()):
            found.note(note, text)
    for text in _of(values, _LICENCES):
        found.licence(text)
    if "author" not in found.other:  # of a recording, its artist
        for text in values.get("artist", ()):
            found.note("author", text)
    _note_others(values, found)
    for text in _of(values, _DATES):
        if found.date(source, dates.parse(text)):
            break
    return found


def _of(values: Mapping[str, list[str]], names: Iterable[str]) -> Iterator[str]:
    """Yield the texts of these names, except those that generators write."""
    for name in names:
        yield from (text for text in values.get(name, ()) if not text.startswith(("{", "[")))


def _note_others(values: Mapping[str, list[str]], found: Stated) -> None:
    known = {*_TITLES, *_CREDITS, *_CAPTIONS, *_KEYWORDS, *_LICENCES, *_DATES, *_NAMES}
    others = [name for name in values if name not in known and not _TECHNICAL.fullmatch(name)]
    for name in others[:_MAX_OTHER]:
        for text in _of(values, [name]):
            if not text.isdigit():
                found.note(one_line(name, 64), text)


def _credits(values: Mapping[str, list[str]]) -> list[str]:
    texts = (one_line(", ".join(dict.fromkeys(values.get(name, ()))), 300) for name in _CREDITS)
    return [text for text in texts if text.lower() not in {"", "other", "unknown", "none"}]

"""What a file states about itself, collected from several places in it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from library.formats.metadata import dates, licences
from library.formats.metadata.text import one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

MAX_TEXT: Final = 20_000  # characters of one text
_MAX_TAGS: Final = 200
_SEPARATORS: Final = re.compile(r"[;\n\0]")
# What cameras and programs write where a description is expected.
_EMPTY_PHRASES: Final = re.compile(
    r"[\W_]*|(?:olympus|minolta|konica minolta|samsung|sony|kodak|casio|ricoh|pentax|asahi)?\s*"
    r"(?:digital camera|dsc|dscf?\d*)|exif[_ ]jpeg[_ ]picture|default|untitled|(?:my )?caption|"
    r"dcim\\\S*|screenshot|cof|dav|hdr|oznor\w*|rhdr|sdr|"
    r"(?:creator: gd-jpeg|created (?:with|by|using) |(?:made|edited) with |file written by adobe|"
    r"lead technologies|optimized by|intel\(r\) jpeg|lavc\d|lavf\d|applemark|gif software|"
    r"resized (?:with|by|using|on)|compressed (?:with|by)|software:|"
    r"processed by|xv version|handmade software).*",
    re.IGNORECASE | re.DOTALL,
)
# What image generators write there: JSON, also behind its name, or a line of settings.
_PARAMETERS: Final = re.compile(
    r"\A(?:(?:prompt|workflow)\s*:\s*)?[\[{]\s*[\[{\"]|\bsteps:\s*\d+\s*(?:[,|\n]|\Z)",
    re.IGNORECASE,
)
# Titles that programs give to every file.
_EMPTY_TITLES: Final = re.compile(
    r"(?:ai|novelai) generated image|untitled(?:[-_ ]?\d*)|img_\d+|dsc[nf_]?\d+|track \d+|"
    r"powerpoint presentation|microsoft word.*|blank|document\d*|drawing(?:\.svg)?|svg",
    re.IGNORECASE,
)


@dataclass(slots=True)
class Stated:
    """Titles, captions and so on, in the order in which they were found."""

    titles: list[str] = field(default_factory=list)
    captions: list[str] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    licences: list[str] = field(default_factory=list)
    other: dict[str, Any] = field(default_factory=dict)  # for Document.metadata
    dates: dict[str, str] = field(default_factory=dict)  # source of dates.ORDER -> date

    def title(self, text: str) -> None:
        """Add a title."""
        text = one_line(text)
        if text and not _EMPTY_TITLES.fullmatch(text):
            self.titles.append(text)

    def caption(self, text: str) -> None:
        """Add a description, except the phrases that programs put into every file."""
        text = text[:MAX_TEXT].strip()
        if text and not _EMPTY_PHRASES.fullmatch(text):
            self.captions.append(text)

    def keywords(self, texts: Iterable[str], *, also: str = "") -> None:
        """Add keywords, each of which may be several, separated by semicolons.

        `also` are characters that separate as well.
        """
        for text in texts:
            for part in _SEPARATORS.split(
                text[:MAX_TEXT].translate(dict.fromkeys(map(ord, also), ";"))
            ):
                word = one_line(part, 200)
                if word and len(self.tags) < _MAX_TAGS:
                    self.tags.append(word)

    def licence(self, text: str) -> None:
        """Add the name, terms or address of a licence."""
        if text := one_line(text, 2000):
            self.licences.append(text)

    def note(self, name: str, value: str | float | None) -> None:
        """Add a value of `metadata`; the first one of a name counts, further texts are joined."""
        if isinstance(value, str):
            value = one_line(value)
            before = self.other.get(name)
            if not value or (isinstance(before, str) and value in before):
                return
            self.other[name] = f"{before}; {value}"[:2000] if before else value
        elif value is not None:
            self.other.setdefault(name, value)

    def date(self, source: str, moment: datetime | None) -> bool:
        """Add a date; the first one of a source counts. Return whether there is one."""
        if moment is not None:
            self.dates.setdefault(source, dates.written(moment))
        return moment is not None

    def add(self, other: Stated) -> None:
        """Add what another place states, which counts less."""
        self.titles += other.titles
        self.captions += other.captions
        self.tags += other.tags
        self.licences += other.licences
        for name, value in other.other.items():
            if name in self.other:
                self.note(name, value if isinstance(value, str) else None)
            else:
                self.other[name] = value
        self.dates = {**other.dates, **self.dates}

    def fields(self) -> dict[str, Any]:
        """Return fields of Document, and `dates`."""
        found: dict[str, Any] = {}
        if self.titles:
            found["name"] = self.titles[0]
            further = [title for title in self.titles[1:] if title != self.titles[0]]
        else:
            further = []
        written = [text for text in self.captions if not _PARAMETERS.search(text)]
        if captions := _distinct([*written, *further], found.get("name", "")):
            found["description"] = "\n".join(captions)[:MAX_TEXT]
        elif headline := self.other.get("headline"):
            found["description"] = headline
        if self.tags:
            found["tags"] = tuple(dict.fromkeys(self.tags))[:_MAX_TAGS]
        found |= rights(self.other, self.licences)
        if other := {name: value for name, value in self.other.items() if name != "author"}:
            found["metadata"] = other
        if self.dates:
            found["dates"] = dict(self.dates)
        return found


def rights(other: Mapping[str, Any], stated: Iterable[str] = ()) -> dict[str, Any]:
    """Return `author` and `license`, from values of `metadata` and the texts of licences."""
    author, notice = other.get("author"), other.get("copyright")
    found = {
        "author": author if isinstance(author, str) else None,
        "license": licences.chosen(stated, [notice] if isinstance(notice, str) else []),
    }
    return {name: value for name, value in found.items() if value}


def _distinct(texts: Iterable[str], title: str) -> list[str]:
    """Return the texts that are not in one another and are not the title."""
    kept: list[str] = []
    for text in dict.fromkeys(texts):
        plain = one_line(text, MAX_TEXT).casefold()
        if plain != title.casefold() and not any(plain in before.casefold() for before in kept):
            kept.append(text)
        if len(kept) >= 16:
            break
    return kept


def stars(text: object, *, percent: bool = False) -> int | None:
    """Return a rating from minus one (rejected) to five stars, None for anything else."""
    try:
        number = float(str(text))
        if percent:
            number = 0 if number <= 0 else 1 + round(number / 25) if number > 1 else 1
        rating = int(number)
    except (ValueError, OverflowError):
        return None
    return rating if -1 <= rating <= 5 else None

"""Licences as files state them; those of Creative Commons under one name, however written."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from library.formats.metadata.text import one_line

if TYPE_CHECKING:
    from collections.abc import Iterable

_MAX_TEXT: Final = 2_000  # characters in which a licence of Creative Commons is looked for
_MAX_NAME: Final = 300  # characters of any other licence
_VERSION: Final = r"(?:[\s_/-]{0,3}(?:licen[cs]e\s)?v?(?P<version>\d\.\d))?"
_URL: Final = re.compile(
    r"creativecommons\.org/(?:licenses|publicdomain)/(?P<terms>[a-z-]{2,20})"
    r"(?:/(?P<version>\d\.\d)(?:/(?P<port>[a-z]{2,3})\b)?)?",
    re.IGNORECASE,
)
_SHORT: Final = re.compile(
    rf"\bCC[\s_-]{{0,3}}(?P<terms>BY(?:[\s_-]{{1,3}}(?:NC|SA|ND)\b){{0,2}}){_VERSION}"
    r"(?![\w-])",
    re.IGNORECASE,
)
_ZERO: Final = re.compile(rf"\bCC[\s_-]{{0,3}}(?:0|zero)\b{_VERSION}", re.IGNORECASE)
_LONG: Final = re.compile(
    r"\bCreative\s{1,3}Commons[\s:,(-]{1,4}(?P<terms>Attribution(?:[\s-]{1,3}(?:Non[\s-]?Commercial|"
    rf"Share[\s-]?Alike|No[\s-]?Deriv(?:ative)?s?(?:\sWorks)?)){{0,2}}){_VERSION}",
    re.IGNORECASE,
)
_OTHER_TERMS: Final = {
    "zero": "CC0",
    "mark": "Public Domain Mark",
    "publicdomain": "Public domain",
    "sampling": "CC Sampling",
}
# Words of long names, as they are abbreviated.
_WORDS: Final = (
    (re.compile(r"non[\s-]?commercial", re.IGNORECASE), "nc"),
    (re.compile(r"no[\s-]?deriv[a-z]{0,9}", re.IGNORECASE), "nd"),
    (re.compile(r"share[\s-]?alike", re.IGNORECASE), "sa"),
    (re.compile("attribution", re.IGNORECASE), "by"),
)


def of_creative_commons(text: str) -> str | None:
    """Return the licence of Creative Commons that a text names: `CC BY-SA 4.0`; else None.

    An address counts more than a name, because it has the version.
    """
    text = text[:_MAX_TEXT]
    if found := _URL.search(text):
        terms = found["terms"].lower().rstrip("-")
        name = _OTHER_TERMS.get(terms) or (f"CC {terms.upper()}" if terms[:2] == "by" else None)
        if name is not None:
            port = (found["port"] or "").upper()
            return " ".join(filter(None, (name, found["version"], port)))
    if found := _ZERO.search(text):
        return f"CC0 {found['version'] or ''}".strip()
    for form in (_SHORT, _LONG):
        if found := form.search(text):
            terms = "-".join(_terms(found["terms"]))
            return f"CC {terms} {found['version'] or ''}".strip()
    return None


def _terms(text: str) -> list[str]:
    """Return the parts of `Attribution-NonCommercial` or `by nc` as `BY`, `NC`."""
    for word, short in _WORDS:
        text = word.sub(short, text)
    parts = re.split(r"[\s_-]+", text.lower())
    return [part.upper() for part in parts if part in {"by", "nc", "sa", "nd"}]


def chosen(texts: Iterable[str], copyrights: Iterable[str] = ()) -> str | None:
    """Return the licence that these texts state; None where they state none.

    The first of Creative Commons counts, then the first text. A notice of copyright states who
    owns a work, so it counts only where it names a licence of Creative Commons.
    """
    stated = [line for text in texts if (line := one_line(text, _MAX_TEXT))]
    for text in (*stated, *copyrights):
        if (known := of_creative_commons(text)) is not None:
            return known
    return stated[0][:_MAX_NAME] if stated else None

"""Dates as cameras, photo programs and players write them.

Zero, blank, impossible and unset dates (the first moments of 1904 and 1970) are None. A date
without an offset is taken as UTC: the zone of the camera is not known, and the day that is shown is
then the day on its clock, on every machine.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

# Sources of a date, the most reliable first.
ORDER: Final = ("exif", "takeout", "xmp", "iptc", "container", "tags")
_YEARS: Final = range(1826, 2100)  # from the oldest photograph that exists
_UNSET: Final = (datetime(1904, 1, 1), datetime(1970, 1, 1))
_DATE: Final = re.compile(
    r"(\d{4})(?:([-:/.]?)([01]\d)(?:\2([0-3]\d))?)?"
    r"(?:[T :]+([012]\d)[:.]?([0-5]\d)(?:[:.]?([0-6]\d)(?:[.,](\d{1,9}))?)?)?"
    r"\s*(Z|UTC|[+-]\d{2}:?(?:\d{2})?)?",
    re.IGNORECASE | re.ASCII,
)
_BLANK_TIME: Final = re.compile(r"(?<=\d)[T ]+[ :-]*:[ :-]*$")
_OFFSET: Final = re.compile(r"([+-])(\d{1,2}):?(\d{2})?", re.ASCII)


def parse(text: str, offset: str = "", fraction: str = "") -> datetime | None:
    """Return the moment of a date in the form of EXIF, ISO 8601, or mail, in UTC.

    `offset` ("+02:00") and digits after the seconds count where the text has none.
    """
    text = text.strip(" \0")[:64]
    text = _BLANK_TIME.sub("", text)
    match = _DATE.fullmatch(text)
    if match is None:
        return _by_mail(text)
    year, _, month, day, hour, minute, second, digits, zone = match.groups()
    try:
        moment = datetime(
            int(year), int(month or 1), int(day or 1),
            int(hour or 0), int(minute or 0), min(int(second or 0), 59),
            int((digits or fraction.strip(" \0") or "0")[:6].ljust(6, "0")),
        )  # fmt: skip
        return at(moment, zone or offset)
    except (ValueError, OverflowError):
        return None


def at(moment: datetime, offset: str = "") -> datetime | None:
    """Return the moment of a clock that is `offset` before UTC; None for a date that is unset."""
    if moment.year not in _YEARS or moment in _UNSET:
        return None
    match = _OFFSET.fullmatch(offset.strip(" \0"))
    zone: timezone = UTC
    if match is not None:
        away = timedelta(hours=int(match[2]), minutes=int(match[3] or 0))
        if away <= timedelta(hours=15):
            zone = timezone(-away if match[1] == "-" else away)
    return moment.replace(tzinfo=zone).astimezone(UTC)


def of_seconds(seconds: float, since: int = 1970) -> datetime | None:
    """Return the moment so many seconds after the beginning of a year; None for its beginning."""
    try:
        moment = datetime(since, 1, 1) + timedelta(seconds=seconds)
    except (OverflowError, ValueError):
        return None
    return at(moment)


def _by_mail(text: str) -> datetime | None:
    """Return a date such as `Mon, 24 Jun 2019 13:57:33 +0200`, which PNG recommends."""
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    if moment.tzinfo is not None:
        moment = moment.astimezone(UTC).replace(tzinfo=None)
    return at(moment)


def written(moment: datetime) -> str:
    """Return a moment in UTC as the API writes it: ISO 8601 with milliseconds."""
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def first(stated: Mapping[str, str]) -> str | None:
    """Return the date of the most reliable source, of dates by their sources."""
    return next((stated[source] for source in ORDER if source in stated), None)


_SEPARATED: Final = r"(?P<y>{year})(?P<s>[-_.:])(?P<m>[01]\d)(?P=s)(?P<d>[0-3]\d)"
_DAY_FIRST: Final = r"(?P<d>[0-3]\d)(?P<s>[-_.])(?P<m>[01]\d)(?P=s)(?P<y>{year})"
_TIME: Final = (
    r"(?P<H>[012]\d|\d(?=[.:h]))(?P<t>[-_.:h ]?)(?P<M>[0-5]\d)(?P=t)(?P<S>[0-5]\d)"
    r"(?:[-_. ]?(?P<ms>\d{3})(?!\d))?(?P<half>[ _\u202f]?[AaPp][Mm]\b)?"
)
_YEAR: Final = r"(?:19[89]\d|20\d\d)"
# Between date and time: "at", "um", "a las" and the like.
_BETWEEN: Final = r"(?:[ T_.,-]+|[ _-]+(?:[^\W\d_]{1,3}\.?[ _-]+){1,2})"
# A date of eight digits needs a time, the name that a camera or messenger gives, or words after it.
_NAMES: Final = tuple(
    re.compile(
        pattern.replace("{year}", _YEAR).replace("{time}", f"(?:{_BETWEEN}(?:{_TIME}))?(?!\\d)")
    )
    for pattern in (
        rf"(?<!\d)(?<!\d[-_.:]){_SEPARATED}{{time}}",
        rf"(?<!\d)(?<!\d[-_.:]){_DAY_FIRST}{{time}}",
        r"(?<!\d)(?P<y>{year})\u5e74 ?(?P<m>[01]?\d)\u6708 ?(?P<d>[0-3]?\d)\u65e5",
        rf"(?<!\d)(?P<y>{{year}})(?P<m>[01]\d)(?P<d>[0-3]\d)[ T_-]?{_TIME}(?!\d)",
        r"(?i:\b(?:IMG|VID|AUD|PTT|STK|PXL|MVIMG|PANO|WP|CIMG|Screenshot|Screen|Photo|Scan|signal"
        r"|Record|Capture|Bild|Foto)[-_ ]?)(?P<y>{year})(?P<m>[01]\d)(?P<d>[0-3]\d)(?!\d)",
        r"^(?P<y>{year})(?P<m>[01]\d)(?P<d>[0-3]\d)[-_ ]+(?=[^\W\d_]{2})",
    )
)
_CLOCK: Final = re.compile(
    r"(?<!\d)([01]?\d)[.:_]([0-5]\d)(?:[.:_]([0-5]\d))?[ _\u202f]?([AaPp])[Mm]\b"
)
_MILLISECONDS: Final = re.compile(r"(?:^FB_IMG_|^)(1[0-9]{12})(?!\d)", re.ASCII)


def of_name(name: str) -> datetime | None:
    """Return the date in the name of a file without its suffix; None without one."""
    name = name[:255]
    for pattern in _NAMES:
        for match in pattern.finditer(name):
            if (moment := _named(match, name)) is not None:
                return moment
    since = _MILLISECONDS.match(name)
    return None if since is None else of_seconds(int(since[1]) / 1000)


def _named(match: re.Match[str], name: str) -> datetime | None:
    part = match.groupdict()
    hour, minute, second = (int(part.get(key) or 0) for key in ("H", "M", "S"))
    half = (part.get("half") or "").strip(" _\u202f")[:1].lower()
    if not part.get("H") and (clock := _CLOCK.search(name, match.end())) is not None:
        hour, minute, second = int(clock[1]), int(clock[2]), int(clock[3] or 0)
        half = clock[4].lower()
    if half:
        hour = hour % 12 + (12 if half == "p" else 0)
    year, month, day = (int(part[key]) for key in ("y", "m", "d"))
    if match.start("d") < match.start("y") and not (
        day > 12 or day == month or part["s"] == "." or name[: match.start()].endswith("@")
    ):
        return None  # the month may come first; Telegram writes the day after an "@"
    micro = int(part.get("ms") or 0) * 1000
    try:
        return at(datetime(year, month, day, hour, minute, second, micro))
    except ValueError:
        return None

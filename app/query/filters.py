"""Facets and ranges, and the filter expression that they are sent as, safely quoted.

The grammar is that of docs/scenario-api.md, "Filter grammar". Which fields there are is stated in
`app.query.fields`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, cast

from app.query.fields import FIELDS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

RangeKind = Literal["integer", "number", "date"]

FACETS: Final = tuple(spec.name for spec in FIELDS if spec.facet)
# The facets that only Akin's own library has, and those that are tags elsewhere.
EXTENSIONS: Final = tuple(
    spec.name for spec in FIELDS if spec.facet and spec.extension and not spec.has_tags
)
WITH_TAGS: Final = frozenset(spec.name for spec in FIELDS if spec.facet and spec.has_tags)
# The facets whose values are counted with each search; folders are counted by level.
COUNTED: Final = tuple(
    spec.name for spec in FIELDS if spec.facet and spec.panel not in {"folders", "lineage"}
)
# The facets whose values are the ids of other assets.
PARENTS: Final = tuple(spec.name for spec in FIELDS if spec.facet and spec.panel == "lineage")
# The facets that can require all of several values.
ARRAYS: Final = frozenset(spec.name for spec in FIELDS if spec.facet and spec.all_of)
RANGES: Final = {spec.name: cast("RangeKind", spec.kind) for spec in FIELDS if spec.range}

# The API rejects an empty search; this holds for every asset.
EVERYTHING: Final = 'createdAt >= "1970-01-01"'
NOT_SENSITIVE: Final = "nsfw IS EMPTY"

_DAY_END: Final = "T23:59:59.999"
_OFFSET: Final = re.compile(r"(?<=\d)[+-](?:0[0-9]|1[0-4]):[0-5][0-9]\Z")
_NUMBER: Final = {
    "integer": re.compile(r"[0-9]{1,15}"),
    "number": re.compile(r"[0-9]{1,9}(\.[0-9]{1,6})?"),
    "date": re.compile(
        r"(?:19|20)[0-9]{2}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])"
        r"(?:T[0-2][0-9]:[0-5][0-9](?::[0-5][0-9](?:\.[0-9]{1,3})?)?Z?)?"
        r"(?:(?<!Z)[+-](?:0[0-9]|1[0-4]):[0-5][0-9])?"
    ),
}


@dataclass(frozen=True, slots=True)
class Facet:
    """The chosen values of one field: any of some, all of some, none of some."""

    field: str
    any: tuple[str, ...] = ()
    all: tuple[str, ...] = ()
    none: tuple[str, ...] = ()
    as_tags: bool = False  # the API has tags such as `rating:4` in place of the field

    def __post_init__(self) -> None:
        """Sort and deduplicate, since the order of values has no meaning."""
        for mode in ("any", "all", "none"):
            object.__setattr__(self, mode, tuple(sorted(set(getattr(self, mode)))))

    def __bool__(self) -> bool:
        return bool(self.values)

    @property
    def values(self) -> tuple[str, ...]:
        """All chosen values."""
        return self.any + self.all + self.none


@dataclass(frozen=True, slots=True)
class Range:
    """A closed interval of one field; an open end is None. Values are canonical strings.

    A date is a day or a moment in UTC, or with an offset such as `2025-01-31+02:00`: the day of the
    person who has chosen it, so that a link shows others the same assets.
    """

    field: str
    low: str | None = None
    high: str | None = None

    def __post_init__(self) -> None:
        """Shorten the last moment of a day to the day: until 2025-01-31 includes all of it."""
        if self.high and RANGES[self.field] == "date":
            object.__setattr__(self, "high", self.high.removesuffix(f"{_DAY_END}Z"))

    def __str__(self) -> str:
        return f"{self.low or ''}..{self.high or ''}"


def parse_range(field: str, text: str) -> Range | None:
    """Parse `a..b`, `a..`, `..b` or `a`; None where both ends are open.

    Raises ValueError, with a message for the user, if an end is not of the field's kind.
    """
    kind = RANGES[field]
    low, dots, high = text.strip().partition("..")
    ends = [_canonical(kind, end) for end in (low, high if dots else low)]
    if ends[0] and ends[1] and _start(kind, ends[0]) > _end(kind, ends[1]):
        ends.reverse()
    return Range(field, *ends) if any(ends) else None


def _start(kind: RangeKind, value: str) -> tuple[float, str]:
    return (0.0, first_moment(value)) if kind == "date" else (float(value), "")


def _end(kind: RangeKind, value: str) -> tuple[float, str]:
    return (0.0, _until(value)) if kind == "date" else (float(value), "")


def offset_of(value: str) -> str:
    """Return the offset of a date such as `2025-01-31+02:00`; empty for UTC."""
    match = _OFFSET.search(value)
    return match[0] if match else ""


class Today(NamedTuple):
    """The present day at an offset such as `+02:00`; empty: in UTC."""

    day: date
    offset: str = ""

    @classmethod
    def at(cls, offset: str, now: datetime) -> Today:
        """Return the day of a moment at an offset."""
        zone = datetime.fromisoformat(f"2000-01-01T00:00{offset or 'Z'}").tzinfo
        return cls(now.astimezone(zone).date(), offset)

    def before(self, days: int) -> str:
        """Return the day some days before, as an end of a range."""
        return f"{self.day - timedelta(days=days)}{self.offset}"


def first_moment(low: str) -> str:
    """The first moment of a date, in UTC where it has an offset."""
    return _in_utc(low, "T00:00") if offset_of(low) else low


def _until(high: str) -> str:
    """The last moment of a date; a date with a time is returned unchanged, in UTC."""
    if offset_of(high):
        return _in_utc(high, _DAY_END)
    return high if "T" in high else f"{high}{_DAY_END}Z"


def _in_utc(value: str, default_time: str) -> str:
    offset = offset_of(value)
    local = value.removesuffix(offset)
    moment = datetime.fromisoformat((local if "T" in local else local + default_time) + offset)
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03}Z"


def _canonical(kind: RangeKind, end: str) -> str | None:
    end = end.strip()
    if kind == "date":  # a plus sign that was not encoded in a URL arrives as a space
        end = re.sub(r"(?<=\d) (?=\d\d:\d\d\Z)", "+", end)
    if not end:
        return None
    if not _NUMBER[kind].fullmatch(end) or (kind == "date" and not _is_date(end)):
        expected = "a date such as 2025-01-31" if kind == "date" else "a number such as 1024"
        raise ValueError(f"“{end[:40]}” is not {expected}.")
    if kind == "date":
        return end
    value = float(end)
    # Without an exponent, which the API's grammar does not have.
    return str(int(value)) if value.is_integer() else f"{value:.6f}".rstrip("0")


def _is_date(text: str) -> bool:
    offset = offset_of(text)
    try:
        datetime.fromisoformat(text.removesuffix(offset))
    except ValueError:
        return False
    return True


def quote(value: str) -> str:
    r"""Return a value as a quoted string with escapes: "a \"b\" \\ c"."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _list(values: Sequence[str]) -> str:
    return "[" + ", ".join(map(quote, values)) + "]"


def facet_clauses(facet: Facet) -> Iterator[str]:
    """Yield the conditions of one facet, to be joined by AND."""
    if facet.as_tags:
        tags = [
            [f"{facet.field}:{value}" for value in values] for values in (facet.any, facet.none)
        ]
        yield from facet_clauses(Facet("tags", any=tuple(tags[0]), none=tuple(tags[1])))
        return
    if facet.any:
        yield f"{facet.field} IN {_list(facet.any)}"
    for value in facet.all:
        yield f"{facet.field} = {quote(value)}"
    if facet.none:
        yield f"{facet.field} NOT IN {_list(facet.none)}"


def range_clauses(interval: Range) -> Iterator[str]:
    """Yield the conditions of one range; an upper date includes the whole day."""
    is_date = RANGES[interval.field] == "date"
    if interval.low:
        low = quote(first_moment(interval.low)) if is_date else interval.low
        yield f"{interval.field} >= {low}"
    if interval.high:
        high = interval.high
        if is_date:
            high = quote(_until(high))
        yield f"{interval.field} <= {high}"


def is_everything(interval: Range) -> bool:
    """Tell whether a range holds for every asset."""
    return list(range_clauses(interval)) == [EVERYTHING]


def expression(
    facets: Sequence[Facet], ranges: Sequence[Range], *, hide_sensitive: bool, raw: str
) -> str:
    """Join all conditions into one filter expression; empty without conditions."""
    clauses = [clause for facet in facets for clause in facet_clauses(facet)]
    clauses += [clause for interval in ranges for clause in range_clauses(interval)]
    if hide_sensitive:
        clauses.append(NOT_SENSITIVE)
    if raw:
        clauses.append(f"({raw})")
    return " AND ".join(clauses)


def both(*expressions: str) -> str:
    """Return one expression that holds where all of `expressions` hold; empty ones are left out.

    AND binds tighter than OR, so that one that may have an OR in it is put in parentheses.
    """
    given = [each for each in expressions if each]
    if len(given) > 1:
        given = [f"({each})" if _may_have_or(each) else each for each in given]
    return " AND ".join(given)


def _may_have_or(expression: str) -> bool:
    """Tell whether there is an OR; true as well of words with these letters, outside of quotes.

    The grammar needs no space around the operator: `(a)OR(b)`.
    """
    return "or" in re.sub(_QUOTED, "", expression, flags=re.DOTALL).lower()


_CLOSED_BY: Final = {"(": ")", "[": "]"}
_OPENED_BY: Final = {closing: opening for opening, closing in _CLOSED_BY.items()}
_QUOTED: Final = r"""("|')(?:(?!\1)[^\\]|\\.)*\1"""
_PIECE: Final = re.compile(rf"""{_QUOTED}|[()\[\]"']""", re.DOTALL)


class Mistake(NamedTuple):
    """Why an expression cannot be used, and the position of the mistake, from 0."""

    reason: str
    at: int


def unbalanced(raw: str) -> Mistake | None:
    """Return why a raw expression cannot be put in parentheses, or None if it can.

    Without this check `kind = image) OR (privacy = public` would escape the conjunction.
    """
    opened: list[tuple[str, int]] = []
    for match in _PIECE.finditer(raw):
        piece, at = match[0], match.start()
        if piece in {'"', "'"}:
            return Mistake("A quotation mark is not closed.", at)
        if piece in _CLOSED_BY:
            opened.append((piece, at))
        elif piece in _OPENED_BY and (not opened or opened.pop()[0] != _OPENED_BY[piece]):
            return Mistake(f"There is a “{piece}” without its “{_OPENED_BY[piece]}”.", at)
    if not opened:
        return None
    piece, at = opened[-1]
    return Mistake(f"There is a “{piece}” without its “{_CLOSED_BY[piece]}”.", at)

"""Facets and ranges, and the one filter expression that they become, safely quoted.

Knows the names of the API's filterable fields (scenario-api.md, "Filter grammar") and how its
expressions are spelled. Knows nothing of URLs, pages or HTTP.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

FACETS: Final = (
    "kind",
    "type",
    "tags",
    "collectionIds",
    "modelId",
    "baseModelId",
    "aspectRatio",
    "mimeType",
    "authorId",
    "privacy",
    "scheduler",
)
ARRAYS: Final = frozenset({"tags"})  # the facets that can ask for all of several values

RangeKind = Literal["integer", "number", "date"]
RANGES: Final[dict[str, RangeKind]] = {
    "width": "integer",
    "height": "integer",
    "size": "integer",
    "guidance": "number",
    "numInferenceSteps": "integer",
    "createdAt": "date",
    "updatedAt": "date",
}

# The API refuses an empty search; this is true of every asset.
EVERYTHING: Final = 'createdAt >= "1970-01-01"'
NOT_SENSITIVE: Final = "nsfw IS EMPTY"

_DAY_END: Final = "T23:59:59.999Z"
_NUMBER: Final = {
    "integer": re.compile(r"[0-9]{1,15}"),
    "number": re.compile(r"[0-9]{1,9}(\.[0-9]{1,6})?"),
    "date": re.compile(
        r"(?:19|20)[0-9]{2}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])"
        r"(?:T[0-2][0-9]:[0-5][0-9](?::[0-5][0-9](?:\.[0-9]{1,3})?)?Z?)?"
    ),
}


@dataclass(frozen=True, slots=True)
class Facet:
    """The wanted values of one field: any of some, all of some, none of some."""

    field: str
    any: tuple[str, ...] = ()
    all: tuple[str, ...] = ()
    none: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Sort and deduplicate: order means nothing in a facet."""
        for mode in ("any", "all", "none"):
            object.__setattr__(self, mode, tuple(sorted(set(getattr(self, mode)))))

    def __bool__(self) -> bool:
        return bool(self.any or self.all or self.none)


@dataclass(frozen=True, slots=True)
class Range:
    """A closed interval of one field; an open end is None. Values are canonical strings."""

    field: str
    low: str | None = None
    high: str | None = None

    def __post_init__(self) -> None:
        """Spell the end of a day as the day: until 2025-01-31 means all of it."""
        if self.high and RANGES[self.field] == "date":
            object.__setattr__(self, "high", self.high.removesuffix(_DAY_END))

    def __str__(self) -> str:
        return f"{self.low or ''}..{self.high or ''}"


def parse_range(field: str, text: str) -> Range | None:
    """Read `a..b`, `a..`, `..b` or `a`; None where both ends are open.

    Raises ValueError, with a sentence for the reader, where an end is not of the field's kind.
    """
    kind = RANGES[field]
    low, dots, high = text.strip().partition("..")
    ends = [_canonical(kind, end) for end in (low, high if dots else low)]
    if ends[0] and ends[1] and _start(kind, ends[0]) > _end(kind, ends[1]):
        ends.reverse()
    return Range(field, *ends) if any(ends) else None


def _start(kind: RangeKind, value: str) -> tuple[float, str]:
    return (0.0, value) if kind == "date" else (float(value), "")


def _end(kind: RangeKind, value: str) -> tuple[float, str]:
    return _start(kind, _until(value) if kind == "date" else value)


def _until(high: str) -> str:
    """The last moment of a date, or the moment that it names."""
    return high if "T" in high else high + _DAY_END


def _canonical(kind: RangeKind, end: str) -> str | None:
    end = end.strip()
    if not end:
        return None
    if not _NUMBER[kind].fullmatch(end) or (kind == "date" and not _is_date(end)):
        wanted = "a date such as 2025-01-31" if kind == "date" else "a number such as 1024"
        raise ValueError(f"“{end[:40]}” is not {wanted}.")
    if kind == "date":
        return end
    value = float(end)
    # Never with an exponent, which is no number of the API's grammar.
    return str(int(value)) if value.is_integer() else f"{value:.6f}".rstrip("0")


def _is_date(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def quote(value: str) -> str:
    r"""Spell a value so that nothing in it can end the string: "a \"b\" \\ c"."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _list(values: Sequence[str]) -> str:
    return "[" + ", ".join(map(quote, values)) + "]"


def facet_clauses(facet: Facet) -> Iterator[str]:
    """Yield the clauses of one facet, to be joined by AND."""
    if facet.any:
        yield f"{facet.field} IN {_list(facet.any)}"
    for value in facet.all:
        yield f"{facet.field} = {quote(value)}"
    if facet.none:
        yield f"{facet.field} NOT IN {_list(facet.none)}"


def range_clauses(interval: Range) -> Iterator[str]:
    """Yield the clauses of one range; a day's end is the end of that day."""
    is_date = RANGES[interval.field] == "date"
    if interval.low:
        low = quote(interval.low) if is_date else interval.low
        yield f"{interval.field} >= {low}"
    if interval.high:
        high = interval.high
        if is_date:
            high = quote(_until(high))
        yield f"{interval.field} <= {high}"


def is_everything(interval: Range) -> bool:
    """Tell whether a range is the one that is true of every asset."""
    return list(range_clauses(interval)) == [EVERYTHING]


def expression(
    facets: Sequence[Facet], ranges: Sequence[Range], *, hide_sensitive: bool, raw: str
) -> str:
    """Join everything into one filter expression; empty where nothing is asked."""
    clauses = [clause for facet in facets for clause in facet_clauses(facet)]
    clauses += [clause for interval in ranges for clause in range_clauses(interval)]
    if hide_sensitive:
        clauses.append(NOT_SENSITIVE)
    if raw:
        clauses.append(f"({raw})")
    return " AND ".join(clauses)


@dataclass(frozen=True, slots=True)
class Parts:
    """What an expression says, as far as facets and ranges can say it; the rest is `raw`."""

    facets: tuple[Facet, ...]
    ranges: tuple[Range, ...]
    hide_sensitive: bool
    raw: str


_QUOTED: Final = r'"(?:[^"\\]|\\.)*"'
_IN: Final = re.compile(rf"(\w+) (NOT )?IN \[({_QUOTED}(?:, {_QUOTED})*)\]", re.DOTALL)
_EQUAL: Final = re.compile(rf"(\w+) = ({_QUOTED})", re.DOTALL)
_BOUND: Final = re.compile(rf"(\w+) (>=|<=) ({_QUOTED}|[0-9.]+)", re.DOTALL)


def parts(text: str) -> Parts:
    """Take an expression apart again: the inverse of `expression`.

    A clause that no facet or range spells this way is kept, as text, in `raw`.
    """
    facets: dict[str, dict[str, list[str]]] = {}
    bounds: dict[str, dict[str, str]] = {}
    raw: list[str] = []
    hide = False
    for clause in _conjuncts(text):
        if clause == NOT_SENSITIVE:
            hide = True
        elif (found := _IN.fullmatch(clause)) and found[1] in FACETS:
            mode = "none" if found[2] else "any"
            values = [_unquote(quoted) for quoted in re.findall(_QUOTED, found[3], re.DOTALL)]
            facets.setdefault(found[1], {}).setdefault(mode, []).extend(values)
        elif (found := _EQUAL.fullmatch(clause)) and found[1] in ARRAYS:
            facets.setdefault(found[1], {}).setdefault("all", []).append(_unquote(found[2]))
        elif (found := _BOUND.fullmatch(clause)) and found[1] in RANGES:
            end = "low" if found[2] == ">=" else "high"
            bounds.setdefault(found[1], {})[end] = _unquote(found[3])
        else:
            raw.append(clause)
    if len(raw) == 1 and raw[0][:1] == "(" and raw[0][-1:] == ")" and not unbalanced(raw[0][1:-1]):
        raw = [raw[0][1:-1].strip()]
    ranges = (Range(field, **ends) for field, ends in bounds.items())
    return Parts(
        facets=tuple(
            Facet(field, **{mode: tuple(values) for mode, values in modes.items()})
            for field, modes in facets.items()
        ),
        ranges=tuple(item for item in ranges if not is_everything(item)),
        hide_sensitive=hide,
        raw=" AND ".join(raw),
    )


def _unquote(text: str) -> str:
    if not text.startswith('"'):
        return text
    return re.sub(r"\\(.)", r"\1", text[1:-1], flags=re.DOTALL)


_AND: Final = " AND "
_CLOSED_BY: Final = {"(": ")", "[": "]"}
_OPENED_BY: Final = {closing: opening for opening, closing in _CLOSED_BY.items()}
_PIECE: Final = re.compile(rf"{_QUOTED}|'(?:[^'\\]|\\.)*'|[()\[\]]| AND |(?i:\sOR\b)|.", re.DOTALL)


def _conjuncts(text: str) -> list[str]:
    """Split at the ANDs that stand outside of quotes and parentheses.

    An OR that stands there binds weaker than they do: then the text is one clause.
    """
    depth = 0
    clauses = [""]
    for piece in _PIECE.findall(text):
        if depth == 0 and piece.strip().upper() == "OR":
            return [text.strip()]
        if depth == 0 and piece == _AND:
            clauses.append("")
            continue
        if len(piece) == 1:
            depth += (piece in "([") - (piece in ")]")
        clauses[-1] += piece
    return [clause.strip() for clause in clauses if clause.strip()]


class Mistake(NamedTuple):
    """Why an expression cannot be used, and where in it that is, from 0."""

    reason: str
    at: int


def unbalanced(raw: str) -> Mistake | None:
    """Say why a raw expression cannot stand in parentheses, or None where it can.

    Without this check `kind = image) OR (privacy = public` would escape the conjunction.
    """
    opened: list[tuple[str, int]] = []
    for found in _PIECE.finditer(raw):
        piece, at = found[0], found.start()
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

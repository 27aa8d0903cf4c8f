"""A search and its parts in words: titles, conditions, counts, sizes and dates.

Plain text; nothing here knows of HTML.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from app.query import filters
from app.query.fields import FIELDS
from app.query.params import MOST_LIKES, MOST_UNLIKES
from app.query.sorts import sort_label

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from app.query.field_spec import FieldSpec
    from app.query.search import Search

SPECS: Final = {spec.name: spec for spec in FIELDS}
MOST_BACK: Final = 40  # characters of a query in a link back
_UNITS: Final = ("bytes", "kB", "MB", "GB", "TB")


def number(count: int) -> str:
    """1234567 as 1,234,567 with narrow spaces, which every script reads."""
    return f"{count:,}".replace(",", "\u202f")


def counted(count: int, one: str, many: str = "") -> str:
    """`1 picture`, `2 pictures`."""
    return f"{number(count)} {one if count == 1 else many or one + 's'}"


def age(seconds: float) -> str:
    """A duration in its largest unit: `4 minutes`, `2 hours`."""
    if seconds < 60:
        return "less than a minute"
    for unit, length in (("day", 86400), ("hour", 3600), ("minute", 60)):
        if seconds >= length:
            return counted(int(seconds // length), unit)
    raise AssertionError


def stale(seconds: float, reason: str) -> str:
    """The notice of a stale response: its reason and age."""
    return f"{reason}. What you see was found {age(seconds)} ago."


def file_size(size: int) -> str:
    """Bytes in the unit that leaves one to three digits before the point."""
    value = float(size)
    for unit in _UNITS:
        if value < 999.5 or unit == _UNITS[-1]:
            is_whole = unit == "bytes" or value >= 9.95
            return f"{value:.0f} {unit}" if is_whole else f"{value:.1f} {unit}"
        value /= 1000
    raise AssertionError


class Moment(str):
    """A date and time in words; `iso` is the same for scripts, which show it in local time."""

    __slots__ = ("iso",)
    iso: str


def date(text: str | None) -> str:
    """An ISO date and time as a Moment, `2025-01-31 12:00 UTC`; what is no date stays as it is."""
    if not text:
        return ""
    if "T" not in text and " " not in text:
        return text  # a day, which is no moment
    try:
        time = datetime.fromisoformat(text)
        time = time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return text
    return _moment(time)


def moment(seconds: float) -> Moment:
    """A time in seconds since the epoch as a Moment."""
    return _moment(datetime.fromtimestamp(seconds, UTC))


def _moment(time: datetime) -> Moment:
    shown = Moment(f"{time:%Y-%m-%d %H:%M} UTC")
    shown.iso = f"{time:%Y-%m-%dT%H:%M:%SZ}"
    return shown


def interval(field: str, low: str | None, high: str | None) -> str:
    """A range in words: `width from 1024`, `created until 2025-01-31`, `height 512 to 1024`."""
    spec = SPECS[field]
    unit = f" {spec.unit}" if spec.unit else ""
    if spec.kind == "date":
        low, high = _with_zone(low), _with_zone(high)
    if low and high:
        value = low if low == high else f"{low} to {high}"
        return f"{spec.noun} {value}{unit}"
    return f"{spec.noun} from {low}{unit}" if low else f"{spec.noun} until {high}{unit}"


def _with_zone(value: str | None) -> str | None:
    """Show the offset of a date apart: `2025-01-31 (UTC+02:00)`."""
    offset = filters.offset_of(value or "")
    return f"{value.removesuffix(offset)} (UTC{offset})" if value and offset else value


def conditions(
    search: Search, names: Mapping[str, str] | None = None
) -> Iterator[tuple[str, str, str]]:
    """Yield parameter, value and description of every condition besides words and examples."""
    names = names or {}
    for facet in search.facets:
        spec = SPECS[facet.field]
        for value in facet.any:
            yield facet.field, value, f"{spec.noun} {_one(spec, value, names)}"
        for value in facet.all:
            yield f"{facet.field}.all", value, f"{spec.noun} {_one(spec, value, names)} (all)"
        for value in facet.none:
            yield f"{facet.field}.not", value, f"no {spec.noun} {_one(spec, value, names)}"
    for item in search.ranges:
        yield item.field, str(item), interval(item.field, item.low, item.high)
    if search.nsfw != "blur":
        words = "sensitive hidden" if search.nsfw == "hide" else "sensitive shown"
        yield "nsfw", search.nsfw, words
    if search.filter:
        yield "filter", search.filter, search.filter
    if search.public:
        yield "public", "true", "everybody’s public assets"


def _one(spec: FieldSpec, value: str, names: Mapping[str, str]) -> str:
    """A value by its label or name: `sound` for the kind that the API calls `audio`."""
    if value in spec.values and value not in _PLURALS:
        return spec.values[value].lower()
    return names.get(value, value)


def _many(spec: FieldSpec, value: str, names: Mapping[str, str]) -> str:
    """The same in the plural, where values have labels: `images`."""
    if spec.values:
        one = spec.values.get(value, value).lower()
        return _PLURALS.get(value, one if one[:1].isdigit() else f"{one}s")
    return names.get(value, value)


def title(search: Search, names: Mapping[str, str] | None = None) -> str:
    """The search in words: `like 2 pictures, unlike 1 · castle · 16:9 · newest`."""
    parts: list[str] = []
    if search.like:
        parts.append(f"like {counted(len(search.like), 'picture')}")
    if search.unlike:
        unlike = f"unlike {len(search.unlike)}"
        if search.like:
            parts[-1] += f", {unlike}"
        else:
            parts.append(f"unlike {counted(len(search.unlike), 'picture')}")
    if search.query:
        parts.append(search.query)
    parts += _facets(search, names or {})
    of_facets = {f"{facet.field}{mode}" for facet in search.facets for mode in ("", ".all", ".not")}
    parts += [words for name, _, words in conditions(search, names) if name not in of_facets]
    if search.sortBy or not search.is_ranked:
        sorts = search.sortBy or ("createdAt:desc",)
        parts.append(
            " then ".join(sort_label(sort).removesuffix(" first").lower() for sort in sorts)
        )
    if search.page > 1:
        parts.append(f"page {search.page}")
    elif search.offset:
        parts.append(f"from {search.offset + 1}")
    return " · ".join(parts)


def back_to(search: Search) -> str:
    """The target of a link back: `“castle”`, `the results`."""
    if search.is_empty and not search.first:
        return "the newest pictures"
    is_named = search.query and not search.examples and len(search.query) <= MOST_BACK
    return f"“{search.query}”" if is_named else "the results"


def full_sides(search: Search) -> dict[str, str]:
    """The sides, like and unlike, that no example can be added to, with the reason."""
    sides = {"like": (search.like, MOST_LIKES), "unlike": (search.unlike, MOST_UNLIKES)}
    return {
        side: f"{most} {side}s are the most: remove one to add another"
        for side, (examples, most) in sides.items()
        if len(examples) >= most
    }


# Kinds whose plural is not the lowercase label with an s.
_PLURALS: Final = {"3d": "3D", "json": "JSON", "image-hdr": "HDR images"}


def _facets(search: Search, names: Mapping[str, str]) -> Iterator[str]:
    """Yield the facets for a title: `castle or tower`, `images`, `no draft`, `model Flux`."""
    for facet in search.facets:
        spec = SPECS[facet.field]
        noun = "" if spec.self_explanatory else f"{spec.noun} "

        def joined(values: tuple[str, ...], by: str, spec: FieldSpec = spec) -> str:
            return by.join([_many(spec, value, names) for value in values])

        if facet.any:
            yield noun + joined(facet.any, " or ")
        if facet.all:
            yield noun + joined(facet.all, " and ")
        if facet.none:
            yield f"no {noun}" + joined(facet.none, " or ")

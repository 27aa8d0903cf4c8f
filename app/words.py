"""A search and its parts in words: the title, the chips, counts, sizes and dates.

Knows `Search` and nothing of HTML.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from app.reading import MOST_LIKES, MOST_UNLIKES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from app.search import Search

FIELDS: Final[dict[str, str]] = {
    "kind": "kind",
    "type": "made by",
    "tags": "tag",
    "collectionIds": "collection",
    "modelId": "model",
    "baseModelId": "base model",
    "aspectRatio": "shape",
    "mimeType": "format",
    "authorId": "author",
    "privacy": "privacy",
    "scheduler": "scheduler",
    "width": "width",
    "height": "height",
    "size": "bytes",
    "guidance": "guidance",
    "numInferenceSteps": "steps",
    "createdAt": "created",
    "updatedAt": "changed",
}
SORTS: Final[dict[str, str]] = {
    "createdAt:desc": "Newest first",
    "createdAt:asc": "Oldest first",
    "updatedAt:desc": "Last changed first",
    "updatedAt:asc": "Longest unchanged first",
    "width:desc": "Widest first",
    "width:asc": "Narrowest first",
    "height:desc": "Tallest first",
    "height:asc": "Lowest first",
    "score:desc": "Most popular first",
    "score:asc": "Least popular first",
}
KINDS: Final[dict[str, str]] = {
    "image": "Image",
    "video": "Video",
    "audio": "Sound",
    "3d": "3D",
    "image-hdr": "HDR image",
    "document": "Document",
    "json": "JSON",
    "text": "Text",
}
MOST_BACK: Final = 40  # characters of a query in a link back
_UNITS: Final = ("bytes", "kB", "MB", "GB", "TB")


def number(count: int) -> str:
    """1234567 as 1,234,567 with narrow spaces, which every script reads."""
    return f"{count:,}".replace(",", "\u202f")


def counted(count: int, one: str, many: str = "") -> str:
    """`1 picture`, `2 pictures`."""
    return f"{number(count)} {one if count == 1 else many or one + 's'}"


def age(seconds: float) -> str:
    """A time that has passed, in the unit that says enough: `4 minutes`, `2 hours`."""
    if seconds < 60:
        return "less than a minute"
    for unit, length in (("day", 86400), ("hour", 3600), ("minute", 60)):
        if seconds >= length:
            return counted(int(seconds // length), unit)
    raise AssertionError


def stale(seconds: float, reason: str) -> str:
    """Why an old answer is shown, and how old it is."""
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


def date(text: str | None) -> str:
    """An ISO date and time as `2025-01-31 12:00` in UTC; what is no date stays as it is."""
    if not text:
        return ""
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is not None:
            moment = moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return text
    return f"{moment:%Y-%m-%d %H:%M}"


def interval(field: str, low: str | None, high: str | None) -> str:
    """A range in words: `width from 1024`, `created until 2025-01-31`, `height 512 to 1024`."""
    name = FIELDS[field]
    if low and high:
        return f"{name} {low}" if low == high else f"{name} {low} to {high}"
    return f"{name} from {low}" if low else f"{name} until {high}"


def conditions(
    search: Search, names: Mapping[str, str] | None = None
) -> Iterator[tuple[str, str, str]]:
    """Yield parameter, value and words of every condition that is no word and no example."""
    names = names or {}
    for facet in search.facets:
        field = FIELDS[facet.field]
        for value in facet.any:
            yield facet.field, value, f"{field} {_named(facet.field, value, names)}"
        for value in facet.all:
            yield f"{facet.field}.all", value, f"{field} {names.get(value, value)} (all)"
        for value in facet.none:
            yield f"{facet.field}.not", value, f"no {field} {_named(facet.field, value, names)}"
    for item in search.ranges:
        yield item.field, str(item), interval(item.field, item.low, item.high)
    if search.nsfw != "blur":
        words = "sensitive hidden" if search.nsfw == "hide" else "sensitive shown"
        yield "nsfw", search.nsfw, words
    if search.filter:
        yield "filter", search.filter, search.filter
    if search.public:
        yield "public", "true", "everybody’s public assets"


def _named(field: str, value: str, names: Mapping[str, str]) -> str:
    """A value as the panel calls it: `sound`, where the API says `audio`."""
    if field == "kind":
        return KINDS[value].lower() if value in KINDS and value not in _PLURALS else value
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
        parts.append(" then ".join(SORTS[sort].removesuffix(" first").lower() for sort in sorts))
    if search.page > 1:
        parts.append(f"page {search.page}")
    elif search.offset:
        parts.append(f"from {search.offset + 1}")
    return " · ".join(parts)


def back_to(search: Search) -> str:
    """Where a link back leads, as people say it: `“castle”`, `the results`."""
    if search.is_empty and not search.first:
        return "the newest pictures"
    is_said = search.query and not search.examples and len(search.query) <= MOST_BACK
    return f"“{search.query}”" if is_said else "the results"


def full_sides(search: Search) -> dict[str, str]:
    """The sides that no example can be added to, and why not, in words."""
    sides = {"like": (search.like, MOST_LIKES), "unlike": (search.unlike, MOST_UNLIKES)}
    return {
        side: f"{most} {side}s are the most: remove one to add another"
        for side, (examples, most) in sides.items()
        if len(examples) >= most
    }


# Fields whose values say by themselves what they are; any other is named before its value.
_SPEAKING: Final = frozenset({"kind", "aspectRatio", "tags", "collectionIds"})
_PLURALS: Final = {"3d": "3D", "json": "JSON", "image-hdr": "HDR images"}


def _facets(search: Search, names: Mapping[str, str]) -> Iterator[str]:
    """The facets of a title: `castle or tower`, `images`, `no draft`, `model Flux`."""
    for facet in search.facets:
        name = "" if facet.field in _SPEAKING else f"{FIELDS[facet.field]} "

        def spoken(value: str, field: str = facet.field) -> str:
            if field == "kind":
                return _PLURALS.get(value, f"{KINDS.get(value, value).lower()}s")
            return names.get(value, value)

        if facet.any:
            yield name + " or ".join(map(spoken, facet.any))
        if facet.all:
            yield name + " and ".join(map(spoken, facet.all))
        if facet.none:
            yield f"no {name}" + " or ".join(map(spoken, facet.none))

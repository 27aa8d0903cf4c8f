"""Hypothesis strategies for searches: every field, within the limits that an address has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from app.query import filters
from app.query.filters import ARRAYS, FACETS, RANGES, Facet
from app.query.search import Search
from app.query.sorts import LIBRARY_SORTS
from app.query.sorts import SORTS as API_SORTS

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

# Quotes, brackets, keywords, control characters, and any other character.
NASTY = st.text("\"'\\()[] ,=&%+#\x00\n\x85\ud800aBORAND.é漢🐉", max_size=12) | st.text(max_size=12)
IDS = st.from_regex(r"asset_[A-Za-z0-9]{1,6}", fullmatch=True) | st.from_regex(
    r"ref_[0-9a-f]{32}", fullmatch=True
)
RATIOS = st.floats(0, 1)
SORTS = st.sampled_from([*API_SORTS, *LIBRARY_SORTS, "random:7"])

_EXPRESSIONS = st.recursive(
    st.sampled_from(
        [
            "kind = image",
            'name = "a \\" b  c"',
            "tags IN [a, b]",
            "nsfw IS EMPTY",
            "prompt:dragon",
            'createdAt >= "1970-01-01"',
            'kind IN ["image"]',
            "name = 'it (is'",
        ]
    ),
    lambda inner: (
        st.builds("({})".format, inner)
        | st.builds("NOT {}".format, inner)
        | st.builds("{} AND {}".format, inner, inner)
        | st.builds("{} OR {}".format, inner, inner)
    ),
    max_leaves=6,
)
EXPRESSIONS = _EXPRESSIONS | NASTY.filter(lambda text: filters.unbalanced(text) is None)

_ENDS = {
    "integer": st.integers(0, 10**9).map(str),
    "number": st.decimals(0, 1000, places=6).map("{:f}".format) | st.integers(0, 999).map(str),
    "date": st.dates().filter(lambda day: 1900 <= day.year < 2100).map(str)
    | st.sampled_from(["2025-01-31+02:00", "1999-12-31-11:30", "2024-02-29T23:59+14:00"])
    | st.datetimes()
    .filter(lambda moment: 1900 <= moment.year < 2100)
    .map(lambda moment: f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z")
    | st.sampled_from(["1970-01-01", "2025-01-31T23:59:59.999Z", "2025-01-31T12:00"]),
}


@st.composite
def facets(draw: Any) -> Facet:
    """A facet with any values, also such that cleaning leaves nothing of."""
    values = st.lists(NASTY, max_size=3).map(tuple)
    field = draw(st.sampled_from(FACETS))
    wanted_all = draw(values) if field in ARRAYS else ()
    return Facet(field, any=draw(values), all=wanted_all, none=draw(values))


@st.composite
def ranges(draw: Any) -> filters.Range:
    """A range as a reader can type it."""
    field = draw(st.sampled_from(sorted(RANGES)))
    ends = st.one_of(st.just(""), _ENDS[RANGES[field]])
    low, high = draw(ends), draw(_ENDS[RANGES[field]])
    found = filters.parse_range(field, draw(st.sampled_from([f"{low}..{high}", f"{high}.."])))
    assert found is not None
    return found


@st.composite
def searches(draw: Any, *, paged: bool = True) -> Search:
    """Any search, on any page where it is `paged`, with texts as they come."""
    fields: dict[str, Any] = {
        "query": draw(NASTY),
        "querySemanticRatio": draw(st.none() | RATIOS),
        "like": tuple(draw(st.lists(IDS, max_size=3))),
        "unlike": tuple(draw(st.lists(IDS, max_size=2))),
        "imageSemanticRatio": draw(RATIOS),
        "facets": tuple(draw(st.lists(facets(), max_size=3))),
        "ranges": tuple(draw(st.lists(ranges(), max_size=3))),
        "nsfw": draw(st.sampled_from(["blur", "hide", "show"])),
        "filter": draw(EXPRESSIONS),
        "public": draw(st.booleans()),
        "originalAssets": draw(st.booleans()),
        "sortBy": tuple(draw(st.lists(SORTS, max_size=3))),
    }
    if draw(st.booleans()):
        fields["hitsPerPage"] = draw(st.integers(1, 100))
        fields["page"] = draw(st.integers(1, 10**6)) if paged else 1
    else:
        fields["limit"] = draw(st.integers(1, 100))
        fields["offset"] = draw(st.integers(0, 10**8)) if paged else 0
    return Search(**fields)


SEARCHES: SearchStrategy[Search] = searches()

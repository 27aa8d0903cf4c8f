"""`Search`: the immutable value of a search, as a URL, a form and the body of an API request.

It is normalised on construction, so that equal searches are equal values. Its methods return the
searches that one click leads to. URL parameters have the API's names (docs/design.md, "The search
is a value").
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote_plus

from app.errors import InvalidSearch
from app.query import filters
from app.query.filters import EXTENSIONS, FACETS, RANGES, WITH_TAGS, Facet, Range
from app.query.params import Reader, clean, limited
from app.query.sorts import is_extension

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Self

    from app.errors import Problem
    from app.query.params import Sensitive

Pairs = tuple[tuple[str, str], ...]

NEWEST: Final = ("createdAt:desc",)
HITS_PER_PAGE: Final = 48
CLOSEST_RATIO: Final = 0.85  # the best of `bench.words` beside words that are required
API_LIMIT: Final = 20  # the API's own default beside a lone offset
_NO_VALUES: Final = {field: Facet(field) for field in FACETS}
_NO_BOUNDS: Final = {field: Range(field) for field in RANGES}


def _unique(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(set(values)))


@dataclass(frozen=True, slots=True)
class Search:
    """A search and the requested page of its results. See `pairs` for the URL parameters."""

    query: str = ""
    querySemanticRatio: float | None = None  # 0 words .. 1 meaning; None is auto: `is_auto`
    like: tuple[str, ...] = ()  # asset ids and ref_...
    unlike: tuple[str, ...] = ()
    imageSemanticRatio: float = 1.0  # 0 look .. 1 subject; 1 without an example
    facets: tuple[Facet, ...] = ()
    ranges: tuple[Range, ...] = ()
    nsfw: Sensitive = "blur"
    filter: str = ""
    public: bool = False
    originalAssets: bool = False
    sortBy: tuple[str, ...] = ()
    page: int = 1
    hitsPerPage: int = HITS_PER_PAGE
    offset: int | None = None
    limit: int | None = None

    def __post_init__(self) -> None:
        """Normalise: searches for the same results are equal values."""
        put = object.__setattr__
        put(self, "query", " ".join(clean(self.query).split()))
        put(self, "filter", clean(self.filter))
        put(self, "like", _unique(self.like))
        put(self, "unlike", _unique(set(self.unlike) - set(self.like)))
        put(self, "facets", tuple(_merged(self.facets)))
        by_field = {item.field: item for item in self.ranges if not filters.is_everything(item)}
        put(self, "ranges", tuple(by_field[field] for field in RANGES if field in by_field))
        ratio = self.querySemanticRatio if self.query else None
        put(self, "querySemanticRatio", None if ratio is None else round(ratio, 2))
        put(self, "imageSemanticRatio", round(self.imageSemanticRatio, 2) if self.examples else 1.0)
        put(self, "sortBy", tuple(dict.fromkeys(self.sortBy)))
        if self.sortBy == NEWEST and not self.is_ranked:
            put(self, "sortBy", ())
        if self.offset is not None or self.limit is not None:
            put(self, "offset", self.offset or 0)
            put(self, "limit", API_LIMIT if self.limit is None else self.limit)
            put(self, "page", 1)
            put(self, "hitsPerPage", HITS_PER_PAGE)

    @property
    def examples(self) -> tuple[str, ...]:
        """All examples: likes, then unlikes."""
        return self.like + self.unlike

    @property
    def is_ranked(self) -> bool:
        """True where results are ranked: by words or by example."""
        return bool(self.query or self.like or self.unlike)

    @property
    def is_auto(self) -> bool:
        """True for words without a ratio: what has all words, and then the closest in meaning.

        All that is counted, exported or followed is what has all words.
        """
        return bool(self.query) and self.querySemanticRatio is None

    @property
    def is_empty(self) -> bool:
        """True for the search without conditions: the newest of all assets."""
        return not (self.is_ranked or self.expression or self.public or self.originalAssets)

    @property
    def expression(self) -> str:
        """The filter expression for the API; empty without conditions."""
        return filters.expression(
            self.facets, self.ranges, hide_sensitive=self.nsfw == "hide", raw=self.filter
        )

    @property
    def first(self) -> int:
        """The offset of the first hit of this page."""
        return self.offset if self.offset is not None else (self.page - 1) * self.hitsPerPage

    @property
    def size(self) -> int:
        """How many hits a page may have."""
        return self.limit if self.limit is not None else self.hitsPerPage

    def facet(self, field: str) -> Facet:
        """Return the chosen values of one field; an empty facet if there are none."""
        return next((facet for facet in self.facets if facet.field == field), _NO_VALUES[field])

    def range(self, field: str) -> Range:
        """Return the interval of one field; open at both ends if there is none."""
        return next((item for item in self.ranges if item.field == field), _NO_BOUNDS[field])

    def pairs(self, *, paging: bool = True) -> Pairs:
        """Return the name-value pairs of a URL or a form, in canonical order."""
        pairs: list[tuple[str, str]] = []
        if self.query:
            pairs.append(("query", self.query))
        if self.querySemanticRatio is not None:
            pairs.append(("querySemanticRatio", _ratio(self.querySemanticRatio)))
        pairs += [("like", example) for example in self.like]
        pairs += [("unlike", example) for example in self.unlike]
        if self.imageSemanticRatio != 1:
            pairs.append(("imageSemanticRatio", _ratio(self.imageSemanticRatio)))
        for facet in self.facets:
            pairs += [(facet.field, value) for value in facet.any]
            pairs += [(f"{facet.field}.all", value) for value in facet.all]
            pairs += [(f"{facet.field}.not", value) for value in facet.none]
        pairs += [(interval.field, str(interval)) for interval in self.ranges]
        if self.nsfw != "blur":
            pairs.append(("nsfw", self.nsfw))
        if self.filter:
            pairs.append(("filter", self.filter))
        pairs += [(name, "true") for name in ("public", "originalAssets") if getattr(self, name)]
        pairs += [("sortBy", sort) for sort in self.sortBy]
        if self.offset is not None:
            if paging:
                pairs.append(("offset", str(self.offset)))
            pairs.append(("limit", str(self.limit)))
        else:
            if paging and self.page != 1:
                pairs.append(("page", str(self.page)))
            if self.hitsPerPage != HITS_PER_PAGE:
                pairs.append(("hitsPerPage", str(self.hitsPerPage)))
        return tuple(pairs)

    @property
    def querystring(self) -> str:
        """The canonical query string, without its question mark."""
        return urlencoded(self.pairs())

    def url(self, path: str = "/") -> str:
        """Return the canonical address of a page of this search."""
        query = self.querystring
        return f"{path}?{query}" if query else path

    @classmethod
    def read(cls, pairs: Iterable[tuple[str, str]]) -> tuple[Self, tuple[Problem, ...]]:
        """Parse pairs leniently: return the search and the problems of what was ignored."""
        reader = Reader()
        reader.take_all(pairs)
        fields = reader.fields()
        return cls(**fields), limited(reader.problems)

    @classmethod
    def parse(cls, pairs: Iterable[tuple[str, str]]) -> Self:
        """Parse pairs strictly. Raises InvalidSearch with all problems."""
        search, problems = cls.read(pairs)
        if problems:
            raise InvalidSearch(problems)
        return search

    def body(self) -> dict[str, Any]:
        """Return the body of POST /search/assets; a `ref_...` is not expanded.

        `originalAssets` is not part of it: the API expects it in the query string.
        """
        body: dict[str, Any] = {}
        if self.query:
            body["query"] = self.query
        if self.querySemanticRatio:
            body["querySemanticRatio"] = self.querySemanticRatio
        if len(self.like) == 1 and not self.unlike:
            body["image"] = self.like[0]
        elif self.examples:
            sides = {"like": list(self.like), "unlike": list(self.unlike)}
            body["images"] = {side: ids for side, ids in sides.items() if ids}
        if self.imageSemanticRatio != 1:
            body["imageSemanticRatio"] = self.imageSemanticRatio
        if expression := self.expression:
            body["filter"] = expression
        elif not self.is_ranked:
            body["filter"] = filters.EVERYTHING
        if self.public:
            body["public"] = True
        if sort := self.sortBy or (() if self.is_ranked else NEWEST):
            body["sortBy"] = list(sort)
        if self.offset is not None:
            body |= {"offset": self.offset, "limit": self.limit}
        else:
            body |= {"page": self.page, "hitsPerPage": self.hitsPerPage}
        return body

    def with_(self, **changes: Any) -> Self:
        """Return this search with other values, from its first page."""
        if not changes and self.page == 1 and not self.offset:
            return self
        return replace(self, **{**self._start, **changes})

    def before(self) -> Self:
        """Return the search for the previous hits: a page, or as many as fit before the offset."""
        if self.offset is not None:
            return replace(self, offset=max(0, self.offset - self.size))
        return replace(self, page=max(1, self.page - 1))

    def after(self) -> Self:
        """Return the search for the next hits."""
        if self.offset is not None:
            return replace(self, offset=self.offset + self.size)
        return replace(self, page=self.page + 1)

    def on_page(self, page: int) -> Self:
        """Return another page of the same search."""
        if self.offset is not None:
            return replace(self, offset=(page - 1) * self.size)
        return replace(self, page=page)

    def similar(self, example: str) -> Self:
        """Return the search for what is similar to one example, with the same filters."""
        return self.with_(query="", like=(example,), unlike=(), imageSemanticRatio=1.0, sortBy=())

    def closest(self) -> Self:
        """Return the search whose first page is shown after the last hit of an auto search."""
        return self.with_(querySemanticRatio=CLOSEST_RATIO, sortBy=())

    def by_meaning(self) -> Self:
        """Return the search for the same words by meaning, in the order of rank."""
        return self.with_(querySemanticRatio=1.0, sortBy=())

    def with_like(self, example: str) -> Self:
        """Return this search with one more like."""
        return self.with_(
            like=(*self.like, example), unlike=tuple(e for e in self.unlike if e != example)
        )

    def with_unlike(self, example: str) -> Self:
        """Return this search with one more unlike."""
        return self.with_(
            like=tuple(e for e in self.like if e != example), unlike=(*self.unlike, example)
        )

    def steered(self, side: str, example: str) -> Self:
        """Return this search changed by an example: `similar`, `unlike`, or else `like`."""
        steer = {"similar": self.similar, "unlike": self.with_unlike}.get(side, self.with_like)
        return steer(example)

    def without(self, parameter: str, value: str | None = None) -> Self:
        """Return this search without a parameter, or without one of its values."""
        pairs = [
            pair
            for pair in self.with_().pairs()
            if pair[0] != parameter or (value is not None and pair[1] != value)
        ]
        return self.read(pairs)[0]

    def adding(self, parameter: str, value: str) -> Self:
        """Return this search with one more pair: the value of a facet, a range, an order."""
        return self.read([*self.with_().pairs(), (parameter, value)])[0]

    def any_of(self, field: str, values: Iterable[str]) -> Self:
        """Return this search with other "any" values of a facet; "all" and "none" stay."""
        others = tuple(facet for facet in self.facets if facet.field != field)
        return self.with_(facets=(*others, replace(self.facet(field), any=tuple(values))))

    def without_extensions(self) -> Self:
        """Return this search without the facets and orders that only Akin's own library has."""
        facets = tuple(facet for facet in self.facets if facet.field not in EXTENSIONS)
        orders = tuple(order for order in self.sortBy if not is_extension(order))
        if (facets, orders) == (self.facets, self.sortBy):
            return self
        return self.with_(facets=facets, sortBy=orders)

    def with_field_tags(self) -> Self:
        """Return this search as the Scenario API takes it: tags stand for some fields."""
        if not any(facet.field in WITH_TAGS for facet in self.facets):
            return self
        return self.with_(
            facets=tuple(replace(each, as_tags=each.field in WITH_TAGS) for each in self.facets)
        )

    @property
    def _start(self) -> dict[str, Any]:
        return {"page": 1} if self.offset is None else {"offset": 0}


@lru_cache(maxsize=8192)
def _urlencoded(name: str, value: str) -> str:
    return f"{name}={quote_plus(value, safe=':,')}"


def urlencoded(pairs: Iterable[tuple[str, str]]) -> str:
    """Return pairs as a query string; cached by pair, since the links of a page repeat them."""
    return "&".join(_urlencoded(name, value) for name, value in pairs)


def _ratio(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")


def _merged(facets: Iterable[Facet]) -> Iterable[Facet]:
    by_field: dict[str, Facet] = {}
    for facet in facets:
        known = by_field.get(facet.field, Facet(facet.field))
        by_field[facet.field] = Facet(
            facet.field,
            known.any + tuple(filter(None, map(clean, facet.any))),
            known.all + tuple(filter(None, map(clean, facet.all))),
            known.none + tuple(filter(None, map(clean, facet.none))),
            as_tags=facet.as_tags,
        )
    return (by_field[field] for field in FACETS if by_field.get(field))

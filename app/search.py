"""Search: the immutable value that a view shows, and its spellings.

A `Search` is normalised when it is made, so two ways of asking the same are equal and hash alike.
It knows how it is spelled as a URL or form (`pairs`, `Search.read`) and as an API body (`body`,
`Search.from_body`), and its neighbours: the searches that one click leads to. Knows nothing of
HTTP, pages, or what a `ref_...` stands for.

The URL's words are the API's (docs/design.md, "The search is a value").
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote_plus

from app import filters
from app.errors import InvalidSearch
from app.filters import FACETS, RANGES, Facet, Range
from app.reading import Reader, clean

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Self

    from app.errors import Problem
    from app.reading import Sensitive

Pairs = tuple[tuple[str, str], ...]

NEWEST: Final = ("createdAt:desc",)
HITS_PER_PAGE: Final = 48
API_LIMIT: Final = 20  # the API's own default beside a lone offset
_NO_VALUES: Final = {field: Facet(field) for field in FACETS}
_NO_BOUNDS: Final = {field: Range(field) for field in RANGES}


def _unique(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(set(values)))


@dataclass(frozen=True, slots=True)
class Search:
    """What is searched and which page of it is shown. See `pairs` for the spelling."""

    query: str = ""
    querySemanticRatio: float = 0.0  # 0 exact words .. 1 meaning; 0 without a query
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
        """Bring the value into its one normal form."""
        put = object.__setattr__
        put(self, "query", " ".join(clean(self.query).split()))
        put(self, "filter", clean(self.filter))
        put(self, "like", _unique(self.like))
        put(self, "unlike", _unique(set(self.unlike) - set(self.like)))
        put(self, "facets", tuple(_merged(self.facets)))
        by_field = {item.field: item for item in self.ranges if not filters.is_everything(item)}
        put(self, "ranges", tuple(by_field[field] for field in RANGES if field in by_field))
        put(self, "querySemanticRatio", round(self.querySemanticRatio, 2) if self.query else 0.0)
        put(self, "imageSemanticRatio", round(self.imageSemanticRatio, 2) if self.examples else 1.0)
        put(self, "sortBy", tuple(dict.fromkeys(self.sortBy)))
        if self.sortBy == NEWEST and not self.is_ranked:
            put(self, "sortBy", ())
        if self.offset is not None or self.limit is not None:
            put(self, "offset", self.offset or 0)
            put(self, "limit", API_LIMIT if self.limit is None else self.limit)
            put(self, "page", 1)
            put(self, "hitsPerPage", HITS_PER_PAGE)

    # what it is

    @property
    def examples(self) -> tuple[str, ...]:
        """Likes and unlikes together."""
        return self.like + self.unlike

    @property
    def is_ranked(self) -> bool:
        """True where the answer has an order of its own: by words or by example."""
        return bool(self.query or self.like or self.unlike)

    @property
    def is_empty(self) -> bool:
        """True where nothing is asked: the newest of everything."""
        return not (self.is_ranked or self.expression or self.public or self.originalAssets)

    @property
    def expression(self) -> str:
        """The filter as the API reads it; empty where there is none."""
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
        """The wanted values of one field; empty where there are none."""
        return next((facet for facet in self.facets if facet.field == field), _NO_VALUES[field])

    def range(self, field: str) -> Range:
        """The wanted interval of one field; open at both ends where there is none."""
        return next((item for item in self.ranges if item.field == field), _NO_BOUNDS[field])

    # as a URL or a form

    def pairs(self, *, paging: bool = True) -> Pairs:
        """Spell it as the name-value pairs of a URL or a form, in canonical order."""
        pairs: list[tuple[str, str]] = []
        if self.query:
            pairs.append(("query", self.query))
        if self.querySemanticRatio:
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
        return spelled(self.pairs())

    def url(self, path: str = "/") -> str:
        """The canonical address of this search on a page."""
        query = self.querystring
        return f"{path}?{query}" if query else path

    @classmethod
    def read(cls, pairs: Iterable[tuple[str, str]]) -> tuple[Self, tuple[Problem, ...]]:
        """Read pairs leniently: what is nonsense falls back to the default, and is reported."""
        reader = Reader()
        reader.take_all(pairs)
        return cls(**reader.fields()), tuple(reader.problems)

    @classmethod
    def parse(cls, pairs: Iterable[tuple[str, str]]) -> Self:
        """Read pairs strictly. Raises InvalidSearch with every problem."""
        search, problems = cls.read(pairs)
        if problems:
            raise InvalidSearch(problems)
        return search

    # as the API's body

    def body(self) -> dict[str, Any]:
        """Spell it as the body of POST /search/assets; a `ref_...` stays as it is.

        `originalAssets` is not in it: the API takes that in the query string.
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

    @classmethod
    def from_body(cls, body: Mapping[str, Any], *, originalAssets: bool = False) -> Self:
        """Read an API body: the inverse of `body`."""
        images = body.get("images") or {}
        parts = filters.parts(body.get("filter") or "")
        paging = {name: body[name] for name in ("page", "hitsPerPage") if name in body}
        if not paging:
            paging = {name: body.get(name) for name in ("offset", "limit")}
        return cls(
            query=body.get("query") or "",
            querySemanticRatio=body.get("querySemanticRatio") or 0.0,
            like=tuple(images.get("like") or ([body["image"]] if body.get("image") else [])),
            unlike=tuple(images.get("unlike") or ()),
            imageSemanticRatio=body.get("imageSemanticRatio", 1.0),
            facets=parts.facets,
            ranges=parts.ranges,
            nsfw="hide" if parts.hide_sensitive else "blur",
            filter=parts.raw,
            public=bool(body.get("public")),
            originalAssets=originalAssets,
            sortBy=tuple(body.get("sortBy") or ()),
            **paging,
        )

    # its neighbours

    def with_(self, **changes: Any) -> Self:
        """This search with other values, from its first page."""
        return replace(self, **{**self._start, **changes})

    def before(self) -> Self:
        """The hits before these: the page before, or as many as fit where an offset is given."""
        if self.offset is not None:
            return replace(self, offset=max(0, self.offset - self.size))
        return replace(self, page=max(1, self.page - 1))

    def after(self) -> Self:
        """The hits after these, none twice and none left out."""
        if self.offset is not None:
            return replace(self, offset=self.offset + self.size)
        return replace(self, page=self.page + 1)

    def on_page(self, page: int) -> Self:
        """Another page of the same search."""
        if self.offset is not None:
            return replace(self, offset=(page - 1) * self.size)
        return replace(self, page=page)

    def similar(self, example: str) -> Self:
        """What is like this one alone, under the same filters."""
        return self.with_(query="", like=(example,), unlike=(), imageSemanticRatio=1.0, sortBy=())

    def by_meaning(self) -> Self:
        """The same words, by what they mean alone: that has an order of its own."""
        return self.with_(querySemanticRatio=1.0, sortBy=())

    def with_like(self, example: str) -> Self:
        """More like this as well."""
        return self.with_(
            like=(*self.like, example), unlike=tuple(e for e in self.unlike if e != example)
        )

    def with_unlike(self, example: str) -> Self:
        """Less like this as well."""
        return self.with_(
            like=tuple(e for e in self.like if e != example), unlike=(*self.unlike, example)
        )

    def steered(self, side: str, example: str) -> Self:
        """What an example does to this search: `similar`, `unlike`, or else `like`."""
        steer = {"similar": self.similar, "unlike": self.with_unlike}.get(side, self.with_like)
        return steer(example)

    def without(self, parameter: str, value: str | None = None) -> Self:
        """This search without one parameter, or without one of its values."""
        kept = [
            pair
            for pair in self.with_().pairs()
            if pair[0] != parameter or (value is not None and pair[1] != value)
        ]
        return self.read(kept)[0]

    def adding(self, parameter: str, value: str) -> Self:
        """This search with one more pair: a facet's value, a range, a sort."""
        return self.read([*self.with_().pairs(), (parameter, value)])[0]

    def any_of(self, field: str, values: Iterable[str]) -> Self:
        """This search with other wanted values of one facet; its "all" and "none" are kept."""
        others = tuple(facet for facet in self.facets if facet.field != field)
        return self.with_(facets=(*others, replace(self.facet(field), any=tuple(values))))

    @property
    def _start(self) -> dict[str, Any]:
        return {"page": 1} if self.offset is None else {"offset": 0}


@lru_cache(maxsize=8192)
def _spelled(name: str, value: str) -> str:
    return f"{name}={quote_plus(value, safe=':,')}"


def spelled(pairs: Iterable[tuple[str, str]]) -> str:
    """Pairs as a query string. A page spells the same few in dozens of links."""
    return "&".join(_spelled(name, value) for name, value in pairs)


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
        )
    return (by_field[field] for field in FACETS if by_field.get(field))

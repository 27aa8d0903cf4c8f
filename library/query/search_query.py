"""Parser of search requests: body and query string -> SearchQuery; errors name the parameter.

Knows the rules of POST /search/assets (docs/scenario-api.md); nothing of SQL, vectors or Flask.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote_to_bytes

from msgspec import UNSET

from library.errors import BadRequest, FilterError
from library.query.filter_parser import parse_filter
from library.query.request_bodies import (
    LEVELS_MOST,
    PAGE_MOST,
    REFERENCES_MOST,
    SEARCH,
    decode_body,
)
from library.schema.fields import FIELDS, PATH, RANDOM, SORTABLE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from msgspec import UnsetType

    from library.query.filter_tree import Condition
    from library.query.request_bodies import ExactWords, GroupBy, Search

INTEGER_MOST = 2**53  # larger JSON numbers are not exact in every language
LIMIT_DEFAULT = 20  # hits
TEXT_MOST = 10_000  # characters of a query's text that are used

_FACETS = tuple(name for name, of in FIELDS.items() if not of.long)


class Order(NamedTuple):
    """One order of hits: by a field, or random from a seed."""

    field: str
    descending: bool = False
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Paging:
    """Which hits: `count` from `start` on; `numbered` when the request has a page number."""

    start: int
    count: int
    numbered: bool

    @property
    def page(self) -> int:
        """The number of the page, from 1."""
        return self.start // self.count + 1


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchQuery:
    """One search, as the engine executes it."""

    words: str
    querySemanticRatio: float
    like: tuple[str, ...]  # asset ids or data URLs
    unlike: tuple[str, ...]
    imageSemanticRatio: float
    filter: Condition | None
    sortBy: tuple[Order, ...]
    paging: Paging
    public: bool
    facets: tuple[str, ...] = ()
    # (field, the filter that replaces `filter` while the field is counted)
    facetFilters: tuple[tuple[str, Condition | None], ...] = ()
    folders: tuple[str, ...] = ()  # whose folders are counted; "" is the top
    showRankingScore: bool = False
    exactWords: ExactWords = ""
    groupBy: GroupBy = ""


def parse_search(body: bytes, arguments: Mapping[str, str]) -> SearchQuery:
    """Return the search of a body and query string; raises BadRequest or FilterError."""
    search: Search = decode_body(body, SEARCH)
    like, unlike = _references(search)
    words = search.query.strip()[:TEXT_MOST]
    tree = parse_filter(search.filter)
    if not (words or like or unlike or tree):
        raise BadRequest("Must provide at least one search parameter")
    facets = _facets(search.facets)
    return SearchQuery(
        words=words,
        querySemanticRatio=search.querySemanticRatio,
        like=like,
        unlike=unlike,
        imageSemanticRatio=search.imageSemanticRatio,
        filter=tree,
        sortBy=tuple(_order(entry) for entry in search.sortBy),
        paging=_paging(search, arguments),
        public=search.public,
        facets=facets,
        facetFilters=_facet_filters(
            search.facetFilters, (*facets, PATH) if search.folders else facets
        ),
        folders=_levels(search.folders),
        showRankingScore=search.showRankingScore,
        exactWords=search.exactWords,
        groupBy=search.groupBy,
    )


def boolean_argument(arguments: Mapping[str, str], name: str) -> bool:
    """Return a boolean of the query string; absent is false."""
    value = arguments.get(name, "false").lower()
    if value not in {"true", "false", "1", "0", ""}:
        raise BadRequest(f"`{name}` must be true or false, not {value[:40]!r}")
    return value in {"true", "1"}


def _integer(name: str, value: float | UnsetType, least: int) -> int | None:
    """Return `value` as an integer of at least `least`; None when it is unset."""
    if value is UNSET:
        return None
    if value != int(value):
        raise BadRequest(f"`{name}` must be a whole number, not {value}")
    if not least <= value <= INTEGER_MOST:
        bound = f"at least {least}" if value < least else f"at most {INTEGER_MOST}"
        raise BadRequest(f"`{name}` must be {bound}, not {value:.0f}")
    return int(value)


def integer_argument(arguments: Mapping[str, str], name: str, least: int) -> int | None:
    """Return an integer of the query string, or None when it is absent."""
    text = arguments.get(name)
    if text is None:
        return None
    if not re.fullmatch(r"-?[0-9]{1,15}", text):
        raise BadRequest(f"`{name}` must be a whole number, not {text[:40]!r}")
    return _integer(name, int(text), least)


def data_url(text: str) -> bytes | None:
    """Return the content of a data URL (RFC 2397), or None when `text` is not one.

    Raises BadRequest when it is malformed.
    """
    if text[:5].lower() != "data:":
        return None
    head, comma, payload = text[5:].partition(",")
    if not comma:
        raise BadRequest("The data URL has no comma between its type and its content")
    if not head.lower().endswith(";base64"):
        return unquote_to_bytes(payload)
    try:
        return base64.b64decode(payload, validate=True)
    except (binascii.Error, ValueError):
        raise BadRequest("The data URL's content is not base64") from None


def _references(search: Search) -> tuple[tuple[str, ...], tuple[str, ...]]:
    if search.image and (search.images.like or search.images.unlike):
        raise BadRequest("`image` and `images` are mutually exclusive")
    like = (search.image,) if search.image else tuple(dict.fromkeys(search.images.like))
    unlike = tuple(dict.fromkeys(search.images.unlike))
    for name, given in (("like", like), ("unlike", unlike)):
        if len(given) > REFERENCES_MOST:
            raise BadRequest(f"`images.{name}` may name {REFERENCES_MOST} images at most")
        if not all(given):
            raise BadRequest(f"`images.{name}` has an empty entry")
    return like, unlike


def _order(entry: str) -> Order:
    name, _, direction = entry.partition(":")
    if name == RANDOM:
        if not re.fullmatch("[0-9]{1,9}", direction):
            raise BadRequest("`sortBy`: random needs a number of at most 9 digits: random:42")
        return Order(RANDOM, seed=int(direction))
    if direction not in {"asc", "desc"}:
        raise BadRequest(f"`sortBy`: {entry[:80]!r} must be a field, a colon, and asc or desc")
    if name not in SORTABLE:
        raise BadRequest(
            f'"{name[:80]}" is not a sortable field. Sortable fields: {", ".join(SORTABLE)}'
        )
    return Order(name, direction == "desc")


def _levels(folders: list[str]) -> tuple[str, ...]:
    if len(folders) > LEVELS_MOST:
        raise BadRequest(f"`folders` may name {LEVELS_MOST} folders at most, not {len(folders)}")
    return tuple(dict.fromkeys(folder.strip("/") for folder in folders))


def _facets(names: list[str]) -> tuple[str, ...]:
    for name in names:
        if name != "*" and name not in _FACETS:
            raise BadRequest(
                f'"{name[:80]}" is not a field with facets. Fields: {", ".join(_FACETS)}'
            )
    return _FACETS if "*" in names else tuple(dict.fromkeys(names))


def _facet_filters(
    given: dict[str, str], facets: tuple[str, ...]
) -> tuple[tuple[str, Condition | None], ...]:
    trees: list[tuple[str, Condition | None]] = []
    for name, expression in given.items():
        if name not in facets:
            raise BadRequest(f'`facetFilters`: "{name[:80]}" is not among `facets`')
        try:
            trees.append((name, parse_filter(expression)))
        except FilterError as error:
            raise FilterError(f"`facetFilters.{name}`: {error}", error.column) from error
    return tuple(trees)


def _paging(search: Search, arguments: Mapping[str, str]) -> Paging:
    # The official client pages by repeating the body with the next offset in the query string.
    argument = integer_argument(arguments, "offset", 0)
    offset = argument if argument is not None else _integer("offset", search.offset, 0)
    sizes = (search.limit, search.hitsPerPage)
    if any(size is not UNSET and size > PAGE_MOST for size in sizes):
        raise BadRequest(f"Limit exceeds maximum ({PAGE_MOST})")
    limit = _integer("limit", search.limit, 1)
    page = _integer("page", search.page, 1)
    per_page = _integer("hitsPerPage", search.hitsPerPage, 1)
    if page is None and per_page is None:
        return Paging(offset or 0, limit or LIMIT_DEFAULT, numbered=False)
    if offset is not None or limit is not None:
        raise BadRequest("`page` and `hitsPerPage` exclude `offset` and `limit`")
    if page is None or per_page is None:
        raise BadRequest("`page` and `hitsPerPage` must be given together")
    return Paging((page - 1) * per_page, per_page, numbered=True)

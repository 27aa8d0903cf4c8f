"""A search's body and query string -> Query, strictly; every refusal names the field.

Knows the rules of POST /search/assets (scenario-api.md); nothing of SQL, vectors or Flask.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import unquote_to_bytes

from msgspec import UNSET

from library.bodies import PAGE_MOST, REFERENCES_MOST, SEARCH, decoded
from library.errors import BadRequest, FilterError
from library.fields import FIELDS, SORTABLE
from library.filters import parse

if TYPE_CHECKING:
    from collections.abc import Mapping

    from msgspec import UnsetType

    from library.bodies import Search
    from library.conditions import Condition

LARGEST = 2**53  # beyond it JSON's numbers are not whole in every language
LIMIT = 20  # hits when the caller does not say
QUERY_LONGEST = 10_000  # characters of a query that are read

_FACETS = tuple(name for name, of in FIELDS.items() if not of.long)


@dataclass(frozen=True, slots=True)
class Paging:
    """Which hits: `count` from `start` on; `numbered` when the caller speaks of pages."""

    start: int
    count: int
    numbered: bool

    @property
    def page(self) -> int:
        """The page's number, from 1."""
        return self.start // self.count + 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """One search as the engine understands it."""

    words: str
    querySemanticRatio: float
    like: tuple[str, ...]  # asset ids or data URLs
    unlike: tuple[str, ...]
    imageSemanticRatio: float
    filter: Condition | None
    sortBy: tuple[tuple[str, bool], ...]  # (field, descending)
    paging: Paging
    public: bool
    facets: tuple[str, ...] = ()
    # (field, what takes the place of `filter` while it is counted)
    facetFilters: tuple[tuple[str, Condition | None], ...] = ()
    showRankingScore: bool = False


def read(body: bytes, arguments: Mapping[str, str]) -> Query:
    """The search that `body` and the query string ask for; raises BadRequest or FilterError."""
    found = decoded(body, SEARCH)
    like, unlike = _references(found)
    words = found.query.strip()[:QUERY_LONGEST]
    tree = parse(found.filter)
    if not (words or like or unlike or tree):
        raise BadRequest("Must provide at least one search parameter")
    facets = _facets(found.facets)
    return Query(
        words=words,
        querySemanticRatio=found.querySemanticRatio,
        like=like,
        unlike=unlike,
        imageSemanticRatio=found.imageSemanticRatio,
        filter=tree,
        sortBy=tuple(_order(entry) for entry in found.sortBy),
        paging=_paging(found, arguments),
        public=found.public,
        facets=facets,
        facetFilters=_facet_filters(found.facetFilters, facets),
        showRankingScore=found.showRankingScore,
    )


def flag(arguments: Mapping[str, str], name: str) -> bool:
    """A boolean of the query string; absent is false."""
    value = arguments.get(name, "false").lower()
    if value not in {"true", "false", "1", "0", ""}:
        raise BadRequest(f"`{name}` must be true or false, not {value[:40]!r}")
    return value in {"true", "1"}


def whole(name: str, value: float | UnsetType, least: int) -> int | None:
    """`value` as a whole number of at least `least`; None when it was not given."""
    if value is UNSET:
        return None
    if value != int(value):
        raise BadRequest(f"`{name}` must be a whole number, not {value}")
    if not least <= value <= LARGEST:
        bound = f"at least {least}" if value < least else f"at most {LARGEST}"
        raise BadRequest(f"`{name}` must be {bound}, not {value:.0f}")
    return int(value)


def whole_argument(arguments: Mapping[str, str], name: str, least: int) -> int | None:
    """A whole number of the query string, or None when it is absent."""
    text = arguments.get(name)
    if text is None:
        return None
    if not re.fullmatch(r"-?[0-9]{1,15}", text):
        raise BadRequest(f"`{name}` must be a whole number, not {text[:40]!r}")
    return whole(name, int(text), least)


def data_url(text: str) -> bytes | None:
    """The bytes of a data URL, or None when `text` is not one.

    Raises BadRequest when it is one that cannot be read (RFC 2397).
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


def _references(found: Search) -> tuple[tuple[str, ...], tuple[str, ...]]:
    if found.image and (found.images.like or found.images.unlike):
        raise BadRequest("`image` and `images` are mutually exclusive")
    like = (found.image,) if found.image else tuple(dict.fromkeys(found.images.like))
    unlike = tuple(dict.fromkeys(found.images.unlike))
    for name, given in (("like", like), ("unlike", unlike)):
        if len(given) > REFERENCES_MOST:
            raise BadRequest(f"`images.{name}` may name {REFERENCES_MOST} images at most")
        if not all(given):
            raise BadRequest(f"`images.{name}` has an empty entry")
    return like, unlike


def _order(entry: str) -> tuple[str, bool]:
    name, _, direction = entry.partition(":")
    if direction not in {"asc", "desc"}:
        raise BadRequest(f"`sortBy`: {entry[:80]!r} must be a field, a colon, and asc or desc")
    if name not in SORTABLE:
        raise BadRequest(
            f'"{name[:80]}" is not a sortable field. Sortable fields: {", ".join(SORTABLE)}'
        )
    return name, direction == "desc"


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
    read_: list[tuple[str, Condition | None]] = []
    for name, expression in given.items():
        if name not in facets:
            raise BadRequest(f'`facetFilters`: "{name[:80]}" is not among `facets`')
        try:
            read_.append((name, parse(expression)))
        except FilterError as error:
            raise FilterError(f"`facetFilters.{name}`: {error}", error.column) from error
    return tuple(read_)


def _paging(found: Search, arguments: Mapping[str, str]) -> Paging:
    # The official client pages by repeating the body with the next offset in the query string.
    argument = whole_argument(arguments, "offset", 0)
    offset = argument if argument is not None else whole("offset", found.offset, 0)
    if any(given is not UNSET and given > PAGE_MOST for given in (found.limit, found.hitsPerPage)):
        raise BadRequest(f"Limit exceeds maximum ({PAGE_MOST})")
    limit = whole("limit", found.limit, 1)
    page = whole("page", found.page, 1)
    per_page = whole("hitsPerPage", found.hitsPerPage, 1)
    if page is None and per_page is None:
        return Paging(offset or 0, limit or LIMIT, numbered=False)
    if offset is not None or limit is not None:
        raise BadRequest("`page` and `hitsPerPage` exclude `offset` and `limit`")
    if page is None or per_page is None:
        raise BadRequest("`page` and `hitsPerPage` must be given together")
    return Paging((page - 1) * per_page, per_page, numbered=True)

"""The bodies of the API's answers -> assets, pages of results and names, tolerantly.

An answer that is as documented is decoded in one step; an odd one (a null, another type, a missing
field) is taken field by field, and what cannot be used falls back to its default. Knows nothing of
HTTP and of pages.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final, TypeVar

import msgspec

from app.assets import Asset, Metadata, Named, ResultPage, Thumbnail
from app.decoding import decode
from app.errors import UpstreamNonsense

MOST_COUNT: Final = 10**12  # a larger count of hits is nonsense

S = TypeVar("S", bound=msgspec.Struct)


class _Collection(msgspec.Struct, frozen=True, gc=False):
    id: str = ""
    name: str | None = None
    itemCount: int | None = None


class _Tag(msgspec.Struct, frozen=True, gc=False):
    tagName: str = ""
    itemCount: int | None = None


class _Page(msgspec.Struct, frozen=True, gc=False):
    hits: tuple[msgspec.Raw, ...] | None = None
    page: int | None = None
    hitsPerPage: int | None = None
    totalHits: int | None = None
    totalPages: int | None = None
    offset: int | None = None
    limit: int | None = None
    estimatedTotalHits: int | None = None
    facetDistribution: dict[str, dict[str, int]] | None = None


_PAGE: Final = msgspec.json.Decoder(_Page, strict=False)
_HIT: Final = msgspec.json.Decoder(Asset, strict=False)
_ODD: Final = (msgspec.ValidationError, msgspec.DecodeError, UnicodeDecodeError, RecursionError)


@lru_cache(maxsize=8192)  # as many as cards are kept of (app/views/card.py)
def _hit(raw: bytes) -> Asset:
    """Read one hit; the same bytes, seen on another page, are the same value."""
    try:
        return _HIT.decode(raw)
    except _ODD:
        return _lenient(decode(raw), Asset)


def result_page(body: bytes, *, size: int) -> ResultPage:
    """Read an answer of POST /search/assets; `size` is how many hits were asked for.

    A hit without an id is left out, a hit that comes twice is kept once.
    Raises UpstreamNonsense where the answer is no object with a list of hits.
    """
    found: tuple[Asset, ...]
    try:
        page = _PAGE.decode(body)
        found = tuple(_hit(bytes(raw)) for raw in page.hits or ())
        is_page = page.hits is not None
    except _ODD:
        loose = decode(body)
        if not isinstance(loose, dict):
            raise UpstreamNonsense("The answer is not a page of results.") from None
        page = _lenient({name: loose[name] for name in loose if name != "hits"}, _Page)
        listed = loose.get("hits")
        is_page = isinstance(listed, list)
        found = tuple(_lenient(hit, Asset) for hit in listed) if isinstance(listed, list) else ()
    if not is_page:
        raise UpstreamNonsense("The answer has no list of hits.")
    hits = tuple({hit.id: hit for hit in found if hit.id}.values())
    total, pages = _believable(page.totalHits), _believable(page.totalPages)
    if total is not None and (total < len(hits) or (total and not hits and page.page == 1)):
        total = pages = None  # a count that the hits beside it belie is no count
    if pages is not None and page.page is not None:
        has_next = page.page < pages and bool(hits)
    else:
        has_next = len(found) >= size
    return ResultPage(hits, total, pages, has_next, page.facetDistribution or {})


def _believable(count: int | None) -> int | None:
    return count if count is not None and 0 <= count < MOST_COUNT else None


def asset(body: bytes) -> Asset:
    """Read an answer of GET /assets/{id}, with `others`. Raises UpstreamNonsense."""
    loose = decode(body)
    found = loose.get("asset") if isinstance(loose, dict) else None
    if not isinstance(found, dict) or not isinstance(found.get("id"), str):
        raise UpstreamNonsense("The answer is not an asset.")
    made = found.get("metadata")
    others = _others(found, Asset) | _others(made if isinstance(made, dict) else {}, Metadata)
    return msgspec.structs.replace(_lenient(found, Asset), others=others)


def _others(loose: dict[str, Any], struct: type[msgspec.Struct]) -> dict[str, Any]:
    known = set(struct.__struct_encode_fields__)
    return {name: value for name, value in loose.items() if name not in known}


def assets(body: bytes) -> tuple[Asset, ...]:
    """Read an answer of POST /assets/get-bulk. Raises UpstreamNonsense."""
    return tuple(hit for item in _items(body, "assets") if (hit := _lenient(item, Asset)).id)


def collections(body: bytes) -> tuple[Named, ...]:
    """Read one page of GET /collections. Raises UpstreamNonsense."""
    items = (_lenient(item, _Collection) for item in _items(body, "collections"))
    return tuple(Named(item.id, item.name or item.id, item.itemCount) for item in items if item.id)


def tags(body: bytes) -> tuple[Named, ...]:
    """Read one page of GET /tags. Raises UpstreamNonsense."""
    items = (_lenient(item, _Tag) for item in _items(body, "tags"))
    return tuple(
        Named(item.tagName, item.tagName, item.itemCount) for item in items if item.tagName
    )


def models(body: bytes) -> tuple[Named, ...]:
    """Read an answer of POST /models/get-bulk. Raises UpstreamNonsense."""
    items = (_lenient(item, _Collection) for item in _items(body, "models"))
    return tuple(Named(item.id, item.name or item.id) for item in items if item.id)


def next_token(body: bytes) -> str | None:
    """The `nextPaginationToken` of a listing; None on its last page."""
    loose = decode(body)
    token = loose.get("nextPaginationToken") if isinstance(loose, dict) else None
    return token if isinstance(token, str) and token else None


def _items(body: bytes, name: str) -> list[Any]:
    loose = decode(body)
    items = loose.get(name) if isinstance(loose, dict) else None
    if not isinstance(items, list):
        raise UpstreamNonsense(f"The answer has no list of {name}.")
    return items


def _lenient(loose: object, struct: type[S]) -> S:
    """Take what can be used of a loose object, field by field."""
    if not isinstance(loose, dict):
        return struct()
    values: dict[str, Any] = {}
    for field in msgspec.structs.fields(struct):
        if loose.get(field.encode_name) is None:
            continue
        value = loose[field.encode_name]
        try:
            values[field.name] = msgspec.convert(value, field.type, strict=False)
        except msgspec.ValidationError:
            if (used := _salvage(value, field)) is not None:
                values[field.name] = used
    return struct(**values)


_NESTED: Final[dict[str, type[msgspec.Struct]]] = {
    "metadata": Metadata,
    "thumbnail": Thumbnail,
    "preview": Thumbnail,
}


def _salvage(value: object, field: msgspec.structs.FieldInfo) -> object:
    if field.name in _NESTED:
        return _lenient(value, _NESTED[field.name])
    if isinstance(value, list) and field.type == tuple[str, ...]:
        return tuple(item for item in value if isinstance(item, str))
    if isinstance(value, int | float) and field.name in {"id", "name", "prompt", "seed"}:
        return str(value)
    return None

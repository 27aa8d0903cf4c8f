"""Decoding of response bodies: bytes -> assets, pages of results, names.

A body that is as documented is decoded in one step. In any other (a null, another type, a missing
field) each field is decoded by itself, and a field that cannot be used has its default value.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final, TypeVar

import msgspec

from app.errors import InvalidUpstreamResponse
from app.scenario.assets import (
    Asset,
    AssetGroup,
    AssetListing,
    Metadata,
    Named,
    ResultPage,
    Thumbnail,
)
from app.scenario.field_tags import with_fields
from app.scenario.lenient_json import decode
from app.scenario.library import FolderLevel

MOST_COUNT: Final = 10**12  # a larger count of hits is not plausible

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
    totalAssets: int | None = None
    totalPages: int | None = None
    offset: int | None = None
    limit: int | None = None
    estimatedTotalHits: int | None = None
    facetDistribution: dict[str, dict[str, int]] | None = None
    folderDistribution: dict[str, FolderLevel] | None = None


_PAGE: Final = msgspec.json.Decoder(_Page, strict=False)
_HIT: Final = msgspec.json.Decoder(Asset, strict=False)
_DECODING_ERRORS: Final = (
    msgspec.ValidationError,
    msgspec.DecodeError,
    UnicodeDecodeError,
    RecursionError,
)


@lru_cache(maxsize=8192)  # as many as cached cards (app/viewmodels/parts/card.py)
def _hit(raw: bytes, has_field_tags: bool) -> Asset:
    """Decode one hit; equal bytes on another page give the same value."""
    try:
        hit = _HIT.decode(raw)
    except _DECODING_ERRORS:
        hit = _lenient(decode(raw), Asset)
    return with_fields(hit) if has_field_tags else hit


def result_page(body: bytes, *, size: int, has_field_tags: bool = False) -> ResultPage:
    """Decode a response of POST /search/assets; `size` is the requested number of hits.

    `has_field_tags`: tags stand for fields, as those of the Scenario API do.

    Hits without an id and repeated hits are left out. Raises InvalidUpstreamResponse for a body
    without a list of hits.
    """
    found: tuple[Asset, ...]
    try:
        page = _PAGE.decode(body)
        found = tuple(_hit(bytes(raw), has_field_tags) for raw in page.hits or ())
        is_page = page.hits is not None
    except _DECODING_ERRORS:
        loose = decode(body)
        if not isinstance(loose, dict):
            raise InvalidUpstreamResponse("The response is not a page of results.") from None
        page = _lenient({name: loose[name] for name in loose if name != "hits"}, _Page)
        listed = loose.get("hits")
        is_page = isinstance(listed, list)
        found = tuple(_lenient(hit, Asset) for hit in listed) if isinstance(listed, list) else ()
        if has_field_tags:
            found = tuple(map(with_fields, found))
    if not is_page:
        raise InvalidUpstreamResponse("The response has no list of hits.")
    hits = tuple({hit.id: hit for hit in found if hit.id}.values())
    total, pages = _plausible(page.totalHits), _plausible(page.totalPages)
    if total is not None and (total < len(hits) or (total and not hits and page.page == 1)):
        total = pages = None  # a count that contradicts the hits is not used
    if pages is not None and page.page is not None:
        has_next = page.page < pages and bool(hits)
    else:
        has_next = len(found) >= size
    return ResultPage(
        hits,
        total if page.totalAssets is None else _plausible(page.totalAssets),
        total,
        pages,
        has_next,
        page.facetDistribution or {},
        page.folderDistribution or {},
    )


def _plausible(count: int | None) -> int | None:
    return count if count is not None and 0 <= count < MOST_COUNT else None


def asset(body: bytes) -> Asset:
    """Decode a response of GET /assets/{id}, with `others`. Raises InvalidUpstreamResponse."""
    loose = decode(body)
    found = loose.get("asset") if isinstance(loose, dict) else None
    if not isinstance(found, dict) or not isinstance(found.get("id"), str):
        raise InvalidUpstreamResponse("The response is not an asset.")
    made = found.get("metadata")
    others = _others(found, Asset) | _others(made if isinstance(made, dict) else {}, Metadata)
    return msgspec.structs.replace(_lenient(found, Asset), others=others)


def _others(loose: dict[str, Any], struct: type[msgspec.Struct]) -> dict[str, Any]:
    known = set(struct.__struct_encode_fields__)
    return {name: value for name, value in loose.items() if name not in known}


def assets(body: bytes) -> tuple[Asset, ...]:
    """Decode a response of POST /assets/get-bulk. Raises InvalidUpstreamResponse."""
    return tuple(hit for item in _items(body, "assets") if (hit := _lenient(item, Asset)).id)


def asset_listing(body: bytes) -> AssetListing:
    """Decode one page of GET /assets. Raises InvalidUpstreamResponse."""
    return AssetListing(assets(body), next_token(body))


def collections(body: bytes) -> tuple[Named, ...]:
    """Decode one page of GET /collections. Raises InvalidUpstreamResponse."""
    items = (_lenient(item, _Collection) for item in _items(body, "collections"))
    return tuple(Named(item.id, item.name or item.id, item.itemCount) for item in items if item.id)


def collection(body: bytes) -> Named:
    """Decode a response about one collection. Raises InvalidUpstreamResponse."""
    loose = decode(body)
    found = _lenient(loose.get("collection") if isinstance(loose, dict) else None, _Collection)
    if not found.id:
        raise InvalidUpstreamResponse("The response is not a collection.")
    return Named(found.id, found.name or found.id, found.itemCount)


def tags(body: bytes) -> tuple[Named, ...]:
    """Decode one page of GET /tags. Raises InvalidUpstreamResponse."""
    items = (_lenient(item, _Tag) for item in _items(body, "tags"))
    return tuple(
        Named(item.tagName, item.tagName, item.itemCount) for item in items if item.tagName
    )


def models(body: bytes) -> tuple[Named, ...]:
    """Decode a response of POST /models/get-bulk. Raises InvalidUpstreamResponse."""
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
        raise InvalidUpstreamResponse(f"The response has no list of {name}.")
    return items


def _lenient(loose: object, struct: type[S]) -> S:
    """Decode each field of an object by itself; invalid ones have their default."""
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
    "group": AssetGroup,
}


def _id_of(item: object) -> object:
    return item.get("assetId") or item.get("id") if isinstance(item, dict) else item


def _salvage(value: object, field: msgspec.structs.FieldInfo) -> object:
    if field.name in _NESTED:
        return _lenient(value, _NESTED[field.name])
    if isinstance(value, list) and field.type == tuple[str, ...]:
        if field.name == "referenceImages":  # ids, or objects that contain them
            value = [_id_of(item) for item in value]
        return tuple(item for item in value if isinstance(item, str))
    if isinstance(value, int | float) and field.name in {"id", "name", "prompt", "seed"}:
        return str(value)
    return None

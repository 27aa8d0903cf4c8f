"""Calls that write, as values (docs/scenario-api.md, "Calls that write")."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

import msgspec

from app.scenario.protocol import Call

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence


MOST_MEMBERS: Final = 49  # assets in one call that changes a collection
USER: Final = "X-Akin-User"  # header: who writes, for the log of Akin's own library


def edit_tags(asset_id: str, add: Iterable[str], delete: Iterable[str]) -> Call:
    """Return PUT /assets/{id}/tags, which changes nothing where it is repeated."""
    body = {"add": [*add], "delete": [*delete], "strict": False}
    return _call("PUT", f"/assets/{quote(asset_id, safe='')}/tags", body)


def edit_asset(asset_id: str, values: Mapping[str, Any]) -> Call:
    """Return PUT /assets/{id}."""
    return _call("PUT", f"/assets/{quote(asset_id, safe='')}", values)


def create_collection(name: str) -> Call:
    """Return POST /collections, which would create a second one where it is repeated."""
    return _call("POST", "/collections", {"name": name}, is_repeatable=False)


def collection(collection_id: str) -> Call:
    """Return GET /collections/{id}."""
    return Call("GET", f"/collections/{quote(collection_id, safe='')}")


def delete_collection(collection_id: str) -> Call:
    """Return DELETE /collections/{id}."""
    return _call("DELETE", f"/collections/{quote(collection_id, safe='')}")


def edit_members(collection_id: str, asset_ids: Sequence[str], *, add: bool) -> Call:
    """Return PUT or DELETE /collections/{id}/assets."""
    path = f"/collections/{quote(collection_id, safe='')}/assets"
    return _call("PUT" if add else "DELETE", path, {"assetIds": asset_ids})


def trash(asset_ids: Sequence[str]) -> Call:
    """Return POST /library/trash, an extension of Akin's own library."""
    return _call("POST", "/library/trash", {"assetIds": asset_ids}, is_repeatable=False)


def user_headers(name: str) -> tuple[tuple[str, str], ...]:
    """Return the header that names the user: percent-encoded, since headers are ASCII."""
    return ((USER, quote(name, safe=" ")),)


def _call(
    method: str, path: str, body: Mapping[str, Any] | None = None, *, is_repeatable: bool = True
) -> Call:
    content = None if body is None else msgspec.json.encode(body)
    return Call(method, path, (), content, is_write=True, is_repeatable=is_repeatable)

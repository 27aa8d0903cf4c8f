"""The calls that write: tags, collections, and fields of assets.

Decisions are stored first, then shown by the index, before the response: who writes reads it at
once. Files are never changed. Knows HTTP; `store.edits` knows what a decision is.
"""

from __future__ import annotations

import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote

from flask import Blueprint, Response, request
from msgspec import UNSET, structs
from sqlalchemy.exc import DatabaseError

from library.api import serialize
from library.api.pages import json_response
from library.errors import (
    BadRequest,
    Forbidden,
    IndexBroken,
    IndexUnusable,
    NotFound,
    NotStored,
)
from library.query.request_bodies import (
    ASSET_CHANGES,
    COLLECTION_CHANGES,
    MEMBERS,
    MEMBERS_MOST,
    NEW_COLLECTION,
    TAG_CHANGES,
    decode_body,
)
from library.query.search_query import boolean_argument
from library.schema.decisions import LABEL, NOTHING, RATING
from library.store.decisions import edits
from library.store.decisions.follow import follow
from library.store.opening import is_away

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from library.api.signed_urls import Signer
    from library.store.index import Index

OFF, TAGS, ALL = MODES = ("off", "tags", "all")  # the values of AKIN_WRITE
USER: Final = "X-Akin-User"  # who decides, percent-encoded; by default the name of the key
_USER_MOST: Final = 200  # characters
_AS_TAGS: Final = frozenset({RATING, LABEL})  # of the Scenario API, they are tags
_LOG = logging.getLogger(__name__)


class Writing:
    """The routes over one library. `mode` is one of MODES; `key` the name of the key pair."""

    def __init__(self, index: Index, signer: Callable[[], Signer], *, mode: str, key: str) -> None:
        if mode not in MODES:
            raise ValueError(f"{mode!r} is not one of {', '.join(MODES)}")
        self._index, self._signer, self._mode, self._key = index, signer, mode, key
        self.on_decided: Callable[[], None] = lambda: None  # called after each change

    def add_to(self, routes: Blueprint) -> None:
        """Add the routes to the blueprint of the API."""
        for method, path, view in (
            ("PUT", "/assets/<asset_id>/tags", self.tags),
            ("PUT", "/assets/<asset_id>", self.asset),
            ("POST", "/collections", self.create),
            ("GET", "/collections/<collection_id>", self.collection),
            ("PUT", "/collections/<collection_id>", self.change),
            ("DELETE", "/collections/<collection_id>", self.delete),
            ("PUT", "/collections/<collection_id>/assets", self.add),
            ("DELETE", "/collections/<collection_id>/assets", self.remove),
        ):
            routes.add_url_rule(
                path, endpoint=f"writing_{view.__name__}", view_func=view, methods=[method]
            )

    def follow(self) -> None:
        """Show the decisions that a killed process has left; reading works without it."""
        try:
            follow(self._index)
        except (DatabaseError, IndexUnusable) as error:
            _LOG.warning("Decisions that are stored cannot be shown yet: %s", error)

    def tags(self, asset_id: str) -> Response:
        """PUT /assets/{id}/tags."""
        self.require(TAGS)
        body = decode_body(_body(), TAG_CHANGES)
        with self._writing("tags", asset_id) as by:
            added, deleted = edits.edit_tags(
                self._index, asset_id, body.add, body.delete, strict=body.strict, by=by
            )
        return json_response({"added": added, "deleted": deleted})

    def asset(self, asset_id: str) -> Response:
        """PUT /assets/{id}: name, description, rating, label, nsfw."""
        original = boolean_argument(request.args, "originalAssets")
        self.require(TAGS)
        changes = _given(decode_body(_body(), ASSET_CHANGES))
        self.require(TAGS if changes.keys() <= _AS_TAGS else ALL)
        with self._writing("fields", asset_id) as by:
            edits.edit_values(self._index, asset_id, changes, by=by)
        with self._index.reading() as connection:
            number = self._index.numbers(connection, [asset_id]).get(asset_id)
            if number is None:  # removed meanwhile
                raise NotFound(f"No asset with id {asset_id[:80]!r}")
            values = self._index.values(connection, [number])[number]
            file = self._index.files(connection, [number])[number]
        decided = self._index.decisions.of([asset_id]).get(asset_id, NOTHING).values
        asset = serialize.asset(values, self._signer(), file, original=original, decided=decided)
        return json_response({"asset": asset})

    def create(self) -> Response:
        """POST /collections."""
        self.require(ALL)
        name = decode_body(_body(), NEW_COLLECTION).name
        with self._writing("new collection", "") as by:
            created = edits.create_collection(self._index, name, by=by)
        return self.collection(created)

    def collection(self, collection_id: str) -> Response:
        """GET /collections/{id}."""
        found = self._index.collection(collection_id)
        if found is None:
            raise NotFound(f"No collection with id {collection_id[:80]!r}")
        return json_response({"collection": serialize.collection(found, self._signer())})

    def change(self, collection_id: str) -> Response:
        """PUT /collections/{id}: name, thumbnail."""
        self.require(ALL)
        changes = _given(decode_body(_body(), COLLECTION_CHANGES))
        with self._writing("collection", collection_id) as by:
            edits.edit_collection(self._index, collection_id, changes, by=by)
        return self.collection(collection_id)

    def delete(self, collection_id: str) -> Response:
        """DELETE /collections/{id}; its assets stay."""
        self.require(ALL)
        with self._writing("deleted collection", collection_id) as by:
            edits.edit_collection(self._index, collection_id, {"deleted": True}, by=by)
        return json_response({})

    def add(self, collection_id: str) -> Response:
        """PUT /collections/{id}/assets."""
        return self._members(collection_id, add=True)

    def remove(self, collection_id: str) -> Response:
        """DELETE /collections/{id}/assets."""
        return self._members(collection_id, add=False)

    def _members(self, collection_id: str, *, add: bool) -> Response:
        self.require(ALL)
        ids = list(dict.fromkeys(decode_body(_body(), MEMBERS).assetIds))
        if len(ids) > MEMBERS_MOST:
            raise BadRequest(f"`assetIds` may have {MEMBERS_MOST} entries at most, not {len(ids)}")
        with self._writing("assets of collection", collection_id) as by:
            edits.edit_members(self._index, collection_id, ids, add=add, by=by)
        return self.collection(collection_id)

    def require(self, mode: str) -> None:
        """Raise Forbidden unless clients may write this much."""
        if MODES.index(self._mode) >= MODES.index(mode):
            return
        if self._mode == OFF:
            raise Forbidden(
                "This library can only be read. To change it, start it with AKIN_WRITE=all "
                "(or tags, for tags, ratings and labels alone)"
            )
        raise Forbidden(
            "Only tags, ratings and labels may be changed in this library. To change more, start "
            "it with AKIN_WRITE=all"
        )

    def user(self) -> str:
        """Return who sends the request, by default the name of the key."""
        by = unquote(request.headers.get(USER, ""), errors="replace").strip()[:_USER_MOST]
        return "".join(letter for letter in by if letter.isprintable()) or self._key

    @contextmanager
    def _writing(self, what: str, id_: str) -> Iterator[str]:
        """Return the name of the user; afterwards show what was decided, and log it."""
        by = self.user()
        try:
            yield by
        except (IndexUnusable, IndexBroken, DatabaseError) as error:
            _LOG.warning("A change was not stored: %s", error)
            if is_away(error):
                raise NotStored(
                    "The change was not stored: the database of the library does not respond, or "
                    "has no primary. Searches go on. Try again in a minute"
                ) from error
            if isinstance(error, DatabaseError):
                raise
            raise NotStored(
                "The change was not stored: the folder of the library cannot be written. Check "
                "that the disk is not full, and try again"
            ) from error
        _LOG.info("Changed by %s: %s %s", by, what, id_)
        self.on_decided()
        try:
            follow(self._index)
        except (DatabaseError, IndexUnusable) as error:
            _LOG.warning("A change is stored and cannot be shown yet: %s", error)
            if is_away(error):
                raise NotStored(
                    "The change is stored, and the database does not respond now: the next change "
                    "or start shows it"
                ) from error
            raise NotStored(
                "The change is stored, but the index cannot be written to show it. Check that the "
                "disk is not full; the next change or start shows it"
            ) from error


def _given(body: Any) -> dict[str, Any]:
    """Return the fields that a request changes. Raises BadRequest where there are none."""
    changes = {name: value for name, value in structs.asdict(body).items() if value is not UNSET}
    if not changes:
        raise BadRequest(f"At least one of {', '.join(structs.asdict(body))} must be given")
    return changes


def _body() -> bytes:
    return request.get_data(cache=False)

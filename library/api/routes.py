"""The routes under /v1.

Parses requests, queries the engine and the index, and returns the API's JSON. Knows Flask; ranks
nothing and runs no SQL.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import logging
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, current_app, request
from sqlalchemy.exc import OperationalError
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from library.api import openapi, serialize
from library.api.asset_files import has_file
from library.api.files import DOWNLOAD
from library.api.pages import json_response, page_size, token, token_key
from library.errors import (
    BadRequest,
    Busy,
    FileGone,
    FilterError,
    IndexUnusable,
    NotFound,
    RequestError,
    TooLarge,
    Unauthorized,
)
from library.formats.file_types import format_names
from library.query.request_bodies import (
    ASSET_IDS,
    BULK_MOST,
    DOWNLOAD_BODY,
    MODEL_IDS,
    decode_body,
)
from library.query.search_query import boolean_argument, parse_search
from library.schema.decisions import NOTHING
from library.store import groups, lineage
from library.store.opening import is_away

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy import Connection

    from library.api.maintenance import Maintenance
    from library.api.signed_urls import Signer
    from library.api.trash import Trash
    from library.api.writing import Writing
    from library.home import KeyPair
    from library.search.engine import Engine
    from library.store.index import Index

BODY_MOST = 32 * 1024 * 1024  # bytes of a request: a reference image of 24 MB as a data URL
FORMATS = {"png": "png", "jpeg": "jpeg", "jpg": "jpeg", "webp": "webp", "avif": "avif"}

_SHOWN_MEMBERS = 24  # of a group in one hit of a search
OPENAPI = "/openapi.json"  # the only route without authentication

_LOG = logging.getLogger(__name__)


class Routes:
    """The API's routes over one library; each but `OPENAPI` requires the key pair."""

    def __init__(
        self,
        index: Index,
        engine: Engine,
        signer: Callable[[], Signer],
        key_pair: KeyPair,
        further: Sequence[Maintenance | Writing | Trash],
    ) -> None:
        self._index = index
        self._engine = engine
        self._signer = signer
        self._further = further
        self._credentials = f"{key_pair.key}:{key_pair.secret}".encode()

    def blueprint(self) -> Blueprint:
        """Return the blueprint of all routes, under /v1."""
        routes = Blueprint("v1", __name__, url_prefix="/v1")
        routes.before_request(self.authenticate)
        for method, path, view in (
            ("POST", "/search/assets", self.search),
            ("GET", "/assets", self.listing),
            ("GET", "/assets/<asset_id>", self.asset),
            ("POST", "/assets/get-bulk", self.assets),
            ("POST", "/assets/<asset_id>/download", self.download),
            ("GET", "/tags", self.tags),
            ("GET", "/collections", self.collections),
            ("POST", "/models/get-bulk", self.models),
            ("GET", OPENAPI, self.openapi),
        ):
            routes.add_url_rule(path, view_func=view, methods=[method])
        for each in self._further:
            each.add_to(routes)
        return routes

    def authenticate(self) -> None:
        """Raise Unauthorized unless the request carries the key pair (HTTP Basic)."""
        if request.endpoint == "v1.openapi":
            return
        scheme, _, credentials = request.headers.get("Authorization", "").partition(" ")
        try:
            pair = base64.b64decode(credentials.strip(), validate=True)
        except (binascii.Error, ValueError):
            pair = b""
        # Compared in constant time, so that the duration reveals nothing of the key.
        if scheme.lower() != "basic" or not hmac.compare_digest(pair, self._credentials):
            raise Unauthorized("The key pair is missing or wrong (HTTP Basic, key:secret)")

    def search(self) -> Response:
        """POST /search/assets."""
        query = parse_search(_body(), request.args)
        original = boolean_argument(request.args, "originalAssets")
        urls = self._signer()
        with self._index.reading() as connection:
            result = self._engine.search(connection, query)
            documents = self._index.values(connection, result.numbers)
            files = self._index.files(connection, documents)
            ids = [values["id"] for values in documents.values()] if query.groupBy else ()
            grouped = groups.of_assets(connection, ids, most=_SHOWN_MEMBERS) if ids else {}
        hits = [
            serialize.hit(values, urls, files[number], original=original)
            for number, values in documents.items()
        ]
        for hit in hits:
            if (group := grouped.get(hit["id"])) is not None:
                hit["group"] = serialize.group(group)
        return json_response(serialize.page(result, query, hits))

    def listing(self) -> Response:
        """GET /assets: all, or those that were made from `parentAssetId` or `rootAssetId`."""
        original = boolean_argument(request.args, "originalAssets")
        parent, root = (request.args.get(name) for name in ("parentAssetId", "rootAssetId"))
        size = page_size(50)
        after = token_key(tuple[int, str])
        with self._index.reading() as connection:
            for asset_id in (each for each in (parent, root) if each is not None):
                if asset_id not in self._index.numbers(connection, [asset_id]):
                    raise _unknown(asset_id)
            found = lineage.children(
                connection, parent=parent, root=root, after=after, limit=size + 1
            )
            assets = self._assets(connection, [each.number for each in found[:size]], original)
        body: dict[str, Any] = {"assets": assets}
        if len(found) > size:
            body["nextPaginationToken"] = token([found[size - 1].createdAt, found[size - 1].id])
        return json_response(body)

    def _assets(
        self, connection: Connection, numbers: Sequence[int], original: bool
    ) -> list[dict[str, Any]]:
        urls = self._signer()
        documents = self._index.values(connection, numbers)
        files = self._index.files(connection, documents)
        ids = [values["id"] for values in documents.values()]
        decided = self._index.decisions.of(ids, current=False)
        return [
            serialize.asset(
                values,
                urls,
                files[number],
                original=original,
                decided=decided.get(values["id"], NOTHING).values,
            )
            for number, values in documents.items()
        ]

    def asset(self, asset_id: str) -> Response:
        """GET /assets/{id}."""
        original = boolean_argument(request.args, "originalAssets")
        with_embedding = boolean_argument(request.args, "withEmbedding")
        with self._index.reading() as connection:
            number = self._index.numbers(connection, [asset_id]).get(asset_id)
            if number is None:
                raise _unknown(asset_id)
            [asset] = self._assets(connection, [number], original)
            if (group := groups.of_assets(connection, [asset_id]).get(asset_id)) is not None:
                asset["group"] = serialize.group(group)
            if with_embedding:
                asset["embedding"] = self._index.embedding(connection, number)
        return json_response({"asset": asset})

    def assets(self) -> Response:
        """POST /assets/get-bulk: those that exist, in the requested order."""
        original = boolean_argument(request.args, "originalAssets")
        ids = _bulk("assetIds", decode_body(_body(), ASSET_IDS).assetIds)
        with self._index.reading() as connection:
            numbers = self._index.numbers(connection, ids)
            ordered = [numbers[asset_id] for asset_id in ids if asset_id in numbers]
            assets = self._assets(connection, ordered, original)
        return json_response({"assets": assets})

    def download(self, asset_id: str) -> Response:
        """POST /assets/{id}/download."""
        target = decode_body(_body(), DOWNLOAD_BODY).targetFormat
        document = self._index.document(asset_id)
        if document is None:
            raise _unknown(asset_id)
        stored = format_names(document.mimeType, document.source.path)
        is_stored = not target or target in stored
        choices = [stored[0], *(FORMATS if document.kind == "image" else ())]
        if not is_stored and target not in choices:
            raise BadRequest(
                f"`targetFormat`: this asset is available as {', '.join(dict.fromkeys(choices))}, "
                f"not as {target[:20]!r}"
            )
        if not has_file(document):
            raise FileGone(
                "The file of this asset is no longer in its folder; index the folder again"
            )
        if is_stored:
            url = f"{self._signer().original(asset_id, document.source.sha256)}&{DOWNLOAD}=true"
            return json_response({"url": url, "mimeType": document.mimeType})
        url = self._signer().transform(asset_id, document.source.sha256)
        url = f"{url}&format={FORMATS[target]}&{DOWNLOAD}=true"
        return json_response({"url": url, "mimeType": f"image/{FORMATS[target]}"})

    def tags(self) -> Response:
        """GET /tags."""
        size = page_size(50)
        counts = self._index.tags(limit=size + 1, after=token_key(str) or "")
        body: dict[str, Any] = {"tags": [serialize.tag(count) for count in counts[:size]]}
        if len(counts) > size:
            body["nextPaginationToken"] = token(counts[size - 1].key)
        return json_response(body)

    def collections(self) -> Response:
        """GET /collections."""
        size = page_size(10)
        after = token_key(tuple[str, str]) or ("", "")
        counts = self._index.collections(limit=size + 1, after=after)
        urls = self._signer()
        body: dict[str, Any] = {
            "collections": [serialize.collection(count, urls) for count in counts[:size]]
        }
        if len(counts) > size:
            body["nextPaginationToken"] = token([counts[size - 1].name, counts[size - 1].id])
        return json_response(body)

    def models(self) -> Response:
        """POST /models/get-bulk: names of the models that assets were made with."""
        ids = _bulk("modelIds", decode_body(_body(), MODEL_IDS).modelIds)
        return json_response(
            {"models": [serialize.model(*model) for model in self._index.models(ids)]}
        )

    def openapi(self) -> Response:
        """GET /openapi.json."""
        return Response(openapi.page(), mimetype="application/json")


def error_response(error: Exception) -> Response:
    """Return the JSON of any exception: `{"error", "code"}` with its status."""
    if isinstance(error, RequestEntityTooLarge):
        limit = current_app.config["MAX_CONTENT_LENGTH"] // (1024 * 1024)
        error = TooLarge(f"The body is larger than {limit} MB; send a smaller image")
    if isinstance(error, RequestError):
        content: dict[str, Any] = {"error": str(error), "code": error.code}
        if isinstance(error, FilterError):
            content["column"] = error.column
        response = json_response(content, status=error.status)
        if isinstance(error, Busy):
            response.headers["Retry-After"] = str(error.retry_after)
        if isinstance(error, Unauthorized):
            response.headers["WWW-Authenticate"] = 'Basic realm="Akin library"'
        return response
    if isinstance(error, HTTPException):
        code = (error.name or "error").upper().replace(" ", "_")
        if error.response is not None or error.code is None or error.code < 400:
            return error.get_response()  # type: ignore[return-value]
        response = json_response({"error": error.description, "code": code}, status=error.code)
        # Allow (405), Content-Range (416), Retry-After.
        response.headers.extend(
            pair for pair in error.get_headers() if pair[0].lower() != "content-type"
        )
        return response
    if isinstance(error, OperationalError | IndexUnusable) or is_away(error):
        _LOG.exception("The index cannot be read or written")
        content = {
            "error": "The library is busy, or its database does not respond; try again later",
            "code": "UNAVAILABLE",
        }
        return json_response(content, status=503)
    _LOG.exception("A request failed")
    content = {"error": "The library failed; its log has the reason", "code": "INTERNAL"}
    return json_response(content, status=500)


def _unknown(asset_id: str) -> NotFound:
    return NotFound(f"No asset with id {asset_id[:80]!r}")


def _bulk(name: str, ids: list[str]) -> list[str]:
    """Return the ids without duplicates; raises BadRequest for more than the limit."""
    if len(ids) > BULK_MOST:
        raise BadRequest(f"`{name}` may have {BULK_MOST} entries at most, not {len(ids)}")
    return list(dict.fromkeys(ids))


def _body() -> bytes:
    return request.get_data(cache=False)

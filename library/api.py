"""The routes under /v1: HTTP in, HTTP out.

Reads requests, asks the engine and the index, and answers in the API's JSON. Knows Flask; ranks
nothing and runs no SQL.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import logging
from typing import TYPE_CHECKING, Any

import msgspec
from flask import Blueprint, Response, current_app, request
from sqlalchemy.exc import OperationalError
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from library import openapi, wire
from library.bodies import ASSET_IDS, BULK_MOST, DOWNLOAD, MODEL_IDS, decoded
from library.cdn import AS_FILE, has_file
from library.errors import (
    BadRequest,
    FileGone,
    FilterError,
    NotFound,
    RequestError,
    TooLarge,
    Unauthorized,
)
from library.kinds import formats
from library.query import flag, read, whole_argument

if TYPE_CHECKING:
    from collections.abc import Callable

    from library.cdn import Signer
    from library.homes import KeyPair
    from library.index import Index
    from library.ranking import Engine

BODY_MOST = 32 * 1024 * 1024  # bytes of a request: a reference image of 24 MB as a data URL
FORMATS = {"png": "png", "jpeg": "jpeg", "jpg": "jpeg", "webp": "webp", "avif": "avif"}

OPENAPI = "/openapi.json"  # the only call that needs no key

_ENCODE = msgspec.json.Encoder().encode
_LOG = logging.getLogger(__name__)


class Routes:
    """The API's calls over one library; every one must carry the key pair."""

    def __init__(
        self, index: Index, engine: Engine, signer: Callable[[], Signer], key_pair: KeyPair
    ) -> None:
        self._index = index
        self._engine = engine
        self._signer = signer
        self._credentials = f"{key_pair.key}:{key_pair.secret}".encode()

    def blueprint(self) -> Blueprint:
        """All of it, under /v1."""
        routes = Blueprint("v1", __name__, url_prefix="/v1")
        routes.before_request(self.authenticate)
        for method, path, view in (
            ("POST", "/search/assets", self.search),
            ("GET", "/assets/<asset_id>", self.asset),
            ("POST", "/assets/get-bulk", self.assets),
            ("POST", "/assets/<asset_id>/download", self.download),
            ("GET", "/tags", self.tags),
            ("GET", "/collections", self.collections),
            ("POST", "/models/get-bulk", self.models),
            ("GET", OPENAPI, self.openapi),
        ):
            routes.add_url_rule(path, view_func=view, methods=[method])
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
        # Compared in constant time, so that the time it takes tells nothing of the key.
        if scheme.lower() != "basic" or not hmac.compare_digest(pair, self._credentials):
            raise Unauthorized("The key pair is missing or wrong (HTTP Basic, key:secret)")

    def search(self) -> Response:
        """POST /search/assets."""
        query = read(_body(), request.args)
        original = flag(request.args, "originalAssets")
        urls = self._signer()
        with self._index.reading() as connection:
            ranked = self._engine.search(connection, query)
            documents = self._index.values(connection, ranked.numbers)
            paths = self._index.paths(connection, documents)
        hits = [
            wire.hit(values, urls, original=original, path=paths.get(number))
            for number, values in documents.items()
        ]
        return _json(wire.page(ranked, query, hits))

    def asset(self, asset_id: str) -> Response:
        """GET /assets/{id}."""
        original = flag(request.args, "originalAssets")
        with_embedding = flag(request.args, "withEmbedding")
        with self._index.reading() as connection:
            number = self._index.numbers(connection, [asset_id]).get(asset_id)
            if number is None:
                raise _unknown(asset_id)
            values = self._index.values(connection, [number])[number]
            path = self._index.paths(connection, [number]).get(number)
            found = wire.asset(values, self._signer(), original=original, path=path)
            if with_embedding:
                found["embedding"] = self._index.embedding(connection, number)
        return _json({"asset": found})

    def assets(self) -> Response:
        """POST /assets/get-bulk: those that exist, in the order asked for."""
        original = flag(request.args, "originalAssets")
        ids = _bulk("assetIds", decoded(_body(), ASSET_IDS).assetIds)
        urls = self._signer()
        with self._index.reading() as connection:
            numbers = self._index.numbers(connection, ids)
            wanted = [numbers[asset_id] for asset_id in ids if asset_id in numbers]
            documents = self._index.values(connection, wanted)
            paths = self._index.paths(connection, documents)
        found = [
            wire.asset(values, urls, original=original, path=paths.get(number))
            for number, values in documents.items()
        ]
        return _json({"assets": found})

    def download(self, asset_id: str) -> Response:
        """POST /assets/{id}/download."""
        wanted = decoded(_body(), DOWNLOAD).targetFormat
        document = self._index.document(asset_id)
        if document is None:
            raise _unknown(asset_id)
        stored = formats(document.mimeType, document.source.path)
        is_stored = not wanted or wanted in stored
        choices = [stored[0], *(FORMATS if document.kind == "image" else ())]
        if not is_stored and wanted not in choices:
            raise BadRequest(
                f"`targetFormat`: this asset can be had as {', '.join(dict.fromkeys(choices))}, "
                f"not as {wanted[:20]!r}"
            )
        if not has_file(document):
            raise FileGone("The file of this asset is not in its folder any more; index it again")
        if is_stored:
            url = f"{self._signer().original(asset_id)}&{AS_FILE}=true"
            return _json({"url": url, "mimeType": document.mimeType})
        url = f"{self._signer().transform(asset_id)}&format={FORMATS[wanted]}&{AS_FILE}=true"
        return _json({"url": url, "mimeType": f"image/{FORMATS[wanted]}"})

    def tags(self) -> Response:
        """GET /tags."""
        size = _page_size(50)
        found = self._index.tags(limit=size + 1, after=_token(str) or "")
        answer: dict[str, Any] = {"tags": [wire.tag(entry) for entry in found[:size]]}
        if len(found) > size:
            answer["nextPaginationToken"] = _as_token(found[size - 1].key)
        return _json(answer)

    def collections(self) -> Response:
        """GET /collections."""
        size = _page_size(10)
        found = self._index.collections(limit=size + 1, after=_token(tuple[str, str]) or ("", ""))
        urls = self._signer()
        answer: dict[str, Any] = {
            "collections": [wire.collection(entry, urls) for entry in found[:size]]
        }
        if len(found) > size:
            answer["nextPaginationToken"] = _as_token([found[size - 1].name, found[size - 1].id])
        return _json(answer)

    def models(self) -> Response:
        """POST /models/get-bulk: names for the ids that files were made with."""
        ids = _bulk("modelIds", decoded(_body(), MODEL_IDS).modelIds)
        return _json({"models": [wire.model(found) for found in self._index.models(ids)]})

    def openapi(self) -> Response:
        """GET /openapi.json."""
        return Response(openapi.page(), mimetype="application/json")


def answer_errors(error: Exception) -> Response:
    """The JSON of anything that was raised: `{"error", "code"}` and its status."""
    if isinstance(error, RequestEntityTooLarge):
        limit = current_app.config["MAX_CONTENT_LENGTH"] // (1024 * 1024)
        error = TooLarge(f"The body is larger than {limit} MB; send a smaller image")
    if isinstance(error, RequestError):
        content: dict[str, Any] = {"error": str(error), "code": error.code}
        if isinstance(error, FilterError):
            content["column"] = error.column
        answer = _json(content, status=error.status)
        if isinstance(error, Unauthorized):
            answer.headers["WWW-Authenticate"] = 'Basic realm="Akin library"'
        return answer
    if isinstance(error, HTTPException):
        code = (error.name or "error").upper().replace(" ", "_")
        if error.response is not None or error.code is None or error.code < 400:
            return error.get_response()  # type: ignore[return-value]
        answer = _json({"error": error.description, "code": code}, status=error.code)
        # What may be asked for instead: Allow (405), Content-Range (416), Retry-After.
        kept = [pair for pair in error.get_headers() if pair[0].lower() != "content-type"]
        answer.headers.extend(kept)
        return answer
    if isinstance(error, OperationalError):
        _LOG.exception("The library's file cannot be read")
        content = {"error": "The library is busy or out of reach; try again", "code": "UNAVAILABLE"}
        return _json(content, status=503)
    _LOG.exception("A request failed")
    return _json({"error": "The library failed; its log says how", "code": "INTERNAL"}, status=500)


def _unknown(asset_id: str) -> NotFound:
    return NotFound(f"No asset with id {asset_id[:80]!r}")


def _bulk(name: str, ids: list[str]) -> list[str]:
    """The ids without repetition; a call over the limit is refused whole."""
    if len(ids) > BULK_MOST:
        raise BadRequest(f"`{name}` may have {BULK_MOST} entries at most, not {len(ids)}")
    return list(dict.fromkeys(ids))


def _json(content: Any, status: int = 200) -> Response:
    return Response(_ENCODE(content), status=status, mimetype="application/json")


def _body() -> bytes:
    return request.get_data(cache=False)


def _page_size(default: int) -> int:
    size = whole_argument(request.args, "pageSize", 1)
    if size is not None and size > 100:
        raise BadRequest("`pageSize` exceeds maximum (100)")
    return size or default


def _as_token(key: Any) -> str:
    return base64.urlsafe_b64encode(_ENCODE(key)).decode()


def _token(kind: Any) -> Any:
    """The key in `paginationToken`, or None when there is none."""
    text = request.args.get("paginationToken")
    if not text:
        return None
    try:
        return msgspec.json.decode(base64.urlsafe_b64decode(text), type=kind)
    except (msgspec.MsgspecError, binascii.Error, ValueError):
        raise BadRequest("`paginationToken` is not one that this library gave out") from None

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

from library import wire
from library.errors import BadRequest, FilterError, NotFound, RequestError, TooLarge, Unauthorized
from library.query import decoded, flag, read, whole_argument

if TYPE_CHECKING:
    from collections.abc import Callable

    from library.cdn import Signer
    from library.homes import KeyPair
    from library.index import Index
    from library.ranking import Engine

BODY_MOST = 32 * 1024 * 1024  # bytes of a request: a reference image of 24 MB as a data URL
BULK_MOST = 200  # ids in one bulk call
FORMATS = {"png": "png", "jpeg": "jpeg", "jpg": "jpeg", "webp": "webp", "avif": "avif"}

_ENCODE = msgspec.json.Encoder().encode
_LOG = logging.getLogger(__name__)


class _AssetIds(msgspec.Struct, forbid_unknown_fields=True):
    assetIds: list[str]


class _ModelIds(msgspec.Struct, forbid_unknown_fields=True):
    modelIds: list[str]


class _Download(msgspec.Struct, forbid_unknown_fields=True):
    targetFormat: str = ""


_ASSET_IDS = msgspec.json.Decoder(_AssetIds)
_MODEL_IDS = msgspec.json.Decoder(_ModelIds)
_DOWNLOAD = msgspec.json.Decoder(_Download)


def blueprint(
    index: Index, engine: Engine, signer: Callable[[], Signer], key_pair: KeyPair
) -> Blueprint:
    """The API's routes over one library; every call must carry `key_pair`."""
    routes = Blueprint("v1", __name__, url_prefix="/v1")
    expected = f"{key_pair.key}:{key_pair.secret}".encode()

    @routes.before_request
    def authenticate() -> None:
        given = request.headers.get("Authorization", "")
        scheme, _, credentials = given.partition(" ")
        try:
            pair = base64.b64decode(credentials.strip(), validate=True)
        except (binascii.Error, ValueError):
            pair = b""
        # Compared in constant time, so that the time it takes tells nothing of the key.
        if scheme.lower() != "basic" or not hmac.compare_digest(pair, expected):
            raise Unauthorized("The key pair is missing or wrong (HTTP Basic, key:secret)")

    @routes.post("/search/assets")
    def search() -> Response:
        query = read(_body(), request.args)
        original = flag(request.args, "originalAssets")
        urls = signer()
        with index.reading() as connection:
            ranked = engine.search(connection, query)
            documents = index.values(connection, ranked.numbers)
        hits = [wire.hit(values, urls, original=original) for values in documents.values()]
        return _json(wire.page(ranked, query.paging, hits))

    @routes.get("/assets/<asset_id>")
    def asset(asset_id: str) -> Response:
        original = flag(request.args, "originalAssets")
        with_embedding = flag(request.args, "withEmbedding")
        with index.reading() as connection:
            number = index.numbers(connection, [asset_id]).get(asset_id)
            if number is None:
                raise NotFound(f"No asset with id {asset_id[:80]!r}")
            found = wire.asset(
                index.values(connection, [number])[number], signer(), original=original
            )
            if with_embedding:
                found["embedding"] = index.embedding(connection, number)
        return _json({"asset": found})

    @routes.post("/assets/get-bulk")
    def assets() -> Response:
        original = flag(request.args, "originalAssets")
        ids = list(dict.fromkeys(decoded(_body(), _ASSET_IDS).assetIds))
        if len(ids) > BULK_MOST:
            raise BadRequest(f"`assetIds` may name {BULK_MOST} assets at most, not {len(ids)}")
        urls = signer()
        with index.reading() as connection:
            numbers = index.numbers(connection, ids)
            documents = index.values(
                connection, [numbers[asset_id] for asset_id in ids if asset_id in numbers]
            )
        found = [wire.asset(values, urls, original=original) for values in documents.values()]
        return _json({"assets": found})

    @routes.post("/assets/<asset_id>/download")
    def download(asset_id: str) -> Response:
        wanted = decoded(_body(), _DOWNLOAD).targetFormat
        document = index.document(asset_id)
        if document is None:
            raise NotFound(f"No asset with id {asset_id[:80]!r}")
        stored = document.mimeType.partition("/")[2]
        if not wanted or FORMATS.get(wanted, wanted) == stored:
            return _json({"url": signer().original(asset_id), "mimeType": document.mimeType})
        if wanted not in FORMATS or document.kind != "image":
            raise BadRequest(
                f"`targetFormat`: an asset of kind {document.kind} can be had as "
                + (", ".join(FORMATS) if document.kind == "image" else stored)
                + f", not as {wanted[:20]!r}"
            )
        url = f"{signer().transform(asset_id)}&format={FORMATS[wanted]}"
        return _json({"url": url, "mimeType": f"image/{FORMATS[wanted]}"})

    @routes.get("/tags")
    def tags() -> Response:
        size = _page_size(50)
        after = _token(str)
        found = index.tags(limit=size + 1, after=after or "")
        answer: dict[str, Any] = {"tags": [wire.tag(entry) for entry in found[:size]]}
        if len(found) > size:
            answer["nextPaginationToken"] = _as_token(found[size - 1].key)
        return _json(answer)

    @routes.get("/collections")
    def collections() -> Response:
        size = _page_size(10)
        after = _token(tuple[str, str])
        found = index.collections(limit=size + 1, after=after or ("", ""))
        urls = signer()
        answer: dict[str, Any] = {
            "collections": [wire.collection(entry, urls) for entry in found[:size]]
        }
        if len(found) > size:
            answer["nextPaginationToken"] = _as_token([found[size - 1].name, found[size - 1].id])
        return _json(answer)

    @routes.post("/models/get-bulk")
    def models() -> Response:
        ids = list(dict.fromkeys(decoded(_body(), _MODEL_IDS).modelIds))
        if len(ids) > BULK_MOST:
            raise BadRequest(f"`modelIds` may name {BULK_MOST} models at most, not {len(ids)}")
        return _json({"models": [wire.model(found) for found in index.models(ids)]})

    return routes


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
        return _json({"error": error.description, "code": code}, status=error.code)
    if isinstance(error, OperationalError):
        _LOG.exception("The library's file cannot be read")
        content = {"error": "The library is busy or out of reach; try again", "code": "UNAVAILABLE"}
        return _json(content, status=503)
    _LOG.exception("A request failed")
    return _json({"error": "The library failed; its log says how", "code": "INTERNAL"}, status=500)


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

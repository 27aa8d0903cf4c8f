"""The OpenAPI page of the library, made from what its code declares.

Bodies come from the structs that read them, fields from `fields`; so the page cannot say what the
code does not do. Knows the shapes of requests and answers; nothing of Flask.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import msgspec

from library.bodies import AssetIds, Download, ModelIds, Search
from library.fields import FIELDS, SORTABLE

_STRING = {"type": "string"}
_NUMBER = {"type": "number"}
_STRINGS = {"type": "array", "items": _STRING}
_PICTURE = {
    "type": "object",
    "required": ["assetId", "url"],
    "properties": {"assetId": _STRING, "url": _STRING},
}
_TOLD = ("description", "transcription", "content")
_LISTS = ("collectionIds", "nsfw", "tags")
_ALWAYS = ("id", "authorId", "createdAt", "mimeType", "ownerId", "privacy", "teamId", "updatedAt")
_ALWAYS_URL = (*_ALWAYS, "url")


def _object(required: tuple[str, ...] = (), **properties: Any) -> dict[str, Any]:
    return {"type": "object", "required": list(required), "properties": properties}


def _reference(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def _hit() -> dict[str, Any]:
    return _object(
        (*_ALWAYS_URL, *_LISTS, "metadata"),
        **dict.fromkeys((*_ALWAYS_URL, *_TOLD), _STRING),
        **dict.fromkeys(_LISTS, _STRINGS),
        # `path`, an extension: where the file is below the indexed folder.
        metadata={"type": "object", "properties": {"path": _STRING}},
        thumbnail=_PICTURE,
        _rankingScore=_NUMBER,
    )


def _asset() -> dict[str, Any]:
    more = _object(
        ("kind", "status", "source", "properties", "editCapabilities"),
        kind=_STRING,
        status={"const": "success"},
        source=_STRING,
        properties=_object(("size",), size=_NUMBER),
        editCapabilities=_STRINGS,
        originalFileUrl=_STRING,
        preview=_PICTURE,
        firstFrame=_PICTURE,
        embedding={"type": ["array", "null"], "items": _NUMBER},
    )
    return {"allOf": [_reference("Hit"), more]}


def _page() -> dict[str, Any]:
    whole = {"type": "integer", "minimum": 0}
    counts = {"type": "object", "additionalProperties": whole}
    numbers = {"type": "object", "additionalProperties": _NUMBER}
    return _object(
        ("hits",),
        hits={"type": "array", "items": _reference("Hit")},
        **dict.fromkeys(
            ("page", "hitsPerPage", "totalHits", "totalPages", "offset", "limit"), whole
        ),
        estimatedTotalHits=whole,
        facetDistribution={"type": "object", "additionalProperties": counts},
        facetStats={"type": "object", "additionalProperties": numbers},
    )


def _answers(schema: dict[str, Any], *errors: int) -> dict[str, Any]:
    texts = {
        400: "A parameter is wrong; `error` names it",
        401: "The key pair is missing or wrong",
        404: "There is no such asset",
        410: "The file of this asset is not in its folder any more",
        413: "The body is too large",
        503: "The library's file is busy or out of reach",
    }
    error = {"application/json": {"schema": _reference("Error")}}
    found: dict[str, Any] = {
        "200": {"description": "Answered", "content": {"application/json": {"schema": schema}}}
    }
    for status in (*errors, 401, 503):
        found[str(status)] = {"description": texts[status], "content": error}
    return found


def _parameter(name: str, schema: dict[str, Any], *, where: str = "query") -> dict[str, Any]:
    return {"name": name, "in": where, "required": where == "path", "schema": schema}


_FLAG = {"type": "boolean"}
_ORIGINAL = _parameter("originalAssets", _FLAG)
_PROJECT = _parameter("projectId", _STRING)
_ID = _parameter("assetId", {"type": "string", "pattern": "^[A-Za-z0-9_-]+$"}, where="path")
_SIZE = _parameter("pageSize", {"type": "integer", "minimum": 1, "maximum": 100})
_TOKEN = _parameter("paginationToken", _STRING)


def _posted(struct: str, *, needed: bool) -> dict[str, Any]:
    return {
        "required": needed,
        "content": {"application/json": {"schema": _reference(struct)}},
    }


def _listed(name: str, entry: dict[str, Any]) -> dict[str, Any]:
    return _object(
        (name,), **{name: {"type": "array", "items": entry}}, nextPaginationToken=_STRING
    )


def _paths() -> dict[str, Any]:
    counted = ("createdAt", "itemCount", "ownerId", "updatedAt")
    times = {"createdAt": _STRING, "updatedAt": _STRING, "ownerId": _STRING}
    tag = _object(("tagName", *counted), tagName=_STRING, itemCount=_NUMBER, **times)
    collection = _object(
        ("id", "name", *counted),
        id=_STRING,
        name=_STRING,
        itemCount=_NUMBER,
        thumbnail=_PICTURE,
        **times,
    )
    model = _object(("id", "name", "type"), id=_STRING, name=_STRING, type=_STRING)
    assets = _object(("assets",), assets={"type": "array", "items": _reference("Asset")})
    offset = _parameter("offset", {"type": "integer", "minimum": 0, "maximum": 10**15 - 1})
    return {
        "/search/assets": {
            "post": {
                "summary": "Search for assets",
                "parameters": [_ORIGINAL, _PROJECT, offset],
                "requestBody": _posted("Search", needed=True),
                "responses": _answers(_page(), 400, 404, 413),
            }
        },
        "/assets/{assetId}": {
            "get": {
                "summary": "One asset",
                "parameters": [_ID, _ORIGINAL, _PROJECT, _parameter("withEmbedding", _FLAG)],
                "responses": _answers(_object(("asset",), asset=_reference("Asset")), 400, 404),
            }
        },
        "/assets/get-bulk": {
            "post": {
                "summary": "Several assets",
                "parameters": [_ORIGINAL, _PROJECT],
                "requestBody": _posted("AssetIds", needed=True),
                "responses": _answers(assets, 400, 413),
            }
        },
        "/assets/{assetId}/download": {
            "post": {
                "summary": "A fresh signed URL of the file, converted if asked",
                "parameters": [_ID, _PROJECT],
                "requestBody": _posted("Download", needed=False),
                "responses": _answers(
                    _object(("url",), url=_STRING, mimeType=_STRING), 400, 404, 410, 413
                ),
            }
        },
        "/tags": {
            "get": {
                "summary": "Tags with counts",
                "parameters": [_SIZE, _TOKEN, _PROJECT],
                "responses": _answers(_listed("tags", tag), 400),
            }
        },
        "/collections": {
            "get": {
                "summary": "Collections with counts",
                "parameters": [_SIZE, _TOKEN, _PROJECT],
                "responses": _answers(_listed("collections", collection), 400),
            }
        },
        "/models/get-bulk": {
            "post": {
                "summary": "Names of models",
                "parameters": [_PROJECT],
                "requestBody": _posted("ModelIds", needed=True),
                "responses": _answers(
                    _object(("models",), models={"type": "array", "items": model}), 400, 413
                ),
            }
        },
    }


@lru_cache(maxsize=1)
def page() -> bytes:
    """The page as JSON."""
    _, schemas = msgspec.json.schema_components(
        [Search, AssetIds, ModelIds, Download], ref_template="#/components/schemas/{name}"
    )
    found = {
        "openapi": "3.1.0",
        "info": {
            "title": "Akin library",
            "version": "1",
            "description": "The Scenario API over a folder of files. "
            f"Filterable fields: {', '.join(FIELDS)}. Sortable fields: {', '.join(SORTABLE)}. "
            "`facets`, `facetFilters` and `showRankingScore` are additions of this library: "
            "`facets` counts the hits by the values of these fields; a field in `facetFilters` is "
            "counted under that filter in place of `filter`, so that what is chosen in it does "
            "not empty its other values.",
        },
        "servers": [{"url": "/v1"}],
        "security": [{"keyPair": []}],
        "paths": _paths(),
        "components": {
            "securitySchemes": {"keyPair": {"type": "http", "scheme": "basic"}},
            "schemas": {
                **schemas,
                "Hit": _hit(),
                "Asset": _asset(),
                "Error": _object(
                    ("error", "code"), error=_STRING, code=_STRING, column={"type": "integer"}
                ),
            },
        },
    }
    return msgspec.json.encode(found)

"""The OpenAPI description of the library, derived from declarations in the code.

Request bodies come from the structs that parse them, fields from `schema.fields`, so the page
matches the code. Knows the structure of requests and responses; nothing of Flask.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import msgspec

from library.api.openapi_schemas import (
    FLAG,
    NUMBER,
    PICTURE,
    STRING,
    STRINGS,
    asset,
    hit,
    hits_page,
    record,
    reference,
)
from library.query.request_bodies import (
    MEMBERS_MOST,
    AssetChanges,
    AssetIds,
    CollectionChanges,
    Download,
    Members,
    ModelIds,
    NewCollection,
    Search,
    TagChanges,
)
from library.schema.fields import FIELDS, SORTABLE
from library.store.problems import CATEGORIES


def _responses(schema: dict[str, Any], *errors: int) -> dict[str, Any]:
    texts = {
        400: "A parameter is wrong; `error` names it",
        401: "The key pair is missing or wrong",
        403: "The library may not be changed, or not this of it (AKIN_WRITE)",
        404: "There is no such asset or collection",
        410: "The file of this asset is no longer in its folder",
        413: "The body is too large",
        503: "The library is busy, or cannot be read or written",
    }
    error = {"application/json": {"schema": reference("Error")}}
    responses: dict[str, Any] = {
        "200": {"description": "Success", "content": {"application/json": {"schema": schema}}}
    }
    for status in (*errors, 401, 503):
        responses[str(status)] = {"description": texts[status], "content": error}
    return responses


def _parameter(name: str, schema: dict[str, Any], *, where: str = "query") -> dict[str, Any]:
    return {"name": name, "in": where, "required": where == "path", "schema": schema}


_ORIGINAL = _parameter("originalAssets", FLAG)
_PROJECT = _parameter("projectId", STRING)
_ID = _parameter("assetId", {"type": "string", "pattern": "^[A-Za-z0-9_-]+$"}, where="path")
_COLLECTION_ID = _ID | {"name": "collectionId"}
_SIZE = _parameter("pageSize", {"type": "integer", "minimum": 1, "maximum": 100})
_PAGES = (_SIZE, _parameter("paginationToken", STRING), _PROJECT)
_FAILED = {
    "type": "array",
    "items": record(("assetId", "error"), assetId=STRING, error=STRING),
}
_PARENTS = ("parentAssetId", "rootAssetId")


def _request_body(struct: str, *, required: bool) -> dict[str, Any]:
    return {
        "required": required,
        "content": {"application/json": {"schema": reference(struct)}},
    }


def _listed(name: str, entry: dict[str, Any]) -> dict[str, Any]:
    return record((name,), **{name: {"type": "array", "items": entry}}, nextPaginationToken=STRING)


def _write(
    struct: str, summary: str, answer: dict[str, Any], *parameters: dict[str, Any]
) -> dict[str, Any]:
    """Return an operation that changes something."""
    return {
        "summary": summary,
        "parameters": [*parameters, _PROJECT],
        "requestBody": _request_body(struct, required=True),
        "responses": _responses(answer, 400, 403, 404, 413),
    }


def _writes(one: dict[str, Any]) -> dict[str, Any]:
    """Return the paths that only changes have, and those of `one` collection."""
    changed = record(("added", "deleted"), added=STRINGS, deleted=STRINGS)
    return {
        "/assets/{assetId}/tags": {
            "put": _write("TagChanges", "Add and delete tags of an asset", changed, _ID)
        },
        "/collections/{collectionId}": {
            "get": {
                "summary": "One collection",
                "parameters": [_COLLECTION_ID, _PROJECT],
                "responses": _responses(one, 404),
            },
            "put": _write("CollectionChanges", "Change a collection", one, _COLLECTION_ID),
            "delete": {
                "summary": "Delete a collection; its assets stay",
                "parameters": [_COLLECTION_ID, _PROJECT],
                "responses": _responses(record(), 403, 404),
            },
        },
        "/collections/{collectionId}/assets": {
            "put": _write("Members", "Add assets to a collection", one, _COLLECTION_ID),
            "delete": _write("Members", "Remove assets from a collection", one, _COLLECTION_ID),
        },
    }


def _paths() -> dict[str, Any]:
    counted = ("createdAt", "itemCount", "ownerId", "updatedAt")
    times = {"createdAt": STRING, "updatedAt": STRING, "ownerId": STRING}
    tag = record(("tagName", *counted), tagName=STRING, itemCount=NUMBER, **times)
    collection = record(
        ("id", "name", *counted),
        id=STRING,
        name=STRING,
        itemCount=NUMBER,
        thumbnail=PICTURE,
        **times,
    )
    root = record(
        ("name", "assetCount", "missingCount"),
        name=STRING,
        assetCount=NUMBER,
        missingCount=NUMBER,
    )
    part = record(
        ("name", "doneCount", "assetCount"),
        name=STRING,
        doneCount=NUMBER,
        assetCount=NUMBER,
    )
    problem = record(
        ("category", "folder", "kind", "reason", "fileCount", "names"),
        **dict.fromkeys(("category", "folder", "kind", "reason", "assetId"), STRING),
        fileCount=NUMBER,
        names=STRINGS,
    )
    model = record(("id", "name", "type"), id=STRING, name=STRING, type=STRING)
    assets = record(("assets",), assets={"type": "array", "items": reference("Asset")})
    offset = _parameter("offset", {"type": "integer", "minimum": 0, "maximum": 10**15 - 1})
    one = record(("collection",), collection=collection)
    return {
        **_writes(one),
        "/search/assets": {
            "post": {
                "summary": "Search for assets",
                "parameters": [_ORIGINAL, _PROJECT, offset],
                "requestBody": _request_body("Search", required=True),
                "responses": _responses(hits_page(), 400, 404, 413),
            }
        },
        "/assets": {
            "get": {
                "summary": "Assets, the newest first; those that were made from one",
                "parameters": [*map(_parameter, _PARENTS, [STRING] * 2), *_PAGES, _ORIGINAL],
                "responses": _responses(_listed("assets", reference("Asset")), 400, 404),
            }
        },
        "/assets/{assetId}": {
            "get": {
                "summary": "One asset",
                "parameters": [_ID, _ORIGINAL, _PROJECT, _parameter("withEmbedding", FLAG)],
                "responses": _responses(record(("asset",), asset=reference("Asset")), 400, 404),
            },
            "put": _write(
                "AssetChanges",
                "Change fields of an asset; rating, label and nsfw are extensions",
                record(("asset",), asset=reference("Asset")),
                _ID,
                _ORIGINAL,
            ),
        },
        "/assets/get-bulk": {
            "post": {
                "summary": "Several assets",
                "parameters": [_ORIGINAL, _PROJECT],
                "requestBody": _request_body("AssetIds", required=True),
                "responses": _responses(assets, 400, 413),
            }
        },
        "/assets/{assetId}/download": {
            "post": {
                "summary": "A new signed URL of the file, converted if requested",
                "parameters": [_ID, _PROJECT],
                "requestBody": _request_body("Download", required=False),
                "responses": _responses(
                    record(("url",), url=STRING, mimeType=STRING), 400, 404, 410, 413
                ),
            }
        },
        "/tags": {
            "get": {
                "summary": "Tags with counts",
                "parameters": [*_PAGES],
                "responses": _responses(_listed("tags", tag), 400),
            }
        },
        "/collections": {
            "get": {
                "summary": "Collections with counts",
                "parameters": [*_PAGES],
                "responses": _responses(_listed("collections", collection), 400),
            },
            "post": _write("NewCollection", "Create a collection", one),
        },
        "/library": {
            "get": {
                "summary": "Folders, numbers of problems, progress of recognition (an extension)",
                "responses": _responses(
                    record(
                        ("assetCount", "roots", "problems"),
                        assetCount=NUMBER,
                        roots={"type": "array", "items": root},
                        problems={"type": "object", "additionalProperties": NUMBER},
                        secondPass={"type": "array", "items": part},
                    )
                ),
            }
        },
        "/library/indexing": {
            "get": {
                "summary": "The progress of the indexer, and the index's version (an extension)",
                "responses": _responses(
                    record(
                        ("isRunning", "fileCount", "readCount", "skippedCount", "generation"),
                        isRunning={"type": "boolean"},
                        fileCount=NUMBER,
                        readCount=NUMBER,
                        skippedCount=NUMBER,
                        secondsLeft={"type": ["integer", "null"]},
                        error={"type": "string"},
                        generation=NUMBER,
                    )
                ),
            }
        },
        "/library/database": {
            "get": {
                "summary": "Whether the library can be written now (an extension)",
                "responses": _responses(
                    record(
                        ("isWritable", "reason"),
                        isWritable={"type": "boolean"},
                        reason={"type": "string"},
                    )
                ),
            }
        },
        "/library/problems": {
            "get": {
                "summary": "Files that are not indexed, damaged or missing (an extension)",
                "parameters": [
                    _parameter("category", {"enum": ["", *CATEGORIES]}),
                    *_PAGES[:2],
                ],
                "responses": _responses(_listed("problems", problem), 400),
            }
        },
        "/library/prune": {
            "post": {
                "summary": "Remove the assets whose files are missing (an extension)",
                "responses": _responses(record(("removed",), removed=NUMBER)),
            }
        },
        "/library/trash": {
            "post": {
                "summary": "Move files of assets to the trash of the system (an extension)",
                "requestBody": _request_body("AssetIds", required=True),
                "responses": _responses(
                    record(("moved", "failed"), moved=STRINGS, failed=_FAILED), 400, 403, 413
                ),
            }
        },
        "/library/files/{assetId}": {
            "get": {
                "summary": "Where the file of an asset is (an extension)",
                "parameters": [_ID],
                "responses": _responses(record(("path",), path={"type": "string"}), 404, 410),
            }
        },
        "/models/get-bulk": {
            "post": {
                "summary": "Names of models",
                "parameters": [_PROJECT],
                "requestBody": _request_body("ModelIds", required=True),
                "responses": _responses(
                    record(("models",), models={"type": "array", "items": model}), 400, 413
                ),
            }
        },
    }


@lru_cache(maxsize=1)
def page() -> bytes:
    """Return the description as JSON."""
    _, schemas = msgspec.json.schema_components(
        [
            *(Search, AssetIds, ModelIds, Download),
            *(TagChanges, AssetChanges, NewCollection, CollectionChanges, Members),
        ],
        ref_template="#/components/schemas/{name}",
    )
    schemas["Members"]["properties"]["assetIds"]["maxItems"] = MEMBERS_MOST
    parameters = schemas["Search"]["properties"]
    parameters["filter"]["x-fields"] = {name: field.kind for name, field in FIELDS.items()}
    parameters["sortBy"]["x-fields"] = SORTABLE
    description = {
        "openapi": "3.1.0",
        "info": {
            "title": "Akin library",
            "version": "1",
            "description": "The Scenario API over a folder of files. "
            f"Filterable fields: {', '.join(FIELDS)}. Sortable fields: {', '.join(SORTABLE)}; "
            "`random:42` is a random order of that number. "
            "`facets`, `facetFilters`, `showRankingScore`, `exactWords` and `groupBy` are our own: "
            "`groupBy` `group` returns, counts and pages groups of assets that belong together; "
            "`exactWords` is `only` for the assets with all of the typed words in any of "
            "their forms, without guesses, or `except` for all but those; "
            "`facets` counts the hits by the values of these fields; a field in `facetFilters` is "
            "counted with that filter in place of `filter`, so that a value chosen in the field "
            "does not empty its other values. The field `path` has the folders of a file, each "
            'with those above it, so that `path = "a/b"` means everything below a/b. `folders` '
            'counts the hits in the folders of each of these folders, "" being the top.',
        },
        "servers": [{"url": "../v1"}],  # relative to this document
        "security": [{"keyPair": []}],
        "paths": _paths(),
        "components": {
            "securitySchemes": {"keyPair": {"type": "http", "scheme": "basic"}},
            "schemas": {
                **schemas,
                "Hit": hit(),
                "Asset": asset(),
                "Error": record(
                    ("error", "code"), error=STRING, code=STRING, column={"type": "integer"}
                ),
            },
        },
    }
    return msgspec.json.encode(description)

"""The schemas of assets and hits in the OpenAPI description, from the declarations of fields."""

from __future__ import annotations

from typing import Any, get_args

from library.schema.fields import FIELDS, Type
from library.schema.grouping import Kind

STRING = {"type": "string"}
NUMBER = {"type": "number"}
FLAG = {"type": "boolean"}
STRINGS = {"type": "array", "items": STRING}
PICTURE = {
    "type": "object",
    "required": ["assetId", "url"],
    "properties": {
        "assetId": STRING,
        "url": STRING,
        # of a picture with transparency, of which the thumbnail shows the visible part (additions)
        **dict.fromkeys(("width", "height", "lightness"), NUMBER),
    },
}
_EXTENSIONS = {
    **dict.fromkeys(
        ("path", "missing", "label", "author", "license", "parentId", "rootParentId"), STRING
    ),
    "rating": {"type": "integer", "minimum": 0, "maximum": 5},
    **dict.fromkeys(("loras", "automatic", "inputs", "referenceImages"), STRINGS),
}
_TEXTS = ("description", "transcription", "content")
_LISTS = tuple(f.name for f in FIELDS.values() if f.type is Type.ARRAY and f.top)
_ALWAYS = ("id", "teamId", *(f.name for f in FIELDS.values() if f.top and f.name not in _LISTS))
_ALWAYS_URL = (*_ALWAYS, "url")


def record(required: tuple[str, ...] = (), **properties: Any) -> dict[str, Any]:
    """Return the schema of an object."""
    return {"type": "object", "required": list(required), "properties": properties}


def reference(name: str) -> dict[str, str]:
    """Return a reference to a schema of the description."""
    return {"$ref": f"#/components/schemas/{name}"}


def hit() -> dict[str, Any]:
    """Return the schema of a hit."""
    return record(
        (*_ALWAYS_URL, *_LISTS, "metadata"),
        **dict.fromkeys((*_ALWAYS_URL, *_TEXTS), STRING),
        **dict.fromkeys(_LISTS, STRINGS),
        # Extensions: the file's path below the indexed folder; why it is missing; LoRAs; stars;
        # the fields that the second pass has filled.
        metadata={"type": "object", "properties": _EXTENSIONS},
        thumbnail=PICTURE,
        _rankingScore=NUMBER,
        group=_group(),
    )


def _group() -> dict[str, Any]:
    """Return the schema of the group of a hit: an extension, as the members' first ones."""
    member = record(("assetId", "label"), assetId=STRING, label=STRING)
    return record(
        ("id", "kind", "size", "members"),
        id=STRING,
        kind={"enum": list(get_args(Kind))},
        size={"type": "integer", "minimum": 2},
        members={"type": "array", "items": member},
    )


def asset() -> dict[str, Any]:
    """Return the schema of an asset in full."""
    more = record(
        ("kind", "status", "source", "properties", "editCapabilities"),
        kind=STRING,
        status={"const": "success"},
        source=STRING,
        properties=record(("size",), size=NUMBER),
        editCapabilities=STRINGS,
        decided=STRINGS,  # an extension: the fields that people have decided
        originalFileUrl=STRING,
        preview=PICTURE,
        firstFrame=PICTURE,
        embedding={"type": ["array", "null"], "items": NUMBER},
    )
    return {"allOf": [reference("Hit"), more]}


def hits_page() -> dict[str, Any]:
    """Return the schema of the response to a search."""
    whole = {"type": "integer", "minimum": 0}
    counts = {"type": "object", "additionalProperties": whole}
    numbers = {"type": "object", "additionalProperties": NUMBER}
    folder = record(("path", "hits", "hasFolders"), path=STRING, hits=whole, hasFolders=FLAG)
    level = record(("folders", "more"), folders={"type": "array", "items": folder}, more=whole)
    return record(
        ("hits",),
        hits={"type": "array", "items": reference("Hit")},
        **dict.fromkeys(
            ("page", "hitsPerPage", "totalHits", "totalPages", "offset", "limit"), whole
        ),
        estimatedTotalHits=whole,
        totalAssets=whole,  # an extension: the hits, where the other counts are of groups
        facetDistribution={"type": "object", "additionalProperties": counts},
        facetStats={"type": "object", "additionalProperties": numbers},
        folderDistribution={"type": "object", "additionalProperties": level},
    )

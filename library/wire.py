"""Documents -> the API's JSON (scenario-api.md, "A hit", "Other calls worth using").

Knows the shape of the answers and which URL goes where; reads nothing.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from library.listings import CollectionCount, TagCount
    from library.query import Query
    from library.ranking import Ranked

_OWNER = "local"

# In the order of the API's documentation; absent when the file does not tell them.
_METADATA = (
    "aspectRatio",
    "baseModelId",
    "guidance",
    "height",
    "kind",
    "modelId",
    "modelType",
    "name",
    "negativePrompt",
    "numInferenceSteps",
    "parentJobId",
    "prompt",
    "scheduler",
    "seed",
    "size",
    "text",
    "type",
    "width",
)
_TOP = (
    "id",
    "authorId",
    "collectionIds",
    "createdAt",
    "mimeType",
    "nsfw",
    "ownerId",
    "privacy",
    "tags",
    "teamId",
    "updatedAt",
)
_TOLD = ("description", "transcription", "content")

# How GET /assets/{id} spells as `source` what a hit's metadata.type says.
_SOURCES = {
    "inference-txt2img": "inference-txt",
    "inference-img2img": "inference-img",
    "inference-inpaint": "inference-in-paint",
    "inference-controlnet": "inference-control-net",
    "inference-txt2img-texture": "inference-txt-texture",
    "inference-img2img-texture": "inference-img-texture",
}


class URLs(Protocol):
    """What signs URLs (`library.cdn.Signer`)."""

    def original(self, id: str) -> str:  # noqa: A002 - the API's word
        """The untouched file."""

    def transform(self, id: str) -> str:  # noqa: A002 - the API's word
        """The picture, to be resized or converted by further parameters."""

    def thumbnail(self, id: str) -> str:  # noqa: A002 - the API's word
        """The small picture of any asset that has one."""


def moment(milliseconds: int) -> str:
    """Milliseconds since 1970 as the API writes a time."""
    moved = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=milliseconds)
    return f"{moved:%Y-%m-%dT%H:%M:%S}.{milliseconds % 1000:03d}Z"


def hit(
    values: Mapping[str, Any], urls: URLs, *, original: bool, path: str | None = None
) -> dict[str, Any]:
    """One hit of a search; `path` is where its file is below the indexed folder."""
    asset_id = values["id"]
    found = {name: values[name] for name in _TOP}
    found["metadata"] = _metadata(values)
    if path is not None:
        found["metadata"]["path"] = path
    found |= {name: values[name] for name in _TOLD if values[name]}
    transformable = values["kind"] == "image" and not original
    found["url"] = urls.transform(asset_id) if transformable else urls.original(asset_id)
    if values["thumbnail"]:
        found["thumbnail"] = {"assetId": asset_id, "url": urls.thumbnail(asset_id)}
    return found


def asset(
    values: Mapping[str, Any], urls: URLs, *, original: bool, path: str | None = None
) -> dict[str, Any]:
    """One asset in full, as GET /assets/{id} answers it."""
    found = hit(values, urls, original=original, path=path)
    asset_id, kind, made_by = values["id"], values["kind"], values["type"]
    found |= {
        "kind": kind,
        "status": "success",
        "source": _SOURCES.get(made_by, made_by),
        "editCapabilities": [],
        "originalFileUrl": urls.original(asset_id),
        "properties": {
            "size": values["size"],
            **{name: values[name] for name in ("width", "height") if values[name] is not None},
            **values["properties"],
        },
    }
    if values["thumbnail"]:
        picture = {"assetId": asset_id, "url": urls.thumbnail(asset_id)}
        found["metadata"]["thumbnail"] = picture
        found["preview"] = picture
        if kind == "video":
            found["firstFrame"] = picture
    return found


def page(ranked: Ranked, query: Query, hits: list[dict[str, Any]]) -> dict[str, Any]:
    """The answer to a search, in the shape of the pagination that was asked for."""
    paging = query.paging
    answer: dict[str, Any] = {"hits": hits}
    if paging.numbered:
        answer |= {
            "page": paging.page,
            "hitsPerPage": paging.count,
            "totalHits": ranked.total,
            "totalPages": -(-ranked.total // paging.count),
        }
    else:
        answer |= {
            "offset": paging.start,
            "limit": paging.count,
            "estimatedTotalHits": ranked.total,
        }
    if query.showRankingScore and ranked.scores:
        for entry, score in zip(hits, ranked.scores, strict=False):
            entry["_rankingScore"] = round(score, 6)
    if ranked.facets is not None:
        answer["facetDistribution"] = ranked.facets.distribution
        answer["facetStats"] = ranked.facets.stats
    return answer


def tag(found: TagCount) -> dict[str, Any]:
    """One entry of GET /tags."""
    return {
        "tagName": found.name,
        "itemCount": found.items,
        "ownerId": _OWNER,
        "createdAt": moment(found.createdAt),
        "updatedAt": moment(found.updatedAt),
    }


def collection(found: CollectionCount, urls: URLs) -> dict[str, Any]:
    """One entry of GET /collections."""
    entry: dict[str, Any] = {
        "id": found.id,
        "name": found.name,
        "itemCount": found.items,
        "assetCount": found.items,
        "modelCount": 0,
        "ownerId": _OWNER,
        "createdAt": moment(found.createdAt),
        "updatedAt": moment(found.updatedAt),
    }
    if found.cover is not None:
        entry["thumbnail"] = {"assetId": found.cover, "url": urls.thumbnail(found.cover)}
    return entry


def _metadata(values: Mapping[str, Any]) -> dict[str, Any]:
    known = {name: values[name] for name in _METADATA if values[name] is not None}
    if values["thumbnail"]:
        known["thumbnail"] = {"assetId": values["id"]}
    return {**values["metadata"], **known}


def model(found: tuple[str, str | None]) -> dict[str, Any]:
    """One entry of POST /models/get-bulk: an id that files name, and its type."""
    model_id, kind = found
    return {"id": model_id, "name": model_id, "type": kind or "custom", "privacy": "private"}

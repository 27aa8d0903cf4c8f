"""Documents -> the API's JSON (docs/scenario-api.md, "A hit", "Other calls worth using").

Knows the structure of the responses and which URL each part has; reads nothing.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Protocol

from library.schema.decisions import LABEL, RATING
from library.schema.fields import FIELDS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from library.query.search_query import SearchQuery
    from library.search.engine import SearchResult
    from library.store.groups import AssetGroup
    from library.store.listings import CollectionCount, TagCount
    from library.store.rows import ListedFile

_OWNER = "local"

# In the order of the API's documentation; absent where the file does not contain them.
_METADATA = tuple(
    sorted({"parentJobId", *(f.name for f in FIELDS.values() if not (f.top or f.folders))})
)
_DECIDED = frozenset({RATING, LABEL})  # fields, also where the file states them
_UNKNOWN: tuple[Any, ...] = (None, (), [])
_TOP = ("id", *sorted({"teamId", *(field.name for field in FIELDS.values() if field.top)}))
_TEXTS = ("description", "transcription", "content")

# metadata.type of a hit -> `source` of GET /assets/{id}.
_SOURCES = {
    "inference-txt2img": "inference-txt",
    "inference-img2img": "inference-img",
    "inference-inpaint": "inference-in-paint",
    "inference-controlnet": "inference-control-net",
    "inference-txt2img-texture": "inference-txt-texture",
    "inference-img2img-texture": "inference-img-texture",
}


class URLs(Protocol):
    """Signs URLs (`library.api.signed_urls.Signer`)."""

    def original(self, asset_id: str, sha256: str) -> str:
        """Return the URL of the untouched file."""

    def transform(self, asset_id: str, sha256: str) -> str:
        """Return the URL of the image, to be resized or converted by further parameters."""

    def thumbnail(self, asset_id: str, sha256: str) -> str:
        """Return the URL of the thumbnail of any asset that has one."""


def time_text(milliseconds: int) -> str:
    """Return milliseconds since 1970 in the API's format of times."""
    time = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=milliseconds)
    return f"{time:%Y-%m-%dT%H:%M:%S}.{milliseconds % 1000:03d}Z"


def hit(
    values: Mapping[str, Any], urls: URLs, file: ListedFile, *, original: bool
) -> dict[str, Any]:
    """Return one hit of a search."""
    asset_id = values["id"]
    entry = {name: values[name] for name in _TOP}
    entry["metadata"] = {**_metadata(values), "path": file.path}
    if file.missing is not None:
        entry["metadata"]["missing"] = file.missing
    stated = (*values.get("madeFrom", ()), *values.get("references", ()))
    if stated:  # names alone: paths may be those of another machine
        names = (each.replace("\\", "/").rpartition("/")[2] for each in stated)
        entry["metadata"]["inputs"] = list(dict.fromkeys(names))
    if automatic := values.get("automatic"):
        entry["metadata"]["automatic"] = automatic
    entry |= {name: values[name] for name in _TEXTS if values[name]}
    is_transformable = values["kind"] == "image" and not original
    url = urls.transform if is_transformable else urls.original
    entry["url"] = url(asset_id, file.sha256)
    if values["thumbnail"]:
        entry["thumbnail"] = {
            "assetId": asset_id,
            "url": urls.thumbnail(asset_id, file.sha256),
            **_appearance(values),
        }
    return entry


def asset(
    values: Mapping[str, Any],
    urls: URLs,
    file: ListedFile,
    *,
    original: bool,
    decided: Iterable[str] = (),
) -> dict[str, Any]:
    """Return one asset in full, for GET /assets/{id}; `decided` are fields with a decision."""
    entry = hit(values, urls, file, original=original)
    asset_id, kind, origin = values["id"], values["kind"], values["type"]
    entry |= {
        "kind": kind,
        "status": "success",
        "source": _SOURCES.get(origin, origin),
        "editCapabilities": [],
        "decided": sorted(decided),
        "originalFileUrl": urls.original(asset_id, file.sha256),
        "properties": {
            "size": values["size"],
            **{name: values[name] for name in ("width", "height") if values[name] is not None},
            **values["properties"],
        },
    }
    if values["thumbnail"]:
        picture = {"assetId": asset_id, "url": urls.thumbnail(asset_id, file.sha256)}
        entry["metadata"]["thumbnail"] = picture
        entry["preview"] = picture
        if kind == "video":
            entry["firstFrame"] = picture
    return entry


def group(of: AssetGroup) -> dict[str, Any]:
    """Return the group of a hit or an asset."""
    members = [{"assetId": each.asset, "label": each.label} for each in of.members]
    return {"id": of.id, "kind": of.kind, "size": of.size, "members": members}


def page(result: SearchResult, query: SearchQuery, hits: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the response to a search, with the kind of pagination that was requested."""
    paging = query.paging
    response: dict[str, Any] = {"hits": hits}
    if paging.numbered:
        response |= {
            "page": paging.page,
            "hitsPerPage": paging.count,
            "totalHits": result.total,
            "totalPages": -(-result.total // paging.count),
        }
    else:
        response |= {
            "offset": paging.start,
            "limit": paging.count,
            "estimatedTotalHits": result.total,
        }
    if result.assets is not None:
        response["totalAssets"] = result.assets
    if query.showRankingScore and result.scores:
        for entry, score in zip(hits, result.scores, strict=False):
            entry["_rankingScore"] = round(score, 6)
    if result.facets is not None:
        response["facetDistribution"] = result.facets.distribution
        response["facetStats"] = result.facets.stats
        if result.facets.levels:
            response["folderDistribution"] = {
                folder: {
                    "folders": [
                        {"path": each.path, "hits": each.hits, "hasFolders": each.has_folders}
                        for each in level.folders
                    ],
                    "more": level.more,
                }
                for folder, level in result.facets.levels.items()
            }
    return response


def tag(count: TagCount) -> dict[str, Any]:
    """Return one entry of GET /tags."""
    return {
        "tagName": count.name,
        "itemCount": count.items,
        "ownerId": _OWNER,
        "createdAt": time_text(count.createdAt),
        "updatedAt": time_text(count.updatedAt),
    }


def collection(count: CollectionCount, urls: URLs) -> dict[str, Any]:
    """Return one entry of GET /collections."""
    entry: dict[str, Any] = {
        "id": count.id,
        "name": count.name,
        "itemCount": count.items,
        "assetCount": count.items,
        "modelCount": 0,
        "ownerId": _OWNER,
        "createdAt": time_text(count.createdAt),
        "updatedAt": time_text(count.updatedAt),
    }
    if count.cover is not None:
        url = urls.thumbnail(count.cover.asset_id, count.cover.sha256)
        entry["thumbnail"] = {"assetId": count.cover.asset_id, "url": url}
    return entry


def _appearance(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a page needs to show a thumbnail of the visible part of a picture."""
    if not (box := values.get("visible")):
        return {}
    left, top, right, bottom = box[:4]
    return {"width": right - left, "height": bottom - top, "lightness": values.get("lightness")}


def _metadata(values: Mapping[str, Any]) -> dict[str, Any]:
    fields = {name: values[name] for name in _METADATA if values.get(name) not in _UNKNOWN}
    if values["thumbnail"]:
        fields["thumbnail"] = {"assetId": values["id"]}
    stated = {name: value for name, value in values["metadata"].items() if name not in _DECIDED}
    return {**stated, **fields}


def model(model_id: str, kind: str | None) -> dict[str, Any]:
    """Return one entry of POST /models/get-bulk: an id that files contain, and its type."""
    return {"id": model_id, "name": model_id, "type": kind or "custom", "privacy": "private"}

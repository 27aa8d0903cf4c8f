"""Protocol of the Scenario API: calls as values, and the meaning of response statuses.

`search_call` serializes a search; `parse_response` returns the body of a success and raises an
error of `app.errors` for anything else. No I/O (docs/scenario-api.md, "Access").
"""

from __future__ import annotations

import hashlib
import re
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import msgspec

from app.errors import (
    BadFilter,
    BadRequest,
    EditRefused,
    FileGone,
    InvalidKey,
    InvalidUpstreamResponse,
    NotAllowed,
    QuotaExceeded,
    UnknownAsset,
    UnknownCollection,
    UpstreamDown,
    UpstreamError,
    UpstreamTimeout,
    WriteNotAllowed,
)
from app.query import folders
from app.query.filters import COUNTED
from app.scenario.retry import retry_after

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from app.query.search import Search

# Fields that Akin's own library adds to a search; the Scenario API does not have them.
EXTENSION: Final[Mapping[str, object]] = {"facets": COUNTED}
MOST_BULK: Final = 200  # ids of one get-bulk; the API refuses a call with more as a whole
MOST_LEVELS: Final = 50  # of the folder tree in one search, by the library's rule


@dataclass(frozen=True, slots=True)
class Call:
    """A call to the API, as a value."""

    method: str
    path: str  # below the base URL
    params: tuple[tuple[str, str], ...] = ()
    body: bytes | None = None  # JSON
    headers: tuple[tuple[str, str], ...] = ()  # besides those of every call
    is_write: bool = False
    is_repeatable: bool = True  # a second one changes nothing

    @property
    def family(self) -> str:
        """The first part of the path: the API has a quota for each."""
        return self.path.split("/", 2)[1]

    @property
    def key(self) -> str:
        """Digest of the call: equal calls have equal keys."""
        text = msgspec.json.encode([self.method, self.path, self.params])
        return hashlib.sha256(text + b"\n" + (self.body or b"")).hexdigest()


@dataclass(frozen=True, slots=True)
class Response:
    """A complete response; header names are in lower case."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


def search_call(
    search: Search, expand: Callable[[str], str], extras: Mapping[str, object] | None = None
) -> Call:
    """Return POST /search/assets for a search; `expand` turns each `ref_...` into a data URL.

    `extras` are fields of the body that not every server supports, such as `facets`. The counts of
    a facet in use are requested as if none of its values were chosen.
    """
    body = {**search.body(), **(extras or {})}
    if "facets" in body:
        body.setdefault("folders", folder_levels(search))
    if "folders" in body:
        counted = {*body.get("facets", ()), folders.FIELD}
        chosen = [facet.field for facet in search.facets if facet.any and facet.field in counted]
        body["facetFilters"] = {each: search.any_of(each, ()).expression for each in chosen}
    if "image" in body:
        body["image"] = expand(body["image"])
    if "images" in body:
        body["images"] = {side: [*map(expand, ids)] for side, ids in body["images"].items()}
    params = (("originalAssets", "true"),) if search.originalAssets else ()
    return Call("POST", "/search/assets", params, msgspec.json.encode(body))


def asset_calls(ids: Iterable[str]) -> Iterator[Call]:
    """Yield the calls that return assets by id: one for every 200, each id once."""
    unique = sorted(set(ids))
    for start in range(0, len(unique), MOST_BULK):
        body = msgspec.json.encode({"assetIds": unique[start : start + MOST_BULK]})
        yield Call("POST", "/assets/get-bulk", (), body)


def folder_levels(search: Search) -> list[str]:
    """Return the folders whose folders a page shows: the top, and those down to the chosen ones."""
    levels = dict.fromkeys([""])
    for folder in search.facet(folders.FIELD).any:
        levels |= dict.fromkeys((*folders.above(folder), folder))
    return list(levels)[:MOST_LEVELS]


def parse_response(call: Call, response: Response) -> bytes:
    """Return the body of a success. Raises the UpstreamError that anything else means."""
    if 200 <= response.status < 300:
        return response.body
    text, code = _error_of(response)
    kind = _meaning(call, response.status, text, code)
    error = kind(text)
    error.upstream_status = response.status
    error.retry_after = retry_after(response.headers)
    if isinstance(error, BadFilter):
        error.column = _column(response, text)
    raise error


def _column(response: Response, text: str) -> int | None:
    """Column of the mistake in the filter, from 1: a field of the body, or part of the message.

    Meilisearch ends such a message with `5:9 width >=`: from column 5 to 9.
    """
    with suppress(msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        loose = msgspec.json.decode(response.body)
        if isinstance(loose, dict) and type(loose.get("column")) is int:
            return int(loose["column"])
    match = _COLUMN.search(text)
    return int(match[1] or match[2]) if match else None


_COLLECTION: Final = re.compile(r"/collections/.")
_COLUMN: Final = re.compile(
    r"(?:column|position|character)\s*:?\s*(\d{1,6})|(?:^|\s)(\d{1,6}):\d{1,6}\s", re.IGNORECASE
)
_OF_WRITES: Final[dict[int, type[UpstreamError]]] = {
    400: EditRefused,
    403: WriteNotAllowed,
    422: EditRefused,
}
_BY_STATUS: Final[dict[int, type[UpstreamError]]] = {
    400: BadRequest,
    401: InvalidKey,
    403: NotAllowed,
    408: UpstreamTimeout,
    410: FileGone,
    413: BadRequest,
    422: BadRequest,
    429: QuotaExceeded,
    504: UpstreamTimeout,
}


def _meaning(call: Call, status: int, text: str, code: str) -> type[UpstreamError]:
    if "quota" in code.lower() and 400 <= status < 500:
        return QuotaExceeded
    if status in {400, 422} and not call.is_write and "filter" in f"{code} {text}".lower():
        return BadFilter
    if status == 404:
        return _missing(call)
    if call.is_write and status in _OF_WRITES:
        return _OF_WRITES[status]
    if status in _BY_STATUS:
        return _BY_STATUS[status]
    return UpstreamDown if status >= 500 or status == 409 else InvalidUpstreamResponse


def _missing(call: Call) -> type[UpstreamError]:
    """Return what a 404 means."""
    if _COLLECTION.match(call.path):
        return UnknownCollection
    # A search without examples names no asset that could be missing: then the address is wrong.
    about_assets = call.path.startswith("/assets/") or b'"image' in (call.body or b"")
    return UnknownAsset if about_assets else InvalidUpstreamResponse


def _error_of(response: Response) -> tuple[str, str]:
    """Return `error`, else `message`, else the raw text; and the code, if there is one."""
    try:
        loose = msgspec.json.decode(response.body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        loose = None
    code = ""
    if isinstance(loose, dict):
        code = str(loose.get("code") or "")
        for name in ("error", "message"):
            value = loose.get(name)
            if isinstance(value, dict):
                value = value.get("message")
            if isinstance(value, str) and value.strip():
                return value.strip()[:500], code
    text = response.body[:500].decode("utf-8", "replace").strip()
    if not text or text.startswith("<"):
        text = f"It responded with status {response.status}."
    return text, code

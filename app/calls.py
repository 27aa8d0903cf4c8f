"""Calls of the Scenario API before they are sent, and what comes back: spelling and deciphering.

A `Call` is made from a value; `decipher` turns status and body into bytes to decode, or into an
error of `app.errors`. Nothing here does any I/O (scenario-api.md, "Access").
"""

from __future__ import annotations

import email.utils
import hashlib
import re
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import msgspec

from app.errors import (
    BadFilter,
    BadKey,
    BadRequest,
    FileGone,
    NotAllowed,
    QuotaExceeded,
    UnknownAsset,
    UpstreamDown,
    UpstreamError,
    UpstreamNonsense,
    UpstreamTimeout,
)
from app.filters import FACETS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from app.search import Search

# What Akin's own library adds to a search (issue 5, "Facets"); the Scenario API has no such fields.
EXTENSION: Final[Mapping[str, object]] = {"facets": FACETS, "showRankingScore": True}

MOST_WAIT: Final = 7 * 86400.0  # seconds; who asks for more means: not today
_RETRIED: Final = frozenset({408, 409, 429})
_PLAIN: Final = re.compile(r"[0-9]{1,15}(\.[0-9]{0,9})?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Call:
    """One request to the API, before anything is sent."""

    method: str
    path: str  # below the base URL
    params: tuple[tuple[str, str], ...] = ()
    body: bytes | None = None  # JSON

    @property
    def family(self) -> str:
        """The first part of its path: what the API's quotas go by."""
        return self.path.split("/", 2)[1]

    @property
    def key(self) -> str:
        """What it asks, as a short text: equal calls have equal keys."""
        text = msgspec.json.encode([self.method, self.path, self.params])
        return hashlib.sha256(text + b"\n" + (self.body or b"")).hexdigest()


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back, whole."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


def spell_search(
    search: Search, expand: Callable[[str], str], extras: Mapping[str, object] | None = None
) -> Call:
    """POST /search/assets for a search; `expand` turns each `ref_...` into a data URL.

    `extras` are fields of the body that not every server knows, such as `facets`; the values that
    could be chosen besides those of a facet are counted as if none were chosen.
    """
    body = {**search.body(), **(extras or {})}
    if "facets" in body:
        chosen = [facet.field for facet in search.facets if facet.any]
        body["facetFilters"] = {each: search.any_of(each, ()).expression for each in chosen}
    if "image" in body:
        body["image"] = expand(body["image"])
    if "images" in body:
        body["images"] = {side: [*map(expand, ids)] for side, ids in body["images"].items()}
    params = (("originalAssets", "true"),) if search.originalAssets else ()
    return Call("POST", "/search/assets", params, msgspec.json.encode(body))


def decipher(call: Call, reply: Reply) -> bytes:
    """Answer the body of a success; raise what anything else means."""
    if 200 <= reply.status < 300:
        return reply.body
    text, code = _error_of(reply)
    kind = _meaning(call, reply.status, text, code)
    error = kind(text)
    error.upstream_status = reply.status
    error.retry_after = retry_after(reply.headers)
    if isinstance(error, BadFilter):
        error.column = _column(reply, text)
    raise error


def _column(reply: Reply, text: str) -> int | None:
    """Where in the filter the mistake is, from 1: a field of its own, or words of the message.

    Meilisearch ends such a message with `5:9 width >=`: from column 5 to 9.
    """
    with suppress(msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        loose = msgspec.json.decode(reply.body)
        if isinstance(loose, dict) and type(loose.get("column")) is int:
            return int(loose["column"])
    found = _COLUMN.search(text)
    return int(found[1] or found[2]) if found else None


_COLUMN: Final = re.compile(
    r"(?:column|position|character)\s*:?\s*(\d{1,6})|(?:^|\s)(\d{1,6}):\d{1,6}\s", re.IGNORECASE
)
_BY_STATUS: Final[dict[int, type[UpstreamError]]] = {
    400: BadRequest,
    401: BadKey,
    403: NotAllowed,
    408: UpstreamTimeout,
    410: FileGone,
    413: BadRequest,
    422: BadRequest,
    429: QuotaExceeded,
    504: UpstreamTimeout,
}


def _meaning(call: Call, status: int, text: str, code: str) -> type[UpstreamError]:
    lowered = f"{code} {text}".lower()
    if "quota" in lowered and status < 500:
        return QuotaExceeded
    if status in {400, 422} and "filter" in lowered:
        return BadFilter
    if status == 404:
        # A search by words alone names nothing that could be missing: then the address is wrong.
        about_assets = call.path.startswith("/assets/") or b'"image' in (call.body or b"")
        return UnknownAsset if about_assets else UpstreamNonsense
    if status in _BY_STATUS:
        return _BY_STATUS[status]
    return UpstreamDown if status >= 500 or status == 409 else UpstreamNonsense


def _error_of(reply: Reply) -> tuple[str, str]:
    """Read `error`, then `message`, then the raw text; and the code, if there is one."""
    try:
        loose = msgspec.json.decode(reply.body)
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
    text = reply.body[:500].decode("utf-8", "replace").strip()
    if not text or text.startswith("<"):
        text = f"It answered with status {reply.status}."
    return text, code


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds to wait, by `retry-after-ms`, or `retry-after` as seconds or an HTTP date.

    At most `MOST_WAIT`; None where neither can be read.
    """
    waits = (
        _number(headers.get("retry-after-ms", ""), 0.001),
        _number(headers.get("retry-after", ""), 1.0),
        _until(headers.get("retry-after", "")),
    )
    wait = next((wait for wait in waits if wait is not None), None)
    return None if wait is None else min(wait, MOST_WAIT)


def _number(text: str, unit: float) -> float | None:
    return float(text) * unit if _PLAIN.fullmatch(text.strip()) else None


def _until(text: str) -> float | None:
    try:
        return max(0.0, email.utils.parsedate_to_datetime(text).timestamp() - time.time())
    except (ValueError, OverflowError):
        return None


def is_retried(reply: Reply) -> bool:
    """Tell whether the official client would ask again; a success it takes, whatever it wishes."""
    if reply.status < 400:
        return False
    wish = reply.headers.get("x-should-retry", "").lower()
    if wish in {"true", "false"}:
        return wish == "true"
    return reply.status in _RETRIED or reply.status >= 500

"""Asset and ResultPage: the API's answers as typed values, tolerant of what the API may change.

Everything of an answer is optional here but an asset's id. An answer that is as documented is
decoded in one step; an odd one (a null, another type, a missing field) is taken field by field,
and what cannot be used falls back to its default. Knows nothing of HTTP and of pages.

Field names and shapes: scenario-api.md, "A hit" and "Other calls worth using".
"""

from __future__ import annotations

import base64
import re
import time
from functools import lru_cache
from typing import Any, Final, TypeVar
from urllib.parse import unquote

import msgspec

from app.decoding import decode as decode  # noqa: PLC0414 - the way to hand a name on, typed
from app.errors import UpstreamNonsense

MOST_NAME: Final = 80  # characters of a prompt that stand in for a name
MOST_TITLE: Final = 200  # characters of a name: a card says it several times
MOST_COUNT: Final = 10**12  # a larger count of hits is nonsense
_POLICY_IN: Final = re.compile(r"[?&]Policy=([^&#]+)")
_POLICY_ALPHABET: Final = str.maketrans("-_~", "+=/")
_POLICY: Final = re.compile(rb"Policy=[A-Za-z0-9_~-]+")

S = TypeVar("S", bound=msgspec.Struct)


# Nothing in these refers back to what holds it, so none is looked at when garbage is collected.


class Thumbnail(msgspec.Struct, frozen=True, gc=False):
    """A small picture of an asset."""

    assetId: str | None = None
    url: str | None = None


class Metadata(msgspec.Struct, frozen=True, gc=False):
    """What is known of how an asset was made; every field is optional."""

    aspectRatio: str | None = None
    baseModelId: str | None = None
    guidance: float | None = None
    height: int | None = None
    kind: str | None = None
    modelId: str | None = None
    modelType: str | None = None
    name: str | None = None
    negativePrompt: str | None = None
    negativePromptStrength: float | None = None
    numInferenceSteps: int | None = None
    parentJobId: str | None = None
    path: str | None = None  # of its file below its folder: Akin's own library alone
    prompt: str | None = None
    scheduler: str | None = None
    seed: str | int | None = None
    size: int | None = None
    text: str | None = None
    type: str | None = None
    width: int | None = None


class Asset(msgspec.Struct, frozen=True, gc=False):
    """One asset as a search or GET /assets/{id} answers it.

    Equal where all of it is; hashable, so that what is made of it can be kept.
    """

    id: str = ""
    authorId: str | None = None
    collectionIds: tuple[str, ...] = ()
    content: str | None = None
    createdAt: str | None = None
    description: str | None = None
    kind: str | None = None
    metadata: Metadata = Metadata()
    mimeType: str | None = None
    nsfw: tuple[str, ...] = ()
    ownerId: str | None = None
    preview: Thumbnail | None = None
    privacy: str | None = None
    properties: dict[str, Any] = {}
    rankingScore: float | None = msgspec.field(default=None, name="_rankingScore")
    status: str | None = None
    tags: tuple[str, ...] = ()
    teamId: str | None = None
    thumbnail: Thumbnail | None = None
    transcription: str | None = None
    updatedAt: str | None = None
    url: str | None = None

    def __hash__(self) -> int:
        return hash((self.id, self.updatedAt, self.url))

    @property
    def name(self) -> str:
        """The name to show: its own, else the start of its prompt, else its id."""
        name = (self.metadata.name or "").strip()
        if name:
            return name if len(name) <= MOST_TITLE else name[: MOST_TITLE - 1] + "…"
        prompt = " ".join((self.metadata.prompt or "").split())
        if len(prompt) > MOST_NAME:
            prompt = prompt[:MOST_NAME].rsplit(" ", 1)[0] + "…"
        return prompt or self.id

    @property
    def medium(self) -> str:
        """Its kind, by itself, its metadata or its mime type; `image` where nothing says."""
        if kind := self.kind or self.metadata.kind:
            return kind
        family = (self.mimeType or "").partition("/")[0]
        if family == "model":
            return "3d"
        return family if family in {"image", "video", "audio", "text"} else "document"

    @property
    def width(self) -> int | None:
        """Pixels; None where unknown or nonsense."""
        return _positive(self.metadata.width) or _positive(self.properties.get("width"))

    @property
    def height(self) -> int | None:
        """Pixels; None where unknown or nonsense."""
        return _positive(self.metadata.height) or _positive(self.properties.get("height"))

    @property
    def bytes(self) -> int | None:
        """The file's size."""
        return _positive(self.metadata.size) or _positive(self.properties.get("size"))

    @property
    def expires(self) -> float | None:
        """When the first of its signed URLs ends, in seconds since 1970; None if none says so."""
        urls = [self.url, self.thumbnail.url if self.thumbnail else None]
        ends = [end for url in urls if url and (end := expiry(url)) is not None]
        return min(ends, default=None)


class _Collection(msgspec.Struct, frozen=True, gc=False):
    id: str = ""
    name: str | None = None
    itemCount: int | None = None


class _Tag(msgspec.Struct, frozen=True, gc=False):
    tagName: str = ""
    itemCount: int | None = None


class _Page(msgspec.Struct, frozen=True, gc=False):
    hits: tuple[msgspec.Raw, ...] | None = None
    page: int | None = None
    hitsPerPage: int | None = None
    totalHits: int | None = None
    totalPages: int | None = None
    offset: int | None = None
    limit: int | None = None
    estimatedTotalHits: int | None = None
    facetDistribution: dict[str, dict[str, int]] | None = None


class ResultPage(msgspec.Struct, frozen=True, gc=False):
    """One page of hits. `total` is exact or None: an estimate is never given as a count."""

    hits: tuple[Asset, ...]
    total: int | None = None
    pages: int | None = None  # how many there are; None where the answer does not tell
    has_next: bool = False
    facets: dict[str, dict[str, int]] = {}


class Named(msgspec.Struct, frozen=True, gc=False):
    """A name that stands for an id, and how many assets it covers, where known."""

    id: str
    name: str
    count: int | None = None


_PAGE: Final = msgspec.json.Decoder(_Page, strict=False)
_HIT: Final = msgspec.json.Decoder(Asset, strict=False)
_ODD: Final = (msgspec.ValidationError, msgspec.DecodeError, UnicodeDecodeError, RecursionError)


@lru_cache(maxsize=8192)  # as many as cards are kept of (app/views/card.py)
def _hit(raw: bytes) -> Asset:
    """Read one hit; the same bytes, seen on another page, are the same value."""
    try:
        return _HIT.decode(raw)
    except _ODD:
        return _lenient(decode(raw), Asset)


def result_page(body: bytes, *, size: int) -> ResultPage:
    """Read an answer of POST /search/assets; `size` is how many hits were asked for.

    A hit without an id is left out, a hit that comes twice is kept once.
    Raises UpstreamNonsense where the answer is no object with a list of hits.
    """
    found: tuple[Asset, ...]
    try:
        page = _PAGE.decode(body)
        found = tuple(_hit(bytes(raw)) for raw in page.hits or ())
        is_page = page.hits is not None
    except _ODD:
        loose = decode(body)
        if not isinstance(loose, dict):
            raise UpstreamNonsense("The answer is not a page of results.") from None
        page = _lenient({name: loose[name] for name in loose if name != "hits"}, _Page)
        listed = loose.get("hits")
        is_page = isinstance(listed, list)
        found = tuple(_lenient(hit, Asset) for hit in listed) if is_page else ()
    if not is_page:
        raise UpstreamNonsense("The answer has no list of hits.")
    hits = tuple({hit.id: hit for hit in found if hit.id}.values())
    total, pages = _believable(page.totalHits), _believable(page.totalPages)
    if total is not None and (total < len(hits) or (total and not hits and page.page == 1)):
        total = pages = None  # a count that the hits beside it belie is no count
    if pages is not None and page.page is not None:
        has_next = page.page < pages and bool(hits)
    else:
        has_next = len(found) >= size
    return ResultPage(hits, total, pages, has_next, page.facetDistribution or {})


def _believable(count: int | None) -> int | None:
    return count if count is not None and 0 <= count < MOST_COUNT else None


def asset(body: bytes) -> Asset:
    """Read an answer of GET /assets/{id}. Raises UpstreamNonsense."""
    loose = decode(body)
    found = loose.get("asset") if isinstance(loose, dict) else None
    if not isinstance(found, dict) or not isinstance(found.get("id"), str):
        raise UpstreamNonsense("The answer is not an asset.")
    return _lenient(found, Asset)


def assets(body: bytes) -> tuple[Asset, ...]:
    """Read an answer of POST /assets/get-bulk. Raises UpstreamNonsense."""
    return tuple(hit for item in _items(body, "assets") if (hit := _lenient(item, Asset)).id)


def collections(body: bytes) -> tuple[Named, ...]:
    """Read one page of GET /collections. Raises UpstreamNonsense."""
    items = (_lenient(item, _Collection) for item in _items(body, "collections"))
    return tuple(Named(item.id, item.name or item.id, item.itemCount) for item in items if item.id)


def tags(body: bytes) -> tuple[Named, ...]:
    """Read one page of GET /tags. Raises UpstreamNonsense."""
    items = (_lenient(item, _Tag) for item in _items(body, "tags"))
    return tuple(
        Named(item.tagName, item.tagName, item.itemCount) for item in items if item.tagName
    )


def models(body: bytes) -> tuple[Named, ...]:
    """Read an answer of POST /models/get-bulk. Raises UpstreamNonsense."""
    items = (_lenient(item, _Collection) for item in _items(body, "models"))
    return tuple(Named(item.id, item.name or item.id) for item in items if item.id)


def next_token(body: bytes) -> str | None:
    """The `nextPaginationToken` of a listing; None on its last page."""
    loose = decode(body)
    token = loose.get("nextPaginationToken") if isinstance(loose, dict) else None
    return token if isinstance(token, str) and token else None


def expiry(url: str) -> float | None:
    """When a signed URL ends, in seconds since 1970, read from its policy; None if unsigned."""
    policy = _POLICY_IN.search(url)
    return _end_of(unquote(policy[1])) if policy else None


def first_expiry(body: bytes) -> float | None:
    """When the first of the signed URLs in an answer ends, in seconds since 1970; None if unsigned.

    Reads the bytes as they are: every URL in them counts, wherever it stands.
    """
    policies = set(_POLICY.findall(body))
    ends = (_end_of(found[len(b"Policy=") :].decode()) for found in policies)
    return min((end for end in ends if end is not None), default=None)


@lru_cache(maxsize=4096)
def _end_of(policy: str) -> float | None:
    """When a policy ends: URL-safe base64 of JSON, with `+ = /` spelled `- _ ~`.

    Each is read twice, for the answer that it is in and for the picture that it signs.
    """
    try:
        text = base64.b64decode(policy.translate(_POLICY_ALPHABET) + "===")
        statement = msgspec.json.decode(text)["Statement"][0]
        return float(statement["Condition"]["DateLessThan"]["AWS:EpochTime"])
    except (ArithmeticError, LookupError, RecursionError, TypeError, ValueError):
        return None  # what binascii and msgspec raise are kinds of ValueError


def is_fresh(url: str, *, for_seconds: float = 60) -> bool:
    """Tell whether a URL can still be opened in a while."""
    end = expiry(url)
    return end is None or end > time.time() + for_seconds


def _items(body: bytes, name: str) -> list[Any]:
    loose = decode(body)
    items = loose.get(name) if isinstance(loose, dict) else None
    if not isinstance(items, list):
        raise UpstreamNonsense(f"The answer has no list of {name}.")
    return items


def _positive(value: object) -> int | None:
    if type(value) is int or type(value) is float:  # not a bool, which is an int as well
        return int(value) if 1 <= value < 10**15 else None
    return None


def _lenient(loose: object, struct: type[S]) -> S:
    """Take what can be used of a loose object, field by field."""
    if not isinstance(loose, dict):
        return struct()
    values: dict[str, Any] = {}
    for field in msgspec.structs.fields(struct):
        if loose.get(field.encode_name) is None:
            continue
        value = loose[field.encode_name]
        try:
            values[field.name] = msgspec.convert(value, field.type, strict=False)
        except msgspec.ValidationError:
            if (used := _salvage(value, field)) is not None:
                values[field.name] = used
    return struct(**values)


_NESTED: Final[dict[str, type[msgspec.Struct]]] = {
    "metadata": Metadata,
    "thumbnail": Thumbnail,
    "preview": Thumbnail,
}


def _salvage(value: object, field: msgspec.structs.FieldInfo) -> object:
    if field.name in _NESTED:
        return _lenient(value, _NESTED[field.name])
    if isinstance(value, list) and field.type == tuple[str, ...]:
        return tuple(item for item in value if isinstance(item, str))
    if isinstance(value, int | float) and field.name in {"id", "name", "prompt", "seed"}:
        return str(value)
    return None

"""Asset and ResultPage: the values that responses of the API are decoded to.

Everything but the id of an asset is optional. Field names and types are those of
docs/scenario-api.md, "A hit" and "Other calls worth using"; `app.scenario.decoding` creates them.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from app.query import folders
from app.scenario.library import FolderLevel
from app.scenario.signed_urls import expiry

MOST_NAME: Final = 80  # characters of a prompt that is shown as a name
MOST_TITLE: Final = 200  # characters of a name: a card contains it several times


# No reference cycles are possible, so gc=False keeps these values out of garbage collection.


class Thumbnail(msgspec.Struct, frozen=True, gc=False):
    """A thumbnail of an asset."""

    assetId: str | None = None
    url: str | None = None
    # Of a picture with transparency, of which it shows the visible part: an extension.
    width: int | None = None
    height: int | None = None
    lightness: float | None = None  # 0 black, 1 white


class Metadata(msgspec.Struct, frozen=True, gc=False):
    """How an asset was made, and its properties."""

    aspectRatio: str | None = None
    author: str | None = None  # who made it; only from Akin's own library
    automatic: tuple[str, ...] = ()  # fields that were recognised; only from Akin's own library
    baseModelId: str | None = None
    guidance: float | None = None
    height: int | None = None
    inputs: tuple[str, ...] = ()  # names of files that it was made from; only from Akin's library
    kind: str | None = None
    license: str | None = None  # only from Akin's own library
    loras: tuple[str, ...] = ()  # only from Akin's own library
    rating: int | None = None  # stars; only from Akin's own library
    label: str | None = None  # pick or reject; only from Akin's own library
    missing: str | None = None  # why its file is missing; only from Akin's own library
    modelId: str | None = None
    modelType: str | None = None
    name: str | None = None
    negativePrompt: str | None = None
    negativePromptStrength: float | None = None
    numInferenceSteps: int | None = None
    parentId: str | None = None  # the asset that it was made from
    parentJobId: str | None = None
    path: str | None = None  # of its file below its folder; only from Akin's own library
    prompt: str | None = None
    referenceImages: tuple[str, ...] = ()  # ids of further assets that it was made from
    rootParentId: str | None = None  # the first asset of its lineage
    scheduler: str | None = None
    seed: str | int | None = None
    size: int | None = None
    text: str | None = None
    type: str | None = None
    width: int | None = None


class GroupMember(msgspec.Struct, frozen=True, gc=False):
    """One asset of a group."""

    assetId: str = ""
    label: str = ""  # the number of a frame, the role of a texture, ...


class AssetGroup(msgspec.Struct, frozen=True, gc=False):
    """Assets that belong together; only from Akin's own library."""

    id: str = ""
    kind: str = ""  # frames, versions, textures, formats, duplicates
    size: int = 0  # of all members, of which `members` are the first
    members: tuple[GroupMember, ...] = ()


class Asset(msgspec.Struct, frozen=True, gc=False):
    """One asset, from a search or GET /assets/{id}.

    Hashable, so that results of functions of an asset can be cached.
    """

    id: str = ""
    authorId: str | None = None
    collectionIds: tuple[str, ...] = ()
    content: str | None = None
    createdAt: str | None = None
    # Fields of which people have decided the value; None: the API does not say so.
    decided: tuple[str, ...] | None = None
    description: str | None = None
    group: AssetGroup | None = None  # in searches by group, and of a single asset
    kind: str | None = None
    metadata: Metadata = Metadata()
    mimeType: str | None = None
    nsfw: tuple[str, ...] = ()
    # Fields without an attribute here, for the asset page; under a name that no response has.
    others: dict[str, Any] = msgspec.field(default_factory=dict, name=" others")
    ownerId: str | None = None
    preview: Thumbnail | None = None
    privacy: str | None = None
    properties: dict[str, Any] = {}
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
        """The name to show: that of the asset, else the start of its prompt, else its id."""
        name = (self.metadata.name or "").strip()
        if name:
            return name if len(name) <= MOST_TITLE else name[: MOST_TITLE - 1] + "…"
        prompt = " ".join((self.metadata.prompt or "").split())
        if len(prompt) > MOST_NAME:
            prompt = prompt[:MOST_NAME].rsplit(" ", 1)[0] + "…"
        return prompt or self.id

    @property
    def medium(self) -> str:
        """The kind of the asset, of its metadata or by its MIME type; else `document`."""
        if kind := self.kind or self.metadata.kind:
            return kind
        family = (self.mimeType or "").partition("/")[0]
        if family == "model":
            return "3d"
        return family if family in {"image", "video", "audio", "text"} else "document"

    @property
    def parents(self) -> tuple[str, ...]:
        """The ids of the assets that it was made from, the direct parent first."""
        made = self.metadata
        ids = dict.fromkeys((made.parentId, *made.referenceImages, made.rootParentId))
        return tuple(each for each in ids if each and each != self.id)

    @property
    def folders(self) -> tuple[str, ...]:
        """The folders that its file is in, from the top: `a` and `a/b` for `a/b/c.png`."""
        return folders.above(self.metadata.path or "")

    @property
    def width(self) -> int | None:
        """Pixels; None where unknown or not plausible."""
        return _positive(self.metadata.width) or _positive(self.properties.get("width"))

    @property
    def height(self) -> int | None:
        """Pixels; None where unknown or not plausible."""
        return _positive(self.metadata.height) or _positive(self.properties.get("height"))

    @property
    def shown_size(self) -> tuple[int | None, int | None]:
        """Width and height of what its thumbnail shows, in pixels of any scale; None if unknown."""
        part = self.thumbnail
        if part is not None and part.width and part.height:
            return part.width, part.height
        return self.width, self.height

    @property
    def pixels(self) -> str | None:
        """`1024 × 768`; None where the size is unknown."""
        width, height = self.width, self.height
        return f"{width} × {height}" if width and height else None

    @property
    def bytes(self) -> int | None:
        """Size of the file."""
        return _positive(self.metadata.size) or _positive(self.properties.get("size"))

    @property
    def expires(self) -> float | None:
        """When the first signed URL expires, in seconds since 1970; None without one."""
        urls = [self.url, self.thumbnail.url if self.thumbnail else None]
        ends = [end for url in urls if url and (end := expiry(url)) is not None]
        return min(ends, default=None)


class ResultPage(msgspec.Struct, frozen=True, gc=False):
    """One page of hits. `total` is exact, or None where the API returns an estimate.

    In a search by group, `cards` is the number of groups and single assets, which pages and facets
    count; otherwise it is `total`.
    """

    hits: tuple[Asset, ...]
    total: int | None = None
    cards: int | None = None
    pages: int | None = None  # number of pages; None where unknown
    has_next: bool = False
    facets: dict[str, dict[str, int]] = {}
    folders: dict[str, FolderLevel] = {}  # by the folder that they are in


class AssetListing(msgspec.Struct, frozen=True, gc=False):
    """One page of a listing of assets; `token` leads to the next one, None on the last."""

    assets: tuple[Asset, ...]
    token: str | None = None


class Named(msgspec.Struct, frozen=True, gc=False):
    """The name of an id (collection, tag, model), and its number of assets where known."""

    id: str
    name: str
    count: int | None = None


def _positive(value: object) -> int | None:
    if type(value) is int or type(value) is float:  # not a bool, which is an int as well
        return int(value) if 1 <= value < 10**15 else None
    return None

"""Asset and ResultPage: what the API tells of assets, as frozen values.

Everything is optional here but an asset's id; `app.bodies` makes them of what the API answers.

Field names and shapes: scenario-api.md, "A hit" and "Other calls worth using".
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from app.signed import expiry

MOST_NAME: Final = 80  # characters of a prompt that stand in for a name
MOST_TITLE: Final = 200  # characters of a name: a card says it several times


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
    # What has no field here, of its own page alone; under a name that no answer has.
    others: dict[str, Any] = msgspec.field(default_factory=dict, name=" others")
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


def _positive(value: object) -> int | None:
    if type(value) is int or type(value) is float:  # not a bool, which is an int as well
        return int(value) if 1 <= value < 10**15 else None
    return None

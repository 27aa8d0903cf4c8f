"""The values that cross between ingest, index and API: what is known of one file.

Knows the API's field names and nothing of files, SQL or HTTP. `ingest` makes a `Document` from a
file, `index` stores it, `api` answers with it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    import numpy as np
    from numpy.typing import NDArray

    Vector = NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceFile:
    """The file that an asset was read from; equal means "not changed since"."""

    root: str  # absolute folder that was indexed
    path: str  # below root, POSIX separators, surrogates escaped as Python does
    size: int  # bytes
    mtime_ns: int
    sha256: str  # of the content, hexadecimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One asset, in the API's words (scenario-api.md, "A hit"), without its URLs.

    A field that the file does not tell is None or empty, and then absent from the answer.
    """

    id: str  # "asset_" and 24 characters of a hash of content and path
    source: SourceFile
    kind: str  # image, video, audio, 3d, document, json, text, image-hdr
    type: str  # "uploaded", or what made it: "inference-txt2img", ...
    mimeType: str
    createdAt: str  # ISO 8601 in UTC with milliseconds: 2025-01-31T12:00:00.000Z
    updatedAt: str
    name: str
    tags: tuple[str, ...] = ()
    collectionIds: tuple[str, ...] = ()
    nsfw: tuple[str, ...] = ()
    privacy: str = "private"
    authorId: str = "local"
    ownerId: str = "local"
    teamId: str = "local"
    description: str | None = None
    transcription: str | None = None
    content: str | None = None  # of a text asset
    width: int | None = None  # pixels, as shown (after EXIF rotation)
    height: int | None = None
    size: int = 0  # bytes
    aspectRatio: str | None = None  # "16:9", nearest common ratio, else reduced w:h
    prompt: str | None = None
    negativePrompt: str | None = None
    text: str | None = None
    seed: str | None = None
    modelId: str | None = None
    baseModelId: str | None = None
    modelType: str | None = None
    scheduler: str | None = None
    guidance: float | None = None
    numInferenceSteps: int | None = None
    parentJobId: str | None = None
    # GET /assets/{id} `properties`: size, width, height, duration (seconds), frameRate, ...
    properties: Mapping[str, Any] = field(default_factory=dict)
    # metadata that has no column of its own, answered as it is
    metadata: Mapping[str, Any] = field(default_factory=dict)
    thumbnail: bool = False  # a thumbnail file was made for this asset
    # what a classifier takes the picture for, most certain first: searched, never shown
    guesses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Embeddings:
    """What the models make of one asset; None where a model has nothing to say.

    `text` unit length; `subject` to be centred on the library's mean; `look` unit length. Names
    and versions of the models that made them: `models.Models.signature`.
    """

    text: Vector | None = None
    subject: Vector | None = None
    look: Vector | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Collection:
    """A top-level folder of the library, as GET /collections lists it."""

    id: str  # "collection_" and 16 characters of a hash of root and folder
    name: str

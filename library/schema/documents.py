"""Values that ingest, store and API exchange: what is known about one file.

`ingest` creates a `Document` from a file, `store` stores it, `api` serializes it.
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


# Tags of assets with a placeholder, and names in `metadata` of the reason.
DAMAGED = "damaged"  # the file cannot be read
UNREAD = "unread"  # the packages that read such files are not installed

_MARK = "-"


def marked(sha256: str, extra: str) -> str:
    """Return the hash of a file that waits for an extra (extras.py), for its source."""
    return f"{extra}{_MARK}{sha256}"


def awaited(sha256: str) -> str:
    """Return the name of the extra that a file waits for, by the hash of its source; or ""."""
    return sha256.rpartition(_MARK)[0]


def unmarked(sha256: str) -> str:
    """Return the hash of the content alone."""
    return sha256.rpartition(_MARK)[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceFile:
    """File that an asset was read from; equal values mean that it has not changed."""

    root: str  # absolute folder that was indexed
    path: str  # below root, POSIX separators, surrogates escaped as Python does
    size: int  # bytes
    mtime_ns: int
    sha256: str  # of the content, hexadecimal; before it, the extra that the file waits for


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One asset with the API's field names (docs/scenario-api.md, "A hit"), without its URLs.

    A field that is not known is None or empty, and absent from the response.
    """

    id: str  # "asset_" and 24 characters of a hash of content and path
    source: SourceFile
    kind: str  # image, video, audio, 3d, document, json, text, image-hdr
    type: str  # "uploaded", or how it was generated: "inference-txt2img", ...
    mimeType: str
    createdAt: str  # ISO 8601 in UTC with milliseconds: 2025-01-31T12:00:00.000Z
    updatedAt: str
    name: str
    tags: tuple[str, ...] = ()
    collectionIds: tuple[str, ...] = ()
    nsfw: tuple[str, ...] = ()
    rating: int | None = None  # stars, 0 to 5
    label: str | None = None  # pick, reject, or what the file states
    author: str | None = None  # who made it, as the file states
    license: str | None = None  # its name; of Creative Commons as in "CC BY-SA 4.0"
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
    loras: tuple[str, ...] = ()  # names of adapters of the model, as the file states them
    scheduler: str | None = None
    guidance: float | None = None
    numInferenceSteps: int | None = None
    parentJobId: str | None = None
    # names, paths or ids of the files that it was made from, as stated; the first is the parent
    madeFrom: tuple[str, ...] = ()
    references: tuple[str, ...] = ()  # the same of those that only guided it
    # ids of these in the library, which `store.lineage` fills
    parentId: str | None = None
    rootParentId: str | None = None  # the first of the chain of parents
    referenceImages: tuple[str, ...] = ()
    # GET /assets/{id} `properties`: size, width, height, duration (seconds), frameRate, ...
    properties: Mapping[str, Any] = field(default_factory=dict)
    # metadata without a column of its own, returned unchanged
    metadata: Mapping[str, Any] = field(default_factory=dict)
    thumbnail: bool = False  # whether a thumbnail file exists
    # of a picture that its thumbnail shows in part, in pixels: the part's left, top, right and
    # bottom; then the width and height of the whole, which is at most 512 pixels
    visible: tuple[int, ...] = ()
    lightness: float | None = None  # of a picture with transparency: `formats.appearance`
    # class names of the picture, most probable first: searched, never shown
    guesses: tuple[str, ...] = ()
    # what the file states beyond all fields, bounded: searched, never shown
    unread: str | None = None
    # names of the fields that the second pass has filled
    automatic: tuple[str, ...] = ()
    # names of fields that are empty because someone has stated so: the second pass leaves them
    decided: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Embeddings:
    """Vectors of one asset; None where a model does not apply.

    `text` and `look` have unit length; `subject` is centred on the library's mean when it is
    compared. Names and versions of the models: `models.Models.signature`.
    """

    text: Vector | None = None
    subject: Vector | None = None
    look: Vector | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Collection:
    """Top-level folder of the library, as GET /collections lists it."""

    id: str  # "collection_" and 16 characters of a hash of root and folder
    name: str

"""The bodies of requests, as strict structs.

Knows names, types and limits of the parameters; `search_query` knows what they mean together.
Numbers are floats because JSON's 20.0 is equal to 20. The structs' names are those of the OpenAPI
page.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import UNSET, UnsetType

from library.errors import BadRequest

PAGE_MOST = 100  # hits in one response
REFERENCES_MOST = 100  # images in `like`, and in `unlike`
BULK_MOST = 200  # ids in one bulk call
MEMBERS_MOST = 49  # assets in one call that changes a collection
LEVELS_MOST = 50  # levels of the folder tree in one search

# The hits with all of the typed words in any of their forms, without guesses; or all but those.
ExactWords = Literal["only", "except", ""]
# One hit for each group of assets that belong together, or every asset.
GroupBy = Literal["group", ""]
Ratio = Annotated[float, msgspec.Meta(ge=0, le=1)]


class Images(msgspec.Struct, forbid_unknown_fields=True):
    """Asset ids or data URLs."""

    like: list[str] = []
    unlike: list[str] = []


class Search(msgspec.Struct, forbid_unknown_fields=True):
    """POST /search/assets."""

    query: str = ""
    querySemanticRatio: Ratio = 0.0
    image: str = ""
    images: Images = msgspec.field(default_factory=Images)
    imageSemanticRatio: Ratio = 1.0
    filter: str = ""
    sortBy: list[str] = []
    page: float | UnsetType = UNSET
    hitsPerPage: float | UnsetType = UNSET
    offset: float | UnsetType = UNSET
    limit: float | UnsetType = UNSET
    public: bool = False
    facets: list[str] = []
    facetFilters: dict[str, str] = {}
    folders: list[str] = []
    showRankingScore: bool = False
    exactWords: ExactWords = ""
    groupBy: GroupBy = ""


class AssetIds(msgspec.Struct, forbid_unknown_fields=True):
    """POST /assets/get-bulk."""

    assetIds: list[str]


class ModelIds(msgspec.Struct, forbid_unknown_fields=True):
    """POST /models/get-bulk.

    The flags select details that a folder of files does not have; they are accepted and ignored.
    """

    modelIds: list[str]
    minimal: bool = False
    settings: bool = False
    thumbnail: bool = False
    allTrainingImages: bool = False
    trainingImagesPreview: bool = False


class Download(msgspec.Struct, forbid_unknown_fields=True):
    """POST /assets/{id}/download."""

    targetFormat: str = ""


class TagChanges(msgspec.Struct, forbid_unknown_fields=True):
    """PUT /assets/{id}/tags."""

    add: list[str] = []
    delete: list[str] = []
    strict: bool = False


class AssetChanges(msgspec.Struct, forbid_unknown_fields=True):
    """PUT /assets/{id}; null shows again what the file states.

    `rating`, `label` and `nsfw` are extensions; the label "" and an empty `nsfw` mean none.
    """

    name: str | UnsetType | None = UNSET
    description: str | UnsetType | None = UNSET
    rating: Annotated[int, msgspec.Meta(ge=0, le=5)] | UnsetType | None = UNSET
    label: Literal["pick", "reject", ""] | UnsetType | None = UNSET
    nsfw: list[str] | UnsetType | None = UNSET


class NewCollection(msgspec.Struct, forbid_unknown_fields=True):
    """POST /collections."""

    name: str


class CollectionChanges(msgspec.Struct, forbid_unknown_fields=True):
    """PUT /collections/{id}; the thumbnail null is that of the newest asset."""

    name: str | UnsetType = UNSET
    thumbnail: str | UnsetType | None = UNSET


class Members(msgspec.Struct, forbid_unknown_fields=True):
    """PUT and DELETE /collections/{id}/assets."""

    assetIds: list[str]


SEARCH = msgspec.json.Decoder(Search)
ASSET_IDS = msgspec.json.Decoder(AssetIds)
MODEL_IDS = msgspec.json.Decoder(ModelIds)
DOWNLOAD_BODY = msgspec.json.Decoder(Download)
TAG_CHANGES = msgspec.json.Decoder(TagChanges)
ASSET_CHANGES = msgspec.json.Decoder(AssetChanges)
NEW_COLLECTION = msgspec.json.Decoder(NewCollection)
COLLECTION_CHANGES = msgspec.json.Decoder(CollectionChanges)
MEMBERS = msgspec.json.Decoder(Members)


def decode_body(body: bytes, decoder: msgspec.json.Decoder[Any]) -> Any:
    """Return the decoded `body`; an empty body is an empty object. Raises BadRequest."""
    try:
        return decoder.decode(body or b"{}")
    except msgspec.ValidationError as error:
        raise BadRequest(_message(str(error))) from None
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise BadRequest(f"The body is not JSON: {error}") from None


# The decoder's names of types -> JSON's.
_JSON_TYPES: Final = {"str": "string", "float": "number", "int": "number", "bool": "boolean"}
_TYPE: Final = re.compile(r"`(str|float|int|bool|array|object|null)`")


def _message(text: str) -> str:
    """Return the decoder's message with the parameter first, and JSON's names of types."""
    message, _, path = text.partition(" - at `$")
    message = _TYPE.sub(lambda name: _JSON_TYPES.get(name[1], name[1]), message)
    field = path.rstrip("`").lstrip(".")
    return f"`{field}`: {message}" if field else message.replace("Object ", "Body ")

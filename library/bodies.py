"""The bodies that requests may have, as strict structs.

Knows the fields' names, types and bounds; what they mean together is `query`'s. Numbers are floats
because JSON's 20.0 is as good as 20.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Final

import msgspec
from msgspec import UNSET, UnsetType

from library.errors import BadRequest

PAGE_MOST = 100  # hits in one answer
REFERENCES_MOST = 100  # images in `like`, and in `unlike`
BULK_MOST = 200  # ids in one bulk call

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
    showRankingScore: bool = False


class AssetIds(msgspec.Struct, forbid_unknown_fields=True):
    """POST /assets/get-bulk."""

    assetIds: list[str]


class ModelIds(msgspec.Struct, forbid_unknown_fields=True):
    """POST /models/get-bulk.

    The flags ask for more than a folder can know of a model; all of them are answered alike.
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


SEARCH = msgspec.json.Decoder(Search)
ASSET_IDS = msgspec.json.Decoder(AssetIds)
MODEL_IDS = msgspec.json.Decoder(ModelIds)
DOWNLOAD = msgspec.json.Decoder(Download)


def decoded(body: bytes, decoder: msgspec.json.Decoder[Any]) -> Any:
    """What `decoder` reads in `body`; an empty body is an empty object. Raises BadRequest."""
    try:
        return decoder.decode(body or b"{}")
    except msgspec.ValidationError as error:
        raise BadRequest(_plain(str(error))) from None
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise BadRequest(f"The body is not JSON: {error}") from None


# What the decoder calls JSON's kinds of values, by what JSON calls them.
_SPOKEN: Final = {"str": "string", "float": "number", "int": "number", "bool": "boolean"}
_KIND: Final = re.compile(r"`(str|float|int|bool|array|object|null)`")


def _plain(text: str) -> str:
    """The decoder's message in the words of this API: the field first."""
    message, _, path = text.partition(" - at `$")
    message = _KIND.sub(lambda kind: _SPOKEN.get(kind[1], kind[1]), message)
    field = path.rstrip("`").lstrip(".")
    return f"`{field}`: {message}" if field else message.replace("Object ", "Body ")

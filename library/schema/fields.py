"""Declaration of all fields that can be searched, filtered or sorted.

Tables, filters, sort orders, facets and the OpenAPI page derive from these lists. The names are
those of docs/scenario-api.md, "Filterable".
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from enum import Enum


class Type(Enum):
    """Comparison of a field's values."""

    TEXT = "text"  # case-insensitive, in the order of code points
    NUMBER = "number"  # by value
    DATE = "date"  # by value, stored as milliseconds since 1970 in UTC
    ARRAY = "array"  # of texts; a condition holds when it holds for one of them


@dataclass(frozen=True, slots=True)
class Field:
    """One filterable field.

    `whole`: its numbers are integers. `long`: a text that differs for nearly every asset; SQL
    evaluates it, and facets do not count it. `varied`: the same for a number. `top`: a hit contains
    it at the top level instead of in its metadata. `folders`: its values are the folders that the
    file is in, each with those above it; a hit has the path of the file instead.
    """

    name: str
    type: Type
    whole: bool = False
    long: bool = False
    varied: bool = False
    top: bool = False
    folders: bool = False

    @property
    def kind(self) -> str:
        """The kind of its values as the OpenAPI page names it."""
        return "integer" if self.whole else self.type.value


PATH = "path"  # the folders of a file

FIELDS = {
    field.name: field
    for field in (
        Field("kind", Type.TEXT),
        Field("type", Type.TEXT),
        Field("width", Type.NUMBER, whole=True),
        Field("height", Type.NUMBER, whole=True),
        Field("size", Type.NUMBER, whole=True, varied=True),
        Field("aspectRatio", Type.TEXT),
        Field("mimeType", Type.TEXT, top=True),
        Field("name", Type.TEXT, long=True),
        Field("prompt", Type.TEXT, long=True),
        Field("text", Type.TEXT, long=True),
        Field("negativePrompt", Type.TEXT, long=True),
        Field("seed", Type.TEXT, long=True),
        Field("modelId", Type.TEXT),
        Field("baseModelId", Type.TEXT),
        Field("modelType", Type.TEXT),
        Field("loras", Type.ARRAY),
        Field("numInferenceSteps", Type.NUMBER, whole=True),
        Field("guidance", Type.NUMBER),
        Field("scheduler", Type.TEXT),
        Field("parentId", Type.TEXT),
        Field("rootParentId", Type.TEXT),
        Field("referenceImages", Type.ARRAY),
        Field("tags", Type.ARRAY, top=True),
        Field("collectionIds", Type.ARRAY, top=True),
        Field("nsfw", Type.ARRAY, top=True),
        Field("rating", Type.NUMBER, whole=True),
        Field("label", Type.TEXT),
        Field("author", Type.TEXT),
        Field("license", Type.TEXT),
        Field("privacy", Type.TEXT, top=True),
        Field("createdAt", Type.DATE, varied=True, top=True),
        Field("updatedAt", Type.DATE, varied=True, top=True),
        Field("authorId", Type.TEXT, top=True),
        Field("ownerId", Type.TEXT, top=True),
        Field(PATH, Type.ARRAY, folders=True),
    )
}

# `score` is the API's popularity, which no asset of a library has.
SORTABLE = ("createdAt", "updatedAt", "width", "height", "score", "rating", "label", "name", "size")
RANDOM = "random"  # a further order: `random:42`, with the number that it is made from

# Columns of the keyword index and their weights in bm25.
WEIGHTS = {"name": 10.0, "tags": 6.0, "prompt": 4.0, "description": 2.0, "other": 1.0}

# Columns of the keyword index that only a filter such as `negativePrompt:blurry` reads.
UNSEARCHED = ("text", "negativePrompt")


def folded(text: str) -> str:
    """Return `text` as filters compare it: trimmed, with compatibility forms and case folded."""
    if text.isascii():
        return text.strip().lower()
    # Case folding can leave text that is not normalised.
    once = unicodedata.normalize("NFKC", text).casefold()
    return unicodedata.normalize("NFKC", once).strip()

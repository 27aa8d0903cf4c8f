"""Every field of an asset that can be searched, filtered or sorted, declared once.

Schema, filter, sort order, facets and OpenAPI page are made from these lists. Knows names, types
and weights; nothing of SQL or HTTP. The names are those of scenario-api.md, "Filterable".
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from enum import Enum


class Type(Enum):
    """How a field's values compare."""

    TEXT = "text"  # without regard to case, in the order of code points
    NUMBER = "number"  # by value
    DATE = "date"  # by value, kept as milliseconds since 1970 in UTC
    ARRAY = "array"  # of texts; a condition holds when it holds for one of them


@dataclass(frozen=True, slots=True)
class Field:
    """One filterable field.

    `whole`: its numbers have no fraction. `long`: nearly every asset has a text of its own, which
    is left to SQL and not counted in facets. `varied`: the same of a number.
    """

    name: str
    type: Type
    whole: bool = False
    long: bool = False
    varied: bool = False


FIELDS = {
    field.name: field
    for field in (
        Field("kind", Type.TEXT),
        Field("type", Type.TEXT),
        Field("width", Type.NUMBER, whole=True),
        Field("height", Type.NUMBER, whole=True),
        Field("size", Type.NUMBER, whole=True, varied=True),
        Field("aspectRatio", Type.TEXT),
        Field("mimeType", Type.TEXT),
        Field("name", Type.TEXT, long=True),
        Field("prompt", Type.TEXT, long=True),
        Field("text", Type.TEXT, long=True),
        Field("negativePrompt", Type.TEXT, long=True),
        Field("seed", Type.TEXT, long=True),
        Field("modelId", Type.TEXT),
        Field("baseModelId", Type.TEXT),
        Field("modelType", Type.TEXT),
        Field("numInferenceSteps", Type.NUMBER, whole=True),
        Field("guidance", Type.NUMBER),
        Field("scheduler", Type.TEXT),
        Field("tags", Type.ARRAY),
        Field("collectionIds", Type.ARRAY),
        Field("nsfw", Type.ARRAY),
        Field("privacy", Type.TEXT),
        Field("createdAt", Type.DATE, varied=True),
        Field("updatedAt", Type.DATE, varied=True),
        Field("authorId", Type.TEXT),
        Field("ownerId", Type.TEXT),
    )
}

# `score` is the API's popularity: no file tells it, so every asset of a library lacks it alike.
SORTABLE = ("createdAt", "updatedAt", "width", "height", "score")

# Columns of the keyword index and how much a word in each of them weighs (bm25's field weights).
WEIGHTS = {"name": 10.0, "tags": 6.0, "prompt": 4.0, "description": 2.0, "other": 1.0}

# Columns of the keyword index that only a filter such as `negativePrompt:blurry` reads.
UNSEARCHED = ("text", "negativePrompt")


def folded(text: str) -> str:
    """`text` as filters compare it: trimmed, compatibility forms and case made alike."""
    if text.isascii():
        return text.strip().lower()
    # Normalised again, since folding case can leave what is not: the same text, the same value.
    once = unicodedata.normalize("NFKC", text).casefold()
    return unicodedata.normalize("NFKC", once).strip()

"""Provenance: how an asset was made, by whom, under which licence, and what of this is not known.

What is stated by the fields of an asset, or by a person with one of the tags `made-by:ai`,
`made-by:hand` and `license:<name>`, which win over the fields. Pure functions.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from app.scenario.assets import Asset

Origin = Literal["ai", "hand", "unknown"]

ORIGINS: Final[Mapping[Origin, str]] = {"ai": "AI", "hand": "By hand", "unknown": "Unknown"}
MADE_BY: Final = "made-by:"  # then ai or hand
LICENCE: Final = "license:"  # then its name
# Types of assets that no model has made, or that say nothing about it.
_NOT_GENERATED: Final = ("uploaded", "canvas")
_LOCAL: Final = "local"  # the author that Akin's own library gives every asset

# What can be missing, in the words of the sheet.
NO_ORIGIN: Final = "how it was made"
NO_MODEL: Final = "model"
NO_PROMPT: Final = "prompt"
NO_AUTHOR: Final = "author"
NO_LICENCE: Final = "licence"
LOST_PARENT: Final = "a parent"
LOST_FILE: Final = "the file"


@dataclass(frozen=True, slots=True)
class Parent:
    """An asset that another one was made from; `is_lost` where it does not exist any more."""

    asset_id: str
    name: str
    is_lost: bool = False


@dataclass(frozen=True, slots=True)
class Provenance:
    """One row of a sheet; a text is empty where it is not known."""

    asset: Asset
    origin: Origin
    model: str
    prompt: str
    parents: tuple[Parent, ...]
    inputs: tuple[str, ...]  # names of files that it was made from, where no parent is known
    author: str
    licence: str
    file: str  # its path below the indexed folder
    gaps: tuple[str, ...]


def provenance(asset: Asset, parents: Mapping[str, Asset], models: Mapping[str, str]) -> Provenance:
    """Return the provenance of an asset.

    `parents` are those of its parents that exist, by id; `models` the names of models, by id.
    """
    made = asset.metadata
    model_id = made.modelId or made.baseModelId or ""
    origin = _origin(asset)
    author = made.author or ("" if asset.authorId in (None, _LOCAL) else asset.authorId or "")
    licence = _tagged(asset, LICENCE) or made.license or ""
    listed = tuple(
        Parent(each, parents[each].name if each in parents else each, each not in parents)
        for each in asset.parents
    )
    is_generated = origin == "ai"
    gaps = {
        NO_ORIGIN: origin == "unknown",
        NO_MODEL: is_generated and not model_id,
        NO_PROMPT: is_generated and not made.prompt,
        LOST_PARENT: any(each.is_lost for each in listed),
        NO_AUTHOR: not author,
        NO_LICENCE: not licence,
        LOST_FILE: made.missing is not None,
    }
    return Provenance(
        asset,
        origin,
        model=models.get(model_id, model_id),
        prompt=made.prompt or "",
        parents=listed,
        inputs=() if listed else made.inputs,
        author=author,
        licence=licence,
        file=made.path or "",
        gaps=tuple(name for name, is_missing in gaps.items() if is_missing),
    )


def gaps_first(rows: Iterable[Provenance]) -> tuple[Provenance, ...]:
    """Return rows with the most gaps first; otherwise their order stays."""
    return tuple(sorted(rows, key=lambda row: -len(row.gaps)))


def _origin(asset: Asset) -> Origin:
    stated = _tagged(asset, MADE_BY).lower()
    if stated == "ai":
        return "ai"
    if stated == "hand":
        return "hand"
    made = asset.metadata
    is_generated = bool(made.type) and not (made.type or "").startswith(_NOT_GENERATED)
    return "ai" if is_generated or made.modelId or made.prompt else "unknown"


def _tagged(asset: Asset, prefix: str) -> str:
    """Return what is behind the prefix of the first tag that has it; empty without one."""
    found = (tag[len(prefix) :].strip() for tag in asset.tags if tag.lower().startswith(prefix))
    return next(found, "")

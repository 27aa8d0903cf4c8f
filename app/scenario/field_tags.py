"""Tags that stand for fields which the Scenario API does not have.

A rating of four stars is the tag `rating:4` there, a pick is `label:pick`, and "not sensitive" is
`sensitive:no`. The application knows the fields alone: `with_fields` reads the tags, `tag_changes`
writes them. Akin's own library has the fields. Pure functions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping

    from app.scenario.assets import Asset

SENSITIVE: Final = "sensitive"  # the value of `nsfw` of an asset that a person has marked
FIELDS: Final = frozenset({"rating", "label", "nsfw"})

# Tag -> field and value; where an asset has several of a field, the first here counts.
FIELD_TAGS: Final[Mapping[str, tuple[str, Any]]] = {
    **{f"rating:{stars}": ("rating", stars) for stars in range(5, 0, -1)},
    "label:pick": ("label", "pick"),
    "label:reject": ("label", "reject"),
    "sensitive:yes": ("nsfw", (SENSITIVE,)),
    "sensitive:no": ("nsfw", ()),
}


def is_field_tag(tag: str) -> bool:
    """Return whether a tag stands for a field."""
    return tag.casefold() in FIELD_TAGS


def with_fields(asset: Asset) -> Asset:
    """Return an asset of the Scenario API with the fields that its tags stand for.

    What is sensitive is decided by a classifier, unless a tag says so; all else by people.
    """
    if not any(":" in tag and is_field_tag(tag) for tag in asset.tags):
        return asset
    present = {tag.casefold() for tag in asset.tags}
    values: dict[str, Any] = {}
    for tag, (field, value) in FIELD_TAGS.items():
        if tag in present:
            values.setdefault(field, value)
    changes: dict[str, Any] = {"tags": tuple(tag for tag in asset.tags if not is_field_tag(tag))}
    if (nsfw := values.pop("nsfw", None)) is not None:
        changes["decided"] = ("name", "description", *FIELDS)
        changes["nsfw"] = (asset.nsfw or nsfw) if nsfw else ()
    if values:
        changes["metadata"] = msgspec.structs.replace(asset.metadata, **values)
    return msgspec.structs.replace(asset, **changes)


def tag_changes(values: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    """Return the tags to add and to delete so that an asset has these values of fields.

    `values`: rating (0 to 5), label, nsfw; None, 0 and "" are no value. An empty `nsfw` is "not
    sensitive".
    """
    add: list[str] = []
    delete: list[str] = []
    for tag, (field, value) in FIELD_TAGS.items():
        if field in values:
            wanted = values[field]
            is_wanted = bool(wanted) == bool(value) if field == "nsfw" else wanted == value
            (add if is_wanted and wanted is not None else delete).append(tag)
    return add, delete

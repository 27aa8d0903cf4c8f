"""What people decided about an asset, and what it makes of the asset that its file describes.

The same function is applied wherever an asset is written to the index, so that an asset that is
indexed again shows the same. Knows documents; nothing of where decisions are stored.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

from library.schema.fields import folded

if TYPE_CHECKING:
    from collections.abc import Collection as Container
    from collections.abc import Mapping

    from library.schema.documents import Document

TAGS: Final = "tags"
COLLECTIONS: Final = "collectionIds"
NSFW: Final = "nsfw"
RATING: Final = "rating"
LABEL: Final = "label"
# Fields with one value: those that replace what the file states.
VALUES: Final = ("name", "description", RATING, LABEL, NSFW)
LABELS: Final = ("pick", "reject")
RATINGS: Final = range(6)
_LABEL_MOST: Final = 100  # characters of a label that a file states
_REJECTED: Final = -1  # `xmp:Rating` of a rejected picture


@dataclass(frozen=True, slots=True)
class Decision:
    """Decisions about one asset; what is not mentioned is as its file states."""

    tags: Mapping[str, str | None] = field(default_factory=dict)  # folded -> tag; None: removed
    collections: Mapping[str, bool] = field(default_factory=dict)  # id -> whether it is in it
    values: Mapping[str, Any] = field(default_factory=dict)  # of `VALUES`


NOTHING: Final = Decision()


def decided(document: Document, decision: Decision, deleted: Container[str] = ()) -> Document:
    """Return the document as it is shown; `deleted` are ids of deleted collections."""
    changes: dict[str, Any] = {**_stated(document), **decision.values}
    changes[LABEL] = changes.get(LABEL) or None
    if NSFW in changes:
        changes[NSFW] = tuple(changes[NSFW])
        changes["automatic"] = tuple(name for name in document.automatic if name != NSFW)
    if decision.tags:
        changes[TAGS] = _tags(document.tags, decision.tags)
    kept = [
        each
        for each in document.collectionIds
        if each not in deleted and decision.collections.get(each, True)
    ]
    added = (each for each, is_in in decision.collections.items() if is_in and each not in deleted)
    changes[COLLECTIONS] = tuple(dict.fromkeys([*kept, *added]))
    if all(getattr(document, name) == value for name, value in changes.items()):
        return document
    return replace(document, **changes)


def _tags(stated: tuple[str, ...], tags: Mapping[str, str | None]) -> tuple[str, ...]:
    kept = [tag for tag in stated if tags.get(folded(tag), tag) is not None]
    known = {folded(tag) for tag in kept}
    return (*kept, *(tag for key, tag in tags.items() if tag is not None and key not in known))


def _stated(document: Document) -> dict[str, Any]:
    """Return the rating and the label that the file states (XMP, EXIF, sidecars)."""
    rating, label = document.metadata.get(RATING), document.metadata.get(LABEL)
    try:
        stars = int(rating) if isinstance(rating, (int, str)) else None
    except ValueError:
        stars = None
    named = label.strip() if isinstance(label, str) else ""
    if not named and stars == _REJECTED:
        named = "reject"
    return {
        RATING: stars if stars in RATINGS else None,
        LABEL: named if len(named) <= _LABEL_MOST else None,
    }

"""Decisions as the API's calls make them: checked against what is shown, and stored as differences.

A tag that the file states is not stored when it is added; removing it is. Each function is one
transaction: all of a call, or nothing. Raises RequestError for what cannot be decided.
"""

from __future__ import annotations

import secrets
import time
from typing import TYPE_CHECKING, Any, Final

from library.errors import BadRequest, NotFound
from library.schema.decisions import COLLECTIONS, NSFW, TAGS, decided
from library.schema.fields import folded
from library.store.decisions.stored import DecidedCollection, Entry, decision_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from library.schema.documents import Document
    from library.store.decisions.stored import Edit
    from library.store.index import Index

TAG_MOST: Final = 500  # characters
TAGS_MOST: Final = 1_000  # tags in one call, and on one asset
_MOST: Final = {"name": 1_000, "description": 50_000}  # characters
_WRAPPED: Final = "\n\r\t"  # in a description


def edit_tags(
    index: Index, asset: str, add: Iterable[str], delete: Iterable[str], *, strict: bool, by: str
) -> tuple[list[str], list[str]]:
    """Add and delete tags of an asset; return those that were added, and those deleted.

    `strict`: adding one that is there, or deleting one that is not, raises BadRequest.
    """
    adding = {folded(tag): tag for tag in _texts("add", add)}
    deleting = {folded(tag): tag for tag in _texts("delete", delete)}
    if both := [adding[key] for key in adding if key in deleting]:
        raise BadRequest(f"`add` and `delete` both have {_some(both)}")
    with index.decisions.editing() as edit:
        document = _asset(index, asset)
        shown = _shown(edit, document, index.decisions.deleted())
        stated = {folded(tag) for tag in document.tags}
        present = {folded(tag): tag for tag in shown.tags}
        if strict and (there := [adding[key] for key in adding if key in present]):
            raise BadRequest(f"`add`: the asset has {_some(there)} already")
        if strict and (absent := [deleting[key] for key in deleting if key not in present]):
            raise BadRequest(f"`delete`: the asset does not have {_some(absent)}")
        added = [key for key in adding if key not in present]
        deleted = [key for key in deleting if key in present]
        if len(present) + len(added) - len(deleted) > max(TAGS_MOST, len(present)):
            raise BadRequest(f"`add`: an asset may have {TAGS_MOST} tags at most")
        for key in added:
            _decide(edit, asset, TAGS, key, adding[key], by, is_stated=key in stated)
        for key in deleted:
            _decide(edit, asset, TAGS, key, None, by, is_stated=key not in stated)
    return [adding[key] for key in added], [present[key] for key in deleted]


def edit_values(index: Index, asset: str, values: Mapping[str, Any], *, by: str) -> None:
    """Decide fields of an asset; None shows again what its file states."""
    checked = {name: _value(name, value) for name, value in values.items()}
    with index.decisions.editing() as edit:
        _asset(index, asset)
        for name, value in checked.items():
            if value is None:
                edit.forget(asset, name)
            else:
                edit.put(Entry(asset, name, "", value, _now(), by))


def create_collection(index: Index, name: str, *, by: str) -> str:
    """Create an empty collection; return its id."""
    id_ = f"collection_{secrets.token_hex(8)}"
    now = _now()
    made = DecidedCollection(
        id_, _text("name", name, _MOST["name"]), None, True, False, now, now, by
    )
    with index.decisions.editing() as edit:
        edit.put_collection(made)
    return id_


def edit_collection(index: Index, id_: str, changes: Mapping[str, Any], *, by: str) -> None:
    """Change the name, the thumbnail, or `deleted` of a collection."""
    checked = dict(changes)
    if "name" in checked:
        checked["name"] = _text("name", checked["name"], _MOST["name"])
    thumbnail = checked.get("thumbnail")
    if thumbnail is not None and not index.documents([thumbnail]):
        raise NotFound(f"`thumbnail`: no asset with id {thumbnail[:80]!r}")
    with index.decisions.editing() as edit:
        before = _collection(index, edit, id_)
        edit.put_collection(before._replace(at=_now(), by=by, **checked))


def edit_members(index: Index, id_: str, assets: Sequence[str], *, add: bool, by: str) -> None:
    """Add assets to a collection, or remove them.

    Adding one that is in it already raises BadRequest, as the API does; one that does not exist
    raises NotFound. Removing one that is not in it changes nothing.
    """
    with index.decisions.editing() as edit:
        _collection(index, edit, id_)
        documents = index.documents(assets)
        if add and (unknown := [asset for asset in assets if asset not in documents]):
            raise NotFound(f"No asset with id {_some(unknown)}; nothing was added")
        deleted = index.decisions.deleted()
        there = [
            asset
            for asset, document in documents.items()
            if id_ in _shown(edit, document, deleted).collectionIds
        ]
        if add and there:
            raise BadRequest(
                f"`assetIds`: {_some(there)} in the collection already; nothing was added. "
                "Leave out the assets that are in it"
            )
        for asset in assets if add else there:
            is_stated = (id_ in documents[asset].collectionIds) == add
            value = True if add else None
            _decide(edit, asset, COLLECTIONS, id_, value, by, is_stated=is_stated)


def _decide(
    edit: Edit, asset: str, field: str, item: str, value: Any, by: str, *, is_stated: bool
) -> None:
    """Store a decision, or remove the one before where the file states the same."""
    if is_stated:
        edit.forget(asset, field, item)
    else:
        edit.put(Entry(asset, field, item, value, _now(), by))


def _asset(index: Index, asset: str) -> Document:
    document = index.document(asset)
    if document is None:
        raise NotFound(f"No asset with id {asset[:80]!r}")
    return document


def _shown(edit: Edit, document: Document, deleted: set[str]) -> Document:
    return decided(document, decision_of(edit.entries([document.id])), deleted)


def _collection(index: Index, edit: Edit, id_: str) -> DecidedCollection:
    known = edit.collection(id_)
    if known is not None and not known.deleted:
        return known
    listed = None if known is not None else index.collection(id_)
    if listed is None:
        raise NotFound(f"No collection with id {id_[:80]!r}")
    now = _now()
    return DecidedCollection(id_, listed.name, None, False, False, now, now, "")


def _value(name: str, value: Any) -> Any:
    if value is None:
        return None
    if name in _MOST:
        return _text(name, value, _MOST[name], is_long=name == "description")
    return _texts(NSFW, value) if name == NSFW else value


def _texts(name: str, texts: Iterable[str]) -> list[str]:
    checked = [_text(name, text, TAG_MOST) for text in texts]
    if len(checked) > TAGS_MOST:
        raise BadRequest(f"`{name}` may have {TAGS_MOST} entries at most, not {len(checked)}")
    return list({folded(text): text for text in reversed(checked)}.values())[::-1]


def _text(name: str, text: str, most: int, *, is_long: bool = False) -> str:
    """Return a text without spaces around it. Raises BadRequest."""
    stripped = text.strip()
    if not is_long and not folded(stripped):
        raise BadRequest(f"`{name}`: a text must not be empty")
    if len(stripped) > most:
        raise BadRequest(
            f"`{name}`: a text may have {most} characters at most, not {len(stripped)}"
        )
    for letter in stripped:
        is_control = letter < " " or letter == "\x7f"
        if (is_control and not (is_long and letter in _WRAPPED)) or "\ud800" <= letter <= "\udfff":
            raise BadRequest(f"`{name}`: a text must not have the character {letter!a}")
    return stripped


def _some(texts: Sequence[str]) -> str:
    """Return a few of `texts` for a message."""
    listed = ", ".join(repr(text[:80]) for text in texts[:5])
    return f"{listed} and {len(texts) - 5} more" if len(texts) > 5 else listed


def _now() -> int:
    return time.time_ns() // 1_000_000

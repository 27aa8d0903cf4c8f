"""Which assets others were made from.

A file states names of files, seldom paths or ids. `resolve` finds the assets that they name, where
that is one and no other, after each run of the indexer: before, a second file of the same name
may still follow. An asset that was found stays the parent when its file is renamed, and is shown
as long as it is in the library. Everything here runs in the transaction of its caller.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import sqlalchemy as sa

from library.schema.fields import folded
from library.store.listings import chunks
from library.store.rows import file_name, source_file, valid_text
from library.store.tables import arrays, assets, file_names, lineage, sources

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from library.schema.documents import Document, SourceFile

PARENT, REFERENCE = "parent", "reference"  # roles
_MOST: Final = 20  # files of one name that are compared
_LEVELS: Final = 64  # of a chain of parents
_REFERENCES: Final = arrays["referenceImages"]


class Listed(NamedTuple):
    """An asset of a listing; the next page begins after its date and id."""

    number: int
    id: str
    createdAt: int  # milliseconds since 1970


class _Lineage(NamedTuple):
    """What an asset was made from."""

    parent: str | None = None
    root: str | None = None
    references: tuple[str, ...] = ()


_NONE: Final = _Lineage()


def keep(connection: sa.Connection, documents: Sequence[Document]) -> None:
    """Store what documents state; an asset that was found for the same statement stays."""
    ids = [document.id for document in documents]
    before: dict[tuple[str, str, str], str | None] = {}
    for part in chunks(ids):
        for row in connection.execute(sa.select(lineage).where(lineage.c.child.in_(part))):
            before[row.child, row.role, row.stated] = row.parent
    forget(connection, {child for child, _, _ in before})
    rows: list[dict[str, Any]] = []
    for document in documents:
        stated = [(PARENT, each) for each in document.madeFrom]
        stated += [(REFERENCE, each) for each in document.references]
        for place, (role, text) in enumerate(stated):
            text = valid_text(text)  # noqa: PLW2901 - as it is stored
            stored = {"child": document.id, "place": place, "role": role, "stated": text}
            parent = before.get((document.id, role, text))
            rows.append({**stored, "name": file_name(text), "parent": parent})
    if rows:
        connection.execute(sa.insert(lineage), rows)


def forget(connection: sa.Connection, children: Iterable[str]) -> None:
    """Delete what these assets state."""
    for part in chunks(list(children)):
        connection.execute(sa.delete(lineage).where(lineage.c.child.in_(part)))


def filled(connection: sa.Connection, documents: Sequence[Document]) -> list[Document]:
    """Return documents with the ids of their parents, as far as these are in the library.

    They are in the library themselves, although their rows may not be written yet.
    """
    known: dict[str, list[Any]] = {}
    there = wanted = {document.id for document in documents}
    for _ in range(_LEVELS):
        if not wanted:
            break
        rows = _stated_by(connection, list(wanted))
        named = {row.parent for row in rows}
        there = there | _existing(connection, list(named - there))
        known |= {child: [] for child in wanted}
        for row in rows:
            if row.parent in there:
                known[row.child].append(row)
        wanted = (named & there) - known.keys()
    return [_with(document, _made_from(document.id, known)) for document in documents]


_FOUND: Final = (
    sa.select(lineage.c.child, lineage.c.role, lineage.c.parent)
    .where(lineage.c.parent.is_not(None))
    .order_by(lineage.c.child, lineage.c.place)
)


def _stated_by(connection: sa.Connection, children: Sequence[str]) -> list[Any]:
    parts = (_FOUND.where(lineage.c.child.in_(part)) for part in chunks(children))
    return [row for statement in parts for row in connection.execute(statement)]


def _existing(connection: sa.Connection, ids: Sequence[str]) -> set[str]:
    found: set[str] = set()
    for part in chunks(ids):
        known = sa.select(assets.c.id).where(assets.c.id.in_(part))
        found |= set(connection.execute(known).scalars())
    return found


def _with(document: Document, made_from: _Lineage) -> Document:
    if (document.parentId, document.rootParentId, document.referenceImages) == made_from:
        return document
    return replace(
        document,
        parentId=made_from.parent,
        rootParentId=made_from.root,
        referenceImages=made_from.references,
    )


def _made_from(child: str, found: Mapping[str, Sequence[Any]]) -> _Lineage:
    """Return the lineage of an asset; `found` are the rows of it and of those above it."""
    rows = found.get(child, ())
    if not rows:
        return _NONE
    parents = [row.parent for row in rows if row.role == PARENT]
    parent = parents[0] if parents else None
    references = dict.fromkeys(row.parent for row in rows if row.parent != parent)
    return _Lineage(parent, _above(child, found)[-1] if parent else None, tuple(references))


def _above(child: str, found: Mapping[str, Sequence[Any]]) -> list[str]:
    """Return the parent of an asset, the parent's parent, and so on."""
    chain: list[str] = []
    at: str | None = child
    while at is not None and len(chain) < _LEVELS:
        at = next((row.parent for row in found.get(at, ()) if row.role == PARENT), None)
        if at is None or at == child or at in chain:
            break
        chain.append(at)
    return chain


def resolve(connection: sa.Connection) -> None:
    """Find the assets that are named, as far as there is one and no other."""
    waiting = connection.execute(sa.select(lineage).where(lineage.c.parent.is_(None))).all()
    stated = list({row.stated for row in waiting})
    ids = _existing(connection, stated)
    files = _files(connection, list({row.name for row in waiting}))
    own = _own_files(connection, [row.child for row in waiting if row.name in files])
    found = [
        {"of": row.child, "at": row.place, "found": parent}
        for row in waiting
        if (parent := row.stated if row.stated in ids else _named(row, files, own.get(row.child)))
        and parent != row.child
    ]
    if found:
        connection.execute(_RESOLVE, found)


_RESOLVE: Final = (
    sa.update(lineage)
    .where(lineage.c.child == sa.bindparam("of"), lineage.c.place == sa.bindparam("at"))
    .values(parent=sa.bindparam("found"))
)


def _files(connection: sa.Connection, names: Sequence[str]) -> dict[str, list[Any]]:
    """Return name -> rows of the files with it, of those that not too many files have."""
    found: dict[str, list[Any]] = defaultdict(list)
    for part in chunks(names):
        few = (
            sa.select(file_names.c.value)
            .where(file_names.c.value.in_(part))
            .group_by(file_names.c.value)
            .having(sa.func.count() <= _MOST)
        )
        listed = (
            sa.select(file_names.c.value, sources)
            .join(sources, sources.c.number == file_names.c.number)
            .where(file_names.c.value.in_(few))
        )
        for row in connection.execute(listed):
            found[row.value].append(row)
    return found


def _own_files(connection: sa.Connection, children: Sequence[str]) -> dict[str, SourceFile]:
    found: dict[str, SourceFile] = {}
    for part in chunks(children):
        listed = sa.select(sources).where(sources.c.id.in_(part))
        found |= {row.id: source_file(row) for row in connection.execute(listed)}
    return found


def _named(row: Any, files: Mapping[str, Sequence[Any]], own: SourceFile | None) -> str | None:
    """Return the asset whose file a statement names; None for none or several."""
    listed = [(each.id, source_file(each)) for each in files.get(row.name, ())]
    listed = [(asset, file) for asset, file in listed if asset != row.child]
    path = folded(row.stated.replace("\\", "/")).strip("/")
    if "/" in path:  # of several, the one in the folder that is stated
        below = [each for each in listed if f"/{folded(each[1].path)}".endswith(f"/{path}")]
        listed = below or listed
    if len({file.sha256 for _, file in listed}) != 1:
        return None
    # Copies are the same picture: the one beside the asset, else the first by its path.
    folder = "" if own is None else f"{own.root}/{own.path}".rpartition("/")[0]

    def rank(each: tuple[str, SourceFile]) -> tuple[bool, str]:
        path = f"{each[1].root}/{each[1].path}"
        return path.rpartition("/")[0] != folder, path

    return str(min(listed, key=rank)[0])


def outdated(connection: sa.Connection) -> list[int]:
    """Return the numbers of the assets that do not show their lineage as it is."""
    found: dict[str, list[Any]] = defaultdict(list)
    for row in connection.execute(_FOUND.join(assets, assets.c.id == lineage.c.parent)):
        found[row.child].append(row)
    shown: dict[int, list[str]] = defaultdict(list)
    for row in connection.execute(sa.select(_REFERENCES)):
        shown[row.number].append(row.value)
    columns = (assets.c.number, assets.c.id, assets.c.parentId, assets.c.rootParentId)
    concerned = sa.or_(
        assets.c.id.in_(sa.select(lineage.c.child)),
        assets.c.parentId.is_not(None),
        assets.c.number.in_(sa.select(_REFERENCES.c.number)),
    )
    return [
        row.number
        for row in connection.execute(sa.select(*columns).where(concerned))
        if _folded(_made_from(row.id, found))
        != (row.parentId, row.rootParentId, sorted(shown.get(row.number, ())))
    ]


def _folded(made_from: _Lineage) -> tuple[str | None, str | None, list[str]]:
    """Return a lineage as the columns of filters have it."""
    parent, root, references = made_from
    return (
        None if parent is None else folded(parent),
        None if root is None else folded(root),
        sorted(map(folded, references)),
    )


def children(
    connection: sa.Connection,
    *,
    parent: str | None,
    root: str | None,
    after: tuple[int, str] | None,
    limit: int,
) -> list[Listed]:
    """Return assets, the newest first, beginning after a (date, id).

    `parent`: those that were made from this asset, or with it as a reference. `root`: those whose
    chain of parents begins with it. Both None: all assets.
    """
    listed = sa.select(assets.c.number, assets.c.id, assets.c.createdAt)
    if parent is not None:
        used = sa.select(_REFERENCES.c.number).where(_REFERENCES.c.value == folded(parent))
        listed = listed.where(
            sa.or_(assets.c.parentId == folded(parent), assets.c.number.in_(used))
        )
    if root is not None:
        listed = listed.where(assets.c.rootParentId == folded(root))
    if after is not None:
        date, id_ = after
        later = sa.and_(assets.c.createdAt == date, assets.c.id > id_)
        listed = listed.where(sa.or_(assets.c.createdAt < date, later))
    listed = listed.order_by(assets.c.createdAt.desc(), assets.c.id).limit(limit)
    return [Listed(*row) for row in connection.execute(listed)]

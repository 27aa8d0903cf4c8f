"""Which assets belong together: stored for each asset, made again for folders that have changed.

`schema.grouping` has the rules. Writers of assets mark folders as touched in their transaction;
`regroup` looks at these, and at all folders where the rules or the models have changed. No file is
read. Everything here but `regroup` runs in the transaction of its caller.
"""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import msgspec
import numpy as np
import sqlalchemy as sa

from library.schema import grouping
from library.schema.likeness import Member
from library.store.backends.dialects import among, bound
from library.store.host_roots import roots_of
from library.store.listings import chunks, numbers_of
from library.store.tables import assets, documents, groups, meta, sources, touched
from library.store.vectors import read_vectors
from library.store.writes import advance, put_meta

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from library.schema.documents import Document
    from library.store.index import Index
    from library.store.vectors import Floats

MEMBERS_MOST: Final = 200  # of a group in one response
_RULES: Final = "groups"  # in meta: the rules and models that made the groups
_MODELS: Final = "models"  # in meta: the models that made the vectors
_FOLDERS: Final = 50  # in one transaction
_SEPARATOR: Final = b"/"
_AFTER: Final = b"0"  # the byte after the separator

_Folder = tuple[bytes, bytes]  # root, and the folder below it
_ROW: Final = ("asset", "group_id", "kind", "place", "label")
_GROUPED: Final = sa.select(groups).where(among(groups.c.asset))
_PLACES: Final = sa.select(sources.c.root, sources.c.path).where(among(sources.c.number))
_FILES: Final = sa.select(sources.c.id, sources.c.path, sources.c.sha256, documents.c.json).join(
    documents, documents.c.number == sources.c.number
)


class GroupMember(NamedTuple):
    """One asset of a group."""

    asset: str
    label: str  # the number of a frame, the role of a texture, ...


class AssetGroup(NamedTuple):
    """A group as responses contain it; `members` are the first ones, in order."""

    id: str
    kind: str
    size: int
    members: tuple[GroupMember, ...]


class _Picture(msgspec.Struct, gc=False):
    """What grouping needs of a document."""

    kind: str
    createdAt: str
    width: int | None = None
    height: int | None = None
    lightness: float | None = None


_DECODE: Final = msgspec.json.Decoder(_Picture).decode


def touch(connection: sa.Connection, numbers: Sequence[int]) -> None:
    """Mark the folders of assets that are about to be written again or deleted."""
    for part in chunks(numbers):
        rows = connection.execute(_PLACES, bound(part))
        _mark(connection, {(row.root, _folder(row.path)) for row in rows})


def touch_new(connection: sa.Connection, batch: Iterable[Document]) -> None:
    """Mark the folders of assets that are written."""
    files = [each.source for each in batch]
    _mark(
        connection,
        {(os.fsencode(file.root), _folder(os.fsencode(file.path))) for file in files},
    )


def _mark(connection: sa.Connection, folders: Iterable[_Folder]) -> None:
    if rows := [{"root": root, "folder": folder} for root, folder in sorted(folders)]:
        connection.execute(sa.insert(touched), rows)


def _folder(path: bytes) -> bytes:
    return path.rpartition(_SEPARATOR)[0]


def regroup(index: Index) -> None:
    """Group the assets of folders that have changed, in several transactions."""
    with index.reading() as connection:
        rules = f"{grouping.VERSION} {_meta(connection, _MODELS)}"
        is_outdated = _meta(connection, _RULES) != rules
    if is_outdated:
        with index.writing() as connection:
            rows = connection.execute(sa.select(sources.c.root, sources.c.path))
            _mark(connection, {(row.root, _folder(row.path)) for row in rows})
            put_meta(connection, _RULES, rules)
    while _regroup_some(index):
        pass


def _meta(connection: sa.Connection, key: str) -> str:
    return str(connection.execute(sa.select(meta.c.value).where(meta.c.key == key)).scalar())


def _regroup_some(index: Index) -> bool:
    """Group the assets of the first touched folders; return whether there were any."""
    first = sa.select(touched).order_by(touched.c.number).limit(_FOLDERS)
    with index.writing() as connection:
        rows = connection.execute(first).all()
        if not rows:
            return False
        folders = {(row.root, row.folder) for row in rows}
        changed = [_group_folder(connection, *folder) for folder in sorted(folders)]
        gone = groups.c.asset.not_in(sa.select(assets.c.id))
        connection.execute(sa.delete(groups).where(gone))
        for root, folder in folders:
            place = sa.and_(touched.c.root == root, touched.c.folder == folder)
            connection.execute(sa.delete(touched).where(place))
        if any(changed):
            advance(connection)
    return True


def _group_folder(connection: sa.Connection, root: bytes, folder: bytes) -> bool:
    """Group the assets of one folder; return whether that has changed anything."""
    members = list(_members(connection, root, folder))
    found = grouping.groups(members, lambda space, ids: _vectors(connection, space, ids))
    wanted: dict[str, dict[str, Any]] = {}
    stored = roots_of(connection).stored(root)  # the same on all hosts
    for group in found:
        key = b"\0".join((stored, folder, group.kind.encode(), os.fsencode(group.key)))
        group_id = f"group_{hashlib.blake2b(key, digest_size=12).hexdigest()}"
        for place, (member, label) in enumerate(zip(group.members, group.labels, strict=True)):
            row = (member.id, group_id, group.kind, place, label)
            wanted[member.id] = dict(zip(_ROW, row, strict=True))
    known = {
        row.asset: {name: getattr(row, name) for name in _ROW}
        for part in chunks([member.id for member in members])
        for row in connection.execute(_GROUPED, bound(part))
    }
    for asset in known.keys() - wanted.keys():
        wanted[asset] = dict(zip(_ROW, (asset, "", "", 0, ""), strict=True))
    changed = [row for asset, row in wanted.items() if row != known.get(asset)]
    for part in chunks([row["asset"] for row in changed]):
        connection.execute(sa.delete(groups).where(groups.c.asset.in_(part)))
    if changed:
        connection.execute(sa.insert(groups), changed)
    return bool(changed)


def _members(connection: sa.Connection, root: bytes, folder: bytes) -> Iterator[Member]:
    """Yield the assets whose files are in a folder, not below it."""
    within = _FILES.where(sources.c.root == root)
    start = folder + _SEPARATOR if folder else b""
    if folder:
        within = within.where(sources.c.path >= start, sources.c.path < folder + _AFTER)
    for row in connection.execute(within):
        name = row.path[len(start) :]
        if _SEPARATOR in name:
            continue
        shown = _DECODE(row.json)
        yield Member(
            id=row.id,
            name=os.fsdecode(name),
            kind=shown.kind,
            size=(shown.width, shown.height) if shown.width and shown.height else None,
            created=shown.createdAt,
            digest=row.sha256,
            lightness=shown.lightness,
        )


def _vectors(connection: sa.Connection, space: str, ids: Sequence[str]) -> dict[str, Floats]:
    """Return id -> vector of unit length, for those that have one."""
    found: dict[str, Floats] = {}
    for part in chunks(ids):
        id_of = {number: asset for asset, number in numbers_of(connection, part).items()}
        numbers, vectors = read_vectors(connection, space, list(id_of))
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        units = vectors / np.maximum(lengths, np.finfo(np.float32).tiny)
        found |= {id_of[number]: unit for number, unit in zip(numbers.tolist(), units, strict=True)}
    return found


_OF_ASSETS: Final = sa.select(groups.c.asset, groups.c.group_id).where(
    among(groups.c.asset), groups.c.group_id != ""
)
_MEMBERS: Final = (
    sa.select(groups)
    .join(assets, assets.c.id == groups.c.asset)
    .where(among(groups.c.group_id))
    .order_by(groups.c.group_id, groups.c.place)
)


def of_assets(
    connection: sa.Connection, ids: Iterable[str], *, most: int = MEMBERS_MOST
) -> dict[str, AssetGroup]:
    """Return id -> group of the assets that are in one, with the first `most` of its members."""
    group_of = {row.asset: row.group_id for row in connection.execute(_OF_ASSETS, bound(ids))}
    rows: dict[str, list[Any]] = {}
    for row in connection.execute(_MEMBERS, bound(sorted(set(group_of.values())))):
        rows.setdefault(row.group_id, []).append(row)
    found = {
        group_id: AssetGroup(
            group_id,
            members[0].kind,
            len(members),
            tuple(GroupMember(row.asset, row.label) for row in members[:most]),
        )
        for group_id, members in rows.items()
        if len(members) > 1
    }
    return {asset: found[group] for asset, group in group_of.items() if group in found}

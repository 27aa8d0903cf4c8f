"""The folders of an index: their paths, and the names under which their files are shown.

With one folder, paths begin below it. With several, they begin with the folder's name. Knows
tables and rows.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec
import sqlalchemy as sa

from library.folders import names
from library.schema.fields import folded
from library.store import rows
from library.store.backends import dialects
from library.store.host_roots import roots_of
from library.store.tables import UID, arrays, meta, problems, sources, spellings
from library.store.writes import put_meta

if TYPE_CHECKING:
    from collections.abc import Mapping

# In meta: folder (as stored in sources, hexadecimal) -> name, "" for a single one.
_LABELS: Final = "roots"
_META: Final = sa.select(meta.c.value).where(meta.c.key == sa.bindparam("key"))
_PATHS: Final = arrays["path"]
_STORED: Final = sa.type_coerce(sources.c.root, sa.LargeBinary)  # not converted
# PostgreSQL has no min() of bytes.
_NEXT: Final = (
    sa.select(_STORED)
    .where(sa.bindparam("after", type_=sa.LargeBinary) < _STORED)
    .order_by(_STORED)
    .limit(1)
)


def paths(connection: sa.Connection) -> list[str]:
    """Return the folders that files of the index are below."""
    shown = roots_of(connection).shown
    return [os.fsdecode(shown(folder)) for folder in _stored(connection)]


def unnamed(connection: sa.Connection) -> set[str]:
    """Return the folders that are stored as paths."""
    stored = map(os.fsdecode, _stored(connection))
    return {folder for folder in stored if Path(folder).is_absolute()}


def _stored(connection: sa.Connection) -> list[bytes]:
    """Return what is stored for the folders that files of the index are below."""
    found: list[bytes] = []
    after: bytes | None = connection.execute(_NEXT, {"after": b""}).scalar()
    while after is not None:
        found.append(bytes(after))
        after = connection.execute(_NEXT, {"after": after}).scalar()
    return found


def labels(connection: sa.Connection) -> dict[bytes, str]:
    """Return path -> what the paths of its files begin with, "" where it is the only folder."""
    text = connection.execute(_META, {"key": _LABELS}).scalar()
    if text is None:  # not indexed by this version yet
        found = paths(connection)
        named = names([(path, None) for path in found], {}) if len(found) > 1 else {}
        return {os.fsencode(path): name for path, name in named.items()}
    stored = msgspec.json.decode(text, type=dict[str, str])
    here = roots_of(connection)
    return {
        here.shown(os.fsencode(label) if label and here.is_named else bytes.fromhex(folder)): label
        for folder, label in stored.items()
    }


def set_labels(connection: sa.Connection, named: Mapping[str, str]) -> bool:
    """Store the labels of all folders; return whether paths of files have changed."""
    known = connection.execute(_META, {"key": _LABELS}).scalar()
    before = {} if known is None else labels(connection)
    after = {os.fsencode(path): label for path, label in named.items()}
    if known is not None and before == after:
        return False
    here = roots_of(connection)
    stored = {here.stored(path).hex(): label for path, label in after.items()}
    put_meta(connection, _LABELS, msgspec.json.encode(stored).decode())
    changed = [path for path in paths(connection) if before.get(os.fsencode(path)) != named[path]]
    if not changed:
        return False
    relabel(connection, after)
    # Readers hold the folders of assets in memory: they must read all of them again.
    put_meta(connection, UID, secrets.token_hex(8))
    return True


def relabel(connection: sa.Connection, after: Mapping[bytes, str]) -> None:
    """Write the folders of every asset again."""
    connection.execute(sa.delete(_PATHS))
    files = connection.execute(sa.select(sources.c.number, sources.c.root, sources.c.path))
    for part in files.partitions(1000):
        found = [
            {"value": folded(folder), "number": row.number, "shown": folder}
            for row in part
            for folder in rows.folders(after.get(row.root, ""), row.path)
        ]
        unique = {(row["value"], row["number"]): row for row in found}
        if not unique:
            continue
        connection.execute(sa.insert(_PATHS), list(unique.values()))
        shown = {row["value"]: row["shown"] for row in unique.values()}
        dialects.put(
            connection,
            spellings,
            [{"field": "path", "value": value, "shown": name} for value, name in shown.items()],
        )


def move(connection: sa.Connection, before: str, after: str) -> None:
    """Replace the path of a folder that was moved."""
    connection.execute(
        sa.update(sources)
        .where(sources.c.root == os.fsencode(before))
        .values(root=os.fsencode(after))
    )


def rename(connection: sa.Connection, renamed: Mapping[str, str]) -> None:
    """Replace what is stored for folders: names, or paths by names."""
    steps = {**renamed, **{_renaming(new): new for new in renamed.values()}}
    for before, after in steps.items():  # in two steps, because folders may exchange their names
        target = after if before == _renaming(after) else _renaming(after)
        for table in (sources, problems):
            stored = sa.type_coerce(table.c.root, sa.LargeBinary)
            statement = sa.update(table).where(stored == os.fsencode(before))
            connection.execute(
                statement.values(root=sa.literal(os.fsencode(target), sa.LargeBinary()))
            )


def _renaming(name: str) -> str:
    return f"//{name}"

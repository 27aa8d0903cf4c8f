"""The folders of an index: their paths, and the names under which their files are shown.

With one folder, paths begin below it. With several, they begin with the folder's name. Knows
tables and rows.
"""

from __future__ import annotations

import os
import secrets
from typing import TYPE_CHECKING, Final

import msgspec
import sqlalchemy as sa

from library.folders import names
from library.schema.fields import folded
from library.store import rows
from library.store.backends import dialects
from library.store.tables import UID, arrays, meta, sources, spellings
from library.store.writes import put_meta

if TYPE_CHECKING:
    from collections.abc import Mapping

_LABELS: Final = "roots"  # in meta: path (as in sources, hexadecimal) -> name, "" for a single one
_META: Final = sa.select(meta.c.value).where(meta.c.key == sa.bindparam("key"))
# PostgreSQL has no min() of bytes.
_NEXT: Final = (
    sa.select(sources.c.root)
    .where(sources.c.root > sa.bindparam("after"))
    .order_by(sources.c.root)
    .limit(1)
)
_PATHS: Final = arrays["path"]


def paths(connection: sa.Connection) -> list[str]:
    """Return the folders that files of the index are below."""
    found: list[bytes] = []
    after: bytes | None = connection.execute(_NEXT, {"after": b""}).scalar()
    while after is not None:
        found.append(after)
        after = connection.execute(_NEXT, {"after": after}).scalar()
    return [os.fsdecode(path) for path in found]


def labels(connection: sa.Connection) -> dict[bytes, str]:
    """Return path -> what the paths of its files begin with, "" where it is the only folder."""
    text = connection.execute(_META, {"key": _LABELS}).scalar()
    if text is None:  # not indexed by this version yet
        found = paths(connection)
        named = names([(path, None) for path in found], {}) if len(found) > 1 else {}
        return {os.fsencode(path): name for path, name in named.items()}
    stored = msgspec.json.decode(text, type=dict[str, str])
    return {bytes.fromhex(path): label for path, label in stored.items()}


def set_labels(connection: sa.Connection, named: Mapping[str, str]) -> bool:
    """Store the labels of all folders; return whether paths of files have changed."""
    known = connection.execute(_META, {"key": _LABELS}).scalar()
    before = {} if known is None else labels(connection)
    after = {os.fsencode(path): label for path, label in named.items()}
    if known is not None and before == after:
        return False
    stored = {path.hex(): label for path, label in after.items()}
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

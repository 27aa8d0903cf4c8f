"""What was written to XMP sidecars: how far decisions are written, and which files are our own.

`before` has what a property was before it was written for the first time, so that it can be
restored when its decision is undone. Runs in the transactions of its callers.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Final

import msgspec
import sqlalchemy as sa

from library.store.backends import dialects
from library.store.rows import valid_text
from library.store.tables import sidecars, sources
from library.store.writes import put_meta

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from library.store.index import Index

_WRITTEN: Final = "sidecars"  # in meta: uid and revision of the decisions that were written
FAILED: Final = b""  # in place of a path, where the last attempt has failed
Texts = dict[str, str | None]


class Sidecar(msgspec.Struct, frozen=True):
    """The sidecar of an asset as it was written, or is being written."""

    values: Texts = {}  # property -> what was written; None: removed
    tags: Texts = {}  # folded -> tag; None: removed
    before: Texts = {}
    tags_before: Texts = {}
    # The changes that were begun last: they are made again unless they were finished.
    begun_values: Texts = {}
    begun_tags: Texts = {}
    is_finished: bool = True
    failure: str = ""  # why the last attempt failed


def written(index: Index) -> tuple[str, int]:
    """Return id and revision of the decisions up to which all were written."""
    stored = index.meta(_WRITTEN)
    uid, _, revision = (stored or "").partition(":")
    return uid, int(revision or 0)


def set_written(index: Index, uid: str, revision: int) -> None:
    """Store up to which decisions all were written."""
    with index.store.writing() as connection:
        put_meta(connection, _WRITTEN, f"{uid}:{revision}")


def read(index: Index, assets: Iterable[str]) -> dict[str, Sidecar]:
    """Return asset -> its sidecar, for those that have one."""
    statement = sa.select(sidecars.c.asset, sidecars.c.state)
    with index.reading() as connection:
        rows = connection.execute(
            statement.where(dialects.among(sidecars.c.asset)), dialects.bound(assets)
        ).all()
    return {row.asset: msgspec.json.decode(row.state, type=Sidecar) for row in rows}


def all_assets(index: Index, *, unfinished: bool) -> list[str]:
    """Return the assets with a sidecar; those whose last change was not finished."""
    listed = sa.select(sidecars.c.asset).order_by(sidecars.c.asset)
    if unfinished:
        listed = listed.where(sidecars.c.size.is_(None))
    with index.reading() as connection:
        return list(connection.execute(listed).scalars())


def put(
    index: Index, asset: str, file: bytes, sidecar: Sidecar, written_as: tuple[int, int] | None
) -> None:
    """Store the sidecar of an asset at the path `file`.

    `written_as` are size and time of the file that was written, zeros where none was written, and
    None where this is still to be done.
    """
    row: dict[str, Any] = {
        "asset": asset,
        "file": file,
        "state": msgspec.json.encode(sidecar),
        "size": None if written_as is None else written_as[0],
        "mtime_ns": None if written_as is None else written_as[1],
    }
    with index.store.writing() as connection:
        dialects.put(connection, sidecars, [row], replace=True)


def put_failed(index: Index, asset: str, sidecar: Sidecar, reason: str) -> None:
    """Store that the sidecar of an asset could not be written."""
    failed = msgspec.structs.replace(sidecar, failure=valid_text(reason))
    put(index, asset, FAILED, failed, None)


def is_own(index: Index, file: bytes, status: os.stat_result | None) -> bool:
    """Return whether a file is one as it was written here, or is just being written."""
    listed = sa.select(sidecars.c.size, sidecars.c.mtime_ns).where(sidecars.c.file == file)
    with index.reading() as connection:
        rows = connection.execute(listed).all()
    state = None if status is None else (status.st_size, status.st_mtime_ns)
    return any(row.size is None or (row.size, row.mtime_ns) == state for row in rows)


def set_stamps(index: Index, stamps: Mapping[str, tuple[int, int]]) -> None:
    """Store that the files of assets are as they were indexed: asset -> stamp before and now."""
    rows = [{"of": asset, "was": was, "is": now} for asset, (was, now) in stamps.items()]
    if rows:
        with index.store.writing() as connection:
            connection.execute(_SET_STAMP, rows)


_SET_STAMP: Final = (
    sa.update(sources)
    .where(sources.c.id == sa.bindparam("of"), sources.c.mtime_ns == sa.bindparam("was"))
    .values(mtime_ns=sa.bindparam("is"))
)

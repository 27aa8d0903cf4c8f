"""What a library does not have: files that were not indexed, and assets whose files are gone.

And the assets whose sidecars could not be written. Knows tables and rows.
"""

from __future__ import annotations

import os
import time
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import msgspec
import sqlalchemy as sa

from library.schema.documents import DAMAGED
from library.store import rows
from library.store.backends import dialects
from library.store.decisions.sidecars import FAILED, Sidecar
from library.store.listings import chunks
from library.store.roots import labels, paths
from library.store.tables import arrays, documents, missing, problems, sidecars, sources

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence


# In the order of their listing: should be assets and are not; assets whose files cannot be read;
# assets whose files are gone; assets whose sidecars could not be written; of no known kind; hidden,
# junk or excluded by users.
CATEGORIES: Final = ("skipped", "damaged", "missing", "unwritten", "other", "ignored")
_DAMAGED: Final = arrays["tags"]
_UNWRITTEN: Final = (  # a removed asset may come back, and its sidecar is kept
    sa.select(sources, documents.c.json, sidecars.c.state)
    .join(sidecars, sidecars.c.asset == sources.c.id)
    .join(documents, documents.c.number == sources.c.number)
    .where(sidecars.c.file == FAILED)
)


class Entry(NamedTuple):
    """An entry of a list of problems: a group of files, or one asset with `asset_id`."""

    key: tuple[int, int]  # the next page begins after it
    category: str
    folder: str  # as shown
    kind: str
    reason: str
    files: int
    names: tuple[str, ...]
    asset_id: str = ""


class Root(NamedTuple):
    """A folder of the library."""

    name: str
    assets: int
    missing: int


class Problem(NamedTuple):
    """Files of one folder that were not indexed for the same reason."""

    root: str
    category: str  # skipped, other, ignored
    folder: str  # below the root
    kind: str  # suffix of the files, or "folder"
    reason: str
    files: int
    names: tuple[str, ...]  # of the first ones


def read_missing(connection: sa.Connection) -> dict[str, str]:
    """Return id -> reason for the assets whose files are gone."""
    return {row.id: row.reason for row in connection.execute(sa.select(missing))}


def mark_missing(
    connection: sa.Connection, reasons: Mapping[str, str], found: Iterable[str]
) -> None:
    """Mark assets as missing, id -> reason, and remove the marks of those that were `found`."""
    for part in chunks(list(found)):
        connection.execute(sa.delete(missing).where(missing.c.id.in_(part)))
    now = time.time_ns() // 1_000_000
    marked = [{"id": i, "reason": reason, "since": now} for i, reason in reasons.items()]
    dialects.put(connection, missing, marked)


def write_problems(
    connection: sa.Connection, roots: Iterable[str], found: Iterable[Problem]
) -> None:
    """Replace the problems of these roots."""
    for root in roots:
        connection.execute(sa.delete(problems).where(problems.c.root == os.fsencode(root)))
    listed = [
        {
            "root": os.fsencode(each.root),
            "category": each.category,
            "folder": os.fsencode(each.folder),
            "kind": rows.valid_text(each.kind),
            "reason": rows.valid_text(each.reason),
            "files": each.files,
            "names": msgspec.json.encode(rows.valid_text(each.names)),
        }
        for each in found
    ]
    if listed:
        connection.execute(sa.insert(problems), listed)


def overview(connection: sa.Connection) -> tuple[list[Root], dict[str, int]]:
    """Return the folders of the library, and the number of files of each category."""
    label_of = labels(connection)
    found = []
    for path in paths(connection):
        root = os.fsencode(path)
        below = sa.select(sa.func.count()).where(sources.c.root == root)
        gone = below.join_from(sources, missing, missing.c.id == sources.c.id)
        name = label_of.get(root) or PurePath(path).name
        found.append(
            Root(
                rows.valid_text(name),
                connection.execute(below.select_from(sources)).scalar_one(),
                connection.execute(gone).scalar_one(),
            )
        )
    by_category = sa.select(problems.c.category, sa.func.sum(problems.c.files))
    grouped = connection.execute(by_category.group_by(problems.c.category))
    counts = {row[0]: int(row[1]) for row in grouped}
    damaged = sa.select(sa.func.count()).where(_DAMAGED.c.value == DAMAGED)
    counts["damaged"] = connection.execute(damaged).scalar_one()
    counts["missing"] = sum(root.missing for root in found)
    unwritten = _UNWRITTEN.with_only_columns(sa.func.count(), maintain_column_froms=True)
    counts["unwritten"] = connection.execute(unwritten).scalar_one()
    return found, counts


def listed(
    connection: sa.Connection,
    categories: Sequence[str],
    after: tuple[int, int],
    limit: int,
) -> list[Entry]:
    """Return problems of the categories in their order, beginning after the key `after`."""
    label_of = labels(connection)
    found: list[Entry] = []
    for place, category in enumerate(CATEGORIES):
        if category not in categories or place < after[0] or len(found) >= limit:
            continue
        start = after[1] if place == after[0] else 0
        read = _ASSETS.get(category, _groups)
        found += read(connection, label_of, place, start, limit - len(found))
    return found


def _groups(
    connection: sa.Connection, label_of: Mapping[bytes, str], place: int, start: int, limit: int
) -> list[Entry]:
    statement = (
        sa.select(problems)
        .where(problems.c.category == CATEGORIES[place], problems.c.number > start)
        .order_by(problems.c.number)
        .limit(limit)
    )
    return [
        Entry(
            (place, row.number),
            row.category,
            rows.shown_path(label_of.get(row.root, ""), row.folder).rstrip("/"),
            row.kind,
            row.reason,
            row.files,
            tuple(msgspec.json.decode(row.names)),
        )
        for row in connection.execute(statement)
    ]


def _damaged(
    connection: sa.Connection, label_of: Mapping[bytes, str], place: int, start: int, limit: int
) -> list[Entry]:
    statement = (
        sa.select(sources, documents.c.json)
        .join(_DAMAGED, _DAMAGED.c.number == sources.c.number)
        .join(documents, documents.c.number == sources.c.number)
        .where(_DAMAGED.c.value == DAMAGED, sources.c.number > start)
    )
    return _assets(
        connection,
        statement,
        label_of,
        place,
        limit,
        lambda _, values: str(values["metadata"].get(DAMAGED, "")),
    )


def _missing(
    connection: sa.Connection, label_of: Mapping[bytes, str], place: int, start: int, limit: int
) -> list[Entry]:
    statement = (
        sa.select(sources, documents.c.json, missing.c.reason)
        .join(missing, missing.c.id == sources.c.id)
        .join(documents, documents.c.number == sources.c.number)
        .where(sources.c.number > start)
    )
    return _assets(connection, statement, label_of, place, limit, lambda row, _: row.reason)


def _unwritten(
    connection: sa.Connection, label_of: Mapping[bytes, str], place: int, start: int, limit: int
) -> list[Entry]:
    statement = _UNWRITTEN.where(sources.c.number > start)
    return _assets(
        connection,
        statement,
        label_of,
        place,
        limit,
        lambda row, _: msgspec.json.decode(row.state, type=Sidecar).failure,
    )


def _assets(
    connection: sa.Connection,
    statement: sa.Select[Any],
    label_of: Mapping[bytes, str],
    place: int,
    limit: int,
    reason_of: Callable[[sa.Row[Any], dict[str, Any]], str],
) -> list[Entry]:
    entries = []
    for row in connection.execute(statement.order_by(sources.c.number).limit(limit)):
        values = msgspec.json.decode(row.json)
        folder, _, name = rows.shown_path(label_of.get(row.root, ""), row.path).rpartition("/")
        entry = Entry((place, row.number), CATEGORIES[place], folder, values["kind"],
                      reason_of(row, values), 1, (name,), row.id)  # fmt: skip
        entries.append(entry)
    return entries


_ASSETS: Final = {"damaged": _damaged, "missing": _missing, "unwritten": _unwritten}

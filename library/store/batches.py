"""Rows of whole assets: inserting, deleting, and writing them again.

Rows are never changed in place (`library.store.tables`). Everything here runs in the transaction of
its caller.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import sqlalchemy as sa

from library.schema.decisions import NOTHING, decided
from library.store import findings, groups, lineage, roots, rows
from library.store.backends import dialects
from library.store.listings import chunks, numbers_of
from library.store.tables import (
    WORD_COLUMNS,
    arrays,
    assets,
    derived,
    documents,
    file_names,
    sources,
    spellings,
    tombstones,
)
from library.store.tables import vectors as vector_tables
from library.store.tables import words as word_table

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from library.schema.documents import Document
    from library.store.decisions.stored import Decisions

_WORDS = sa.select(word_table.c.rowid, *(word_table.c[name] for name in WORD_COLUMNS))
_BY_NUMBER = (
    assets,
    documents,
    derived,
    sources,
    file_names,
    *vector_tables.values(),
    *arrays.values(),
)


def put(
    connection: sa.Connection,
    batch: Sequence[tuple[Document, dict[str, bytes | None]]],
    decisions: Decisions,
    instead: Sequence[int] = (),
) -> None:
    """Write what files state now, instead of other assets with the same ids or files.

    `instead` are the numbers of further assets that are replaced.
    """
    written = [document for document, _ in batch]
    groups.touch_new(connection, written)
    remove(connection, [*_replaced(connection, written), *instead])
    insert(connection, batch, decisions)


def remove(connection: sa.Connection, numbers: Sequence[int]) -> None:
    """Delete assets whose files are gone or have changed."""
    groups.touch(connection, numbers)
    drop(connection, numbers)


def _replaced(connection: sa.Connection, batch: Sequence[Document]) -> list[int]:
    """Return the numbers of the assets that have an id or a file in common with `batch`."""
    numbers = list(numbers_of(connection, (document.id for document in batch)).values())
    for part in chunks([rows.source_row(0, document) for document in batch]):
        paths = sa.tuple_(sources.c.root, sources.c.path).in_(
            [(row["root"], row["path"]) for row in part]
        )
        numbers += connection.execute(sa.select(sources.c.number).where(paths)).scalars()
    return numbers


def drop(connection: sa.Connection, numbers: Iterable[int]) -> None:
    """Delete the rows of these assets."""
    for part in chunks(sorted(set(numbers))):
        for table in _BY_NUMBER:
            connection.execute(sa.delete(table).where(table.c.number.in_(part)))
        connection.execute(
            sa.text("DELETE FROM words WHERE rowid = :number"), [{"number": n} for n in part]
        )
        connection.execute(sa.insert(tombstones), [{"number": number} for number in part])


def insert(
    connection: sa.Connection,
    batch: Sequence[tuple[Document, dict[str, bytes | None]]],
    decisions: Decisions,
) -> None:
    """Write new rows, with what the second pass has found in the same content before.

    `batch` is what files state; assets are shown as they are decided.
    """
    if not batch:
        return
    highest = dialects.highest_number(connection)
    tables: dict[Any, list[dict[str, Any]]] = {table: [] for table in (*_BY_NUMBER, word_table)}
    spelled: dict[tuple[str, str], str] = {}
    labels = roots.labels(connection)
    lineage.keep(connection, [document for document, _ in batch])
    complete = _filled(connection, [document for document, _ in batch])
    shown_as = _decided(complete, decisions)
    for number, (document, shown, (_, blobs)) in enumerate(
        zip(complete, shown_as, batch, strict=True), start=highest + 1
    ):
        if shown is not document:
            tables[derived].append({"number": number, "json": rows.serialize(document)[1]})
        values, json = rows.serialize(shown)
        source = rows.source_row(number, document)
        values["path"] = rows.folders(labels.get(source["root"], ""), source["path"])
        tables[assets].append(rows.asset_row(number, values))
        tables[documents].append({"number": number, "json": json})
        tables[sources].append(source)
        tables[file_names].append(rows.name_row(number, document))
        for name, blob in blobs.items():
            if blob is not None:
                tables[vector_tables[name]].append({"number": number, "vector": blob})
        tables[word_table].append(rows.word_row(number, values, document.source.path))
        for name, table in arrays.items():
            tables[table] += rows.array_rows(number, values, name)
        spelled = rows.shown_values(values) | spelled
    for table, table_rows in tables.items():
        if table_rows:
            connection.execute(sa.insert(table), table_rows)
    dialects.put(
        connection,
        spellings,
        [{"field": f, "value": v, "shown": shown} for (f, v), shown in spelled.items()],
    )


def refill(connection: sa.Connection, numbers: Sequence[int], decisions: Decisions) -> int:
    """Write those of the assets again that the second pass or a decision changes; count them."""
    changed: dict[int, Document] = {}
    for part in chunks(numbers):
        before, shown = stated(connection, part), _documents(connection, part)
        after = _filled(connection, list(before.values()))
        decided_now = _decided(after, decisions)
        changed |= {
            number: new
            for number, new, new_shown in zip(before, after, decided_now, strict=True)
            if new != before[number] or new_shown != shown[number]
        }
    rewrite(connection, changed, decisions)
    return len(changed)


def rewrite(
    connection: sa.Connection, changed: Mapping[int, Document], decisions: Decisions
) -> None:
    """Write assets again, number -> what its file states, with the vectors that they have."""
    vectors: dict[int, dict[str, bytes | None]] = {number: {} for number in changed}
    for part in chunks(list(vectors)):
        for name, table in vector_tables.items():
            for row in connection.execute(sa.select(table).where(table.c.number.in_(part))):
                vectors[row.number][name] = row.vector
    drop(connection, vectors)
    insert(connection, [(new, vectors[number]) for number, new in changed.items()], decisions)


def with_other_words(connection: sa.Connection, numbers: Sequence[int]) -> dict[int, Document]:
    """Return those of the assets that have other words than their texts, as files state them."""
    known = {
        row["rowid"]: dict(row)
        for part in chunks(numbers)
        for row in connection.execute(_WORDS.where(word_table.c.rowid.in_(part))).mappings()
    }
    shown = _documents(connection, numbers)
    other = [
        number
        for number, document in shown.items()
        if rows.word_row(number, rows.serialize(document)[0], document.source.path)
        != known.get(number)
    ]
    return stated(connection, other)


def stated(connection: sa.Connection, numbers: Sequence[int]) -> dict[int, Document]:
    """Return number -> asset as its file states it, without decisions, for those that exist."""
    return _documents(connection, numbers, derived)


def _documents(
    connection: sa.Connection, numbers: Sequence[int], *over: sa.Table
) -> dict[int, Document]:
    """Return number -> document; those in the table `over` instead of those that are shown."""
    json: dict[int, bytes] = {}
    files = {}
    for part in chunks(numbers):
        for table in (documents, *over):
            for row in connection.execute(sa.select(table).where(table.c.number.in_(part))):
                json[row.number] = row.json
        for row in connection.execute(sa.select(sources).where(sources.c.number.in_(part))):
            files[row.number] = rows.source_file(row)
    return {
        number: rows.to_document(msgspec.json.decode(json[number]), files[number])
        for number in numbers
        if number in json
    }


def _filled(connection: sa.Connection, batch: Sequence[Document]) -> list[Document]:
    """Return documents with what the second pass has found, and with their parents."""
    return lineage.filled(connection, findings.filled(connection, batch))


def _decided(batch: Sequence[Document], decisions: Decisions) -> list[Document]:
    """Return documents as they are shown."""
    known, deleted = decisions.of([document.id for document in batch]), decisions.deleted()
    return [decided(document, known.get(document.id, NOTHING), deleted) for document in batch]

"""The SQLite file of a library: write, read, what has changed.

Knows tables and rows; ranks nothing, decodes no picture, speaks no HTTP. Several processes may
hold the same library open: one writes at a time, readers see each batch as soon as it is
committed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
import sqlalchemy as sa

from library import listings, rows
from library.database import open_engine, reading, writing
from library.listings import chunks
from library.schema import arrays, assets, collections, documents, meta, sources, tombstones
from library.schema import vectors as vector_table
from library.schema import words as word_table

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from library.documents import Collection, Document, Embeddings, SourceFile
    from library.listings import CollectionCount, TagCount

_GENERATION = "generation"  # in meta: counts the write transactions
_DECODE = msgspec.json.Decoder().decode


class Index:
    """One library's index. Thread-safe; `close` it when done."""

    def __init__(self, home: Path, engine: sa.Engine) -> None:
        self.home = home
        self.engine = engine

    @classmethod
    def open(cls, home: Path, *, create: bool = False) -> Index:
        """The index in `home`; raises IndexMissing or SchemaTooNew."""
        return cls(home, open_engine(home, create=create))

    def close(self) -> None:
        """Release the file."""
        self.engine.dispose()

    def reading(self) -> AbstractContextManager[sa.Connection]:
        """A connection that sees one state of the library for as long as it is held."""
        return reading(self.engine)

    # Writing

    def write(
        self,
        items: Iterable[tuple[Document, Embeddings]],
        collections: Iterable[Collection] = (),
    ) -> None:
        """Write a batch in one transaction: documents, arrays, words and vectors.

        An asset replaces the one of the same id, and any other that was read from the same file.
        """
        batch = [
            (
                document,
                {
                    "text": rows.half(embeddings.text),
                    "subject": rows.half(embeddings.subject),
                    "look": rows.half(embeddings.look),
                },
            )
            for document, embeddings in {
                document.id: (document, e) for document, e in items
            }.values()
        ]
        with writing(self.engine) as connection:
            self._drop(connection, self._replaced(connection, [document for document, _ in batch]))
            self._insert(connection, batch)
            _put_collections(connection, collections)
            _advance(connection)

    def remove(self, ids: Iterable[str]) -> int:
        """Forget these assets; returns how many there were."""
        with writing(self.engine) as connection:
            numbers = list(_numbers(connection, ids).values())
            self._drop(connection, numbers)
            _advance(connection)
        return len(numbers)

    def move(self, id: str, document: Document) -> None:  # noqa: A002 - the API's word
        """The file of asset `id` is elsewhere now: write `document`, keep the vectors.

        Raises KeyError when there is no such asset.
        """
        with writing(self.engine) as connection:
            number = _numbers(connection, [id])[id]
            kept = connection.execute(
                sa.select(vector_table).where(vector_table.c.number == number)
            ).one()
            replaced = self._replaced(connection, [document])
            self._drop(connection, [*replaced, number])
            blobs = {"text": kept.text, "subject": kept.subject, "look": kept.look}
            self._insert(connection, [(document, blobs)])
            _advance(connection)

    @staticmethod
    def _replaced(connection: sa.Connection, batch: Sequence[Document]) -> list[int]:
        """Numbers of the assets that have an id or a file in common with `batch`."""
        found = list(_numbers(connection, (document.id for document in batch)).values())
        for part in chunks([rows.source_row(0, document) for document in batch]):
            paths = sa.tuple_(sources.c.root, sources.c.path).in_(
                [(row["root"], row["path"]) for row in part]
            )
            found += connection.execute(sa.select(sources.c.number).where(paths)).scalars()
        return found

    @staticmethod
    def _drop(connection: sa.Connection, numbers: Iterable[int]) -> None:
        for part in chunks(sorted(set(numbers))):
            for table in (assets, documents, sources, vector_table, *arrays.values()):
                connection.execute(sa.delete(table).where(table.c.number.in_(part)))
            connection.execute(
                sa.text("DELETE FROM words WHERE rowid = :number"), [{"number": n} for n in part]
            )
            connection.execute(sa.insert(tombstones), [{"number": number} for number in part])

    @staticmethod
    def _insert(
        connection: sa.Connection, batch: Sequence[tuple[Document, dict[str, bytes | None]]]
    ) -> None:
        if not batch:
            return
        highest = connection.execute(
            sa.text("SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'assets'")
        ).scalar_one()
        tables: dict[Any, list[dict[str, Any]]] = {
            table: []
            for table in (assets, documents, sources, vector_table, word_table, *arrays.values())
        }
        for number, (document, blobs) in enumerate(batch, start=int(highest) + 1):
            values, json = rows.stored(document)
            tables[assets].append(rows.asset_row(number, values))
            tables[documents].append({"number": number, "json": json})
            tables[sources].append(rows.source_row(number, document))
            tables[vector_table].append({"number": number, **blobs})
            tables[word_table].append(rows.word_row(number, values))
            for name, table in arrays.items():
                tables[table] += rows.array_rows(number, values, name)
        for table, table_rows in tables.items():
            if table_rows:
                connection.execute(sa.insert(table), table_rows)

    # Reading

    def generation(self, connection: sa.Connection) -> int:
        """How many write transactions the library has seen."""
        found = connection.execute(sa.select(meta.c.value).where(meta.c.key == _GENERATION))
        return int(found.scalar() or 0)

    def count(self) -> int:
        """How many assets there are."""
        with self.reading() as connection:
            return connection.execute(sa.select(sa.func.count()).select_from(assets)).scalar_one()

    def meta(self, key: str) -> str | None:
        """A value kept beside the assets, such as the models' signature."""
        with self.reading() as connection:
            return connection.execute(sa.select(meta.c.value).where(meta.c.key == key)).scalar()

    def set_meta(self, key: str, value: str) -> None:
        """Keep `value` beside the assets."""
        with writing(self.engine) as connection:
            _put_meta(connection, key, value)

    def sources(self) -> dict[tuple[str, str], tuple[SourceFile, str]]:
        """(root, path) -> the file as it was when it was read, and its asset's id."""
        with self.reading() as connection:
            files = [
                (rows.source_file(row), row.id) for row in connection.execute(sa.select(sources))
            ]
        return {(file.root, file.path): (file, asset_id) for file, asset_id in files}

    def source(self, id: str) -> SourceFile | None:  # noqa: A002 - the API's word
        """The file of one asset."""
        with self.reading() as connection:
            number = _numbers(connection, [id]).get(id)
            if number is None:
                return None
            found = connection.execute(sa.select(sources).where(sources.c.number == number))
            return rows.source_file(found.one())

    def document(self, id: str) -> Document | None:  # noqa: A002 - the API's word
        """One asset, or None."""
        return self.documents([id]).get(id)

    def documents(self, ids: Iterable[str]) -> dict[str, Document]:
        """Those of the assets that exist, by id."""
        with self.reading() as connection:
            found = self.values(connection, _numbers(connection, ids).values())
            files = {
                row.number: rows.source_file(row)
                for part in chunks(list(found))
                for row in connection.execute(sa.select(sources).where(sources.c.number.in_(part)))
            }
        return {
            values["id"]: rows.to_document(values, files[number])
            for number, values in found.items()
        }

    def numbers(self, connection: sa.Connection, ids: Iterable[str]) -> dict[str, int]:
        """Id -> number, for those that exist."""
        return _numbers(connection, ids)

    def values(
        self, connection: sa.Connection, numbers: Iterable[int]
    ) -> dict[int, dict[str, Any]]:
        """Number -> the values of a document, in the order asked for, for those that exist."""
        wanted = [int(number) for number in numbers]
        found: dict[int, bytes] = {}
        for part in chunks(wanted):
            statement = sa.select(documents).where(documents.c.number.in_(part))
            found |= {row.number: row.json for row in connection.execute(statement)}
        return {number: _DECODE(found[number]) for number in wanted if number in found}

    def embedding(self, connection: sa.Connection, number: int) -> list[float] | None:
        """The vector of an asset's picture, else of its text, as the models made it."""
        found = connection.execute(sa.select(vector_table).where(vector_table.c.number == number))
        row = found.one()
        blob = row.subject or row.text
        return None if blob is None else np.frombuffer(blob, dtype="<f2").tolist()

    def models(self, ids: Iterable[str]) -> list[tuple[str, str | None]]:
        """(model id, model type) for those of `ids` that an asset was made with."""
        with self.reading() as connection:
            return listings.models(connection, ids)

    def tags(self, *, limit: int, after: str = "") -> list[TagCount]:
        """Tags in alphabetical order, from the one after the key `after` on."""
        with self.reading() as connection:
            return listings.tags(connection, limit, after)

    def collections(
        self, *, limit: int, after: tuple[str, str] = ("", "")
    ) -> list[CollectionCount]:
        """Collections by name, from the one after the (name, id) `after` on."""
        with self.reading() as connection:
            return listings.collections(connection, limit, after)


def _numbers(connection: sa.Connection, ids: Iterable[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for part in chunks(list(ids)):
        statement = sa.select(assets.c.id, assets.c.number).where(assets.c.id.in_(part))
        found |= {row.id: row.number for row in connection.execute(statement)}
    return found


def _put_collections(connection: sa.Connection, named: Iterable[Collection]) -> None:
    for collection in named:
        connection.execute(sa.delete(collections).where(collections.c.id == collection.id))
        connection.execute(sa.insert(collections), {"id": collection.id, "name": collection.name})


def _put_meta(connection: sa.Connection, key: str, value: str) -> None:
    connection.execute(sa.delete(meta).where(meta.c.key == key))
    connection.execute(sa.insert(meta), {"key": key, "value": value})


def _advance(connection: sa.Connection) -> None:
    found = connection.execute(sa.select(meta.c.value).where(meta.c.key == _GENERATION)).scalar()
    _put_meta(connection, _GENERATION, str(int(found or 0) + 1))

"""The SQLite file of a library: write, read, what has changed.

Knows tables and rows; ranks nothing, decodes no picture, speaks no HTTP. Several processes may
hold the same library open: one writes at a time, readers see each batch as soon as it is
committed.
"""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import sqlite

from library import listings, rows
from library.database import UID, open_engine, reading, writing
from library.listings import among, bound, chunks, numbers_of
from library.schema import (
    arrays,
    assets,
    collections,
    documents,
    meta,
    sources,
    spellings,
    tombstones,
)
from library.schema import vectors as vector_tables
from library.schema import words as word_table
from library.space import stored

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from library.documents import Collection, Document, Embeddings, SourceFile, Vector
    from library.listings import CollectionCount, TagCount

_GENERATION = "generation"  # in meta: counts the write transactions
_BY_NUMBER = (assets, documents, sources, *vector_tables.values(), *arrays.values())
_DOCUMENTS = sa.select(documents).where(among(documents.c.number))
_PATHS = sa.select(sources.c.number, sources.c.root, sources.c.path).where(among(sources.c.number))
# Each end is one look into the index over root and path.
_SEVERAL = sa.select(
    sa.select(sa.func.min(sources.c.root)).scalar_subquery()
    < sa.select(sa.func.max(sources.c.root)).scalar_subquery()
)
_META = sa.select(meta.c.value).where(meta.c.key == sa.bindparam("key"))
_DECODE = msgspec.json.Decoder().decode


class Index:
    """One library's index. Thread-safe; `close` it when done, at the latest its own end does."""

    def __init__(self, home: Path, engine: sa.Engine) -> None:
        self.home = home
        self.engine = engine
        self._left = weakref.finalize(self, engine.dispose)
        self._left.atexit = False

    @classmethod
    def open(cls, home: Path, *, create: bool = False) -> Index:
        """The index in `home`; raises IndexMissing or SchemaTooNew."""
        return cls(home, open_engine(home, create=create))

    def close(self) -> None:
        """Release the file."""
        self._left.detach()  # a Ctrl-C that met it in there would be lost
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
        unique = {document.id: (document, found) for document, found in items}
        batch = [(document, rows.blobs(found)) for document, found in unique.values()]
        with writing(self.engine) as connection:
            self._drop(connection, self._replaced(connection, [document for document, _ in batch]))
            self._insert(connection, batch)
            _put_collections(connection, collections)
            _advance(connection)

    def remove(self, ids: Iterable[str]) -> int:
        """Forget these assets; returns how many there were."""
        with writing(self.engine) as connection:
            numbers = list(numbers_of(connection, ids).values())
            self._drop(connection, numbers)
            _advance(connection)
        return len(numbers)

    def move(
        self,
        id: str,  # noqa: A002 - the API's word
        document: Document,
        text: Vector | None = None,
    ) -> None:
        """The file of asset `id` is elsewhere now: write `document`, keep the vectors.

        `text`, where given, is the vector of its new words. Raises KeyError when there is no such
        asset.
        """
        with writing(self.engine) as connection:
            number = numbers_of(connection, [id])[id]
            kept = {
                name: connection.execute(
                    sa.select(table.c.vector).where(table.c.number == number)
                ).scalar()
                for name, table in vector_tables.items()
            }
            if text is not None:
                kept["text"] = rows.half(text)
            replaced = self._replaced(connection, [document])
            self._drop(connection, [*replaced, number])
            self._insert(connection, [(document, kept)])
            _advance(connection)

    @staticmethod
    def _replaced(connection: sa.Connection, batch: Sequence[Document]) -> list[int]:
        """Numbers of the assets that have an id or a file in common with `batch`."""
        found = list(numbers_of(connection, (document.id for document in batch)).values())
        for part in chunks([rows.source_row(0, document) for document in batch]):
            paths = sa.tuple_(sources.c.root, sources.c.path).in_(
                [(row["root"], row["path"]) for row in part]
            )
            found += connection.execute(sa.select(sources.c.number).where(paths)).scalars()
        return found

    @staticmethod
    def _drop(connection: sa.Connection, numbers: Iterable[int]) -> None:
        for part in chunks(sorted(set(numbers))):
            for table in _BY_NUMBER:
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
        tables: dict[Any, list[dict[str, Any]]] = {table: [] for table in (*_BY_NUMBER, word_table)}
        spelled: dict[tuple[str, str], str] = {}
        for number, (document, blobs) in enumerate(batch, start=int(highest) + 1):
            values, json = rows.stored(document)
            tables[assets].append(rows.asset_row(number, values))
            tables[documents].append({"number": number, "json": json})
            tables[sources].append(rows.source_row(number, document))
            for name, blob in blobs.items():
                if blob is not None:
                    tables[vector_tables[name]].append({"number": number, "vector": blob})
            tables[word_table].append(rows.word_row(number, values, document.source.path))
            for name, table in arrays.items():
                tables[table] += rows.array_rows(number, values, name)
            spelled = rows.spelled(values) | spelled
        for table, table_rows in tables.items():
            if table_rows:
                connection.execute(sa.insert(table), table_rows)
        connection.execute(
            sqlite.insert(spellings).on_conflict_do_nothing(),
            [{"field": f, "value": v, "shown": shown} for (f, v), shown in spelled.items()],
        )

    # Reading

    def generation(self, connection: sa.Connection) -> int:
        """How many write transactions the library has seen."""
        return int(connection.execute(_META, {"key": _GENERATION}).scalar() or 0)

    def uid(self, connection: sa.Connection) -> str:
        """What tells this library from any other, even one in the same place later."""
        found = connection.execute(sa.select(meta.c.value).where(meta.c.key == UID)).scalar_one()
        return str(found)

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
            number = numbers_of(connection, [id]).get(id)
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
            found = self.values(connection, numbers_of(connection, ids).values())
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
        return numbers_of(connection, ids)

    def values(
        self, connection: sa.Connection, numbers: Iterable[int]
    ) -> dict[int, dict[str, Any]]:
        """Number -> the values of a document, in the order asked for, for those that exist."""
        wanted = [int(number) for number in numbers]
        found = {row[0]: row[1] for row in connection.execute(_DOCUMENTS, bound(wanted)).all()}
        return {number: _DECODE(found[number]) for number in wanted if number in found}

    def paths(self, connection: sa.Connection, numbers: Iterable[int]) -> dict[int, str]:
        """Number -> where its file is, below its indexed folder (`rows.shown_path`)."""
        several = bool(connection.execute(_SEVERAL).scalar())
        found = connection.execute(_PATHS, bound([int(number) for number in numbers])).all()
        return {
            number: rows.shown_path(root, path, several=several) for number, root, path in found
        }

    def subject(self, id: str) -> Vector | None:  # noqa: A002 - the API's word
        """The vector of an asset's picture, as the models made it."""
        with self.reading() as connection:
            _, found = stored(connection, "subject", [*numbers_of(connection, [id]).values()])
        return found[0] if len(found) else None

    def embedding(self, connection: sa.Connection, number: int) -> list[float] | None:
        """The vector of an asset's picture, else of its text, as the models made it."""
        for name in ("subject", "text"):
            _, found = stored(connection, name, [number])
            if len(found):
                return list(found[0].tolist())
        return None

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


def _put_collections(connection: sa.Connection, named: Iterable[Collection]) -> None:
    for collection in named:
        connection.execute(sa.delete(collections).where(collections.c.id == collection.id))
        named_so = {"id": collection.id, "name": rows.readable(collection.name)}
        connection.execute(sa.insert(collections), named_so)


def _put_meta(connection: sa.Connection, key: str, value: str) -> None:
    connection.execute(sa.delete(meta).where(meta.c.key == key))
    connection.execute(sa.insert(meta), {"key": key, "value": value})


def _advance(connection: sa.Connection) -> None:
    found = connection.execute(sa.select(meta.c.value).where(meta.c.key == _GENERATION)).scalar()
    _put_meta(connection, _GENERATION, str(int(found or 0) + 1))

"""Reading and writing the index of a library.

Knows tables and rows; ranks nothing, decodes no image, knows no HTTP. Several processes may open
the same library: one writes at a time, and readers see each batch as soon as it is committed.
"""

from __future__ import annotations

import os
import weakref
from typing import TYPE_CHECKING, Any

import msgspec
import sqlalchemy as sa

from library.store import batches, findings, lineage, listings, problems, roots, rows, writes
from library.store.backends.dialects import among, bound
from library.store.listings import numbers_of
from library.store.opening import open_store
from library.store.tables import UID, assets, documents, meta, missing, sources
from library.store.tables import vectors as vector_tables
from library.store.vectors import read_vectors
from library.store.writes import GENERATION, advance, put_meta

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from library.schema.documents import Collection, Document, Embeddings, SourceFile, Vector
    from library.store.listings import CollectionCount, TagCount
    from library.store.problems import Problem
    from library.store.rows import ListedFile
    from library.store.store import Store

_DOCUMENTS = sa.select(documents).where(among(documents.c.number))
_FILES = sa.select(
    sources.c.number, sources.c.id, sources.c.root, sources.c.path, sources.c.sha256
).where(among(sources.c.number))
_SOURCE = (
    sa.select(sources)
    .join(assets, assets.c.number == sources.c.number)
    .where(assets.c.id == sa.bindparam("id"))
)
_MISSING = sa.select(missing.c.id, missing.c.reason).where(among(missing.c.id))
_META = sa.select(meta.c.value).where(meta.c.key == sa.bindparam("key"))
_DECODE = msgspec.json.Decoder().decode


class Index:
    """The index of one library. Thread-safe. Closed by `close`, or when it is collected."""

    def __init__(self, home: Path, store: Store) -> None:
        self.home = home
        self.store = store
        self.decisions = store.decisions
        self._finalizer = weakref.finalize(self, store.close)
        self._finalizer.atexit = False

    @classmethod
    def open(cls, home: Path, *, create: bool = False) -> Index:
        """Return the index in `home`; raises as `open_store`."""
        return cls(home, open_store(home, create=create))

    def close(self) -> None:
        """Release the database."""
        self._finalizer.detach()  # a KeyboardInterrupt in a finalizer would be lost
        self.store.close()

    def reading(self) -> AbstractContextManager[sa.Connection]:
        """Return a connection that sees one state of the library until it is released."""
        return self.store.reading()

    def writing(self) -> AbstractContextManager[sa.Connection]:
        """Return a connection in a write transaction, which is rolled back on an error."""
        return self.store.writing()

    # Writing

    def write(
        self,
        items: Iterable[tuple[Document, Embeddings]],
        collections: Sequence[Collection] = (),
    ) -> None:
        """Write a batch in one transaction: documents, arrays, words and vectors.

        An asset replaces the one with the same id, and any other one with the same file.
        """
        unique = {document.id: (document, embeddings) for document, embeddings in items}
        batch = [(document, rows.blobs(embeddings)) for document, embeddings in unique.values()]
        with self.writing() as connection:
            batches.put(connection, batch, self.decisions)
            known = self.decisions.collections(each.id for each in collections)
            writes.put_collections(connection, collections, known)
            advance(connection)

    def remove(self, ids: Iterable[str]) -> int:
        """Delete these assets; returns how many of them existed."""
        with self.writing() as connection:
            ids = list(ids)
            numbers = list(numbers_of(connection, ids).values())
            batches.remove(connection, numbers)
            lineage.forget(connection, ids)
            advance(connection)
        return len(numbers)

    def link(self) -> None:
        """Find the assets that others state to be made from, and show them as their parents."""
        with self.writing() as connection:
            lineage.resolve(connection)
            outdated = lineage.outdated(connection)
        for part in listings.chunks(outdated):  # others write in between
            with self.writing() as connection:
                if batches.refill(connection, part, self.decisions):
                    advance(connection)

    def move(
        self,
        id: str,  # noqa: A002 - the API's word
        document: Document,
        text: Vector | None = None,
        *,
        reworded: bool = False,
    ) -> None:
        """Write `document`, whose file has moved, and keep the vectors of asset `id`.

        `text` is the vector of its new words if it is `reworded`; None if there are no words.
        Raises KeyError for an unknown id.
        """
        with self.writing() as connection:
            number = numbers_of(connection, [id])[id]
            vectors = {
                name: connection.execute(
                    sa.select(table.c.vector).where(table.c.number == number)
                ).scalar()
                for name, table in vector_tables.items()
            }
            if reworded:
                vectors["text"] = rows.half_floats(text)
            batches.put(connection, [(document, vectors)], self.decisions, instead=[number])
            advance(connection)

    def set_parts(self, versions: Mapping[str, str]) -> None:
        """Turn parts of the second pass on, part -> version, and all others off.

        Assets get the results that are known, and lose those of parts that are off.
        """
        with self.writing() as connection:
            findings.forget(connection)
            if findings.active(connection) != versions:
                put_meta(connection, findings.PARTS, msgspec.json.encode(versions).decode())
                if batches.refill(connection, findings.numbers(connection), self.decisions):
                    advance(connection)

    def add_findings(self, part: str, version: str, found: Mapping[str, Mapping[str, Any]]) -> None:
        """Store what a part of the second pass has found, digest -> fields, and fill the assets."""
        with self.writing() as connection:
            if batches.refill(
                connection, findings.put(connection, part, version, found), self.decisions
            ):
                advance(connection)

    def parts(self) -> dict[str, str]:
        """Return part -> version of the parts of the second pass that are on."""
        with self.reading() as connection:
            return findings.active(connection)

    def waiting(self, part: str, version: str) -> list[findings.Waiting]:
        """Return what a part of the second pass has still to look at, newest assets first."""
        with self.reading() as connection:
            return findings.waiting(connection, part, version)

    def mark_missing(self, reasons: Mapping[str, str], *, found: Iterable[str] = ()) -> None:
        """Mark assets whose files are gone, id -> reason; unmark those that were `found`."""
        listed = set(found) & set(self.missing())
        if listed or reasons:
            with self.writing() as connection:
                problems.mark_missing(connection, reasons, listed)
                advance(connection)

    def write_report(self, walked: Iterable[str], found: Iterable[Problem]) -> None:
        """Replace the list of the files below the folders `walked` that are not indexed."""
        with self.writing() as connection:
            problems.write_problems(connection, walked, found)

    def set_roots(self, named: Mapping[str, str]) -> None:
        """Store path -> name of all folders, which paths begin with; "" for a single folder."""
        with self.writing() as connection:
            if roots.set_labels(connection, named):
                advance(connection)

    def move_root(self, before: str, after: str) -> None:
        """Replace the path of a folder that was moved."""
        with self.writing() as connection:
            roots.move(connection, before, after)

    def rename_roots(self, renamed: Mapping[str, str]) -> None:
        """Replace what is stored for folders: names, or paths by names."""
        if renamed:
            with self.writing() as connection:
                roots.rename(connection, renamed)

    def unnamed_roots(self) -> set[str]:
        """Return the folders that are stored as paths."""
        with self.reading() as connection:
            return roots.unnamed(connection)

    # Reading

    def labelled_roots(self) -> list[str]:
        """Return the folders whose names paths begin with, and that of a single one."""
        with self.reading() as connection:
            return [os.fsdecode(path) for path in roots.labels(connection)]

    def root_paths(self) -> list[str]:
        """Return the folders that files of the index are below."""
        with self.reading() as connection:
            return roots.paths(connection)

    def missing(self) -> dict[str, str]:
        """Return id -> reason for the assets whose files are gone."""
        with self.reading() as connection:
            return problems.read_missing(connection)

    def overview(self, connection: sa.Connection) -> tuple[list[problems.Root], dict[str, int]]:
        """Return the folders, and the number of files of each category of problems."""
        return problems.overview(connection)

    def problems(
        self,
        connection: sa.Connection,
        categories: Sequence[str],
        *,
        after: tuple[int, int],
        limit: int,
    ) -> list[problems.Entry]:
        """Return problems of these categories, beginning after the key `after`."""
        return problems.listed(connection, categories, after, limit)

    def some_missing(self, limit: int) -> dict[str, tuple[str, str]]:
        """Return id -> root and path of assets of this host that are marked as missing."""
        statement = sa.select(sources).join(missing, missing.c.id == sources.c.id).limit(limit)
        if self.store.roots.is_named:  # of a folder that it does not have, this host knows nothing
            here = [os.fsencode(path) for path in self.store.roots.paths().values()]
            statement = statement.where(sources.c.root.in_(here))
        with self.reading() as connection:
            files = [(row.id, rows.source_file(row)) for row in connection.execute(statement)]
        return {asset: (file.root, file.path) for asset, file in files}

    def unique_id(self) -> str:
        """Return `uid` of a connection of its own."""
        with self.reading() as connection:
            return self.uid(connection)

    def generation(self, connection: sa.Connection) -> int:
        """Return the number of write transactions so far."""
        return int(connection.execute(_META, {"key": GENERATION}).scalar() or 0)

    def uid(self, connection: sa.Connection) -> str:
        """Return the random id of this library; a later one in the same home has another."""
        uid = connection.execute(sa.select(meta.c.value).where(meta.c.key == UID)).scalar_one()
        return str(uid)

    def count(self) -> int:
        """Return the number of assets."""
        with self.reading() as connection:
            return connection.execute(sa.select(sa.func.count()).select_from(assets)).scalar_one()

    def meta(self, key: str) -> str | None:
        """Return a value of the library, such as the models' signature."""
        with self.reading() as connection:
            return connection.execute(sa.select(meta.c.value).where(meta.c.key == key)).scalar()

    def collection(self, id: str) -> CollectionCount | None:  # noqa: A002 - the API's word
        """Return one collection, or None."""
        with self.reading() as connection:
            return listings.collection(connection, id)

    def set_meta(self, key: str, value: str) -> None:
        """Store a value of the library."""
        with self.writing() as connection:
            put_meta(connection, key, value)

    def sources(self) -> dict[tuple[str, str], tuple[SourceFile, str]]:
        """Return (root, path) -> the file as it was when it was indexed, and its asset's id."""
        with self.reading() as connection:
            files = [
                (rows.source_file(row), row.id) for row in connection.execute(sa.select(sources))
            ]
        return {(file.root, file.path): (file, asset_id) for file, asset_id in files}

    def source(self, id: str) -> SourceFile | None:  # noqa: A002 - the API's word
        """Return the file of one asset, or None."""
        with self.reading() as connection:
            row = connection.execute(_SOURCE, {"id": id}).one_or_none()
        return None if row is None else rows.source_file(row)

    def document(self, id: str) -> Document | None:  # noqa: A002 - the API's word
        """Return one asset as its file states it, or None."""
        return self.documents([id]).get(id)

    def documents(self, ids: Iterable[str]) -> dict[str, Document]:
        """Return id -> asset as its file states it, without decisions, for those that exist."""
        with self.reading() as connection:
            numbers = list(numbers_of(connection, ids).values())
            found = batches.stated(connection, numbers).values()
        return {document.id: document for document in found}

    def numbers(self, connection: sa.Connection, ids: Iterable[str]) -> dict[str, int]:
        """Return id -> number, for those that exist."""
        return numbers_of(connection, ids)

    def values(
        self, connection: sa.Connection, numbers: Iterable[int]
    ) -> dict[int, dict[str, Any]]:
        """Return number -> the values of the document, in the given order, for those that exist."""
        ordered = [int(number) for number in numbers]
        json = {row[0]: row[1] for row in connection.execute(_DOCUMENTS, bound(ordered)).all()}
        return {number: _DECODE(json[number]) for number in ordered if number in json}

    def files(self, connection: sa.Connection, numbers: Iterable[int]) -> dict[int, ListedFile]:
        """Return the file of each asset number that exists."""
        labels = roots.labels(connection)
        files = connection.execute(_FILES, bound([int(number) for number in numbers])).all()
        marked = connection.execute(_MISSING, bound(row.id for row in files)).all()
        gone = {row.id: row.reason for row in marked}
        return {
            row.number: rows.ListedFile(
                rows.shown_path(labels.get(row.root, ""), row.path), row.sha256, gone.get(row.id)
            )
            for row in files
        }

    def subject(self, id: str) -> Vector | None:  # noqa: A002 - the API's word
        """Return the vector of the subject of an asset's image, as embedded, or None."""
        with self.reading() as connection:
            numbers = [*numbers_of(connection, [id]).values()]
            _, vectors = read_vectors(connection, "subject", numbers)
        return vectors[0] if len(vectors) else None

    def embedding(self, connection: sa.Connection, number: int) -> list[float] | None:
        """Return the vector of an asset's image, else of its text, as embedded, or None."""
        for name in ("subject", "text"):
            _, vectors = read_vectors(connection, name, [number])
            if len(vectors):
                return list(vectors[0].tolist())
        return None

    def models(self, ids: Iterable[str]) -> list[tuple[str, str | None]]:
        """Return (model id, model type) for those of `ids` that an asset was made with."""
        with self.reading() as connection:
            return listings.models(connection, ids)

    def tags(self, *, limit: int, after: str = "") -> list[TagCount]:
        """Return tags in alphabetical order, beginning after the key `after`."""
        with self.reading() as connection:
            return listings.tags(connection, limit, after)

    def collections(
        self, *, limit: int, after: tuple[str, str] = ("", "")
    ) -> list[CollectionCount]:
        """Return collections by name, beginning after the (name, id) `after`."""
        with self.reading() as connection:
            return listings.collections(connection, limit, after)

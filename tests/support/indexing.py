"""A folder that is indexed, and the progress reports of the run."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import numpy as np
import sqlalchemy as sa

from library.ingest.indexer import Indexer
from library.store.blobs import THUMBNAILS, thumbnail_name
from library.store.index import Index

if TYPE_CHECKING:
    from pathlib import Path

    from library.embedding.models import Models
    from library.ingest.process.runs import Summary
    from library.schema.documents import Document
    from scripts.install import Installer


class RecordedProgress:
    """Progress reports, stored for assertions."""

    def __init__(self) -> None:
        self.notes: list[str] = []
        self.passed_over: dict[str, str] = {}
        self.broken: dict[str, str] = {}
        self.done = 0
        self.total = 0

    def note(self, text: str) -> None:
        self.notes.append(text)

    def skipped(self, path: str, reason: str) -> None:
        self.passed_over[path] = reason

    def damaged(self, path: str, reason: str) -> None:
        self.broken[path] = reason

    def begin(self, total: int) -> None:
        self.total = total

    def advance(self, count: int) -> None:
        self.done += count


class IndexedFolder:
    """A folder, the home of its library, and access to the index."""

    def __init__(self, folder: Path, home: Path, models: Models) -> None:
        self.folder, self.home, self.models = folder, home, models
        self.lines = RecordedProgress()

    def texts(self) -> dict[str, list[float]]:
        """Return the text vector of each path."""
        with closing(Index.open(self.home)) as index, index.reading() as connection:
            rows = connection.execute(
                sa.text("SELECT path, vector FROM vectors_text JOIN sources USING (number)")
            )
            return {
                row[0].decode(): np.frombuffer(row[1], "<f2").astype(float).tolist() for row in rows
            }

    def index(self, *, prune: bool = False, installer: Installer | None = None) -> Summary:
        self.lines = RecordedProgress()
        with closing(Index.open(self.home, create=True)) as index:
            indexer = Indexer(self.home, index, self.models, self.lines, installer=installer)
            return indexer.run([self.folder], prune=prune)

    def documents(self) -> dict[str, Document]:
        with closing(Index.open(self.home)) as index:
            ids = [asset_id for _, asset_id in index.sources().values()]
            return {found.source.path: found for found in index.documents(ids).values()}

    def ids(self) -> dict[str, str]:
        return {path: document.id for path, document in self.documents().items()}

    def thumbnails(self) -> set[str]:
        """Return the ids of the assets that have one."""
        with closing(Index.open(self.home)) as index:
            names = list(index.store.blobs.names(THUMBNAILS))
        return {name.rpartition("/")[2].removesuffix(".webp") for name in names}


def thumbnail(home: Path, asset_id: str) -> bytes:
    """Return the thumbnail of an asset. Raises FileNotFoundError."""
    with closing(Index.open(home)) as index:
        return index.store.blobs.read(thumbnail_name(asset_id))

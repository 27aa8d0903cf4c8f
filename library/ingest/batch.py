"""A batch of files, read and embedded: everything but the writing.

Batches are independent of each other, so several threads prepare them at the same time.
"""

from __future__ import annotations

import math
import time
from concurrent.futures import wait
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Final

from library import objects
from library.formats.isolation.worker_pool import WorkersMissing

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
    from concurrent.futures import Future
    from pathlib import Path

    from library.embedding.models import Models
    from library.formats.isolation.worker_pool import WorkerPool
    from library.ingest.describe import Described
    from library.ingest.ids import IdAssigner
    from library.ingest.plan import Plan
    from library.ingest.walk import FoundFile
    from library.schema.documents import Document, Embeddings, Vector
    from library.store.index import Index

_SECONDS: Final = 1.0  # between two changes of the library
_MOST_FILES: Final = 512  # of one transaction


@dataclass(slots=True)
class Batch:
    """Results of a batch of files."""

    size: int = 0
    written: list[tuple[Document, Embeddings]] = field(default_factory=list)
    thumbnails: list[tuple[str, bytes]] = field(default_factory=list)
    frames: list[tuple[str, bytes]] = field(default_factory=list)  # of videos; b"": none
    # id, document, whether its text has changed, and the vector of the new one
    moved: list[tuple[str, Document, bool, Vector | None]] = field(default_factory=list)
    # root, path and reason
    skipped: list[tuple[str, str, str]] = field(default_factory=list)
    damaged: list[tuple[str, str, str]] = field(default_factory=list)
    other: list[tuple[str, str, str]] = field(default_factory=list)
    postponed: list[tuple[str, str, str]] = field(default_factory=list)
    waiting: list[str] = field(default_factory=list)  # names of missing extras, one for each file
    refused: list[FoundFile] = field(default_factory=list)  # their contents are not accepted
    unreadable: list[FoundFile] = field(default_factory=list)  # they cannot be opened

    def extend(self, other: Batch) -> None:
        """Append the results of another batch."""
        self.size += other.size
        for each in fields(self):
            if each.name != "size":
                getattr(self, each.name).extend(getattr(other, each.name))


class Pace:
    """Joins batches so that the library changes about once a second, not with every batch.

    Servers follow each change at their next search, which takes them 0.1 s with 100,000 assets. The
    first batch, and one that the next one does not follow within a second, is not held back.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._held: Batch | None = None
        self._due = -math.inf

    def add(self, future: Future[Batch]) -> Iterator[Batch]:
        """Yield what is to be written now, before and after the next batch is ready."""
        if self._held is not None and not future.done():
            wait([future], max(0.0, self._due - self._clock()))
            if not future.done():
                yield from self.rest()
        batch = future.result()
        if self._held is None:
            self._held = batch
        else:
            self._held.extend(batch)
        if self._clock() >= self._due or self._held.size >= _MOST_FILES:
            yield from self.rest()

    def rest(self) -> Iterator[Batch]:
        """Yield what is held back."""
        if self._held is not None:
            held, self._held = self._held, None
            yield held
            self._due = self._clock() + _SECONDS


class BatchReader:
    """Reads batches for the index of one library.

    `dated` replaces the dates of all files. Nothing is read from the folders `exclude`. `origins`:
    `roots.origins`.
    """

    def __init__(
        self,
        index: Index,
        models: Models,
        *,
        dated: str | None,
        exclude: Collection[Path],
        origins: Mapping[str, str],
    ) -> None:
        self._index, self._models = index, models
        self._dated, self._exclude, self._origins = dated, exclude, origins
        self._silent: dict[str, str] = {}  # root in S3 -> why no more of it is read in this run

    def prepare(
        self, files: Sequence[FoundFile], plan: Plan, pool: WorkerPool, assigner: IdAssigner
    ) -> Batch:
        """Read and embed a batch; everything but the writing. Runs on several threads."""
        batch = Batch(size=len(files))
        changed: list[tuple[Described, str]] = []
        same: list[tuple[Described, str]] = []
        for described in self.described(files, pool, batch):
            file = described.file
            if described.problem is not None and plan.was_read(file):
                continue
            asset_id = assigner.assign(described)
            is_same = plan.contents.get(asset_id) == described.source_hash
            # A sidecar may have changed: its text is embedded again.
            if is_same and not plan.again and not file.sidecars:
                same.append((described, asset_id))
            else:
                changed.append((described, asset_id))
        for file in batch.refused:
            plan.refuse(file)
        self.embed(batch, changed)
        self._move(batch, same)
        return batch

    def described(
        self, files: Iterable[FoundFile], pool: WorkerPool, batch: Batch
    ) -> Iterator[Described]:
        """Yield what files state; report in the batch what is none, or cannot be read."""
        from library.ingest.describe import NotAnAsset, Unusable, describe

        for file in files:
            if file.root in self._silent:
                batch.postponed.append((file.root, file.path, self._silent[file.root]))
                batch.unreadable.append(file)
                continue
            try:
                described = describe(file, pool, self._dated, self._exclude)
            except NotAnAsset as error:
                batch.other.append((file.root, file.path, str(error)))
            except Unusable as error:
                batch.skipped.append((file.root, file.path, str(error)))
                if isinstance(error.__cause__, objects.Unreachable):
                    self._silent[file.root] = f"waits for S3, which failed: {error.__cause__}"
                is_unreadable = isinstance(error.__cause__, OSError)
                (batch.unreadable if is_unreadable else batch.refused).append(file)
            except WorkersMissing:
                raise
            except Exception as error:  # noqa: BLE001 - no file may stop the others
                reason = f"is broken: {type(error).__name__}"
                batch.skipped.append((file.root, file.path, reason))
            else:
                batch.skipped += [(file.root, *unread) for unread in described.unread]
                if described.damage is not None:
                    batch.damaged.append((file.root, file.path, described.damage))
                if described.needs is not None:
                    batch.waiting.append(described.needs.name)
                yield described

    def _move(self, batch: Batch, same: Sequence[tuple[Described, str]]) -> None:
        """Prepare assets with the same content: only a text that has changed is embedded again."""
        from library.ingest.describe import text_of

        before = self._index.documents(asset_id for _, asset_id in same)
        guesses = [before[i].guesses if i in before else () for _, i in same]
        documents = [
            d.document(i, names, origin=self._origins.get(d.file.root))
            for (d, i), names in zip(same, guesses, strict=True)
        ]
        changed: list[str | None] = []  # the new texts; None: as before
        for document in documents:
            text = text_of(document)
            known = before.get(document.id)
            changed.append(None if known is not None and text_of(known) == text else text)
        vectors = iter(self._models.embed_texts([text for text in changed if text]))
        for document, new in zip(documents, changed, strict=True):
            vector = None
            if new is not None:
                subject = self._index.subject(document.id)
                vector = self._models.meaning_vector(next(vectors) if new else None, subject)
            batch.moved.append((document.id, document, new is not None, vector))

    def embed(self, batch: Batch, changed: Sequence[tuple[Described, str]]) -> None:
        """Embed new and changed assets, and encode their thumbnails."""
        from library.formats.resizing import thumbnail
        from library.ingest import frames
        from library.schema.documents import Embeddings

        for_picture = self._models.analyse_assets([d.pictures for d, _ in changed])
        guesses = [
            () if classes is None else self._models.class_names(classes)
            for _, _, classes in for_picture
        ]
        inputs = [d.text(names) for (d, _), names in zip(changed, guesses, strict=True)]
        texts = iter(self._models.embed_texts([text for text in inputs if text]))
        for (described, asset_id), (subject, look, _), names, text in zip(
            changed, for_picture, guesses, inputs, strict=True
        ):
            origin = self._origins.get(described.file.root)
            document = described.document(asset_id, names, origin=origin)
            shown = described.shown()
            if shown is not None:
                if document.visible:
                    left, top, right, bottom, *_ = document.visible
                    shown = shown.crop((left, top, right, bottom))
                batch.thumbnails.append((asset_id, thumbnail(shown)))
            if described.kind.kind == "video":
                batch.frames.append((asset_id, frames.encoded(described.others)))
            meaning = self._models.meaning_vector(next(texts) if text else None, subject)
            embeddings = Embeddings(text=meaning, subject=subject, look=look)
            batch.written.append((document, embeddings))

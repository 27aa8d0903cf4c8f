"""Indexing of folders: the changes since the last run, written in batches.

What is read in a second is written in one transaction, after its thumbnails. A run can therefore be
killed at any moment: the library stays consistent, and the next run continues. `describe` reads the
files.
"""

from __future__ import annotations

import os
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from itertools import groupby
from typing import TYPE_CHECKING, Final

from sqlalchemy.exc import DataError

from library.folders import Folder, name_elsewhere, unique
from library.home import data_folder
from library.ingest import needs
from library.ingest.batch import BatchReader, Pace
from library.ingest.ids import IdAssigner
from library.ingest.plan import Plan, lost
from library.ingest.process.interrupts import Interrupts
from library.ingest.process.runs import Report
from library.ingest.roots import former_mounts, name_roots, origins, store_mounts, walk_all
from library.ingest.sharing import planner
from library.ingest.sharing.reader_threads import ReaderThreads
from library.store.blobs import frames_name, remove_pictures, thumbnail_name
from library.store.decisions.follow import follow
from library.store.groups import regroup

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from pathspec import GitIgnoreSpec

    from library.embedding.models import Models
    from library.formats.isolation.worker_pool import WorkerPool
    from library.ingest.batch import Batch
    from library.ingest.process.runs import Progress, Summary
    from library.ingest.walk import FoundFile, Walk
    from library.schema.documents import Collection, Document
    from library.store.identities import Identities
    from library.store.index import Index
    from scripts.install import Installer

BATCH: Final = 32  # files that a thread reads at a time
_FIRST_BATCH: Final = 4  # of a run; each is twice as large as the one before, until BATCH
# What the database raises for a value that it cannot store.
_NOT_STORABLE: Final = (OverflowError, UnicodeError, ValueError, TypeError, DataError)
_RECIPE: Final = "15"  # version of the extraction logic; another one re-indexes every file


class Indexer:
    """Update of one library from its folders.

    Nothing is read from `home`, from the data folder that contains it, and from `private`, nor what
    the patterns `excluded` match (those of AKIN_EXCLUDE).
    `installer` installs packages that files need (`needs`).
    """

    def __init__(
        self,
        home: Path,
        index: Index,
        models: Models,
        progress: Progress,
        *,
        private: Iterable[Path] = (),
        excluded: GitIgnoreSpec | None = None,
        installer: Installer | None = None,
    ) -> None:
        self._home, self._index, self._models, self._progress = home, index, models, progress
        self._installer = installer
        self._exclude = (home, data_folder(home), *private)
        self._patterns = excluded
        self._report = Report(progress)
        self._dated: str | None = None
        self._origins: dict[str, str] = {}
        self._missing: dict[str, str] = {}  # id -> why its file was missing before

    def run(
        self,
        folders: Sequence[Path | Folder],
        *,
        prune: bool = False,
        suffixes: frozenset[str] | None = None,
        dated: str | None = None,
    ) -> Summary:
        """Index what has changed below `folders`; the caller holds `runs.exclusive`.

        `suffixes` restricts the files to these. `dated` replaces the dates of all files. Where a
        folder is not there any more, or many of its files, their assets stay, marked as missing;
        `prune` removes them, and those of folders that are not among `folders`. Raises
        FolderMissing, and OSError when the disk is full; batches that were written before stay.
        """
        self.follow_models()
        follow(self._index)
        self._dated = dated
        given = unique(f if isinstance(f, Folder) else Folder(f) for f in folders)
        with closing(self._index.store.identities()) as identities:
            names = name_roots(given, self._index, identities)
            self._origins = origins(self._index, identities)
            walks = walk_all(
                given,
                self._index.root_paths(),
                self._report,
                exclude=self._exclude,
                patterns=self._patterns,
                suffixes=suffixes,
            )
            mounts = former_mounts(self._index)
            for walk in walks:
                walk.lost_mounts = mounts.get(walk.root, set()) - walk.mounts
            plan = self._plan(walks)
            assigner = IdAssigner(identities, names, walks, plan)
            self._missing = self._index.missing()
            self._index.mark_missing({}, found=plan.present)
            if not plan.known:  # before the first file: the next run continues a stopped one
                self._index.set_meta("ingest", _RECIPE)
            if plan.read:
                self._read(plan, identities, assigner)
            self._remove(plan, walks, assigner, prune=prune)
            self._index.link()
            regroup(self._index)
            store_mounts(self._index, walks, prune=prune)
        if plan.again:
            self._index.set_meta("ingest", _RECIPE)
        self._report.summary.waiting = self._report.waiting.total()
        needs.report(self._report.waiting, self._progress)
        self._index.write_report([walk.root for walk in walks], self._report.groups())
        return self._report.summary

    def reader_threads(self, folders: Sequence[Folder]) -> ReaderThreads:
        """Return what reads for the indexer of another host until this one may index `folders`."""
        self._index.store.roots.hold_folders(folders)
        return ReaderThreads(self._index, self._models, self._recipe(), self._exclude)

    def _recipe(self) -> str:
        """Return how files are read; hosts that agree in it read the same."""
        absent = " ".join(sorted(extra.name for extra in needs.missing()))
        return f"{_RECIPE} | {self._models.signature} | {self._dated or ''} | {absent}"

    def list_problems(self) -> None:
        """Report the files that the run has not indexed, after those that it has reported."""
        self._report.list_groups()

    def _read(self, plan: Plan, identities: Identities, assigner: IdAssigner) -> None:
        """Read new and changed files, and write them in batches."""
        from library.ingest.describe import workers

        self._clear_drafts()
        self._progress.begin(len(plan.read))
        with workers() as pool, Interrupts() as interrupts:
            for batch in self._batches(plan, pool, assigner):
                self._write(batch, plan, identities, assigner)
                interrupts.check()

    def _plan(self, walks: Sequence[Walk]) -> Plan:
        known = self._index.sources()
        again = bool(known) and self._outdated()
        if again:
            self._progress.note("files are read in a new way: indexing all of them again")
        plan = needs.planned(walks, known, self._installer, self._progress, again=again)
        self._report.waiting.update({name: len(paths) for name, paths in plan.waiting.items()})
        self._report.summary.unchanged += plan.unchanged
        return plan

    def _outdated(self) -> bool:
        return self._index.meta("ingest") != _RECIPE

    def follow_models(self) -> None:
        """Embed everything again if the models have changed; the caller holds `runs.exclusive`."""
        before = self._index.meta("models")
        if before == self._models.signature:
            return
        if before is not None and self._index.count():
            from library.ingest.reembed import reembed

            self._progress.note("the models have changed: embedding everything again")
            reembed(self._home, self._index, self._models, self._progress)
        else:
            from library.embedding.models import select_model

            select_model(self._home, self._models.choice)
            self._index.set_meta("models", self._models.signature)

    def _batches(self, plan: Plan, pool: WorkerPool, assigner: IdAssigner) -> Iterator[Batch]:
        """Yield batches in order, prepared on every core, a few ahead of the writing."""
        reader = BatchReader(
            self._index,
            self._models,
            dated=self._dated,
            exclude=self._exclude,
            origins=self._origins,
        )
        if (work := self._index.store.work) is not None:
            yield from planner.batches(
                work,
                self._recipe(),
                _by_root(plan.read),
                lambda files: reader.prepare(files, plan, pool, assigner),
                plan,
                assigner,
            )
            return
        pace = Pace()
        count = max(1, os.cpu_count() or 1)
        threads = ThreadPoolExecutor(count, thread_name_prefix="ingest")
        pending: deque[Future[Batch]] = deque()
        try:
            for files in _portions(plan.read):
                pending.append(threads.submit(reader.prepare, files, plan, pool, assigner))
                if len(pending) > count:
                    yield from pace.add(pending.popleft())
            while pending:
                yield from pace.add(pending.popleft())
            yield from pace.rest()
        finally:
            threads.shutdown(wait=True, cancel_futures=True)

    def _write(
        self, batch: Batch, plan: Plan, identities: Identities, assigner: IdAssigner
    ) -> None:
        """Write the ids, thumbnails, then the rows in one transaction.

        The ids are written first: a run that is killed afterwards gives the same ones again.
        """
        from library.ingest.naming import collection

        documents = [document for document, _ in batch.written]
        assigned = [*documents, *(document for _, document, _, _ in batch.moved)]
        identities.put(
            [
                assigner.identity(d.source.root, d.source.path, d.id, d.source.sha256)
                for d in assigned
            ]
        )
        blobs = self._index.store.blobs
        pictures = {thumbnail_name(i): content for i, content in batch.thumbnails}
        frames = {frames_name(asset_id): content for asset_id, content in batch.frames}
        blobs.write(pictures | {name: content for name, content in frames.items() if content})
        blobs.remove([name for name, content in frames.items() if not content])
        collections = {
            folder.id: folder
            for document in assigned
            if (
                folder := collection(
                    self._origins.get(document.source.root, document.source.root),
                    document.source.path,
                )
            )
        }
        if batch.written or batch.moved:
            documents = self._stored(batch, list(collections.values()))
            replaced = self._replaced(documents, plan)
            self._unlink([i for i in replaced if not assigner.is_assigned(i)])
            self._report.summary.changed += sum(
                (d.source.root, d.source.path) in plan.known for d in documents
            )
            self._report.summary.added += sum(
                (d.source.root, d.source.path) not in plan.known for d in documents
            )
        for asset_id, document, reworded, text in batch.moved:
            try:
                self._index.move(asset_id, document, text, reworded=reworded)
            except _NOT_STORABLE as error:
                source = document.source
                batch.skipped.append((source.root, source.path, f"cannot be stored: {error}"))
                continue
            touched = (document.source.root, document.source.path) in plan.known
            self._report.summary.unchanged += touched
            self._report.summary.moved += not touched
        self._index.mark_missing({}, found=[document.id for document in assigned])
        for skipped in batch.skipped:
            self._report.skipped(*skipped)
        for postponed in batch.postponed:
            self._report.postponed(*postponed)
        for damaged in batch.damaged:
            self._report.damaged(*damaged)
        for other in batch.other:
            self._report.other(*other)
        self._report.waiting.update(batch.waiting)
        self._progress.advance(batch.size)

    def _stored(self, batch: Batch, collections: Sequence[Collection]) -> list[Document]:
        """Write new documents, except those that cannot be stored; return the written ones."""
        try:
            self._index.write(batch.written, collections)
        except _NOT_STORABLE:
            stored = []
            for document, embeddings in batch.written:
                try:
                    self._index.write([(document, embeddings)], collections)
                except _NOT_STORABLE as error:
                    source = document.source
                    batch.skipped.append((source.root, source.path, f"cannot be stored: {error}"))
                    self._unlink([document.id])
                else:
                    stored.append(document)
            return stored
        return [document for document, _ in batch.written]

    @staticmethod
    def _replaced(documents: Iterable[Document], plan: Plan) -> list[str]:
        """Return the former ids of assets whose content has changed."""
        before = ((d.id, plan.known.get((d.source.root, d.source.path))) for d in documents)
        return [known[1] for new_id, known in before if known is not None and known[1] != new_id]

    def _clear_drafts(self) -> None:
        """Remove files that a killed run has left."""
        for draft in (self._home / "thumbnails").glob("*/.*.part"):
            draft.unlink(missing_ok=True)

    def _remove(
        self, plan: Plan, walks: Sequence[Walk], assigner: IdAssigner, *, prune: bool
    ) -> None:
        """Remove the assets without a file, or mark them as missing."""
        gone = {
            key: entry for key, entry in plan.gone.items() if not assigner.is_assigned(entry[1])
        }
        result = lost(plan, walks, gone, self._missing, prune=prune)
        roots = {walk.root for walk in walks}
        ids = [*result.removed, *(asset_id for _, asset_id in plan.refused.values())]
        others = [
            entry[1]
            for key, entry in plan.known.items()
            if key[0] not in roots and name_elsewhere(key[0]) is None
        ]
        if prune:
            ids += [asset_id for asset_id in others if not assigner.is_assigned(asset_id)]
        if ids:
            self._report.summary.removed = self._index.remove(ids)
            self._unlink(ids)
        self._index.mark_missing(result.missing, found=ids)
        self._report.summary.missing = len(result.missing)

    def _unlink(self, ids: Sequence[str]) -> None:
        remove_pictures(self._index.store.blobs, ids)


def _by_root(files: Sequence[FoundFile]) -> Iterator[Sequence[FoundFile]]:
    """Yield files in batches, each of one root."""
    for _, of_root in groupby(files, lambda file: file.root):
        yield from _portions(list(of_root))


def _portions(files: Sequence[FoundFile]) -> Iterator[Sequence[FoundFile]]:
    """Yield files in batches; the first ones are small, so that they are soon found."""
    start, size = 0, _FIRST_BATCH
    while start < len(files):
        yield files[start : start + size]
        start, size = start + size, min(BATCH, 2 * size)

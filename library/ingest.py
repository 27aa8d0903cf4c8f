"""Folders -> library: finds what changed since the last run, and writes it in batches.

Knows files, documents and the index; each format is read in `describing`. A batch is written in
one transaction with its thumbnails already in place, so a run may be killed at any moment: the
library stays whole and the next run goes on. One indexer at a time works on a home; a second one
waits and says so.
"""

from __future__ import annotations

import os
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from library.errors import LibraryError
from library.homes import thumbnail_path, write_atomically
from library.runs import Summary
from library.walking import walk

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from library.describing import Described
    from library.documents import Collection, Document, Embeddings, SourceFile, Vector
    from library.index import Index
    from library.models import Models
    from library.runs import Report
    from library.walking import FoundFile, Walk

BATCH: Final = 32  # files a transaction
# What writing raises over a value that no reader of files has thought of.
_UNFIT: Final = (OverflowError, UnicodeError, ValueError, TypeError)
_RECIPE: Final = "6"  # counts changes of what is read from a file; another one reads all again


class EverythingGone(LibraryError):
    """The folder is there but holds none of the files that were indexed from it."""


@dataclass(slots=True)
class _Plan:
    """What a run has to do."""

    read: list[FoundFile] = field(default_factory=list)
    known: dict[tuple[str, str], tuple[SourceFile, str]] = field(default_factory=dict)
    gone: dict[tuple[str, str], tuple[SourceFile, str]] = field(default_factory=dict)
    lost: dict[str, list[tuple[str, str]]] = field(default_factory=dict)  # content -> gone files
    again: bool = False  # everything, since what is read of a file has changed


@dataclass(slots=True)
class _Batch:
    """What came of a batch of files."""

    size: int = 0
    written: list[tuple[Document, Embeddings]] = field(default_factory=list)
    thumbnails: list[tuple[str, bytes]] = field(default_factory=list)
    # id, document, and the words' new vector where the file has another path now
    kept: list[tuple[str, Document, Vector | None]] = field(default_factory=list)
    skipped: list[tuple[str, str]] = field(default_factory=list)
    other: int = 0
    added: int = 0


class Indexer:
    """Brings one library up to date with its folders."""

    def __init__(self, home: Path, index: Index, models: Models, report: Report) -> None:
        self._home, self._index, self._models, self._report = home, index, models, report
        self._summary = Summary()
        self._dated: str | None = None
        self._taken: dict[str, tuple[str, str]] = {}  # id -> the file that has it

    def run(
        self,
        folders: Sequence[Path],
        *,
        prune: bool = False,
        suffixes: frozenset[str] | None = None,
        dated: str | None = None,
    ) -> Summary:
        """Index what changed below `folders`, where given only files of these `suffixes`.

        `dated`: when all of it was created, for a pack whose files tell only when it was unpacked.
        Hold `alone` around it.
        `prune` forgets the assets of a folder that has become empty, which is refused otherwise:
        it looks the same as a disk that is not mounted. Raises FolderMissing, EverythingGone, and
        OSError when the disk is full; what was written before stays.
        """
        self._follow_models()
        self._dated = dated
        walks = [walk(folder, self._skip, but=self._home, suffixes=suffixes) for folder in folders]
        plan = self._plan(walks, prune=prune)
        self._taken = {asset_id: key for key, (_, asset_id) in plan.known.items()}
        if not plan.known:  # said before the first file: a run that is stopped goes on from there
            self._index.set_meta("ingest", _RECIPE)
        if plan.read:
            self._clear_drafts()
            self._report.begin(len(plan.read))
            for batch in self._batches(plan):
                self._write(batch, plan)
        self._forget(plan)
        if plan.again:
            self._index.set_meta("ingest", _RECIPE)
        return self._summary

    def _skip(self, path: str, reason: str) -> None:
        self._summary.skipped += 1
        self._report.skipped(path, reason)

    def _plan(self, walks: Iterable[Walk], *, prune: bool) -> _Plan:
        plan = _Plan(known=self._index.sources())
        plan.again = bool(plan.known) and self._outdated()
        if plan.again:
            self._report.note("files are read in another way now: reading all of them again")
        for below in walks:
            present = {(file.root, file.path) for file in below.files}
            indexed = {key: value for key, value in plan.known.items() if key[0] == below.root}
            gone = {
                key: value
                for key, value in indexed.items()
                if key not in present and below.knows(key[1])
            }
            if gone and not present and not prune:
                raise EverythingGone(
                    f"{below.root} is empty, but {len(gone)} of its files are in the library; "
                    "nothing was changed (--prune forgets them)"
                )
            plan.gone |= gone
            for key, (lost, _) in gone.items():
                plan.lost.setdefault(lost.sha256, []).append(key)
            for file in below.files:
                source = indexed.get((file.root, file.path))
                if source is None or plan.again or not _same(source[0], file):
                    plan.read.append(file)
                else:
                    self._summary.unchanged += 1
        return plan

    def _outdated(self) -> bool:
        return self._index.meta("ingest") != _RECIPE

    def _follow_models(self) -> None:
        """Vectors of another model are made anew before anything is added to them."""
        before = self._index.meta("models")
        if before == self._models.signature:
            return
        if before is not None and self._index.count():
            from library.reembedding import reembed

            self._report.note("the models have changed: embedding everything again")
            reembed(self._home, self._index, self._models, self._report)
        else:
            from library.models import choose

            choose(self._home, self._models.choice)
            self._index.set_meta("models", self._models.signature)

    def _batches(self, plan: _Plan) -> Iterator[_Batch]:
        """Batches in order, prepared on every core, a few ahead of the writing."""
        workers = max(1, os.cpu_count() or 1)
        pool = ThreadPoolExecutor(workers, thread_name_prefix="ingest")
        pending: deque[Future[_Batch]] = deque()
        try:
            for start in range(0, len(plan.read), BATCH):
                files = plan.read[start : start + BATCH]
                pending.append(pool.submit(self._prepare, files, plan))
                if len(pending) > workers:
                    yield pending.popleft().result()
            while pending:
                yield pending.popleft().result()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)

    def _prepare(self, files: Sequence[FoundFile], plan: _Plan) -> _Batch:
        """Read and embed a batch; everything but the writing. Runs on several threads."""
        from library.describing import NotAnAsset, Unusable, describe, identify

        batch = _Batch(size=len(files))
        fresh: list[tuple[Described, str]] = []
        kept: list[tuple[Described, str]] = []
        for file in files:
            try:
                kind, sha256 = identify(file)
                described = describe(file, kind, sha256, self._dated)
            except NotAnAsset:
                batch.other += 1
            except Unusable as error:
                batch.skipped.append((file.path, str(error)))
                if not isinstance(error.__cause__, OSError):
                    self._refuse(file, plan)
            except Exception as error:  # noqa: BLE001 - no file may stop the others
                batch.skipped.append((file.path, f"is broken: {type(error).__name__}"))
            else:
                batch.skipped += described.unread
                known_id = self._kept_id(described, plan)
                # What a sidecar says now may be new: its words are embedded again.
                if known_id is not None and not plan.again and not file.sidecars:
                    kept.append((described, known_id))
                else:
                    fresh.append((described, known_id or self._new_id(described)))
        self._embed(batch, fresh)
        self._keep(batch, kept, plan)
        return batch

    @staticmethod
    def _refuse(file: FoundFile, plan: _Plan) -> None:
        """Forget an asset whose file is what it always was, and is not taken any more.

        One that was good and broke keeps its place: it may be in the middle of being written.
        """
        key = (file.root, file.path)
        if plan.again and key in plan.known and _same(plan.known[key][0], file):
            plan.gone[key] = plan.known[key]

    def _keep(self, batch: _Batch, kept: Sequence[tuple[Described, str]], plan: _Plan) -> None:
        """Assets whose content is the same: only the words of a new name are embedded again."""
        before = self._index.documents(asset_id for _, asset_id in kept)
        guesses = [before[i].guesses if i in before else () for _, i in kept]
        spoken = [
            "" if (d.file.root, d.file.path) in plan.known else d.said(told)
            for (d, _), told in zip(kept, guesses, strict=True)
        ]
        texts = iter(self._models.embed_texts([words for words in spoken if words]))
        for (described, asset_id), told, words in zip(kept, guesses, spoken, strict=True):
            text = None
            if words:
                text = self._models.meaning(next(texts), self._index.subject(asset_id))
            batch.kept.append((asset_id, described.document(asset_id, told), text))

    @staticmethod
    def _kept_id(described: Described, plan: _Plan) -> str | None:
        """The id of the asset that this file already is: touched only, or moved here."""
        key = (described.file.root, described.file.path)
        if key in plan.known:
            source, asset_id = plan.known[key]
            return asset_id if source.sha256 == described.sha256 else None
        # Whichever thread pops it has it: two copies cannot both be the file that moved.
        with suppress(IndexError):
            moved = plan.lost.get(described.sha256, []).pop()
            return plan.gone.pop(moved)[1]
        return None

    def _new_id(self, described: Described) -> str:
        from library.naming import asset_id

        key = (described.file.root, described.file.path)
        attempt = 0
        wanted = described.wanted_id
        if wanted is not None and self._taken.setdefault(wanted, key) == key:
            return wanted
        while True:
            found = asset_id(described.sha256, described.file.path, attempt)
            if self._taken.setdefault(found, key) == key:
                return found
            attempt += 1

    def _embed(self, batch: _Batch, fresh: Sequence[tuple[Described, str]]) -> None:
        from library.documents import Embeddings
        from library.pictures import thumbnail

        shown = [described.picture for described, _ in fresh]
        subject, look, classes = self._models.see([p for p in shown if p is not None])
        seen = iter(zip(subject, look, classes, strict=True))
        saw = [None if picture is None else next(seen) for picture in shown]
        guessed = [() if found is None else self._models.guesses(found[2]) for found in saw]
        spoken = [d.said(guesses) for (d, _), guesses in zip(fresh, guessed, strict=True)]
        texts = iter(self._models.embed_texts([words for words in spoken if words]))
        for (described, asset_id), found, guesses, words in zip(
            fresh, saw, guessed, spoken, strict=True
        ):
            if described.picture is not None:
                batch.thumbnails.append((asset_id, thumbnail(described.picture)))
            subject_of = None if found is None else found[0]
            embeddings = Embeddings(
                text=self._models.meaning(next(texts) if words else None, subject_of),
                subject=subject_of,
                look=None if found is None else found[1],
            )
            batch.written.append((described.document(asset_id, guesses), embeddings))

    def _write(self, batch: _Batch, plan: _Plan) -> None:
        """Thumbnails first, then the rows in one transaction."""
        from library.naming import collection

        for asset_id, content in batch.thumbnails:
            write_atomically(thumbnail_path(self._home, asset_id), content)
        documents = [document for document, _ in batch.written]
        named = {
            found.id: found
            for document in [*documents, *(document for _, document, _ in batch.kept)]
            if (found := collection(document.source.root, document.source.path))
        }
        if batch.written or batch.kept:
            documents = self._stored(batch, list(named.values()))
            self._unlink(self._replaced(documents, plan))
            self._summary.changed += sum(
                (d.source.root, d.source.path) in plan.known for d in documents
            )
            self._summary.added += sum(
                (d.source.root, d.source.path) not in plan.known for d in documents
            )
        for asset_id, document, text in batch.kept:
            try:
                self._index.move(asset_id, document, text)
            except _UNFIT as error:
                batch.skipped.append((document.source.path, f"cannot be kept: {error}"))
                continue
            touched = (document.source.root, document.source.path) in plan.known
            self._summary.unchanged += touched
            self._summary.moved += not touched
        for path, reason in batch.skipped:
            self._skip(path, reason)
        self._summary.other += batch.other
        self._report.advance(batch.size)

    def _stored(self, batch: _Batch, named: Sequence[Collection]) -> list[Document]:
        """Write what is new of a batch but for what no table can hold; returns what was written."""
        try:
            self._index.write(batch.written, named)
        except _UNFIT:
            stored = []
            for document, embeddings in batch.written:
                try:
                    self._index.write([(document, embeddings)], named)
                except _UNFIT as error:
                    batch.skipped.append((document.source.path, f"cannot be kept: {error}"))
                    self._unlink([document.id])
                else:
                    stored.append(document)
            return stored
        return [document for document, _ in batch.written]

    @staticmethod
    def _replaced(documents: Iterable[Document], plan: _Plan) -> list[str]:
        """Ids of the assets whose file has another content now."""
        before = ((d.id, plan.known.get((d.source.root, d.source.path))) for d in documents)
        return [known[1] for new_id, known in before if known is not None and known[1] != new_id]

    def _clear_drafts(self) -> None:
        """Files that a killed run had not finished; no one else writes here now."""
        for draft in (self._home / "thumbnails").glob("*/.*.part"):
            draft.unlink(missing_ok=True)

    def _forget(self, plan: _Plan) -> None:
        ids = [asset_id for _, asset_id in plan.gone.values()]
        if ids:
            self._summary.removed = self._index.remove(ids)
            self._unlink(ids)

    def _unlink(self, ids: Iterable[str]) -> None:
        for asset_id in ids:
            thumbnail_path(self._home, asset_id).unlink(missing_ok=True)


def _same(source: SourceFile, file: FoundFile) -> bool:
    return source.size == file.size and source.mtime_ns == file.stamp

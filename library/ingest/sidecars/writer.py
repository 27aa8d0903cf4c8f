"""Decisions -> XMP sidecars beside the files (AKIN_SIDECARS=xmp).

Which decisions were written is stored with the index, so a killed process continues, and a change
that it has begun is made again. A property is written when its decision changes and at no other
time, so what another program writes into the same property later stays. Where an asset's file was
up to date in the index, it stays so: our own sidecars are no reason to read it again.
"""

from __future__ import annotations

import logging
import os
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Final

from filelock import FileLock

from library.folders import is_address
from library.formats.format_table import BY_SUFFIX
from library.formats.open_file import open_below
from library.formats.replace_file import FileChangedError, remove_drafts, replace_below
from library.home import SIDECARS_LOCK
from library.ingest import naming
from library.ingest.sidecars import names as sidecar_names
from library.ingest.sidecars.xmp_packet import MAX_BYTES, Packet
from library.ingest.walk import in_folder
from library.schema.decisions import LABEL, RATING
from library.schema.documents import DAMAGED, UNREAD
from library.schema.fields import folded
from library.store.decisions import sidecars
from library.store.decisions.sidecars import Sidecar, Texts
from library.store.decisions.stored import ASSET

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from library.ingest.walk import FoundFile
    from library.schema.decisions import Decision
    from library.schema.documents import Document
    from library.store.index import Index

_CHUNK: Final = 200  # changes after which the progress is stored
_ATTEMPTS: Final = 3  # where another program changes the same sidecar
_RATING, _LABEL = "xmp:Rating", "xmp:Label"
_TEXTS: Final = {"name": "dc:title", "description": "dc:description"}
_REJECTED: Final = "-1"
_PICK, _REJECT = "pick", "reject"
_LOG = logging.getLogger(__name__)


@dataclass(slots=True)
class Written:
    """What a run has done: assets whose sidecars are as decided, and those that failed."""

    assets: int = 0
    failed: int = 0


def write_pending(index: Index, *, again: bool = False) -> Written:
    """Write the decisions that are not in sidecars yet; `again`: also those that failed before.

    One process does so at a time, others wait. Raises the errors of the index.
    """
    done = Written()
    with FileLock(index.home / SIDECARS_LOCK):
        uid, revision = index.decisions.state()
        known, after = sidecars.written(index)
        if again:
            _write(index, sidecars.all_assets(index, unfinished=True), done)
        if known != uid or after > revision:  # another file of decisions, or none
            _write(index, sidecars.all_assets(index, unfinished=False), done)
            after = 0
            sidecars.set_written(index, uid, after)
        while changes := index.decisions.changes(after, _CHUNK):
            _write(index, [change.id for change in changes if change.kind == ASSET], done)
            after = changes[-1].revision
            sidecars.set_written(index, uid, after)
    return done


def _write(index: Index, assets: Sequence[str], done: Written) -> None:
    for start in range(0, len(assets), _CHUNK):
        ids = assets[start : start + _CHUNK]
        decisions, states = index.decisions.of(ids), sidecars.read(index, ids)
        folders: dict[tuple[str, str], list[Document]] = {}
        for document in index.documents(ids).values():
            folder = document.source.path.rpartition("/")[0]
            folders.setdefault((document.source.root, folder), []).append(document)
        for (root, folder), documents in folders.items():
            _Folder(index, root, folder, done).write(documents, decisions, states)


class _Folder:
    """The sidecars of one folder."""

    def __init__(self, index: Index, root: str, below: str, done: Written) -> None:
        self._index, self._root, self._below, self._done = index, root, below, done
        self._files: dict[str, FoundFile] = {}
        self._names: dict[str, str] = {}  # as compared -> as written

    def write(
        self,
        documents: Sequence[Document],
        decisions: Mapping[str, Decision],
        states: Mapping[str, Sidecar],
    ) -> None:
        """Write what was decided about assets whose files are in this folder."""
        problems: dict[str, list[str]] = {}

        def fail(document: Document, state: Sidecar, reason: str) -> None:
            sidecars.put_failed(self._index, document.id, state, reason)
            problems.setdefault(reason, []).append(document.source.path)
            self._done.failed += 1

        problem = self._problem()
        before, written = self._files, dict[str, os.stat_result]()
        for document in documents:
            decision, state = decisions.get(document.id), states.get(document.id, Sidecar())
            if problem:
                fail(document, state, problem)
                continue
            try:
                status = self._write(document, decision, state)
                self._done.assets += 1
            except (OSError, ValueError) as error:
                fail(document, state, _reason(error))
                continue
            if status is not None:
                written[document.id] = status
        for reason, paths in problems.items():
            _LOG.warning(
                "The decisions about %s (%d files) are stored, but not in a sidecar: %s. Change "
                "that, and start Akin again or change a tag or rating of them",
                self._place(paths[0]),
                len(paths),
                reason,
            )
        if written:
            self._keep_stamps(documents, before, written)

    def _problem(self) -> str:
        """Read what is in the folder; return why nothing can be written into it, or ""."""
        if is_address(self._root):
            return "Akin does not write to S3"
        try:
            self._read()
        except OSError as error:
            return _reason(error)
        return ""

    def _read(self) -> None:
        self._files = in_folder(self._root, self._below)
        paths = map(PurePosixPath, self._files)
        self._names = {sidecar_names.key(path.name): path.name for path in paths}

    def _place(self, path: str) -> str:
        return f"{self._root}/{path}" if is_address(self._root) else str(Path(self._root, path))

    def _write(
        self, document: Document, decision: Decision | None, state: Sidecar
    ) -> os.stat_result | None:
        """Write the sidecar of an asset; return its status, None where nothing had to change.

        Raises OSError, and ValueError for a sidecar that is no XMP.
        """
        if document.kind in {"json", "text"} or (decision is None and state == Sidecar()):
            return None  # no sidecar describes a text
        path = self._sidecar(document.source.path)
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                return self._merge(document, decision, state, path)
            except FileChangedError:
                if attempt == _ATTEMPTS:
                    raise
        return None

    def _sidecar(self, path: str) -> str:
        """Return the path of the sidecar: `name.ext.xmp`; of a raw photograph, `stem.xmp`.

        A raw photograph has the longer name as well where there is such a sidecar, or another file
        with the same stem, which the shorter one would describe too.
        """
        name = path.rpartition("/")[2]
        long = f"{name}.xmp"
        chosen = long
        if _is_raw(name) and sidecar_names.key(long) not in self._names:
            stem = PurePosixPath(name).stem
            others = [
                other
                for known, other in self._names.items()
                if sidecar_names.key(PurePosixPath(other).stem) == sidecar_names.key(stem)
                and known != sidecar_names.key(name)
                and PurePosixPath(known).suffix not in sidecar_names.SUFFIXES
            ]
            chosen = long if others else f"{stem}.xmp"
        chosen = self._names.get(sidecar_names.key(chosen), chosen)
        return f"{self._below}/{chosen}" if self._below else chosen

    def _merge(
        self, document: Document, decision: Decision | None, state: Sidecar, path: str
    ) -> os.stat_result | None:
        raw, before = _content(self._root, path)
        packet = Packet(raw)
        if not state.is_finished:
            remove_drafts(self._root, path)
            _apply(packet, state.begun_values, state.begun_tags)
        # Programs that read a list of keywords here do not read the one in the file.
        keywords = {} if packet.has_keywords() else _keywords(document)
        new = _planned(packet, keywords, decision, state)
        _apply(packet, new.begun_values, {})
        if any(tag is not None or key in keywords for key, tag in new.begun_tags.items()):
            _apply(packet, {}, {**keywords, **new.begun_tags})
        elif packet.has_keywords():
            _apply(packet, {}, new.begun_tags)
        file = os.fsencode(Path(self._root, path))
        finished = _finished(new)
        if (raw is None and not _states_anything(packet)) or not packet.is_changed:
            sidecars.put(self._index, document.id, file, finished, (0, 0))
            return None
        with open_below(self._root, document.source.path) as opened:
            like = before or os.fstat(opened.fileno())
        sidecars.put(self._index, document.id, file, new, None)
        status = replace_below(self._root, path, packet.content(), before=before, like=like)
        state_now = (status.st_size, status.st_mtime_ns)
        sidecars.put(self._index, document.id, file, finished, state_now)
        return status if self._is_as_listed(path, before) else None

    def _is_as_listed(self, path: str, before: os.stat_result | None) -> bool:
        """Return whether a sidecar is unchanged since the folder was read."""
        listed = self._files.get(path)
        if before is None or listed is None:
            return before is None and listed is None
        return (before.st_size, before.st_mtime_ns) == (listed.size, listed.mtime_ns)

    def _keep_stamps(
        self,
        documents: Sequence[Document],
        before: Mapping[str, FoundFile],
        written: Mapping[str, os.stat_result],
    ) -> None:
        self._read()
        stamps = {}
        for document in documents:
            path = document.source.path
            was, now = before.get(path), self._files.get(path)
            status = written.get(document.id)
            if status is None or was is None or now is None:
                continue
            own = self._files.get(self._sidecar(path))
            if own and (own.size, own.mtime_ns) == (status.st_size, status.st_mtime_ns):
                stamps[document.id] = (was.stamp, now.stamp)
        sidecars.set_stamps(self._index, stamps)


def _reason(error: OSError | ValueError) -> str:
    return str((error.strerror if isinstance(error, OSError) else "") or error)


def _is_raw(name: str) -> bool:
    form = BY_SUFFIX.get(PurePosixPath(name).suffix.lower().lstrip("."))
    return form is not None and form.extra == "raw"


def _content(root: str, path: str) -> tuple[bytes | None, os.stat_result | None]:
    """Return a sidecar and its status, None where there is none. Raises OSError."""
    try:
        with open_below(root, path) as file:
            return file.read(MAX_BYTES + 1), os.fstat(file.fileno())
    except FileNotFoundError:
        return None, None


def _keywords(document: Document) -> Texts:
    """Return the keywords that a file states, without the words of its folders and name."""
    words = {DAMAGED, UNREAD, *map(folded, naming.tags(document.source.path))}
    return {folded(tag): tag for tag in document.tags if folded(tag) not in words}


def _wanted(decision: Decision | None, packet: Packet) -> tuple[Texts, Texts]:
    """Return the properties and tags that are decided; None: that there is none."""
    if decision is None:
        return {}, {}
    values: Texts = {
        _TEXTS[name]: str(value) for name, value in decision.values.items() if name in _TEXTS
    }
    label = decision.values.get(LABEL)
    if RATING in decision.values:
        values[_RATING] = str(decision.values[RATING])
    elif label not in (None, _REJECT) and packet.value(_RATING) == _REJECTED:
        values[_RATING] = None
    if label == _REJECT:
        values[_RATING] = _REJECTED
    elif label is not None:
        values[_LABEL] = label or None
    return values, dict(decision.tags)


def _planned(packet: Packet, keywords: Texts, decision: Decision | None, state: Sidecar) -> Sidecar:
    """Return the next state: what has changed since the last one is begun.

    `keywords` are those of the file where the packet has none.
    """
    values, tags = _wanted(decision, packet)
    present = {**keywords, **{folded(tag): tag for tag in packet.keywords()}}
    begun_values = {
        n: v for n, v in values.items() if n not in state.values or state.values[n] != v
    }
    begun_tags = {k: t for k, t in tags.items() if k not in state.tags or state.tags[k] != t}
    before = {
        name: state.before[name] if name in state.before else packet.value(name) for name in values
    }
    tags_before = {
        key: state.tags_before[key] if key in state.tags_before else present.get(key)
        for key in tags
    }
    begun_values |= {  # undone, unless another program has changed it since
        name: value
        for name, value in state.before.items()
        if name not in values and _is_same(packet.value(name), state.values.get(name))
    }
    begun_tags |= {k: t for k, t in state.tags_before.items() if k not in tags}
    return Sidecar(
        values=values,
        tags=tags,
        before=before,
        tags_before=tags_before,
        begun_values=begun_values,
        begun_tags=begun_tags,
        is_finished=False,
    )


def _is_same(text: str | None, written: str | None) -> bool:
    return (text or "").strip() == (written or "").strip()


def _finished(state: Sidecar) -> Sidecar:
    return Sidecar(state.values, state.tags, state.before, state.tags_before)


def _apply(packet: Packet, values: Texts, tags: Texts) -> None:
    for name, value in values.items():
        packet.set_value(name, value)
    if tags:
        packet.set_keywords(tags)


def _states_anything(packet: Packet) -> bool:
    names = (_RATING, _LABEL, *_TEXTS.values())
    return bool(packet.keywords()) or any(packet.value(name) is not None for name in names)

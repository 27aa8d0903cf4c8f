"""The folders of a run: their names, their former places, and the files below them."""

from __future__ import annotations

import json
import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from library.folders import Bucket, elsewhere, name_elsewhere, names
from library.ingest import bucket
from library.ingest.walk import FolderMissing, Walk, walk
from library.store.identities import Identity

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from pathspec import GitIgnoreSpec

    from library.folders import Folder
    from library.ingest.process.runs import Report
    from library.store.identities import Identities
    from library.store.index import Index


_MOUNTS: Final = "mounts"  # in the meta table of the index


def name_roots(folders: Sequence[Folder], index: Index, identities: Identities) -> dict[str, str]:
    """Return the name of each folder by its path, those included that were indexed before.

    An index that was written without the table of ids, or before it was lost, is entered in it.
    Where the library stores names, those of folders that only other hosts have are included.
    """
    known = identities.roots()
    roots, here = index.store.roots, None
    if roots.is_named:
        known = here = {name: roots.paths().get(name, elsewhere(name)) for name in known}
    named = names([(str(f.path.resolve()), f.name) for f in folders], known)
    others: list[str] = []
    if roots.is_named:
        stored = index.unnamed_roots()
        renamed = {old: new for old, path in known.items() if (new := named.get(path, old)) != old}
        index.rename_roots(renamed | {path: n for path, n in named.items() if path in stored})
        roots.hold(named)
        others = [p for p in index.labelled_roots() if name_elsewhere(p) not in {None, *renamed}]
    indexed = list(dict.fromkeys([*index.root_paths(), *others]))
    for path in [path for path in indexed if path not in named]:
        former = next((name for name, folder in known.items() if folder == path), None)
        successor = next((now for now, name in named.items() if name == former), None)
        if successor is not None and successor not in indexed and not Path(path).is_dir():
            index.move_root(path, successor)
        else:
            named = names([*named.items(), (path, None)], known)
    identities.name_roots(named, here)
    uid = index.unique_id()
    if not identities.knows(uid):
        sources = index.sources().values()
        identities.adopt(
            uid, (Identity(i, named[file.root], file.path, file.sha256) for file, i in sources)
        )
    index.set_roots(named if len(named) > 1 else dict.fromkeys(named, ""))
    return named


def origins(index: Index, identities: Identities) -> dict[str, str]:
    """Return path -> the first path of the same folder on any host, for those that differ.

    Ids of collections are made from it, so that they are the same on all hosts.
    """
    first, here = identities.roots(), index.store.roots.paths()
    return {path: first[name] for name, path in here.items() if first.get(name, path) != path}


def former_mounts(index: Index) -> dict[str, set[str]]:
    """Return root -> the folders below it that had a file system of their own in the last run."""
    stored = json.loads(index.meta(_MOUNTS) or "{}")
    shown = index.store.roots.shown
    return {
        os.fsdecode(shown(bytes.fromhex(root))): {_decoded(folder) for folder in folders}
        for root, folders in stored.items()
    }


def store_mounts(index: Index, walks: Iterable[Walk], *, prune: bool) -> None:
    """Store these folders for the next run; those that are not connected stay until `prune`."""
    before = former_mounts(index)
    after = dict(before)
    for each in walks:
        if each.is_there:
            after[each.root] = each.mounts | (set() if prune else each.lost_mounts)
    if after != before:
        stored = index.store.roots.stored
        listed = {
            stored(os.fsencode(root)).hex(): sorted(map(_hex, folders))
            for root, folders in after.items()
        }
        index.set_meta(_MOUNTS, json.dumps(listed))


def _hex(path: str) -> str:
    return os.fsencode(path).hex()


def _decoded(path: str) -> str:
    return os.fsdecode(bytes.fromhex(path))


def walk_all(
    folders: Sequence[Folder],
    known: Collection[str],
    report: Report,
    *,
    exclude: Iterable[Path] = (),
    patterns: GitIgnoreSpec | None = None,
    suffixes: frozenset[str] | None = None,
) -> list[Walk]:
    """Return the files below each folder; a folder within another one is not read twice.

    One of the `known` paths that is not there any more has an empty walk. Raises FolderMissing.
    """
    paths = [folder.path.resolve() for folder in folders]
    walks = []
    for folder, path in zip(folders, paths, strict=True):
        root = str(path)
        try:
            if isinstance(folder.path, Bucket):
                walks.append(
                    bucket.walk(
                        folder.path,
                        partial(report.skipped, root),
                        ignored=partial(report.ignored, root),
                        others=[each for each in paths if isinstance(each, Bucket)],
                        patterns=patterns,
                        suffixes=suffixes,
                    )
                )
                continue
            others = [each for each in paths if isinstance(each, Path) and each != path]
            walks.append(
                walk(
                    folder.path,
                    partial(report.skipped, root),
                    ignored=partial(report.ignored, root),
                    exclude=[*exclude, *others],
                    patterns=patterns,
                    suffixes=suffixes,
                )
            )
        except FolderMissing as error:
            if root not in known:
                raise
            report.vanished(root, str(error))
            gone = Walk(root, is_there=False)
            if isinstance(path, Bucket):
                gone.reason = "its bucket in S3 could not be listed"
            walks.append(gone)
    return walks

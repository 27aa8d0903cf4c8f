"""The files below a folder.

No file but `.akinignore` is opened and no link is followed. Folders that cannot be read are
reported once, and returned, so that the caller does not take their files for deleted.
"""

from __future__ import annotations

import errno
import os
import stat
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING
from zlib import crc32

from library.errors import LibraryError
from library.formats.open_file import open_below, scan_below
from library.home import HOME_FILES, INDEXES, LOCK
from library.ingest import exclusions
from library.ingest.exclusions import Exclusions
from library.ingest.sidecars import names as sidecar_names

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from pathspec import GitIgnoreSpec

_LATEST = 2**62  # nanoseconds since 1970; later times are reduced to it


class FolderMissing(LibraryError):
    """The folder to be indexed does not exist or cannot be read."""


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A regular file below a root, with the values of `stat`."""

    root: str
    path: str  # below root, POSIX separators
    size: int
    mtime_ns: int
    sidecars: tuple[str, ...] = ()  # below root as well
    stamp: int = 0  # changes when the file or one of its sidecars changes

    @property
    def location(self) -> Path:
        """Path of the file."""
        return Path(self.root, self.path)


@dataclass(slots=True)
class Walk:
    """The files below one root."""

    root: str
    files: list[FoundFile] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)  # folders that could not be read, below root
    exclusions: Exclusions = field(default_factory=Exclusions)
    is_there: bool = True  # whether the root could be read
    reason: str = "its folder is not there"  # where it could not
    mounts: set[str] = field(default_factory=set)  # folders with a file system of their own
    lost_mounts: set[str] = field(default_factory=set)  # folders that had one in an earlier run

    @property
    def is_vanished(self) -> bool:
        """Whether the root is missing, or empty as the mount point of a missing disk is."""
        return not self.is_there or not (self.files or self.unread)

    def is_unmounted(self, path: str) -> bool:
        """Return whether a file at `path` was on a disk or share that is not connected now."""
        return any(path.startswith(f"{folder}/") for folder in self.lost_mounts)

    def covers(self, path: str) -> bool:
        """Return whether a file at `path` would be in `files`, or is excluded."""
        return not any(
            folder in {"", path} or path.startswith(f"{folder}/") for folder in self.unread
        )


def walk(
    folder: Path,
    skipped: Callable[[str, str], None],
    *,
    ignored: Callable[[str, str, bool], None] = lambda *_: None,
    exclude: Collection[Path] = (),
    patterns: GitIgnoreSpec | None = None,
    suffixes: frozenset[str] | None = None,
) -> Walk:
    """Return the files below `folder`, sorted by path; `skipped(path, reason)` reports others.

    `ignored(path, reason, is_folder)` reports what is hidden, junk or excluded. `exclude` are
    folders to ignore (those of Akin's own files), `patterns` those of AKIN_EXCLUDE. `suffixes`
    restricts the files to these. Raises FolderMissing.
    """
    try:
        root = folder.resolve(strict=True)
        with os.scandir(root):
            pass
    except OSError as error:
        raise FolderMissing(f"{folder} cannot be read: {error.strerror}") from error
    result = Walk(str(root), exclusions=Exclusions(patterns))
    excluded = {str(own.resolve()) for own in exclude}
    pending = [("", root.stat().st_dev)]
    while pending:
        below, device = pending.pop()
        try:
            with os.scandir(Path(root, below)) as listing:
                entries = sorted(listing, key=lambda entry: entry.name)
            if any(entry.name == exclusions.FILE for entry in entries):
                _read_exclusions(result, below)
        except (OSError, exclusions.BadPattern) as error:
            result.unread.append(below)
            reason = error.strerror if isinstance(error, OSError) else str(error)
            skipped(below, f"folder cannot be read: {reason}")
            continue
        # The folder may be the home of a library, whose thumbnails are no assets.
        names = {entry.name for entry in entries}
        internal = HOME_FILES if LOCK in names and names & INDEXES else frozenset[str]()
        for entry in entries:
            path = f"{below}/{entry.name}" if below else entry.name
            if entry.path in excluded or entry.name in internal:
                continue
            status = _add(entry, path, result, skipped, ignored)
            if status is not None:
                pending.append((path, status.st_dev))
                if status.st_dev != device:
                    result.mounts.add(path)
    sort_out(result, skipped)
    if suffixes is not None:
        result.files = [f for f in result.files if PurePosixPath(f.path).suffix.lower() in suffixes]
    return result


def _read_exclusions(result: Walk, below: str) -> None:
    """Read the `.akinignore` of a folder. Raises OSError and BadPattern."""
    path = f"{below}/{exclusions.FILE}" if below else exclusions.FILE
    with open_below(result.root, path) as file:
        content = file.read(exclusions.MAX_BYTES + 1)
    if len(content) > exclusions.MAX_BYTES:
        raise exclusions.BadPattern(f"{path} is larger than {exclusions.MAX_BYTES // 1024} KB")
    result.exclusions.add(below, content)


def sort_out(result: Walk, skipped: Callable[[str, str], None]) -> None:
    """Move sidecars from the files to the assets that they belong to, and sort the files."""
    by_path = {file.path: file for file in result.files}
    assigned = sidecar_names.assign(by_path)
    own = {name for names in assigned.of.values() for name in names} | {*assigned.alone}
    for path in assigned.alone:
        skipped(path, "describes another file, which is not in its folder")
    files = []
    for file in result.files:
        names = assigned.of.get(file.path, ())
        state = repr([(n, by_path[n].size, by_path[n].mtime_ns) for n in names]) if names else ""
        stamp = file.mtime_ns + (crc32(os.fsencode(state)) if names else 0)
        files.append(replace(file, sidecars=names, stamp=stamp))
    result.files = [file for file in files if file.path not in own]
    result.files.sort(key=lambda file: os.fsencode(file.path))


def in_folder(root: str, below: str) -> dict[str, FoundFile]:
    """Return path -> file for the regular files of one folder, with sidecars and stamps.

    Sidecars of others are in it as well. No link is followed. Raises OSError.
    """
    result = Walk(root)
    path = f"{below}/x" if below else "x"
    with scan_below(root, path) as listing:
        for entry in listing:
            if entry.is_file(follow_symlinks=False):
                name = f"{below}/{entry.name}" if below else entry.name
                _add(entry, name, result, lambda *_: None, lambda *_: None)
    every = {file.path: file for file in result.files}
    sort_out(result, lambda *_: None)
    return every | {file.path: file for file in result.files}


def _target(link: str) -> Path:
    """Return the target of a link. A cycle is an OSError, before Python 3.13 a RuntimeError."""
    target = Path(link).resolve()
    if target.is_symlink():
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
    return target


def _add(
    entry: os.DirEntry[str],
    path: str,
    result: Walk,
    skipped: Callable[[str, str], None],
    ignored: Callable[[str, str, bool], None],
) -> os.stat_result | None:
    """Add a file to the result; return the status of a folder that is to be read."""
    try:
        is_folder = entry.is_dir(follow_symlinks=False)
        if reason := result.exclusions.reason(path, is_folder=is_folder):
            ignored(path, reason, is_folder)
            return None
        status = entry.stat(follow_symlinks=False)
        if stat.S_ISLNK(status.st_mode):
            if not _target(entry.path).is_relative_to(result.root):
                skipped(path, "is a link that leads out of the folder")
            return None  # the target of a link inside the folder is listed itself
    except (OSError, RuntimeError) as error:
        result.unread.append(path)
        skipped(path, f"cannot be read: {getattr(error, 'strerror', None) or error}")
        return None
    if stat.S_ISDIR(status.st_mode):
        return status
    if stat.S_ISREG(status.st_mode):
        mtime = min(max(status.st_mtime_ns, -_LATEST), _LATEST)
        result.files.append(FoundFile(result.root, path, status.st_size, mtime))
    return None  # sockets, pipes and devices are ignored

"""Walking a folder: which files there are, told safely.

Knows directories and `stat`; opens no file. Links are never followed, hidden names are passed
over, and what cannot be read is said once and keeps its place: the caller learns below which
folders it knows nothing.
"""

from __future__ import annotations

import errno
import os
import stat
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING
from zlib import crc32

from library import sidecars
from library.errors import LibraryError
from library.homes import HELD, MARKS

if TYPE_CHECKING:
    from collections.abc import Callable

_LATEST = 2**62  # nanoseconds from 1970: a file system may tell times that no number here holds
_NOISE = frozenset({"__pycache__", "node_modules", "thumbs.db", "desktop.ini", "__init__.py"})


class FolderMissing(LibraryError):
    """The folder to be indexed is not there, or is not a folder that can be read."""


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A regular file below a root, as `stat` tells it."""

    root: str
    path: str  # below root, POSIX separators
    size: int
    mtime_ns: int
    sidecars: tuple[str, ...] = ()  # below root as well
    stamp: int = 0  # another one: this file or a sidecar of it has changed

    @property
    def location(self) -> Path:
        """Where it is."""
        return Path(self.root, self.path)


@dataclass(slots=True)
class Walk:
    """All that was found below one root."""

    root: str
    files: list[FoundFile] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)  # folders that could not be read, below root

    def knows(self, path: str) -> bool:
        """Whether the walk could have seen a file at `path`."""
        return not any(
            folder in {"", path} or path.startswith(f"{folder}/") for folder in self.unread
        )


def walk(
    folder: Path,
    skipped: Callable[[str, str], None],
    *,
    but: Path | None = None,
    suffixes: frozenset[str] | None = None,
) -> Walk:
    """The files below `folder`, by path; `skipped(path, reason)` is told what is passed over.

    `but` is a folder to leave out (the library's own home); `suffixes`, where given, are the only
    ones wanted. Raises FolderMissing.
    """
    try:
        root = folder.resolve(strict=True)
        with os.scandir(root):
            pass
    except OSError as error:
        raise FolderMissing(f"{folder} cannot be read: {error.strerror}") from error
    found = Walk(str(root))
    left_out = str(but.resolve()) if but is not None else None
    pending = [""]
    while pending:
        below = pending.pop()
        try:
            with os.scandir(Path(root, below)) as listing:
                entries = sorted(listing, key=lambda entry: entry.name)
        except OSError as error:
            found.unread.append(below)
            skipped(below, f"folder cannot be read: {error.strerror}")
            continue
        # Thumbnails of assets are no assets: the folder may be a home, or have one below it.
        held = HELD if {entry.name for entry in entries} >= MARKS else frozenset[str]()
        for entry in entries:
            path = f"{below}/{entry.name}" if below else entry.name
            if _is_noise(entry.name) or entry.path == left_out or entry.name in held:
                continue
            _sort_in(entry, path, found, pending, skipped)
    _give_sidecars(found)
    if suffixes is not None:
        found.files = [f for f in found.files if PurePosixPath(f.path).suffix.lower() in suffixes]
    found.files.sort(key=lambda file: os.fsencode(file.path))
    return found


def _give_sidecars(found: Walk) -> None:
    """Files that speak of others are given to those, and are no assets themselves."""
    by_path = {file.path: file for file in found.files}
    spoken_for: set[str] = set()
    files = []
    for file in found.files:
        names = sidecars.beside(file.path, by_path)
        spoken_for.update(names)
        state = repr([(n, by_path[n].size, by_path[n].mtime_ns) for n in names]) if names else ""
        stamp = file.mtime_ns + (crc32(os.fsencode(state)) if names else 0)
        files.append(replace(file, sidecars=names, stamp=stamp))
    found.files = [file for file in files if file.path not in spoken_for]


def _is_noise(name: str) -> bool:
    return name.startswith(".") or name.lower() in _NOISE


def _target(link: str) -> Path:
    """Where a link leads. A circle is an OSError, or as Python before 3.13 says a RuntimeError."""
    target = Path(link).resolve()
    if target.is_symlink():
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
    return target


def _sort_in(
    entry: os.DirEntry[str],
    path: str,
    found: Walk,
    pending: list[str],
    skipped: Callable[[str, str], None],
) -> None:
    try:
        status = entry.stat(follow_symlinks=False)
        if stat.S_ISLNK(status.st_mode):
            if not _target(entry.path).is_relative_to(found.root):
                skipped(path, "is a link that leads out of the folder")
            return  # a link inside the folder leads to a file that is found by itself
    except (OSError, RuntimeError) as error:  # RuntimeError: links in a circle
        found.unread.append(path)
        skipped(path, f"cannot be read: {getattr(error, 'strerror', None) or error}")
        return
    if stat.S_ISDIR(status.st_mode):
        pending.append(path)
    elif stat.S_ISREG(status.st_mode):
        mtime = min(max(status.st_mtime_ns, -_LATEST), _LATEST)
        found.files.append(FoundFile(found.root, path, status.st_size, mtime))
    # Sockets, pipes and devices are no assets; opening one could block for ever.

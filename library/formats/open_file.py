"""Opening a file below a folder without following links.

The path is opened component by component, each relative to the descriptor of the one before and
with `O_NOFOLLOW`. A folder that is replaced by a link between two steps is therefore refused, and
everything after the opening works on the descriptor, never on the name again.
"""

from __future__ import annotations

import errno
import os
import stat
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from library import objects
from library.folders import is_address, name_elsewhere

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from io import BufferedReader

_BY_COMPONENT: Final = os.open in os.supports_dir_fd
_COMMON: Final = getattr(os, "O_CLOEXEC", 0)
_NO_FOLLOW: Final = getattr(os, "O_NOFOLLOW", 0)
_FOLDER: Final = os.O_RDONLY | _COMMON | getattr(os, "O_DIRECTORY", 0)
# Opening a pipe must not block, and a terminal must not become the controlling one.
_FILE: Final = (
    os.O_RDONLY
    | _COMMON
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_NOCTTY", 0)
    | getattr(os, "O_BINARY", 0)
)


class NotRegularError(OSError):
    """The path names a folder, pipe, socket or device, not a file with content."""


class ElsewhereError(OSError):
    """The file is below a folder that only other hosts of the library have: `folder`, its name."""

    def __init__(self, folder: str) -> None:
        super().__init__(errno.ENODEV, f"this machine does not have the folder {folder!r}")
        self.folder = folder


def open_below(
    root: str | Path, path: str, *, by_component: bool = _BY_COMPONENT
) -> BufferedReader:
    """Return the regular file `path` below the folder `root`, opened for reading.

    `path` has POSIX separators. No link below `root` is followed; `root` itself may be one. Raises
    NotRegularError, ElsewhereError, or another OSError: `ELOOP` or `ENOTDIR` for a link, `EINVAL`
    for a path that is absolute, empty, or contains `..`. Without `by_component`, as on Windows, the
    opened file is compared with the one that the path names afterwards.
    """
    _require_here(root)
    parts = _parts(path)
    descriptor = _open_components(root, parts) if by_component else _open_checked(root, parts)
    try:
        _require_regular(descriptor, path)
        return os.fdopen(descriptor, "rb")
    except BaseException:
        os.close(descriptor)
        raise


def open_in_root(root: str, path: str) -> BufferedReader:
    """Return the file `path` of a root, opened for reading: one below a folder, or a copy from S3.

    Raises as `open_below` and `objects.fetched`.
    """
    return objects.fetched(root, path) if is_address(root) else open_below(root, path)


def exists_in_root(root: str, path: str) -> bool:
    """Return whether the file `path` of a root can be opened.

    Raises objects.Unreachable and ElsewhereError.
    """
    try:
        if is_address(root):
            objects.status(root, path)
        else:
            open_below(root, path).close()
    except (objects.Unreachable, ElsewhereError):
        raise
    except OSError:
        return False
    return True


def folder_below(root: str | Path, path: str) -> int:
    """Return a descriptor of the folder of the file `path` below `root`; raises as `open_below`."""
    _require_here(root)
    folder = os.open(root, _FOLDER)
    for part in _parts(path)[:-1]:
        try:
            below = os.open(part, _FOLDER | _NO_FOLLOW, dir_fd=folder)
        finally:
            os.close(folder)
        folder = below
    return folder


def place_below(root: str | Path, path: str) -> Path:
    """Return `path` below `root`, for systems without descriptors of folders.

    Raises OSError if its folder is behind a link.
    """
    _require_here(root)
    place = Path(root).resolve(strict=True).joinpath(*_parts(path))
    if place.parent.resolve(strict=True) != place.parent:
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(place))
    return place


@contextmanager
def scan_below(
    root: str | Path, path: str, *, by_component: bool = _BY_COMPONENT
) -> Iterator[Iterable[os.DirEntry[str]]]:
    """List the folder of the file `path` below `root`; raises as `open_below`."""
    if not (by_component and os.scandir in os.supports_fd):
        with os.scandir(place_below(root, path).parent) as listing:
            yield listing
        return
    folder = folder_below(root, path)
    try:
        with os.scandir(folder) as listing:
            yield listing
    finally:
        os.close(folder)


def _require_here(root: str | Path) -> None:
    name = name_elsewhere(str(root))
    if name is not None:
        raise ElsewhereError(name)


def _parts(path: str) -> list[str]:
    parts = path.split("/")
    if not path or "\0" in path or {"", ".", ".."} & set(parts):
        raise OSError(errno.EINVAL, "the path leaves its folder", path)
    return parts


def _require_regular(descriptor: int, path: str) -> None:
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        raise NotRegularError(errno.EINVAL, "not a regular file", path)


def _open_components(root: str | Path, parts: list[str]) -> int:
    folder = folder_below(root, "/".join(parts))
    try:
        return os.open(parts[-1], _FILE | _NO_FOLLOW, dir_fd=folder)
    finally:
        os.close(folder)


def _open_checked(root: str | Path, parts: list[str]) -> int:
    """Windows has no descriptors of folders: compare the opened file with the real path's."""
    place = Path(root, *parts)
    descriptor = os.open(place, _FILE)
    try:
        _require_real(descriptor, place, Path(root).resolve(strict=True).joinpath(*parts))
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _require_real(descriptor: int, place: Path, real: Path) -> None:
    same = os.path.samestat(os.fstat(descriptor), os.lstat(real))
    if not same or place.resolve(strict=True) != real:
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(place))

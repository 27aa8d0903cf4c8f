"""Writing a file below a folder without following links: a new file takes the place of the old one.

The folder is opened component by component, as `open_file` does; everything happens relative to its
descriptor. The content is on the disk before the name changes, so the file is the old or the new
one at any moment.
"""

from __future__ import annotations

import errno
import os
import secrets
import stat
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from library.formats.open_file import folder_below, place_below, scan_below

if TYPE_CHECKING:
    from collections.abc import Iterator

_BY_DESCRIPTOR: Final = {os.open, os.rename, os.unlink, os.stat} <= os.supports_dir_fd
_NEW: Final = (
    os.O_WRONLY | os.O_CREAT | os.O_EXCL
    | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
)  # fmt: skip
_PART: Final = ".part"
_MODE: Final = 0o666  # bits of a file's mode that a new one takes over


class FileChangedError(OSError):
    """The file is another one than the caller has read."""


def replace_below(
    root: str | Path,
    path: str,
    content: bytes,
    *,
    before: os.stat_result | None,
    like: os.stat_result,
    by_descriptor: bool = _BY_DESCRIPTOR,
) -> os.stat_result:
    """Write `content` to `path` below the folder `root`; return the status of the new file.

    `before` is the status of the file that it replaces; None if there must be none. Its mode and
    owner are those of `like`. Raises FileChangedError where another file is there, or another
    OSError: then nothing has changed.
    """
    name = path.rpartition("/")[2]
    draft = f"{_draft(path)}{secrets.token_hex(4)}{_PART}"
    with _folder(root, path, by_descriptor=by_descriptor) as (folder, place):
        descriptor = os.open(place / draft, _NEW, 0o600, dir_fd=folder)
        try:
            with os.fdopen(descriptor, "wb") as file:
                _take_over(file.fileno(), like)
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
                written = os.fstat(file.fileno())
            _require(place / name, before, folder)
            os.replace(place / draft, place / name, src_dir_fd=folder, dst_dir_fd=folder)
        except BaseException:
            with suppress(OSError):
                os.unlink(place / draft, dir_fd=folder)
            raise
        if folder is not None:
            with suppress(OSError):  # some network shares cannot
                os.fsync(folder)
    return written


def remove_drafts(root: str | Path, path: str, *, by_descriptor: bool = _BY_DESCRIPTOR) -> None:
    """Delete the drafts of `path` that a killed process has left. Raises OSError.

    The caller makes sure that no other process is writing.
    """
    with scan_below(root, path, by_component=by_descriptor) as listing:
        begin = _draft(path)
        drafts = [e.name for e in listing if e.name.startswith(begin) and e.name.endswith(_PART)]
    with _folder(root, path, by_descriptor=by_descriptor) as (folder, place):
        for draft in drafts:
            os.unlink(place / draft, dir_fd=folder)


def _draft(path: str) -> str:
    """Return what the names of drafts begin with: hidden, so that nothing indexes them."""
    return f".{path.rpartition('/')[2][:100]}."


@contextmanager
def _folder(
    root: str | Path, path: str, *, by_descriptor: bool
) -> Iterator[tuple[int | None, Path]]:
    """Return a descriptor of the folder of `path`, or its checked path where there are none."""
    if not by_descriptor:
        yield None, place_below(root, path).parent
        return
    folder = folder_below(root, path)
    try:
        yield folder, Path()
    finally:
        os.close(folder)


def _take_over(descriptor: int, like: os.stat_result) -> None:
    if hasattr(os, "fchown") and (os.geteuid(), os.getegid()) != (like.st_uid, like.st_gid):
        with suppress(OSError):  # only root may give files away
            os.fchown(descriptor, like.st_uid, like.st_gid)
    if hasattr(os, "fchmod"):
        with suppress(OSError):  # file systems without permissions
            os.fchmod(descriptor, stat.S_IMODE(like.st_mode) & _MODE)


def _require(path: Path, before: os.stat_result | None, folder: int | None) -> None:
    """Raise FileChangedError unless the file at a path is the one that was read."""
    try:
        now = os.stat(path, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        now = None
    same = (before is None) == (now is None) and (
        before is None or now is None or _state(before) == _state(now)
    )
    if not same:
        raise FileChangedError(errno.EBUSY, "another program has just changed it", str(path))


def _state(status: os.stat_result) -> tuple[int, int, int]:
    return status.st_ino, status.st_size, status.st_mtime_ns

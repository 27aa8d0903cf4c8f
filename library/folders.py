"""The folders that a library is made of: `one:two`, `art=/mnt/share`, and the name of each.

`s3://bucket/prefix` takes the place of a folder.

Knows texts and paths. Needs only the standard library, because settings are checked before anything
is installed.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from itertools import chain, count
from pathlib import Path
from typing import TYPE_CHECKING, Final

from library.errors import LibraryError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

# The name of a folder, before "=": no separator of paths, and not a control character.
_NAMED: Final = re.compile(r"([^=/\\\x00-\x1f]+)=(.+)", re.DOTALL)
# Takes the place of the path of a folder that this host does not have. No path begins with it,
# because those of folders are absolute.
_ELSEWHERE: Final = "elsewhere:"
_S3: Final = "s3://"
_SCHEME: Final = re.compile(r"(?:[^/]*=)?s3")  # the part before the separator in `art=s3://...`


class NameTaken(LibraryError):
    """Two folders were given the same name."""


@dataclass(frozen=True, slots=True)
class Bucket:
    """A bucket in S3, or what is below a prefix of it, in the place of a folder."""

    address: str  # s3://bucket/prefix, without a slash at its end

    def __str__(self) -> str:
        """Return the address."""
        return self.address

    def __fspath__(self) -> str:
        """Return the address: the root of files, as the path of a folder is."""
        return self.address

    @property
    def bucket(self) -> str:
        """The name of the bucket, empty where the address has none."""
        return self.address.removeprefix(_S3).partition("/")[0]

    @property
    def prefix(self) -> str:
        """What the keys of its objects begin with, before a slash."""
        return self.address.removeprefix(_S3).partition("/")[2]

    @property
    def name(self) -> str:
        """The last part of the address."""
        return self.address.rpartition("/")[2]

    def resolve(self) -> Bucket:
        """Return itself: an address has one form."""
        return self

    def is_dir(self) -> bool:
        """Return false: it is no folder of this machine."""
        return False


def is_address(root: str | Path) -> bool:
    """Return whether a root is in S3, and no folder."""
    return isinstance(root, str) and root.startswith(_S3)


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder to be indexed, and the name that it was given, if any."""

    path: Path | Bucket
    name: str | None = None

    @classmethod
    def parse(cls, text: str) -> Folder:
        """Return the folder of `path` or `name=path`; a folder that exists as written is a path."""
        path = _expanded(text)
        named = _NAMED.fullmatch(text)
        if named is None or path.is_dir():
            return cls(path)
        return cls(_expanded(named[2]), named[1].strip() or None)


def elsewhere(name: str) -> str:
    """Return what takes the place of the path of a folder that only other hosts have."""
    return _ELSEWHERE + name


def name_elsewhere(path: str) -> str | None:
    """Return the name of a folder that only other hosts have, None for a path of this host."""
    return path.removeprefix(_ELSEWHERE) if path.startswith(_ELSEWHERE) else None


def parse_folders(text: str, separator: str = os.pathsep) -> tuple[Folder, ...]:
    """Return the folders of a setting, in order and without duplicates.

    They are separated by the system's path separator. A folder whose name contains the separator is
    one folder where it exists.
    """
    parts: list[str] = []
    for part in text.split(separator):
        if parts and part.startswith("//") and _SCHEME.fullmatch(parts[-1]):
            parts[-1] += separator + part
        else:
            parts.append(part)
    folders: list[Folder] = []
    start = 0
    while start < len(parts):
        for end in range(len(parts), start, -1):
            folder = Folder.parse(separator.join(parts[start:end]))
            if end == start + 1 or folder.path.is_dir():
                break
        if separator.join(parts[start:end]).strip():
            folders.append(folder)
        start = end
    return unique(folders)


def unique(folders: Iterable[Folder]) -> tuple[Folder, ...]:
    """Return the folders without those that were listed before."""
    by_path: dict[Path | Bucket, Folder] = {}
    for folder in folders:
        by_path.setdefault(folder.path.resolve(), folder)
    return tuple(by_path.values())


def names(folders: Sequence[tuple[str, str | None]], known: Mapping[str, str]) -> dict[str, str]:
    """Return path -> name for folders of (absolute path, given name); `known` are name -> path.

    A folder keeps its name. A new one has the name that it was given or its base name, with a
    number where another folder has that name. The name of a folder that does not exist any more is
    free: it was moved. Raises NameTaken.
    """
    result: dict[str, str] = {}
    for path, given in folders:
        if given is not None:
            if given in result.values():
                raise NameTaken(f"two folders have the name {given!r}: give each its own")
            result[path] = given
    before = {path: name for name, path in known.items()}
    for path, _ in folders:
        if path not in result and before.get(path, "") not in {"", *result.values()}:
            result[path] = before[path]
    for path, _ in folders:
        if path not in result:
            result[path] = _new_name(path, result, known)
    return {path: result[path] for path, _ in folders}


def _new_name(path: str, named: Mapping[str, str], known: Mapping[str, str]) -> str:
    base = os.fsencode(Path(path).name).decode("utf-8", "replace") or "folder"
    taken = {*named.values(), *(n for n, of in known.items() if of != path and Path(of).is_dir())}
    numbered = chain([base], (f"{base}-{number}" for number in count(2)))
    return next(name for name in numbered if name not in taken)


def _expanded(text: str) -> Path | Bucket:
    """Return the path of a text; a shell does not expand `~` within one."""
    if text.startswith(_S3):
        return Bucket(_S3 + text.removeprefix(_S3).rstrip("/"))
    is_home = text == "~" or text[:2] in {"~/", "~\\"}
    return Path(text).expanduser() if is_home else Path(text)

"""Where this host has the folders of a library that several hosts use.

Such a library stores the name of each folder in place of its path. `ROOT`, the type of those
columns, converts both ways, so all code of a host works with the host's own paths. A library of one
host stores paths, and its `HostRoots` are empty.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from weakref import WeakKeyDictionary

import msgspec
import sqlalchemy as sa

from library.folders import elsewhere, name_elsewhere, names
from library.home import ROOTS, write_atomically

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sqlalchemy.engine.interfaces import Dialect

    from library.folders import Folder

_DECODER: Final = msgspec.json.Decoder(dict[str, str])


class HostRoots:
    """The names of folders and their paths on this host, stored in a file of the home."""

    def __init__(self, home: Path | None = None, *, is_named: bool = True) -> None:
        """Read what an earlier process of this host has stored."""
        self.is_named = is_named  # whether the library stores names
        self._file = None if home is None else home / ROOTS
        self._state: tuple[int, int] | None = None  # of the file, as it was read
        self._paths: dict[str, str] = {}
        self._names: dict[str, str] = {}
        self._read()

    def paths(self) -> dict[str, str]:
        """Return name -> path of the folders that this host has."""
        self._read()
        return dict(self._paths)

    def hold(self, named: Mapping[str, str]) -> None:
        """Have folders, path -> name; those of before stay, unless their name or path is taken."""
        if not self.is_named:
            return
        here = {name: path for path, name in named.items() if name_elsewhere(path) is None}
        kept = {n: path for n, path in self.paths().items() if path not in here.values()}
        after = kept | here
        if after == self._paths:
            return
        self._put(after)
        if self._file is not None:
            content = {name: os.fsencode(path).hex() for name, path in after.items()}
            write_atomically(self._file, msgspec.json.encode(content))

    def hold_folders(self, folders: Iterable[Folder]) -> None:
        """Have these folders; one without a name is named by its path.

        A folder that has a name keeps it here: the indexer renames it in the library as well.
        """
        if self.is_named:
            given = [(str(folder.path.resolve()), folder.name) for folder in folders]
            named = names(given, self.paths())
            self.hold({path: name for path, name in named.items() if path not in self._names})

    def stored(self, path: bytes) -> bytes:
        """Return what the library stores for a path: its name, or itself where it has none."""
        if not self.is_named:
            return path
        text = os.fsdecode(path)
        name = name_elsewhere(text)
        if name is None and text not in self._names:
            self._read()
        return os.fsencode(self._names.get(text, text) if name is None else name)

    def shown(self, stored: bytes) -> bytes:
        """Return the path on this host for what the library stores, or `folders.elsewhere`."""
        name = os.fsdecode(stored)
        if not self.is_named or not name or Path(name).is_absolute():
            return stored
        if name not in self._paths:
            self._read()
        return os.fsencode(self._paths.get(name, elsewhere(name)))

    def _put(self, paths: Mapping[str, str]) -> None:
        self._paths = dict(paths)
        self._names = {path: name for name, path in paths.items()}

    def _read(self) -> None:
        """Read the file again where another process has written it."""
        if self._file is None:
            return
        try:
            status = self._file.stat()
            state = (status.st_mtime_ns, status.st_ino)
            if state == self._state:
                return
            stored = _DECODER.decode(self._file.read_bytes())
            self._put({name: os.fsdecode(bytes.fromhex(path)) for name, path in stored.items()})
            self._state = state
        except (OSError, ValueError):  # msgspec's errors are ValueErrors
            return


_OF: Final[WeakKeyDictionary[Dialect, HostRoots]] = WeakKeyDictionary()
_PATHS: Final = HostRoots(is_named=False)


def convert(engine: sa.Engine, roots: HostRoots) -> None:
    """Have the columns of an engine converted by `roots`."""
    _OF[engine.dialect] = roots


def roots_of(connection: sa.Connection) -> HostRoots:
    """Return what converts the columns of a connection."""
    return _OF.get(connection.dialect, _PATHS)


class _Root(sa.types.TypeDecorator[bytes]):
    impl = sa.LargeBinary
    cache_ok = True

    def process_bind_param(self, value: bytes | None, dialect: Dialect) -> Any:
        """Return what is stored for a path."""
        return value if value is None else _OF.get(dialect, _PATHS).stored(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> bytes | None:
        """Return the path for what is stored."""
        return value if value is None else _OF.get(dialect, _PATHS).shown(bytes(value))


ROOT: Final = _Root()  # a folder: its path, as bytes

"""What people decided in all libraries of a data folder, as JSON Lines: ids of files and decisions.

`python -m library.store.decisions.backup write|restore FOLDER --data DATA [--replace]`, called by
`python -m app backup` and `restore`, which put the folder into their file: `HOME/identities.jsonl`
and `HOME/decisions.jsonl` for each library. Ids are part of it, because decisions are keyed by
them, and a library that is indexed anew without them gets others.
"""

from __future__ import annotations

import argparse
import sys
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, cast

import sqlalchemy as sa

import table_rows
from library.errors import IndexMissing, LibraryError
from library.home import LOCK
from library.store import identities, opening
from library.store.backends import sqlite
from library.store.backends.own_file import OwnFile
from library.store.decisions import stored as decisions
from library.store.tables import UID, assets, meta

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from library.store.backends.own_file import OwnTables
    from library.store.backends.postgres import PostgresStore

LIBRARIES: Final = "libraries"  # below the data folder
_IDENTITIES: Final = "identities"
_DECISIONS: Final = "decisions"
_TABLES: Final = {_IDENTITIES: identities.metadata, _DECISIONS: decisions.metadata}


class CannotRestore(LibraryError):
    """A backup that does not fit, or would replace what is there; nothing was changed."""


def write(folder: Path, data: Path) -> int:
    """Write the libraries below `data` into a folder; return the number of rows."""
    written = 0
    homes = sorted((data / LIBRARIES).glob("*/"))
    if opening.is_one_library():  # whichever home this host has for it
        homes = homes[:1] or [data / LIBRARIES / "library"]
    for home in homes:
        with _library(home, create=False) as library:
            for group, tables in library.groups.items():
                with tables.reading() as connection:
                    if connection is None:
                        continue
                    target = folder / home.name / f"{group}.jsonl"
                    target.parent.mkdir(parents=True, exist_ok=True)
                    with target.open("wb") as lines:
                        for line in table_rows.dump(connection, _TABLES[group].sorted_tables):
                            lines.write(line)
                            written += 1
    return written


def restore(folder: Path, data: Path, *, replace: bool) -> int:
    """Replace the ids and decisions of the libraries in a folder; return the number of rows.

    All or nothing. Raises CannotRestore; without `replace` also where there are decisions already,
    or where a library was indexed with other ids. With it, such an index is removed: it is made
    again with the restored ids.
    """
    restored = 0
    homes = {data / LIBRARIES / each.name: each for each in sorted(folder.glob("*/"))}
    if len(homes) > 1 and opening.is_one_library():
        raise CannotRestore(f"The backup has {len(homes)} libraries, and {opening.URL} names one")
    outdated = []
    with ExitStack() as stack:
        for home, source in homes.items():
            library = stack.enter_context(_library(home, create=True))
            stack.enter_context(_unused(library))
            connections = {}
            for group, tables in library.groups.items():
                connection = connections[group] = stack.enter_context(tables.writing())
                listed = _TABLES[group].sorted_tables
                if group == _DECISIONS and not replace and table_rows.count(connection, listed):
                    raise CannotRestore(f"{home} has decisions already")
                try:
                    lines = _lines(source / f"{group}.jsonl")
                    restored += table_rows.replace(connection, listed, lines)
                except (table_rows.NotRestored, sa.exc.StatementError) as error:
                    raise CannotRestore(f"{source.name}/{group}.jsonl: {error}") from error
            if _has_other_ids(library, connections[_IDENTITIES]):
                if library.store is not None:
                    raise CannotRestore(
                        f"The library {library.store.name} in PostgreSQL was indexed with other "
                        f"ids. Remove its index, DROP SCHEMA akin_{library.store.name} CASCADE, "
                        "and restore again"
                    )
                if not replace:
                    raise CannotRestore(f"{home} was indexed with other ids")
                outdated.append(home)
    for home in outdated:
        for suffix in ("", "-wal", "-shm"):
            (home / f"{sqlite.FILE}{suffix}").unlink(missing_ok=True)
    for home in homes:
        _show(home)
    return restored


@dataclass(frozen=True, slots=True)
class _Library:
    """A library: its home, its tables by group, and its store where that is PostgreSQL."""

    home: Path
    groups: Mapping[str, OwnTables]
    store: PostgresStore | None = None


@contextmanager
def _library(home: Path, *, create: bool) -> Iterator[_Library]:
    """Open a library; its groups are empty where PostgreSQL has none and `create` is false."""
    if not opening.is_in_postgresql():
        files = {
            _IDENTITIES: OwnFile(
                home / identities.FILE, identities.metadata, identities.VERSION, ""
            ),
            _DECISIONS: OwnFile(home / decisions.FILE, decisions.metadata, decisions.VERSION, ""),
        }
        with ExitStack() as stack:
            for tables in files.values():
                stack.enter_context(closing(tables))
            yield _Library(home, files)
        return
    try:
        store = cast("PostgresStore", opening.open_store(home, create=create))
    except IndexMissing:
        yield _Library(home, {})
        return
    with closing(store):
        groups = {_IDENTITIES: store.identities().tables, _DECISIONS: store.decisions.tables}
        yield _Library(home, groups, store)


def _lines(file: Path) -> Iterable[bytes]:
    """Return the lines of a file; none where it does not exist."""
    return file.read_bytes().splitlines() if file.exists() else ()


@contextmanager
def _unused(library: _Library) -> Iterator[None]:
    """Keep indexers out of a library. Raises CannotRestore where one is running."""
    error = CannotRestore(f"{library.home} is being indexed: stop Akin first")
    if library.store is not None:

        def refuse() -> None:
            raise error

        with library.store.indexing(refuse):
            yield
        return
    if not (library.home / sqlite.FILE).exists():
        yield
        return
    from filelock import FileLock, Timeout  # which a server of the API alone does not have

    try:
        with FileLock(library.home / LOCK, timeout=0):
            yield
    except Timeout:
        raise error from None


def _has_other_ids(library: _Library, ids: sa.Connection) -> bool:
    """Return whether the index of a library was made without the ids that are stored now."""
    if library.store is not None:
        with library.store.reading() as connection:
            uid = connection.scalar(_UID)
            is_empty = connection.scalar(sa.select(assets.c.number).limit(1)) is None
        return not is_empty and not _is_known(uid, ids)
    file = library.home / sqlite.FILE
    if not file.exists():
        return False
    engine = sa.create_engine(sa.URL.create("sqlite", database=str(file)))
    try:
        with engine.connect() as connection:
            uid = connection.scalar(_UID)
    except sa.exc.DatabaseError:
        return True  # damaged, or of a version without it
    finally:
        engine.dispose()
    return not _is_known(uid, ids)


_UID: Final = sa.select(meta.c.value).where(meta.c.key == UID)


def _is_known(uid: str | None, ids: sa.Connection) -> bool:
    known = identities.metadata.tables["indexes"]
    return ids.scalar(sa.select(known.c.uid).where(known.c.uid == uid)) is not None


def _show(home: Path) -> None:
    """Show the decisions in the index, where there is one; else the next start does."""
    from library.store.decisions.follow import follow
    from library.store.index import Index

    with suppress(IndexMissing, LibraryError), closing(Index.open(home)) as index:
        follow(index)


def main() -> int:
    """Run the command line; return the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m library.store.decisions.backup", description=__doc__
    )
    parser.add_argument("action", choices=("write", "restore"))
    parser.add_argument("folder", type=Path)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--replace", action="store_true")
    options = parser.parse_args()
    try:
        if options.action == "write":
            rows = write(options.folder, options.data)
        else:
            rows = restore(options.folder, options.data, replace=options.replace)
    except (LibraryError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(f"{rows}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""A library in files of its home: `library.sqlite`, and the two that survive it.

Knows connections, pragmas, transactions and schema versions; nothing of assets.
"""

from __future__ import annotations

import secrets
from contextlib import closing, contextmanager, nullcontext, suppress
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from library.errors import (
    IndexBroken,
    IndexMissing,
    IndexUnusable,
    SchemaTooNew,
    SchemaTooOld,
)
from library.home import key_pair, signing_secret
from library.store import tables
from library.store.blobs import FolderBlobs
from library.store.decisions.stored import Decisions
from library.store.host_roots import HostRoots
from library.store.identities import Identities

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from library.home import KeyPair

FILE = "library.sqlite"
# The command, relative to the folder in which Akin is installed.
_INDEX_COMMAND = ".venv/bin/python -m library index FOLDER, or make run ASSETS=FOLDER"
_CONVERTIBLE = (2, 3, 4, 5, 6, 7, 8)  # versions whose tables and columns are all in this one
_OLD_SOURCES = sa.text("SELECT id, root, path, sha256 FROM sources")  # in every version

_PRAGMAS = (
    "PRAGMA busy_timeout = 30000",  # a second writer waits for the first one's batch
    "PRAGMA journal_mode = WAL",  # readers and one writer at a time do not wait for each other
    "PRAGMA synchronous = NORMAL",  # in WAL mode a crash loses no consistency
    "PRAGMA cache_size = -16384",
    # The most that SQLite maps: the rows that a search compares are all over the file, and reading
    # them costs more than comparing them. The pages are the system's cache, not own memory.
    "PRAGMA mmap_size = 2147418112",
    "PRAGMA temp_store = MEMORY",
)


class SqliteStore:
    """The library in the folder `home`."""

    def __init__(self, home: Path, *, create: bool) -> None:
        """Open it; raises as `open_engine` and `Decisions.open`."""
        self._home = home
        self.blobs = FolderBlobs(home)
        self.decisions = Decisions.open(home)  # raises before the index is changed
        self.engine = open_engine(home, create=create)
        self.roots = HostRoots(is_named=False)
        self.work = None

    def identities(self) -> Identities:
        """Open the table of ids."""
        return Identities.open(self._home)

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """Return a connection that sees one state of the library until it is released."""
        with self.engine.connect() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """Return a connection in a write transaction, which is rolled back on an error."""
        with _writing(self.engine) as connection:
            yield connection

    def indexing(self, waiting: Callable[[], None]) -> AbstractContextManager[None]:
        """Do nothing: a lock in the home allows one indexer (`ingest.runs.exclusive`)."""
        del waiting
        return nullcontext()

    def alone(self, task: str) -> AbstractContextManager[bool]:
        """Return that this process may: no other host does, and callers have locks in the home."""
        del task
        return nullcontext(enter_result=True)

    def key_pair(self) -> KeyPair:
        """Return the credentials of clients, created on first use."""
        return key_pair(self._home)

    def signing_secret(self) -> bytes:
        """Return the 32 bytes that sign URLs, created on first use."""
        return signing_secret(self._home)

    def check(self) -> None:
        """Do nothing: files have no server."""

    def close(self) -> None:
        """Release the file."""
        self.engine.dispose()


def open_engine(home: Path, *, create: bool) -> sa.Engine:
    """Return the engine of the library in `home`, its schema checked.

    With `create`, a missing library is created, and one of an older version is converted or
    emptied; the ids of its assets are kept (`identities`). Raises
    IndexMissing, IndexBroken where the file is damaged, IndexUnusable where it cannot be opened
    now, SchemaTooNew and SchemaTooOld.
    """
    file = home / FILE
    if not file.exists():
        if not create:
            raise IndexMissing(f"There is no library in {home}. Create one with: {_INDEX_COMMAND}")
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        with suppress(OSError):  # SQLite reports the error
            file.touch(mode=0o600)  # SQLite's other files get the same mode
    engine = sa.create_engine(
        sa.URL.create("sqlite", database=str(file)),
        connect_args={"check_same_thread": False},
        pool_size=16,
        max_overflow=16,
    )
    sa.event.listen(engine, "connect", _prepare)
    sa.event.listen(engine, "begin", _begin)
    try:
        with engine.connect() as connection:
            version = int(connection.exec_driver_sql("PRAGMA user_version").scalar_one())
            if version == tables.VERSION:
                connection.execute(sa.select(tables.meta.c.value).limit(1)).first()
    except sa.exc.OperationalError as error:
        engine.dispose()
        raise IndexUnusable(
            f"The library in {home} cannot be opened ({error.orig}). It was not changed. Check "
            "that the folder is writable and that the disk is not full"
        ) from error
    except sa.exc.DatabaseError as error:
        engine.dispose()
        raise IndexBroken(
            f"The index {file} is damaged ({error.orig}). Your own files are not affected. Delete "
            f"the index and index again: {_INDEX_COMMAND}"
        ) from error
    if version > tables.VERSION:
        engine.dispose()
        raise SchemaTooNew(
            f"The library in {home} was written by a newer version of Akin (schema {version}, "
            f"this one reads {tables.VERSION}). Use that version, or index into another home."
        )
    if 0 < version < tables.VERSION and not create:
        engine.dispose()
        raise SchemaTooOld(
            f"The library in {home} was written by an older version of Akin (schema {version}, "
            f"this one writes {tables.VERSION}). Index again: {_INDEX_COMMAND}"
        )
    if version < tables.VERSION:
        with _writing(engine) as connection:
            if version in _CONVERTIBLE:
                _extend_tables(connection)
            else:
                _create_tables(home, connection, version)
            connection.exec_driver_sql(f"PRAGMA user_version = {tables.VERSION}")
    return engine


def _create_tables(home: Path, connection: sa.Connection, version: int) -> None:
    """Create empty tables. The content comes from files: an older index is indexed again."""
    if version:
        files = connection.execute(_OLD_SOURCES).all()
        with closing(Identities.open(home)) as table:
            table.rescue([(row.id, row.root, row.path, row.sha256) for row in files])
    _drop_tables(connection)
    tables.metadata.create_all(connection)
    for statement in tables.WORDS_DDL:
        connection.exec_driver_sql(statement)
    connection.execute(sa.insert(tables.meta), {"key": tables.UID, "value": secrets.token_hex(8)})


def _extend_tables(connection: sa.Connection) -> None:
    """Create the tables and columns that are missing; the indexer and `follow` fill them."""
    tables.metadata.create_all(connection)
    for table in tables.metadata.sorted_tables:
        rows = connection.exec_driver_sql(f'PRAGMA table_info("{table.name}")')
        known = {row[1] for row in rows}
        for column in table.columns:
            if column.name not in known:
                kind = column.type.compile(connection.dialect)
                connection.exec_driver_sql(
                    f'ALTER TABLE "{table.name}" ADD COLUMN "{column.name}" {kind}'
                )


def _drop_tables(connection: sa.Connection) -> None:
    names = connection.exec_driver_sql(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' "
        # Dropping `words` drops the tables of FTS5 whose names begin with it.
        "ORDER BY name <> 'words'"
    )
    for name in names.scalars().all():
        connection.exec_driver_sql(f'DROP TABLE IF EXISTS "{name}"')


def _prepare(connection: Any, _record: Any) -> None:
    # `_begin` begins transactions, not the driver.
    connection.isolation_level = None
    for pragma in _PRAGMAS:
        connection.execute(pragma).close()


def _begin(connection: sa.Connection) -> None:
    immediate = connection.get_execution_options().get("immediate", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")


@contextmanager
def _writing(engine: sa.Engine) -> Iterator[sa.Connection]:
    with (
        engine.connect().execution_options(immediate=True) as connection,
        connection.begin(),
    ):
        yield connection

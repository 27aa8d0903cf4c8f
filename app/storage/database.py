"""The database of what people stored: SQLite in the data folder, or PostgreSQL.

Opened by its first use, and brought up to date then (`app/storage/migrations`). An installation
that stores nothing has no database file. With several hosts in the address of PostgreSQL the
primary among them is used, and any other for reading while there is no primary. Records
(`app/records`) declare their tables in `metadata` and use connections; this module knows no table.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import weakref
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa

from app.errors import StoreFailed, StoreTooNew
from app.network.circuit_breaker import CircuitBreaker
from app.storage.migrations import upgrade
from config import InvalidSettings
from environment import parsers

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FILE: Final = "akin.sqlite"
WAIT_SECONDS: Final = 8  # for the transaction of another process; shorter than AKIN_TIMEOUT
CONNECT_SECONDS: Final = 3
_ONE_STATE: Final = "REPEATABLE READ"  # of the data, for all queries of a reader
metadata: Final = sa.MetaData()

_DISK_FULL: Final = frozenset({"53100", "53200"})  # SQLSTATE: disk full, out of memory


class Database:
    """One database, for all threads of a process. Its methods raise StoreFailed and StoreTooNew."""

    def __init__(self, url: str, folder: Path) -> None:
        """Connect to nothing yet. `url` is that of PostgreSQL, or "": a file in `folder`.

        Raises InvalidSettings where the driver is not installed.
        """
        self._file = None if url else folder / FILE
        engine = _postgresql(_servers(url, "read-write")) if url else _sqlite(folder / FILE)
        self._writer = engine.execution_options(akin_writes=True)
        self._reader = engine.execution_options(isolation_level=_ONE_STATE) if url else engine
        self._replica = (
            _postgresql(_servers(url, "any")).execution_options(isolation_level=_ONE_STATE)
            if url and _has_several(url)
            else None
        )
        self._is_open = threading.Event()
        self._renew()
        _DATABASES.add(self)

    def _renew(self) -> None:
        """Make the locks, which another thread may hold while a process is forked."""
        self._opening = threading.Lock()
        self._breaker = CircuitBreaker(failures=1, longest=10.0)  # one time-out, not one a page

    def _after_fork(self) -> None:
        """Leave the connections, which cannot be shared, to the parent process."""
        self._dispose(close=False)
        self._renew()

    @property
    def is_empty(self) -> bool:
        """True while nothing was ever stored here: there is nothing to read, and no file."""
        return self._file is not None and not self._file.exists()

    @property
    def name(self) -> str:
        """The file, or the address without its password, for messages."""
        return str(self._file or self._reader.url)

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """A connection with a consistent view of the data, for queries."""
        with self._errors(), self._for_reading() as connection, connection.begin():
            yield connection

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """A connection whose transaction is committed at the end, or rolled back by an error.

        SQLite: no other process writes meanwhile. Keep it short, and make no call of the API in it.
        """
        with self._errors():
            self._open()
            with self._connected(self._writer) as connection, connection.begin():
                yield connection

    def _for_reading(self) -> sa.Connection:
        """Connect to the primary, which has what was just written, or else to a replica."""
        try:
            self._open()
            return self._connected(self._reader)
        except (StoreFailed, sa.exc.OperationalError) as error:
            if self._replica is None or isinstance(error, StoreTooNew):
                raise
            return self._replica.connect()

    def check(self) -> str:
        """Return a line for administrators."""
        if self.is_empty:
            return "nothing has been stored yet"
        with self.reading() as connection:
            connection.execute(sa.select(sa.literal(1)))
        return f"{self.name} can be read"

    def close(self) -> None:
        """Close all connections; the next use opens new ones."""
        self._dispose()

    def _dispose(self, *, close: bool = True) -> None:
        for engine in filter(None, (self._writer, self._replica)):
            engine.dispose(close=close)

    def _open(self) -> None:
        """Create or upgrade the tables, once in a process."""
        if self._is_open.is_set():
            return
        with self._opening:
            if self._is_open.is_set():
                return
            if self._file is not None:
                self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                self._file.touch(mode=0o600)
            with self._connected(self._writer) as connection:
                upgrade(connection, self.name)
            self._is_open.set()

    def _connected(self, engine: sa.Engine) -> sa.Connection:
        """Connect; after a failed attempt, the next one is made some seconds later."""
        if wait := self._breaker.wait():
            error = StoreFailed(f"{self.name} could not be reached a moment ago.")
            error.retry_after = wait
            raise error
        try:
            connection = engine.connect()
        except BaseException:
            self._breaker.failed()
            raise
        self._breaker.succeeded()
        return connection

    @contextmanager
    def _errors(self) -> Iterator[None]:
        """Raise StoreFailed for errors of the database that no record caused."""
        try:
            yield
        except (sa.exc.OperationalError, sa.exc.InternalError) as error:
            raise StoreFailed(f"{self.name}: {_reason(error)}") from error
        except sa.exc.DatabaseError as error:
            if isinstance(error, sa.exc.IntegrityError | sa.exc.DataError):
                raise
            if isinstance(error.orig, sqlite3.DatabaseError):
                message = f"{self.name} is damaged, or is no database ({error.orig})."
                raise StoreFailed(f"{message} Restore a backup: python -m app restore.") from error
            raise
        except sa.exc.TimeoutError as error:
            raise StoreFailed(f"{self.name}: all connections are in use.") from error
        except OSError as error:
            raise StoreFailed(f"{self.name}: {error.strerror or error}.") from error


_DATABASES: Final[weakref.WeakSet[Database]] = weakref.WeakSet()


def _after_fork() -> None:
    for database in list(_DATABASES):
        database._after_fork()  # noqa: SLF001 - of this module


if hasattr(os, "register_at_fork"):  # not on Windows
    os.register_at_fork(after_in_child=_after_fork)


def _reason(error: sa.exc.DBAPIError) -> str:
    """Return what happened, in words, for the causes that an administrator can remove."""
    original = error.orig
    state = getattr(original, "sqlstate", None)
    code = getattr(original, "sqlite_errorcode", 0) & 0xFF
    if state in _DISK_FULL or code == sqlite3.SQLITE_FULL:
        return "the disk is full. Nothing of this was stored."
    if code in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
        return f"another process has been writing for more than {WAIT_SECONDS} seconds."
    if code == sqlite3.SQLITE_READONLY:
        return "the file or its folder cannot be written."
    if code == sqlite3.SQLITE_CANTOPEN:
        return "the file cannot be opened; its folder may not be writable."
    if code == sqlite3.SQLITE_IOERR:
        return "reading or writing failed; the disk may be full or damaged."
    return " ".join(str(original).split())[:300]


def _sqlite(file: Path) -> sa.Engine:
    """Return an engine with a rollback journal, which a network share allows as well."""
    engine = sa.create_engine(
        sa.URL.create("sqlite", database=str(file)),
        connect_args={"check_same_thread": False, "timeout": WAIT_SECONDS},
        pool_size=4,
        max_overflow=12,
        pool_timeout=WAIT_SECONDS,
    )

    def prepare(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None  # transactions begin where `begin` says so
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")

    def begin(connection: sa.Connection) -> None:
        writes = connection.get_execution_options().get("akin_writes")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    sa.event.listen(engine, "connect", prepare)
    sa.event.listen(engine, "begin", begin)
    return engine


def _has_several(url: str) -> bool:
    """Return whether an address has several hosts."""
    return isinstance(sa.make_url(url).query.get("host"), tuple)


def _servers(url: str, which: str) -> sa.URL:
    """Return an address that leads, of several hosts, to one that is `which` (libpq)."""
    address = sa.make_url(url)
    wanted = {"target_session_attrs": which} if _has_several(url) else {}
    return address.update_query_dict(wanted)


def _postgresql(url: sa.URL) -> sa.Engine:
    """Return an engine that survives a restart of the server."""
    address = url.set(drivername="postgresql+psycopg")
    options: dict[str, Any] = {"connect_timeout": CONNECT_SECONDS} | parsers.POSTGRESQL_LOSS
    if "options" not in address.query:
        options["options"] = f"-c lock_timeout={WAIT_SECONDS}s -c statement_timeout=60s"
    try:
        return sa.create_engine(
            address,
            connect_args={k: v for k, v in options.items() if k not in address.query},
            pool_size=4,
            max_overflow=12,
            pool_timeout=WAIT_SECONDS,
            pool_pre_ping=True,
        )
    except ImportError as error:
        raise InvalidSettings(
            "AKIN_STORE_URL: PostgreSQL needs psycopg, which is not installed: "
            "python3 -m scripts.install requirements/postgres.lock"
        ) from error

"""A library in PostgreSQL: one schema for the index, and one for the tables that survive it.

Several hosts may use it. Every process keeps its snapshot in memory and follows the generation. A
write transaction holds a lock of the library from its beginning: numbers that are given are visible
in their order, or a follower that has read a higher one would miss a lower one that is committed
later. With several hosts in the address, a process may read from a replica: the primary among them
is found for writing, and a writer waits until its replica has what it wrote. Server 15 or newer,
without extensions.
"""

from __future__ import annotations

import hashlib
import re
import secrets
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final

import sqlalchemy as sa

from environment import parsers
from library.errors import IndexBroken, IndexMissing, IndexUnusable, SchemaTooNew, SchemaTooOld
from library.home import KeyPair
from library.store import identities, tables
from library.store.backends import dialects
from library.store.decisions import stored as decisions
from library.store.decisions.stored import Decisions
from library.store.host_roots import HostRoots, convert
from library.store.identities import Identities
from library.store.types import TEXT, WHOLE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

PREFIX: Final = "postgresql://"
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
_VERSION: Final = "schema"  # in meta: the version of the tables
_COMMAND: Final = ".venv/bin/python -m library index FOLDER"
VERSION: Final = tables.VERSION + 1  # of the tables here: work is shared, folders are named
_CONNECT_SECONDS: Final = 2  # with a server that is off; pages wait for it
_RECYCLE_SECONDS: Final = 60  # until a connection is made anew: a replica may have returned
_OLDEST: Final = 15  # of the server
_REPLICA_SECONDS: Final = 5.0  # in which a replica shows what was written
_POLL_SECONDS: Final = 0.01
_REPLAYED: Final = sa.text(
    "SELECT NOT pg_is_in_recovery() "
    "OR pg_last_wal_replay_lsn() >= CAST(CAST(:written AS text) AS pg_lsn)"
)

_kept = sa.MetaData()
for _table in (*decisions.metadata.sorted_tables, *identities.metadata.sorted_tables):
    _table.to_metadata(_kept)
_secrets = sa.Table(
    "secrets",
    _kept,
    sa.Column("name", TEXT, primary_key=True),
    sa.Column("value", sa.LargeBinary, nullable=False),
)
_words = sa.Table(
    "words",
    sa.MetaData(),
    sa.Column("rowid", WHOLE, primary_key=True, autoincrement=False),
    *(sa.Column(name, TEXT, nullable=False) for name in tables.WORD_COLUMNS),
)


class OwnSchema:
    """The tables beside the index. Writers wait for each other, by the name of their lock."""

    def __init__(self, engine: sa.Engine, lock: str) -> None:
        self._engine, self._lock = engine, lock

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """Return a connection that sees one state."""
        with _errors(self._engine), _reading(self._engine) as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """Return a transaction, which is rolled back on an error; others wait for its end."""
        with _errors(self._engine), _writing(self._engine, self._lock) as connection:
            yield connection

    def close(self) -> None:
        """Leave the connections to the store."""


class PostgresStore:
    """The library that `url` names. Thread-safe."""

    def __init__(self, url: str, *, create: bool, name: str = "", home: Path | None = None) -> None:
        """Connect, and with `create` create the tables that are missing.

        `name` is that of the library where the URL states no `library`. `home` has the places of
        its folders on this host. Raises IndexMissing, IndexUnusable, SchemaTooNew and SchemaTooOld.
        """
        address = sa.make_url(url)
        self.name = _library_name(address, name)
        self._schema = f"akin_{self.name}"
        primary = _primary(address)
        self._has_replica = primary != address
        self.engine = _engine(address, self._schema, 16)
        self._writer = _engine(primary, self._schema, 4) if self._has_replica else self.engine
        self._kept = _engine(primary, f"{self._schema}_kept", 4)
        self.roots = HostRoots(home)
        for each in (self.engine, self._writer):
            convert(each, self.roots)
        try:
            with _errors(self.engine):
                self._prepare(create=create)
            self.decisions = Decisions(OwnSchema(self._kept, f"{self._schema}.decisions"))
        except BaseException:
            self.close()
            raise

    def identities(self) -> Identities:
        """Open the table of ids."""
        return Identities(OwnSchema(self._kept, f"{self._schema}.identities"))

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """Return a connection that sees one state of the library until it is released."""
        with _reading(self.engine) as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """Return a connection in a write transaction, which is rolled back on an error."""
        with _writing(self._writer, self._schema) as connection:
            yield connection
        if self._has_replica:
            self._wait_for_replica()

    @contextmanager
    def indexing(self, waiting: Callable[[], None]) -> Iterator[None]:
        """Hold the right to change what is indexed, for as long as this process is connected."""
        name = sa.func.hashtextextended(f"{self._schema}.indexing", 0)
        with self._writer.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            with _errors(self.engine):
                taken = connection.execute(sa.select(sa.func.pg_try_advisory_lock(name))).scalar()
                if not taken:
                    waiting()
                    connection.execute(sa.select(sa.func.pg_advisory_lock(name)))
            try:
                yield
            finally:
                with suppress(sa.exc.DBAPIError):  # the lock ends with the connection
                    connection.execute(sa.select(sa.func.pg_advisory_unlock(name)))

    def key_pair(self) -> KeyPair:
        """Return the credentials of clients, created on first use."""
        created = f"api_{secrets.token_hex(12)}:{secrets.token_urlsafe(32)}".encode()
        key, _, secret = self._secret("key pair", created).decode().partition(":")
        return KeyPair(key, secret)

    def signing_secret(self) -> bytes:
        """Return the 32 bytes that sign URLs, created on first use."""
        return self._secret("signing key", secrets.token_bytes(32))

    def close(self) -> None:
        """Release the connections."""
        for engine in (self.engine, self._writer, self._kept):
            engine.dispose()

    def _secret(self, name: str, created: bytes) -> bytes:
        """Return a stored value; the first process stores it."""
        stored = sa.select(_secrets.c.value).where(_secrets.c.name == name)
        schema = {None: f"{self._schema}_kept"}
        with _errors(self._kept):
            with _reading(self.engine) as connection:  # a replica has it, too
                at_replica = connection.execution_options(schema_translate_map=schema)
                value = at_replica.execute(stored).scalar()
            if value is None:
                with _writing(self._kept, f"{self._schema}.secrets") as connection:
                    dialects.put(connection, _secrets, [{"name": name, "value": created}])
                    value = connection.execute(stored).scalar_one()
        return bytes(value)

    def _wait_for_replica(self) -> None:
        """Wait until readers of this process see what it has written; at most some seconds."""
        with self._writer.connect() as connection:
            written = connection.exec_driver_sql("SELECT pg_current_wal_lsn()::text").scalar_one()
        end = time.monotonic() + _REPLICA_SECONDS
        with self.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            while not connection.execute(_REPLAYED, {"written": written}).scalar_one():
                if time.monotonic() > end:
                    return
                time.sleep(_POLL_SECONDS)

    def _prepare(self, *, create: bool) -> None:
        """Check the schema, or create it."""
        version = self._version(self._writer if create else self.engine)
        if version == VERSION:
            return
        if version > VERSION:
            raise SchemaTooNew(
                f"The library {self.name!r} in PostgreSQL was written by a newer version of Akin "
                f"(schema {version}, this one reads {VERSION}). Use that version"
            )
        if not create and version:
            raise SchemaTooOld(
                f"The library {self.name!r} in PostgreSQL was written by an older version of Akin "
                f"(schema {version}, this one reads {VERSION}). Stop the servers of that version, "
                f"and have its tables extended; nothing is lost: {_COMMAND}"
            )
        if not create:
            raise IndexMissing(
                f"There is no library in PostgreSQL with the name {self.name!r}. Create it with: "
                f"{_COMMAND}"
            )
        with self._writer.begin() as connection:
            _lock(connection, self._schema)
            for schema, metadata in (
                (self._schema, tables.metadata),
                (self._schema, _words.metadata),
                (f"{self._schema}_kept", _kept),
            ):
                connection.exec_driver_sql(f"CREATE SCHEMA IF NOT EXISTS {quoted(schema)}")
                connection.exec_driver_sql(f"SET LOCAL search_path TO {quoted(schema)}")
                _create(connection, schema, metadata)
            connection.exec_driver_sql(f"SET LOCAL search_path TO {quoted(self._schema)}")
            uid = {"key": tables.UID, "value": secrets.token_hex(8)}
            dialects.put(connection, tables.meta, [uid])
            version_row = {"key": _VERSION, "value": str(VERSION)}
            dialects.put(connection, tables.meta, [version_row], replace=True)

    def _version(self, engine: sa.Engine) -> int:
        """Return the version of the tables; 0 where there are none.

        A host may start without a primary: a replica knows it as well.
        """
        try:
            connected = engine.connect()
        except sa.exc.OperationalError:
            if engine is self.engine:
                raise
            connected = self.engine.connect()
        with connected as connection:
            server = (
                int(connection.exec_driver_sql("SHOW server_version_num").scalar_one()) // 10_000
            )
            if server < _OLDEST:
                raise IndexUnusable(
                    f"AKIN_LIBRARY_URL: the server is PostgreSQL {server}; {_OLDEST} or newer is "
                    "needed"
                )
            if connection.exec_driver_sql("SELECT to_regclass('meta')").scalar() is None:
                return 0
            stored = sa.select(tables.meta.c.value).where(tables.meta.c.key == _VERSION)
            return int(connection.execute(stored).scalar() or 0)


def name_of(home: Path) -> str:
    """Return a name for the library with this home, on this host."""
    digest = hashlib.sha256(str(home.resolve()).encode()).hexdigest()[:12]
    return f"{re.sub('[^a-z0-9]+', '_', home.name.lower())[:24].strip('_') or 'home'}_{digest}"


def _library_name(url: sa.URL, default: str) -> str:
    """Return `library` of the URL, or `default`. Raises IndexUnusable where it cannot be a name."""
    stated = url.query.get("library", default)
    if not isinstance(stated, str) or not _NAME.fullmatch(stated):
        raise IndexUnusable(
            "AKIN_LIBRARY_URL: `library` must be at most 40 small letters, digits, - and _"
        )
    return stated


def _primary(url: sa.URL) -> sa.URL:
    """Return the address for writing: of several hosts, the one that is the primary."""
    hosts = url.query.get("host", ())
    if isinstance(hosts, str) or len(hosts) < 2:
        return url
    return url.update_query_dict({"target_session_attrs": "read-write"})


def quoted(name: str) -> str:
    """Return a name of a schema as SQL; it has no quotation marks (`_library_name`)."""
    return f'"{name}"'


def _engine(url: sa.URL, schema: str, size: int) -> sa.Engine:
    address = url.set(drivername="postgresql+psycopg").difference_update_query(["library"])
    options = f"-c search_path={quoted(schema)} -c jit=off"
    arguments = parsers.POSTGRESQL_LOSS | {"connect_timeout": _CONNECT_SECONDS}
    try:
        engine = sa.create_engine(
            address,
            connect_args={
                "options": options,
                **{name: value for name, value in arguments.items() if name not in address.query},
            },
            pool_size=size,
            max_overflow=size,
            pool_pre_ping=True,
            pool_recycle=_RECYCLE_SECONDS,
        )
    except ImportError as error:
        raise IndexUnusable(
            "AKIN_LIBRARY_URL: PostgreSQL needs psycopg, which is not installed: "
            "python3 -m scripts.install requirements/postgres.lock"
        ) from error
    return engine


def _create(connection: sa.Connection, schema: str, metadata: sa.MetaData) -> None:
    """Create the tables and columns that are missing."""
    metadata.create_all(connection)
    inspector = sa.inspect(connection)
    for table in metadata.sorted_tables:
        known = {column["name"] for column in inspector.get_columns(table.name, schema)}
        for column in table.columns:
            if column.name not in known:
                kind = column.type.compile(connection.dialect)
                connection.exec_driver_sql(
                    f'ALTER TABLE "{table.name}" ADD COLUMN "{column.name}" {kind}'
                )


def _lock(connection: sa.Connection, name: str) -> None:
    """Wait for the lock `name` and hold it until the end of the transaction.

    It is released after the transaction has become visible.
    """
    lock = sa.func.pg_advisory_xact_lock(sa.func.hashtextextended(name, 0))
    connection.execute(sa.select(lock))


@contextmanager
def _reading(engine: sa.Engine) -> Iterator[sa.Connection]:
    with engine.connect() as connection:
        yield connection.execution_options(isolation_level="REPEATABLE READ")


@contextmanager
def _writing(engine: sa.Engine, lock: str) -> Iterator[sa.Connection]:
    # Every statement sees what was committed before it: the first one waits for other writers.
    with engine.begin() as connection:
        _lock(connection, lock)
        yield connection


@contextmanager
def _errors(engine: sa.Engine) -> Iterator[None]:
    """Raise IndexUnusable for errors of the connection or the server, IndexBroken for others."""
    try:
        yield
    except sa.exc.DBAPIError as error:
        reason = " ".join(str(error.orig).split())[:300]
        where = f"The library in PostgreSQL ({engine.url!r})"
        if isinstance(error, sa.exc.ProgrammingError):
            raise IndexBroken(f"{where} is damaged: {reason}") from error
        raise IndexUnusable(
            f"{where} cannot be read or written: {reason}. Nothing was changed. Check that the "
            "server runs and that its disk is not full"
        ) from error

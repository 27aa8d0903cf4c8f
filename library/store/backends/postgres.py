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

from library.errors import IndexMissing, IndexUnusable, SchemaTooNew, SchemaTooOld, StoreAway
from library.home import KeyPair
from library.store import identities, tables
from library.store.backends import dialects, leases, postgres_blobs
from library.store.backends.connections import (
    engine_for,
    errors,
    lock,
    primary_of,
    quoted,
    reading,
    writing,
)
from library.store.backends.leases import SharedWork
from library.store.backends.own_schema import OwnSchema
from library.store.decisions import stored as decisions
from library.store.decisions.stored import Decisions
from library.store.host_roots import HostRoots, convert
from library.store.identities import Identities
from library.store.types import TEXT, WHOLE
from library.store.writes import put_meta

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

PREFIX: Final = "postgresql://"
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
_INDEXER: Final = "indexer"  # in meta: a token of the process that has the right to index
_WAIT_SECONDS: Final = 0.2  # between two attempts to get it
_VERSION: Final = "schema"  # in meta: the version of the tables
_COMMAND: Final = ".venv/bin/python -m library index FOLDER"
# Of the tables here: work is shared, folders are named, thumbnails are here.
VERSION: Final = tables.VERSION + 2
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
        primary = primary_of(address)
        self._has_replica = primary != address
        self.engine = engine_for(address, self._schema, 16)
        self._writer = engine_for(primary, self._schema, 4) if self._has_replica else self.engine
        self._kept = engine_for(primary, f"{self._schema}_kept", 4)
        self.blobs = postgres_blobs.PostgresBlobs(self.engine, self._writer)
        self.work = SharedWork(self._writer, self.writing)
        self._token: str | None = None  # of the right to index, while it is held
        self.roots = HostRoots(home)
        for each in (self.engine, self._writer):
            convert(each, self.roots)
        try:
            with errors(self.engine):
                self._prepare(create=create)
            self.decisions = Decisions(
                OwnSchema(
                    self._kept,
                    f"{self._schema}.decisions",
                    replica=self._reading_kept,
                    wait=self._wait_for_replica,
                )
            )
        except StoreAway as error:  # not away: it was never there
            self.close()
            raise IndexUnusable(str(error)) from error
        except BaseException:
            self.close()
            raise

    def identities(self) -> Identities:
        """Open the table of ids."""
        return Identities(OwnSchema(self._kept, f"{self._schema}.identities"))

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """Return a connection that sees one state of the library until it is released."""
        with reading(self.engine) as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """Return a connection in a write transaction, which is rolled back on an error."""
        with writing(self._writer, self._schema) as connection:
            if self._token is not None and _value(connection, _INDEXER) != self._token:
                raise StoreAway("Another indexer has taken over, because the connection was lost")
            yield connection
        self._wait_for_replica()

    @contextmanager
    def indexing(self, waiting: Callable[[], None]) -> Iterator[None]:
        """Hold the right to change what is indexed, for as long as this process is connected.

        The transactions of a process that has lost it meanwhile fail.
        """
        while True:
            with self.alone("indexing") as is_held:
                if not is_held:
                    waiting()
                    time.sleep(_WAIT_SECONDS)
                    continue
                token = secrets.token_hex(8)
                with self.writing() as connection:
                    put_meta(connection, _INDEXER, token)
                self._token = token
                try:
                    yield
                finally:
                    self._token = None
                return

    @contextmanager
    def alone(self, task: str) -> Iterator[bool]:
        """Return whether a lock was free, and is held until the end, or the connection's end."""
        key = sa.func.hashtextextended(f"{self._schema}.{task}", 0)
        with self._writer.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            with errors(self._writer):
                is_held = connection.execute(sa.select(sa.func.pg_try_advisory_lock(key))).scalar()
            try:
                yield bool(is_held)
            finally:
                if is_held:
                    with suppress(sa.exc.DBAPIError):  # the lock ends with the connection
                        connection.execute(sa.select(sa.func.pg_advisory_unlock(key)))

    def key_pair(self) -> KeyPair:
        """Return the credentials of clients, created on first use."""
        created = f"api_{secrets.token_hex(12)}:{secrets.token_urlsafe(32)}".encode()
        key, _, secret = self._secret("key pair", created).decode().partition(":")
        return KeyPair(key, secret)

    def signing_secret(self) -> bytes:
        """Return the 32 bytes that sign URLs, created on first use."""
        return self._secret("signing key", secrets.token_bytes(32))

    def check(self) -> None:
        """Raise StoreAway where there is no primary that responds."""
        with errors(self._writer), self._writer.connect() as connection:
            if connection.exec_driver_sql("SELECT pg_is_in_recovery()").scalar():
                raise StoreAway("The server of the library is a replica, and there is no primary")

    def close(self) -> None:
        """Release the connections."""
        for engine in (self.engine, self._writer, self._kept):
            engine.dispose()

    def _secret(self, name: str, created: bytes) -> bytes:
        """Return a stored value; the first process stores it."""
        stored = sa.select(_secrets.c.value).where(_secrets.c.name == name)
        with errors(self._kept):
            with self._reading_kept() as connection:
                value = connection.execute(stored).scalar()
            if value is None:
                with writing(self._kept, f"{self._schema}.secrets") as connection:
                    dialects.put(connection, _secrets, [{"name": name, "value": created}])
                    value = connection.execute(stored).scalar_one()
        return bytes(value)

    @contextmanager
    def _reading_kept(self) -> Iterator[sa.Connection]:
        """Return a connection to what a replica has of the tables that survive the index."""
        schema = {None: f"{self._schema}_kept"}
        with reading(self.engine) as connection:
            yield connection.execution_options(schema_translate_map=schema)

    def _wait_for_replica(self) -> None:
        """Wait until readers of this process see what it has written; at most some seconds."""
        if not self._has_replica:
            return
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
            lock(connection, self._schema)
            for schema, metadata in (
                (self._schema, tables.metadata),
                (self._schema, _words.metadata),
                (self._schema, leases.metadata),
                (self._schema, postgres_blobs.metadata),
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
            return int(_value(connection, _VERSION) or 0)


def _value(connection: sa.Connection, key: str) -> str | None:
    query = sa.select(tables.meta.c.value).where(tables.meta.c.key == key)
    return connection.execute(query).scalar()


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

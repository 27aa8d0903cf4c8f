"""Connections to PostgreSQL: how they are opened, their locks, transactions and errors."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import sqlalchemy as sa

from environment import parsers
from library.errors import IndexBroken, IndexUnusable, StoreAway

if TYPE_CHECKING:
    from collections.abc import Iterator

_CONNECT_SECONDS: Final = 2  # with a server that is off; pages wait for it
_RECYCLE_SECONDS: Final = 10  # until a connection is made anew: a replica may have returned
# The server notices within half a minute that a host has vanished, and releases its locks.
_ALIVE_THERE: Final = (
    "-c tcp_keepalives_idle=10 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=3 "
    "-c tcp_user_timeout=25000"
)
# Of errors: the connection, the server that stops or starts, a primary that has become a standby.
_AWAY: Final = ("08", "57P", "25006")


def primary_of(url: sa.URL) -> sa.URL:
    """Return the address for writing: of several hosts, the one that is the primary."""
    hosts = url.query.get("host", ())
    if isinstance(hosts, str) or len(hosts) < 2:
        return url
    return url.update_query_dict({"target_session_attrs": "read-write"})


def quoted(name: str) -> str:
    """Return a name of a schema as SQL; it has no quotation marks (`_library_name`)."""
    return f'"{name}"'


def engine_for(url: sa.URL, schema: str, size: int) -> sa.Engine:
    """Return the connections whose tables are in a schema. Raises IndexUnusable."""
    address = url.set(drivername="postgresql+psycopg").difference_update_query(["library"])
    options = f"-c search_path={quoted(schema)} -c jit=off {_ALIVE_THERE}"
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


def lock(connection: sa.Connection, name: str) -> None:
    """Wait for the lock `name` and hold it until the end of the transaction.

    It is released after the transaction has become visible.
    """
    lock = sa.func.pg_advisory_xact_lock(sa.func.hashtextextended(name, 0))
    connection.execute(sa.select(lock))


@contextmanager
def reading(engine: sa.Engine) -> Iterator[sa.Connection]:
    """Return a connection that sees one state; after `rollback`, the newest one."""
    with engine.connect() as connection:
        yield connection.execution_options(isolation_level="REPEATABLE READ")


@contextmanager
def writing(engine: sa.Engine, name: str) -> Iterator[sa.Connection]:
    """Return a transaction that holds the lock `name`."""
    # Every statement sees what was committed before it: the first one waits for other writers.
    with engine.begin() as connection:
        lock(connection, name)
        yield connection


@contextmanager
def errors(engine: sa.Engine) -> Iterator[None]:
    """Raise StoreAway and IndexUnusable for errors of connection or server, else IndexBroken."""
    try:
        yield
    except sa.exc.DBAPIError as error:
        reason = " ".join(str(error.orig).split())[:300]
        where = f"The library in PostgreSQL ({engine.url!r})"
        if is_away(error):
            away = f"{where} does not respond, or cannot be written now: {reason}"
            raise StoreAway(away) from error
        if isinstance(error, sa.exc.ProgrammingError):
            raise IndexBroken(f"{where} is damaged: {reason}") from error
        raise IndexUnusable(
            f"{where} cannot be read or written: {reason}. Nothing was changed. Check that the "
            "server runs and that its disk is not full"
        ) from error


def is_away(error: sa.exc.DBAPIError) -> bool:
    """Return whether an error is one of the connection or of a server that cannot be written."""
    state = getattr(error.orig, "sqlstate", None)
    if state is None:
        return isinstance(error, sa.exc.OperationalError | sa.exc.InterfaceError)
    return str(state).startswith(_AWAY)

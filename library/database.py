"""Opening `library.sqlite`: connections, pragmas, transactions, schema version.

Knows SQLite and SQLAlchemy, nothing of assets.
"""

from __future__ import annotations

import secrets
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from library import schema
from library.errors import (
    IndexBroken,
    IndexMissing,
    IndexUnusable,
    SchemaTooNew,
    SchemaTooOld,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FILE = "library.sqlite"
# As it is typed where Akin was installed.
_MAKE = ".venv/bin/python -m library index FOLDER, or make run ASSETS=FOLDER"
UID = "uid"  # in meta: made once, for caches to know their library by

_PRAGMAS = (
    "PRAGMA busy_timeout = 30000",  # a second writer waits for the first one's batch
    "PRAGMA journal_mode = WAL",  # readers and one writer at a time do not wait for each other
    "PRAGMA synchronous = NORMAL",  # in WAL mode a crash loses no consistency
    "PRAGMA cache_size = -16384",
    # As much as SQLite maps at all: what a search compares lies all over the file, and reading it
    # costs more than comparing it. The pages are the system's cache, not memory of our own.
    "PRAGMA mmap_size = 2147418112",
    "PRAGMA temp_store = MEMORY",
)


def open_engine(home: Path, *, create: bool) -> sa.Engine:
    """The engine of the library in `home`, its schema checked.

    Raises IndexMissing when there is none and `create` is not asked for, IndexBroken where it is
    damaged, IndexUnusable where it cannot be opened now, SchemaTooNew when a newer version made
    it, SchemaTooOld when an older one did;
    with `create` that one is emptied.
    """
    file = home / FILE
    if not file.exists():
        if not create:
            raise IndexMissing(f"There is no library in {home}. Make one with: {_MAKE}")
        home.mkdir(parents=True, exist_ok=True)
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
            if version == schema.VERSION:
                connection.execute(sa.select(schema.meta.c.value).limit(1)).first()
    except sa.exc.OperationalError as error:
        engine.dispose()
        raise IndexUnusable(
            f"The library in {home} cannot be opened ({error.orig}). Nothing of it was changed: "
            "see that the folder can be written to, and that the disk is not full"
        ) from error
    except sa.exc.DatabaseError as error:
        engine.dispose()
        raise IndexBroken(
            f"The index {file} is damaged ({error.orig}). Your files are not: move it away, and "
            f"make it anew: {_MAKE}"
        ) from error
    if version > schema.VERSION:
        engine.dispose()
        raise SchemaTooNew(
            f"The library in {home} was written by a newer version of Akin (schema {version}, "
            f"this one reads {schema.VERSION}). Use that version, or index into a new home."
        )
    if 0 < version < schema.VERSION and not create:
        engine.dispose()
        raise SchemaTooOld(
            f"The library in {home} was written by an older version of Akin (schema {version}, "
            f"this one writes {schema.VERSION}). Make it anew: {_MAKE}"
        )
    if version < schema.VERSION:
        with writing(engine) as connection:
            # All of it is made from files: an older index is emptied, and indexed again.
            _emptied(connection)
            schema.metadata.create_all(connection)
            for statement in schema.WORDS_DDL:
                connection.exec_driver_sql(statement)
            connection.execute(sa.insert(schema.meta), {"key": UID, "value": secrets.token_hex(8)})
            connection.exec_driver_sql(f"PRAGMA user_version = {schema.VERSION}")
    return engine


def _emptied(connection: sa.Connection) -> None:
    names = connection.exec_driver_sql(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' "
        # Tables that begin with another one's name belong to it (FTS5) and go with it.
        "ORDER BY name <> 'words'"
    )
    for name in names.scalars().all():
        connection.exec_driver_sql(f'DROP TABLE IF EXISTS "{name}"')


def _prepare(connection: Any, _record: Any) -> None:
    # Transactions are begun by _begin below, not by the driver's guess.
    connection.isolation_level = None
    for pragma in _PRAGMAS:
        connection.execute(pragma).close()


def _begin(connection: sa.Connection) -> None:
    immediate = connection.get_execution_options().get("immediate", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")


@contextmanager
def reading(engine: sa.Engine) -> Iterator[sa.Connection]:
    """A connection that sees one state of the library for as long as it is held."""
    with engine.connect() as connection:
        yield connection


@contextmanager
def writing(engine: sa.Engine) -> Iterator[sa.Connection]:
    """A connection in a write transaction: committed at the end, rolled back on an error."""
    with (
        engine.connect().execution_options(immediate=True) as connection,
        connection.begin(),
    ):
        yield connection

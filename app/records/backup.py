"""All stored records as JSON Lines, for backups: from SQLite or PostgreSQL, into either."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import sqlalchemy as sa

import table_rows
from app.errors import CannotRestore
from app.records.change_tables import State, changes
from app.records.notifications import notifications
from app.storage.migrations import VERSION_TABLE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from app.storage.database import Database

_RESTORED: Final = "Restored from a backup. Continue it if it is still wanted."


def dump(database: Database) -> Iterator[bytes]:
    """Yield a line for each row of each table; nothing where nothing was ever stored."""
    if database.is_empty:
        return
    with database.reading() as connection:
        yield from table_rows.dump(connection, _tables(connection))


@contextmanager
def restoring(database: Database, lines: Iterable[bytes], *, replace: bool) -> Iterator[int]:
    """Replace all records by those of `lines`, if the body of the `with` block succeeds.

    Yields the number of rows. Raises CannotRestore; without `replace` also where something is
    stored. Changes that were in progress are stopped; messages that were due are not sent again.
    """
    with database.writing() as connection:
        tables = _tables(connection)
        if not replace and table_rows.count(connection, tables):
            raise CannotRestore(f"Something is stored in {database.name} already.")
        try:
            restored = table_rows.replace(connection, tables, lines)
        except (table_rows.NotRestored, sa.exc.StatementError) as error:
            raise CannotRestore(f"The backup does not fit: {error}.") from error
        connection.execute(
            sa.update(changes)
            .where(changes.c.state == State.OPEN)
            .values(state=State.STOPPED.value, reason=_RESTORED, lease="", leased_until=0)
        )
        connection.execute(sa.delete(notifications).where(notifications.c.due <= time.time()))
        yield restored


def _tables(connection: sa.Connection) -> list[sa.Table]:
    """Return the tables of the database, each after those that it refers to."""
    found = sa.MetaData()
    found.reflect(connection)
    return [table for table in found.sorted_tables if table.name != VERSION_TABLE]

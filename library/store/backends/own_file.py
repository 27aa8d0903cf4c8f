"""Tables beside the index, which survive it: versions, transactions, and errors.

Each group of such tables is a SQLite file of its own in the home, which can be copied alone while
nothing is written: it has a rollback journal.
"""

from __future__ import annotations

from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Protocol

import sqlalchemy as sa

from library.errors import IndexBroken, IndexUnusable, SchemaTooNew

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

WAIT = 30.0  # seconds for another writer


class OwnTables(Protocol):
    """Tables beside the index. Thread-safe."""

    def reading(self, *, current: bool = True) -> AbstractContextManager[sa.Connection | None]:
        """Return a connection that sees one state; None where nothing was ever written.

        Without `current` it may be a state that others have changed some milliseconds ago.
        Raises IndexBroken, IndexUnusable and SchemaTooNew.
        """

    def writing(self) -> AbstractContextManager[sa.Connection]:
        """Return a transaction, which is rolled back on an error; others wait for its end.

        Raises as `reading`.
        """

    def close(self) -> None:
        """Release the database."""


class OwnFile:
    """Tables in a file.

    `version` is stored in PRAGMA user_version. `loss`: what to do without a backup of a damaged
    file, and what is lost then. `is_kept_open`: one connection for all threads; without it each
    call opens the file, which may then be replaced.
    """

    def __init__(
        self,
        file: Path,
        tables: sa.MetaData,
        version: int,
        loss: str,
        *,
        is_kept_open: bool = False,
    ) -> None:
        self._file, self._tables, self._version, self._loss = file, tables, version, loss
        pool: dict[str, Any] = {"poolclass": sa.NullPool}
        if is_kept_open:
            pool = {"poolclass": sa.QueuePool, "pool_size": 1, "max_overflow": 0}
        self.engine = sa.create_engine(
            sa.URL.create("sqlite", database=str(file)),
            connect_args={"check_same_thread": False},
            **pool,
        )
        sa.event.listen(self.engine, "connect", self._prepare)
        sa.event.listen(self.engine, "begin", _begin)

    @contextmanager
    def reading(self, *, current: bool = True) -> Iterator[sa.Connection | None]:  # noqa: ARG002
        """Return a connection that sees one state; None where nothing was ever written."""
        if not self._file.exists():
            yield None
            return
        with self._errors(), self.engine.connect() as connection:
            yield connection if self._version_of(connection) else None

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """Return a transaction. The file, which only its user may read, and its tables are created.

        Raises IndexUnusable also for a full disk.
        """
        self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with suppress(OSError):  # SQLite reports the error
            self._file.touch(mode=0o600)
        with (
            self._errors(),
            self.engine.connect().execution_options(immediate=True) as connection,
            connection.begin(),
        ):
            if not self._version_of(connection):
                self._tables.create_all(connection)
                connection.exec_driver_sql(f"PRAGMA user_version = {self._version}")
            yield connection

    def close(self) -> None:
        """Release the file."""
        self.engine.dispose()

    def _prepare(self, connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # `_begin` begins transactions, not the driver
        connection.execute(f"PRAGMA busy_timeout = {round(1000 * WAIT)}").close()
        connection.execute("PRAGMA synchronous = FULL").close()

    def _version_of(self, connection: sa.Connection) -> int:
        """Return the version of the schema; 0 for an empty file. Raises SchemaTooNew."""
        version = int(connection.exec_driver_sql("PRAGMA user_version").scalar_one())
        if version > self._version:
            raise SchemaTooNew(
                f"{self._file} was written by a newer version of Akin (schema {version}, this one "
                f"reads {self._version}). Nothing was changed. Use that version"
            )
        return version

    @contextmanager
    def _errors(self) -> Iterator[None]:
        """Raise IndexUnusable and IndexBroken for errors of SQLite."""
        try:
            yield
        except sa.exc.OperationalError as error:
            raise IndexUnusable(
                f"{self._file} cannot be read or written ({error.orig}). Nothing was changed. "
                "Check that the folder is writable and that the disk is not full"
            ) from error
        except sa.exc.DatabaseError as error:
            raise IndexBroken(
                f"{self._file} is damaged ({error.orig}). Restore it from a backup{self._loss}"
            ) from error


def _begin(connection: sa.Connection) -> None:
    immediate = connection.get_execution_options().get("immediate", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")

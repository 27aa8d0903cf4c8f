"""Migrations of the database: one file in `versions` for each, named NNNN_what.py.

`upgrade` applies what is missing, in one transaction, under a lock that other hosts wait for. A
migration only adds tables and columns (with defaults), so that a server of the version before it,
which is still running, keeps working. It declares no more than it needs:

    revision, down_revision = "0003", "0002"
    def upgrade(): op.create_table(...)

Tables have the same columns in `app/records`; a test compares them.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import sqlalchemy as sa

from app.errors import StoreTooNew

VERSIONS: Final = Path(__file__).parent / "versions"
LOCK: Final = 4_120_266_353  # of PostgreSQL: the same number in every version of Akin
VERSION_TABLE: Final = "alembic_version"
_VERSION: Final = sa.table(VERSION_TABLE, sa.column("version_num", sa.String))


def revisions() -> list[str]:
    """Return the revisions that this version of Akin knows, oldest first."""
    return sorted(path.name.partition("_")[0] for path in VERSIONS.glob("[0-9]*_*.py"))


def upgrade(connection: sa.Connection, name: str) -> None:
    """Bring a database up to date; `name` is its name in messages. Raises StoreTooNew.

    `connection` is one for writing, without a transaction.
    """
    newest = revisions()[-1]
    with connection.begin():
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql("SET LOCAL lock_timeout = 0")  # others may be migrating
            connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(LOCK)))
        if _current(connection, name) != newest:
            _migrate(connection)


def _current(connection: sa.Connection, name: str) -> str:
    """Return the revision of a database; "" of an empty one. Raises StoreTooNew."""
    if not sa.inspect(connection).has_table(_VERSION.name):
        return ""
    current = connection.execute(sa.select(_VERSION.c.version_num)).scalar() or ""
    known = revisions()
    if current and current not in known:
        raise StoreTooNew(
            f"{name} was changed by a newer version of Akin (revision {current}; this one knows "
            f"{known[-1]}). Nothing was changed."
        )
    return current


def _migrate(connection: sa.Connection) -> None:
    from alembic import command
    from alembic.config import Config

    settings = Config()
    settings.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    settings.attributes["connection"] = connection
    command.upgrade(settings, "head")

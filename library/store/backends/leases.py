"""Work on files that several hosts share: units of files under leases, in a table of PostgreSQL.

The indexer that plans fills the table, and takes units from it like the others. What another host
has read is stored with the unit, and the planner writes it into the index. A unit whose lease has
expired is given to another host. The table may be emptied at any moment: what was not written into
the index is planned again.
"""

from __future__ import annotations

import os
import secrets
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import sqlalchemy as sa

from library.store.host_roots import ROOT
from library.store.types import TEXT

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable
    from contextlib import AbstractContextManager

LEASE: Final = timedelta(seconds=20)
RENEWAL: Final = LEASE.total_seconds() / 4  # seconds between two renewals

metadata: Final = sa.MetaData()
_work: Final = sa.Table(
    "work",
    metadata,
    sa.Column("number", sa.BigInteger, sa.Identity(), primary_key=True),
    sa.Column("planner", TEXT, nullable=False),
    sa.Column("recipe", TEXT, nullable=False),
    sa.Column("root", ROOT, nullable=False),
    sa.Column("files", sa.LargeBinary, nullable=False),
    sa.Column("holder", TEXT),
    sa.Column("until", sa.TIMESTAMP(timezone=True)),
    sa.Column("result", sa.LargeBinary),
)
_FREE: Final = (
    sa.select(_work.c.number)
    .where(
        _work.c.result.is_(None),
        sa.or_(_work.c.until.is_(None), _work.c.until < sa.func.clock_timestamp()),
    )
    .order_by(_work.c.number)
    .limit(1)
    .with_for_update(skip_locked=True)
)
_DONE: Final = (
    sa.select(_work.c.number)
    .where(_work.c.result.is_not(None))
    .order_by(_work.c.number)
    .limit(8)
    .with_for_update(skip_locked=True)
)


class Unit(NamedTuple):
    """Files of one folder, to be read together."""

    number: int
    root: str  # the path of the folder on this host
    files: bytes  # as `ingest.sharing` encodes them
    result: bytes | None = None


class SharedWork:
    """The table of one library, for one process. Thread-safe."""

    def __init__(
        self, engine: sa.Engine, writing: Callable[[], AbstractContextManager[sa.Connection]]
    ) -> None:
        """`writing`: transactions of the library; those of a planner that was replaced fail."""
        self._engine, self._writing = engine, writing
        self._holder = secrets.token_hex(8)

    def replace(self, recipe: str, units: Iterable[tuple[str, bytes]]) -> None:
        """Replace all work by these units: the path of a folder, and files.

        `recipe` says how files are read; who reads them in another way does not help.
        """
        listed = [
            {"planner": self._holder, "recipe": recipe, "root": os.fsencode(root), "files": files}
            for root, files in units
        ]
        with self._writing() as connection:
            connection.execute(sa.delete(_work))
            if listed:
                connection.execute(sa.insert(_work), listed)

    def clear(self) -> None:
        """Remove the units that this process has planned."""
        with self._engine.begin() as connection:
            connection.execute(sa.delete(_work).where(_work.c.planner == self._holder))

    def take(self) -> Unit | None:
        """Return a unit that no host holds, and remove it: for the planner itself."""
        found = self._taken(_FREE)
        return found[0] if found else None

    def results(self) -> list[Unit]:
        """Return some units that other hosts have read, and remove them."""
        return self._taken(_DONE)

    def _taken(self, which: sa.Select[Any]) -> list[Unit]:
        chosen = which.where(_work.c.planner == self._holder).cte()  # evaluated once
        of_them = _work.c.number.in_(sa.select(chosen.c.number))
        statement = sa.delete(_work).where(of_them).returning(_work)
        with self._engine.begin() as connection:
            return sorted(map(_unit, connection.execute(statement)))

    def lease(self, recipe: str, roots: Collection[str]) -> Unit | None:
        """Return a unit of these folders that no other host holds, under a lease."""
        here = [os.fsencode(root) for root in roots]
        free = _FREE.where(_work.c.recipe == recipe, _work.c.root.in_(here)).cte()
        statement = (
            sa.update(_work)
            .where(_work.c.number.in_(sa.select(free.c.number)))
            .values(holder=self._holder, until=sa.func.clock_timestamp() + LEASE)
            .returning(_work)
        )
        with self._engine.begin() as connection:
            row = connection.execute(statement).first()
        return None if row is None else _unit(row)

    def renew(self) -> None:
        """Renew all leases of this process."""
        own = sa.and_(_work.c.holder == self._holder, _work.c.result.is_(None))
        statement = sa.update(_work).where(own).values(until=sa.func.clock_timestamp() + LEASE)
        with self._engine.begin() as connection:
            connection.execute(statement)

    def put(self, unit: Unit, result: bytes) -> None:
        """Store what was read, unless the unit is gone, or another host holds it by now."""
        own = sa.and_(_work.c.number == unit.number, _work.c.holder == self._holder)
        with self._engine.begin() as connection:
            connection.execute(sa.update(_work).where(own).values(result=result))

    def count(self) -> int:
        """Return the number of units that this process has planned and that are left."""
        with self._engine.connect() as connection:
            own = sa.select(sa.func.count()).where(_work.c.planner == self._holder)
            return connection.execute(own.select_from(_work)).scalar_one()


def _unit(row: Any) -> Unit:
    return Unit(row.number, os.fsdecode(row.root), row.files, row.result)

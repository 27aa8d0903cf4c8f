"""Claims of rows: each row that is due is given to one process."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

if TYPE_CHECKING:
    from collections.abc import Mapping

    from app.storage.database import Database


def claimed(
    database: Database,
    table: sa.Table,
    is_due: sa.ColumnElement[bool],
    *,
    order: sa.Column[Any],
    values: Mapping[str, object],
) -> sa.Row[Any] | None:
    """Return the first row that is due, as it was before `values` are set in it; None without any.

    No other process gets the row, since the values end that it is due. Raises StoreFailed.
    """
    query = sa.select(table).where(is_due).order_by(order).limit(1)
    with database.reading() as connection:  # most often there is nothing to write
        if connection.execute(query).first() is None:
            return None
    with database.writing() as connection:
        row = connection.execute(query.with_for_update(skip_locked=True)).first()
        if row is None:
            return None
        found = row._asdict()
        is_same = sa.and_(*(key == found[key.name] for key in table.primary_key))
        change = sa.update(table).where(is_same, is_due).values(values)
        return row if connection.execute(change).rowcount else None

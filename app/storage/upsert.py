"""Insert rows or update those with the same key, in one statement, for both databases."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy.dialects import postgresql, sqlite

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import sqlalchemy as sa


def upsert(
    connection: sa.Connection,
    table: sa.Table,
    rows: Sequence[Mapping[str, Any]],
    *,
    update: Sequence[str],
) -> int:
    """Insert rows; where the primary key exists, set the columns in `update`.

    With no columns to update an existing row stays as it is. Return how many rows were written.
    """
    if not rows:
        return 0
    insert = (postgresql if connection.dialect.name == "postgresql" else sqlite).insert(table)
    insert = insert.values([dict(row) for row in rows])
    keys = [column.name for column in table.primary_key]
    if update:
        new = {name: insert.excluded[name] for name in update}
        statement = insert.on_conflict_do_update(index_elements=keys, set_=new)
    else:
        statement = insert.on_conflict_do_nothing(index_elements=keys)
    counted = statement.execution_options(preserve_rowcount=True)  # else -1 once it is closed
    return connection.execute(counted).rowcount

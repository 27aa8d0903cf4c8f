"""Rows of database tables as JSON Lines, for backups that any of the databases can read.

Each line is `{"table": name, "row": {column: value}}`; bytes are in base64. Used by `app` and
`library`, which do not import each other; imports no other module of Akin.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec
import sqlalchemy as sa

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_BATCH: Final = 500  # rows in one statement


class NotRestored(Exception):
    """A line that is no row of the tables; the text names it and says what is wrong."""


class _Line(msgspec.Struct, forbid_unknown_fields=True):
    table: str
    row: dict[str, Any]


_ENCODE: Final = msgspec.json.Encoder().encode
_DECODE: Final = msgspec.json.Decoder(_Line).decode


def dump(connection: sa.Connection, tables: Iterable[sa.Table]) -> Iterator[bytes]:
    """Yield a line for each row, with its line break."""
    for table in tables:
        name = str(table.name)
        columns = [str(column.name) for column in table.columns]
        options = {"yield_per": _BATCH}
        with connection.execute(sa.select(table), execution_options=options) as rows:
            for row in rows:
                yield _ENCODE({"table": name, "row": dict(zip(columns, row, strict=True))}) + b"\n"


def count(connection: sa.Connection, tables: Iterable[sa.Table]) -> int:
    """Return the number of rows."""
    return sum(
        connection.scalar(sa.select(sa.func.count()).select_from(table)) or 0 for table in tables
    )


def replace(connection: sa.Connection, tables: Iterable[sa.Table], lines: Iterable[bytes]) -> int:
    """Replace all rows by those of `lines`; return their number.

    `tables` are sorted so that none refers to a later one. Raises NotRestored and errors of the
    database; the caller rolls back.
    """
    by_name = {table.name: table for table in tables}
    for table in reversed([*by_name.values()]):
        connection.execute(sa.delete(table))
    number = 0
    batch: list[dict[str, Any]] = []
    current: tuple[str, tuple[str, ...]] = ("", ())
    for number, line in enumerate(lines, start=1):
        try:
            parsed = _DECODE(line)
            row = _row(by_name[parsed.table], parsed.row)
        except (msgspec.MsgspecError, KeyError, ValueError) as error:
            raise NotRestored(f"line {number} is not a row of these tables: {error}") from error
        shape = (parsed.table, tuple(row))
        if batch and (shape != current or len(batch) >= _BATCH):
            connection.execute(sa.insert(by_name[current[0]]), batch)
            batch = []
        current = shape
        batch.append(row)
    if batch:
        connection.execute(sa.insert(by_name[current[0]]), batch)
    return number


def _row(table: sa.Table, values: dict[str, Any]) -> dict[str, Any]:
    """Return the values as the types of the columns. Raises KeyError for an unknown column."""
    return {
        name: None
        if value is None
        else msgspec.convert(value, table.columns[name].type.python_type, strict=False)
        for name, value in values.items()
    }

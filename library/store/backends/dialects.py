"""SQL that differs between databases: lists of values, positions in texts, inserting or replacing.

Statements are built once and compiled for the database that executes them.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from library.store.types import without_nul

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from sqlalchemy.engine.interfaces import Dialect
    from sqlalchemy.sql.compiler import SQLCompiler

_INSERT: Final[dict[str, Callable[[sa.Table], Any]]] = {
    "sqlite": sqlite.insert,
    "postgresql": postgresql.insert,
}


class _Listed(sa.types.TypeDecorator[Any]):
    """A list of values in one parameter: JSON, or an array."""

    impl = sa.Text
    cache_ok = True

    def __init__(self, item: type[sa.types.TypeEngine[Any]]) -> None:
        super().__init__()
        self.item = item

    def load_dialect_impl(self, dialect: Dialect) -> Any:
        """Return the type of the database."""
        return self.impl if dialect.name == "sqlite" else postgresql.ARRAY(self.item)

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        """Return the value that is sent."""
        return json.dumps(value) if dialect.name == "sqlite" else list(map(without_nul, value))


class Condition(FunctionElement[bool]):
    """A condition whose SQL depends on the database."""

    type = sa.Boolean()
    inherit_cache = True

    def self_group(self, against: Any = None) -> Any:
        """Return itself: SQLite has no type for truth, and `= 1` would hide the condition."""
        del against
        return self


class _Among(Condition):
    """Whether a column has one of the values of a parameter."""

    name = "among"
    inherit_cache = True


@compiles(_Among, "sqlite")
def _among_sqlite(element: _Among, compiler: SQLCompiler, **options: Any) -> str:
    column, values = (compiler.process(each, **options) for each in element.clauses)
    return f"{column} IN (SELECT value FROM json_each({values}))"  # noqa: S608 - compiled SQL


@compiles(_Among, "postgresql")
def _among_postgresql(element: _Among, compiler: SQLCompiler, **options: Any) -> str:
    column, values = (compiler.process(each, **options) for each in element.clauses)
    return f"{column} = ANY({values})"


def among(column: sa.ColumnElement[Any]) -> sa.ColumnElement[bool]:
    """Return `column IN (values)` with one parameter for any number of values; see `bound`.

    A statement is then compiled once, which takes longer than executing it.
    """
    is_text = isinstance(column.type, sa.String)
    item = sa.Text if is_text else sa.BigInteger
    return _Among(column, sa.bindparam("among", type_=_Listed(item)))


def bound(values: Iterable[Any]) -> dict[str, list[Any]]:
    """Return the parameter of `among`."""
    return {"among": list(values)}


class position(FunctionElement[int]):  # noqa: N801 - the name of a function
    """`position(text, part)`: where `part` begins in the text, from 1; 0 where it is not in it."""

    name = "position"
    type = sa.Integer()
    inherit_cache = True


@compiles(position, "sqlite")
def _position_sqlite(element: position, compiler: SQLCompiler, **options: Any) -> str:
    return f"instr({compiler.process(element.clauses, **options)})"


@compiles(position, "postgresql")
def _position_postgresql(element: position, compiler: SQLCompiler, **options: Any) -> str:
    return f"strpos({compiler.process(element.clauses, **options)})"


class octets(FunctionElement[int]):  # noqa: N801 - the name of a function
    """`octets(text)`: how many bytes it has in UTF-8."""

    name = "octets"
    type = sa.Integer()
    inherit_cache = True


@compiles(octets, "sqlite")
def _octets_sqlite(element: octets, compiler: SQLCompiler, **options: Any) -> str:
    return f"length(CAST({compiler.process(element.clauses, **options)} AS BLOB))"


@compiles(octets, "postgresql")
def _octets_postgresql(element: octets, compiler: SQLCompiler, **options: Any) -> str:
    return f"octet_length({compiler.process(element.clauses, **options)})"


class has_metadata(Condition):  # noqa: N801 - the name of a function
    """`has_metadata(json, name)`: whether the JSON of a document has a value in `metadata`."""

    name = "has_metadata"
    inherit_cache = True


@compiles(has_metadata, "sqlite")
def _has_metadata_sqlite(element: has_metadata, compiler: SQLCompiler, **options: Any) -> str:
    json_, name = (compiler.process(each, **options) for each in element.clauses)
    return f"json_extract(CAST({json_} AS TEXT), '$.metadata.' || {name}) IS NOT NULL"


@compiles(has_metadata, "postgresql")
def _has_metadata_postgresql(element: has_metadata, compiler: SQLCompiler, **options: Any) -> str:
    json_, name = (compiler.process(each, **options) for each in element.clauses)
    return f"(convert_from({json_}, 'UTF8')::json -> 'metadata' -> {name}) IS NOT NULL"


def put(
    connection: sa.Connection,
    table: sa.Table,
    rows: Sequence[Mapping[str, Any]],
    *,
    replace: bool = False,
) -> None:
    """Insert rows. One with the primary key of another replaces it, or is left out."""
    if not rows:
        return
    statement = _INSERT[connection.dialect.name](table)
    if replace:
        values = [column.name for column in table.columns if not column.primary_key]
        statement = statement.on_conflict_do_update(
            index_elements=list(table.primary_key.columns),
            set_={name: statement.excluded[name] for name in values},
        )
    else:
        statement = statement.on_conflict_do_nothing()
    connection.execute(statement, rows)


def highest_number(connection: sa.Connection) -> int:
    """Return the highest number that an asset has or had."""
    return int(connection.execute(_HIGHEST[connection.dialect.name]).scalar_one())


_HIGHEST: Final = {
    "sqlite": sa.text("SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'assets'"),
    "postgresql": sa.text(
        "SELECT greatest((SELECT coalesce(max(number), 0) FROM assets), "
        "(SELECT coalesce(max(number), 0) FROM tombstones))"
    ),
}


def continue_numbers(connection: sa.Connection) -> None:
    """Have new rows numbered after those that were inserted with their numbers."""
    for statement in _CONTINUE[connection.dialect.name]:
        connection.execute(sa.text(statement))


_CONTINUE: Final = {
    "sqlite": (
        "UPDATE sqlite_sequence SET seq = max(seq, (SELECT coalesce(max(number), 0) FROM "
        "tombstones)) WHERE name = 'assets'",
    ),
    "postgresql": tuple(
        f"SELECT setval(pg_get_serial_sequence('{table}', '{column}'), "  # noqa: S608 - names here
        f"(SELECT coalesce(max({column}), 0) + 1 FROM {table}), false)"
        for table, column in (
            ("tombstones", "seq"),
            ("problems", "number"),
            ("groups", "seq"),
            ("touched", "number"),
        )
    ),
}

"""A tree of conditions -> SQL with bound parameters.

Every clause is true or false, never NULL, so that NOT means the rest of the library: assets
without the field are among those for which a condition does not hold.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from library.analysis import words as words_of
from library.conditions import (
    All,
    Between,
    Compare,
    Contains,
    Either,
    Empty,
    Exists,
    Has,
    Not,
    OneOf,
)
from library.fields import FIELDS, UNSEARCHED, WEIGHTS, Type, folded
from library.schema import arrays, assets
from library.schema import words as word_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from library.conditions import Condition, Leaf
    from library.fields import Field

_OPERATORS = {
    "=": sa.ColumnElement.__eq__,
    ">": sa.ColumnElement.__gt__,
    ">=": sa.ColumnElement.__ge__,
    "<": sa.ColumnElement.__lt__,
    "<=": sa.ColumnElement.__le__,
}
_INDEXED = {name: name for name in (*WEIGHTS, *UNSEARCHED) if name in FIELDS}
_WIDE = 200  # clauses joined before they are put in parentheses: SQLite bounds the depth


def clause(tree: Condition) -> sa.ColumnElement[bool]:
    """The WHERE clause over `assets` that `tree` means."""
    if isinstance(tree, Not):
        return sa.not_(clause(tree.item).self_group())
    if isinstance(tree, (All, Either)):
        join = sa.and_ if isinstance(tree, All) else sa.or_
        return _joined(join, [clause(item) for item in tree.items])
    return _of_array(tree) if tree.field.type is Type.ARRAY else _of_column(tree)


def _of_column(leaf: Leaf) -> sa.ColumnElement[bool]:
    if isinstance(leaf, Has):
        return _has_words(leaf.field, leaf.value)
    column: sa.ColumnElement[Any] = assets.c[leaf.field.name]
    if isinstance(leaf, Exists):
        return column.is_not(None)
    return sa.and_(column.is_not(None), _test(column, leaf)).self_group()


def _test(column: sa.ColumnElement[Any], leaf: Leaf) -> sa.ColumnElement[bool]:
    """What `leaf` asks of a value that is there."""
    if isinstance(leaf, Compare):
        if leaf.value is None:
            return sa.false()
        compared: sa.ColumnElement[bool] = _OPERATORS[leaf.operator](column, leaf.value)
        return compared
    if isinstance(leaf, OneOf):
        return column.in_([value for value in leaf.values if value is not None])
    if isinstance(leaf, Between):
        return column.between(leaf.low, leaf.high)
    if isinstance(leaf, Contains):
        # The columns are folded already; instr() knows no wildcards that need escaping.
        place = sa.func.instr(column, leaf.value)
        return place == 1 if leaf.start else place > 0
    if isinstance(leaf, Empty):
        return sa.false() if leaf.field.type is not Type.TEXT else column == ""
    raise TypeError(leaf)


def _of_array(leaf: Leaf) -> sa.ColumnElement[bool]:
    table = arrays[leaf.field.name]
    if isinstance(leaf, Exists):
        return sa.true()
    if isinstance(leaf, Empty):
        return assets.c.number.not_in(sa.select(table.c.number))
    return assets.c.number.in_(sa.select(table.c.number).where(_test(table.c.value, leaf)))


def _has_words(field: Field, text: str) -> sa.ColumnElement[bool]:
    """`field:text`: through the keyword index where it has the field, else by equality."""
    if field.name not in _INDEXED:
        return clause(Compare(field, "=", folded(text)))
    phrase = " ".join(word.text for word in words_of(text))
    if not phrase:
        return sa.false()
    match = word_table.c.words.op("MATCH")(f'{{{field.name}}} : "{phrase}"')
    return assets.c.number.in_(sa.select(word_table.c.rowid).where(match))


def _joined(join: Any, clauses: Sequence[sa.ColumnElement[bool]]) -> sa.ColumnElement[bool]:
    while len(clauses) > _WIDE:
        clauses = [
            join(*clauses[start : start + _WIDE]).self_group()
            for start in range(0, len(clauses), _WIDE)
        ]
    joined: sa.ColumnElement[bool] = join(*clauses).self_group()
    return joined

"""A filter tree -> SQL with bound parameters.

Every clause is true or false, never NULL, so that NOT selects all other assets, those without the
field included.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from library.query.filter_tree import Compare
from library.schema.fields import FIELDS, UNSEARCHED, WEIGHTS, Type, folded
from library.schema.text_analysis import words
from library.store.backends.dialects import position
from library.store.backends.phrases import with_phrase
from library.store.tables import arrays, assets
from library.store.types import TEXT

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from library.query.filter_tree import (
        And,
        Between,
        Condition,
        Contains,
        Exists,
        HasWords,
        IsEmpty,
        Leaf,
        Not,
        OneOf,
        Or,
    )
    from library.schema.fields import Field

_OPERATORS = {
    "=": sa.ColumnElement.__eq__,
    ">": sa.ColumnElement.__gt__,
    ">=": sa.ColumnElement.__ge__,
    "<": sa.ColumnElement.__lt__,
    "<=": sa.ColumnElement.__le__,
}
_TYPES: dict[Type, Any] = {Type.TEXT: TEXT, Type.ARRAY: TEXT, Type.DATE: sa.BigInteger()}
_INDEXED = frozenset((*WEIGHTS, *UNSEARCHED)) & frozenset(FIELDS)
_WIDE = 200  # clauses joined before they are put in parentheses: SQLite limits the depth


def clause(tree: Condition) -> sa.ColumnElement[bool]:
    """Return the WHERE clause over `assets` for `tree`."""
    return tree.accept(_TreeClause())


class _TreeClause:
    """The clause of a whole tree."""

    def leaf(self, leaf: Leaf) -> sa.ColumnElement[bool]:
        return leaf.accept_leaf(_LeafClause())

    def not_(self, tree: Not) -> sa.ColumnElement[bool]:
        return sa.not_(clause(tree.item).self_group())

    def and_(self, tree: And) -> sa.ColumnElement[bool]:
        return _joined(sa.and_, [clause(item) for item in tree.items])

    def or_(self, tree: Or) -> sa.ColumnElement[bool]:
        return _joined(sa.or_, [clause(item) for item in tree.items])


class _LeafClause:
    """The clause of a condition on one field: on its column, or on any value of its array."""

    def compare(self, leaf: Compare) -> sa.ColumnElement[bool]:
        if leaf.value is None:
            return sa.false()
        compared = _OPERATORS[leaf.operator]
        value = _literal(leaf.field, leaf.value)
        return _any_value(leaf.field, lambda column: compared(column, value))

    def one_of(self, leaf: OneOf) -> sa.ColumnElement[bool]:
        values = [_literal(leaf.field, value) for value in leaf.values if value is not None]
        return _any_value(leaf.field, lambda column: column.in_(values))

    def between(self, leaf: Between) -> sa.ColumnElement[bool]:
        low, high = (_literal(leaf.field, end) for end in (leaf.low, leaf.high))
        return _any_value(leaf.field, lambda column: column.between(low, high))

    def exists(self, leaf: Exists) -> sa.ColumnElement[bool]:
        if leaf.field.type is Type.ARRAY:
            return sa.true()
        return assets.c[leaf.field.name].is_not(None)

    def is_empty(self, leaf: IsEmpty) -> sa.ColumnElement[bool]:
        if leaf.field.type is Type.ARRAY:
            return assets.c.number.not_in(sa.select(arrays[leaf.field.name].c.number))
        if leaf.field.type is not Type.TEXT:
            return sa.false()
        return _any_value(leaf.field, lambda column: column == "")

    def contains(self, leaf: Contains) -> sa.ColumnElement[bool]:
        # The columns are folded already; position() has no wildcards that need escaping.
        def has_part(column: sa.ColumnElement[Any]) -> sa.ColumnElement[bool]:
            begin = position(column, sa.literal(leaf.value, TEXT))
            return begin == 1 if leaf.start else begin > 0

        return _any_value(leaf.field, has_part)

    def has_words(self, leaf: HasWords) -> sa.ColumnElement[bool]:
        """Through the keyword index where it contains the field, else by equality."""
        if leaf.field.name not in _INDEXED:
            return self.compare(Compare(leaf.field, "=", folded(leaf.value)))
        phrase = " ".join(word.text for word in words(leaf.value))
        if not phrase:
            return sa.false()
        return with_phrase(leaf.field.name, phrase)


def _literal(field: Field, value: Any) -> sa.ColumnElement[Any]:
    """Return a parameter of its own type: a column of whole numbers is compared with 1.5, too."""
    return sa.literal(value, sa.Float() if field.type is Type.NUMBER else _TYPES[field.type])


def _any_value(
    field: Field, test: Callable[[sa.ColumnElement[Any]], sa.ColumnElement[bool]]
) -> sa.ColumnElement[bool]:
    """The assets with a value of `field` that passes `test`."""
    if field.type is Type.ARRAY:
        table = arrays[field.name]
        return assets.c.number.in_(sa.select(table.c.number).where(test(table.c.value)))
    column: sa.ColumnElement[Any] = assets.c[field.name]
    return sa.and_(column.is_not(None), test(column)).self_group()


def _joined(join: Any, clauses: Sequence[sa.ColumnElement[bool]]) -> sa.ColumnElement[bool]:
    while len(clauses) > _WIDE:
        clauses = [
            join(*clauses[start : start + _WIDE]).self_group()
            for start in range(0, len(clauses), _WIDE)
        ]
    joined: sa.ColumnElement[bool] = join(*clauses).self_group()
    return joined

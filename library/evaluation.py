"""A tree of conditions -> the assets for which it holds.

What a column in memory knows is asked there. A condition on a long text (name, prompt, seed ...)
goes to SQL by `clauses`, a whole branch at once when nothing else is in it, or only for the assets
of which the words in memory do not tell (`substrings`). All of it means the same, which the tests
hold against a naive evaluator.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import sqlalchemy as sa

from library import substrings
from library.clauses import clause
from library.columns import Lists, Raw
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
from library.fields import folded
from library.listings import among, bound
from library.schema import assets

if TYPE_CHECKING:
    from collections.abc import Callable

    from library.conditions import Condition, Leaf
    from library.shelf import Mask, Shelf

HELD = 64  # conditions on long texts whose answer is kept; an eighth of a byte an asset each
READ = 2_000  # texts that are read for an answer that can be kept, though fewer are asked for
ROWS = 300  # texts that are read before asking the keyword index where words are in a row
SCAN = 4  # reading one in so many of all texts takes as long as reading all in their order


_MATCH = sa.text("SELECT rowid FROM words WHERE words MATCH :expression")


def holds(
    tree: Condition, shelf: Shelf, connection: sa.Connection, within: Mask | None = None
) -> Mask:
    """(slots,) the assets, dead ones too, for which `tree` holds.

    Beside `within`, where it is given, the answer may be anything.
    """
    if _for_sql(tree):
        return _by_sql(tree, shelf, connection)
    if isinstance(tree, Not):
        return ~holds(tree.item, shelf, connection, within)
    if isinstance(tree, All):
        # What memory knows comes first: then less is left to be read.
        for item in sorted(tree.items, key=_reads):
            found = holds(item, shelf, connection, within)
            within = found if within is None else within & found
        return np.ones(len(shelf.number), np.bool_) if within is None else within
    if isinstance(tree, Either):
        each = [holds(item, shelf, connection, within) for item in tree.items]
        either: Mask = np.logical_or.reduce(each)
        return either
    return _long(tree, shelf, connection, within) if tree.field.long else _leaf(tree, shelf)


def _reads(tree: Condition) -> bool:
    """Whether any condition in `tree` is on a long text."""
    if isinstance(tree, Not):
        return _reads(tree.item)
    if isinstance(tree, (All, Either)):
        return any(_reads(item) for item in tree.items)
    return tree.field.long


def _for_sql(tree: Condition) -> bool:
    """Whether every condition in `tree` is on a long text, and none that words may tell of."""
    if isinstance(tree, Not):
        return _for_sql(tree.item)
    if isinstance(tree, (All, Either)):
        return all(_for_sql(item) for item in tree.items)
    return tree.field.long and not substrings.may_tell(tree)


def _by_sql(tree: Condition, shelf: Shelf, connection: sa.Connection) -> Mask:
    if (known := _held(tree, shelf)) is not None:
        return known
    statement = sa.select(assets.c.number).where(clause(tree))
    return _hold(tree, shelf, shelf.mask(connection.execute(statement).scalars().all()))


def _long(leaf: Leaf, shelf: Shelf, connection: sa.Connection, within: Mask | None) -> Mask:
    """A condition on a long text: the words in memory first, then the texts that they leave."""
    if (held := _held(leaf, shelf)) is not None:
        return held
    known = substrings.told(leaf, shelf)
    if known is None:
        return _by_sql(leaf, shelf, connection)
    sure, maybe = known
    maybe &= shelf.alive
    narrowed = within is not None and np.count_nonzero(maybe) > READ
    if within is not None and narrowed:
        maybe &= within
    left = int(np.count_nonzero(maybe))
    if left > ROWS and (narrower := rowed(leaf, shelf, connection)) is not None:
        maybe &= narrower
        left = int(np.count_nonzero(maybe))
    if left * SCAN > len(maybe):
        return _by_sql(leaf, shelf, connection)
    if left:
        statement = sa.select(assets.c.number).where(clause(leaf), among(assets.c.number))
        numbers = connection.execute(statement, bound(shelf.number[maybe].tolist()))
        sure[shelf.slots(numbers.scalars().all())] = True
    return sure if narrowed else _hold(leaf, shelf, sure)


def rowed(leaf: Leaf, shelf: Shelf, connection: sa.Connection) -> Mask | None:
    """(slots,) the assets in which words are in a row as `leaf` asks; None where it does not."""
    asked = substrings.in_a_row(leaf, shelf)
    if asked is None:
        return None
    expression, untold = asked
    if not expression:
        return untold
    numbers = connection.execute(_MATCH, {"expression": expression}).scalars().all()
    return shelf.mask(numbers) | untold


def _held(tree: Condition, shelf: Shelf) -> Mask | None:
    """What was found for this condition in this state of the library, where it is known."""
    bits = shelf.held.get(tree)
    if bits is None:
        return None
    return np.unpackbits(bits, count=len(shelf.number)).view(np.bool_)


def _hold(tree: Condition, shelf: Shelf, found: Mask) -> Mask:
    """`found`, kept for the next page and for the facets that ask the same."""
    if len(shelf.held) >= HELD:
        shelf.held.clear()
    shelf.held[tree] = np.packbits(found)
    return found


def _leaf(leaf: Leaf, shelf: Shelf) -> Mask:
    column = shelf.column[leaf.field.name]
    if isinstance(leaf, Exists):
        return (
            np.ones(len(shelf.number), np.bool_) if isinstance(column, Lists) else column.exists()
        )
    if isinstance(leaf, Empty) and isinstance(column, Lists):
        return ~column.filled()
    if isinstance(column, Raw):
        return _number_test(leaf, column.numbers())
    if isinstance(leaf, Compare) and leaf.operator == "=":
        return column.passing(column.values.among([leaf.value]))
    if isinstance(leaf, OneOf):
        return column.passing(column.values.among(leaf.values))
    return column.where(_value_test(leaf))


def _value_test(leaf: Leaf) -> Callable[[Any], bool]:
    """What `leaf` asks of one value that is there."""
    if isinstance(leaf, Compare):
        return _compared(leaf.operator, leaf.value)
    if isinstance(leaf, Between):
        low, high = leaf.low, leaf.high
        return lambda value: low <= value <= high
    if isinstance(leaf, Contains):
        part, start = leaf.value, leaf.start
        return lambda value: value.startswith(part) if start else part in value
    if isinstance(leaf, Has):
        # On a field that the keyword index does not have, `field:value` means equality.
        return _compared("=", folded(leaf.value))
    return lambda value: value == ""  # Empty; Exists is asked of the column


def _compared(operator: str, wanted: Any) -> Callable[[Any], bool]:
    if wanted is None:
        return lambda _: False
    tests: dict[str, Callable[[Any], bool]] = {
        "=": lambda value: bool(value == wanted),
        ">": lambda value: bool(value > wanted),
        ">=": lambda value: bool(value >= wanted),
        "<": lambda value: bool(value < wanted),
        "<=": lambda value: bool(value <= wanted),
    }
    return tests[operator]


def _number_test(leaf: Leaf, numbers: np.ndarray) -> Mask:
    """The same for a column of bare numbers; comparing with NaN is False."""
    if isinstance(leaf, Compare):
        found: Mask = np.asarray(_ARRAY[leaf.operator](numbers, _number(leaf.value)))
        return found
    if isinstance(leaf, OneOf):
        return np.isin(numbers, [_number(value) for value in leaf.values if value is not None])
    if isinstance(leaf, Between):
        return np.asarray((numbers >= _number(leaf.low)) & (numbers <= _number(leaf.high)))
    return np.zeros(len(numbers), dtype=np.bool_)


def _number(value: Any) -> float:
    return float("nan") if value is None else float(value)


_ARRAY: dict[str, Callable[[Any, Any], Any]] = {
    "=": np.equal,
    ">": np.greater,
    ">=": np.greater_equal,
    "<": np.less,
    "<=": np.less_equal,
}

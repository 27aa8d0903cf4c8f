"""The tree that a filter expression means: frozen values, compared and hashed by what they say.

Knows fields and nothing of texts, SQL or assets. `filters` makes a tree of an expression,
`clauses` makes SQL of a tree.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from library.fields import Field

Value: TypeAlias = "str | float | None"  # None: a text where only numbers are; equal to nothing


@dataclass(frozen=True, slots=True)
class Compare:
    """`field operator value`, the value folded, a number or milliseconds; operator = > >= < <=."""

    field: Field
    operator: str
    value: Value


@dataclass(frozen=True, slots=True)
class OneOf:
    """`field IN [values]`."""

    field: Field
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Between:
    """`field low TO high`, both included."""

    field: Field
    low: Value
    high: Value


@dataclass(frozen=True, slots=True)
class Exists:
    """The asset has the field: an array always, anything else when the file tells it."""

    field: Field


@dataclass(frozen=True, slots=True)
class Empty:
    """The asset has the field and there is nothing in it."""

    field: Field


@dataclass(frozen=True, slots=True)
class Contains:
    """The field's text has `value` in it, at its beginning if `start`."""

    field: Field
    value: str
    start: bool = False


@dataclass(frozen=True, slots=True)
class Has:
    """`field:value`: the value is among the field's words, as whole words in a row."""

    field: Field
    value: str


@dataclass(frozen=True, slots=True)
class Not:
    """What `item` does not hold for, assets without the field included."""

    item: Condition


@dataclass(frozen=True, slots=True)
class All:
    """Every one of `items`."""

    items: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Either:
    """At least one of `items`."""

    items: tuple[Condition, ...]


Leaf: TypeAlias = "Compare | OneOf | Between | Exists | Empty | Contains | Has"
Condition: TypeAlias = "Leaf | Not | All | Either"

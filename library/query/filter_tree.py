"""The tree that a filter expression is parsed into: frozen values, compared and hashed by content.

Knows fields and nothing of texts, SQL or assets. What depends on the class of a node is a visitor:
`TreeVisitor` for a whole tree, `LeafVisitor` for the conditions in it. `filter_parser` makes a
tree from an expression; `search.filter_sql` and `search.filter_eval` evaluate it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeAlias, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterator

    from library.schema.fields import Field

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

# None: a text where the field has only numbers; equal to nothing.
Value: TypeAlias = "str | float | None"


class Condition:
    """Any node of the tree."""

    __slots__ = ()

    @property
    def children(self) -> tuple[Condition, ...]:
        """The nodes below this one."""
        return ()

    def negated(self) -> Condition:
        """Return the condition that holds where this one does not."""
        return Not(self)

    def leaves(self) -> Iterator[Leaf]:
        """Yield the conditions on single fields, from left to right."""
        for child in self.children:
            yield from child.leaves()

    def accept(self, visitor: TreeVisitor[T]) -> T:
        """Return what `visitor` returns for a node of this class."""
        raise NotImplementedError


class Leaf(Condition):
    """A condition on one field."""

    __slots__ = ()
    field: Field

    def leaves(self) -> Iterator[Leaf]:
        """Yield this condition."""
        yield self

    def accept(self, visitor: TreeVisitor[T]) -> T:
        """Return what `visitor` returns for a condition on one field."""
        return visitor.leaf(self)

    def accept_leaf(self, visitor: LeafVisitor[T]) -> T:
        """Return what `visitor` returns for a condition of this class."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Compare(Leaf):
    """`field operator value`, the value folded, a number or milliseconds; operator = > >= < <=."""

    field: Field
    operator: str
    value: Value

    def accept_leaf(self, visitor: LeafVisitor[T]) -> T:
        """Return what `visitor` returns for a comparison."""
        return visitor.compare(self)


@dataclass(frozen=True, slots=True)
class OneOf(Leaf):
    """`field IN [values]`."""

    field: Field
    values: tuple[Value, ...]

    def accept_leaf(self, visitor: LeafVisitor[T]) -> T:
        """Return what `visitor` returns for a list of values."""
        return visitor.one_of(self)


@dataclass(frozen=True, slots=True)
class Between(Leaf):
    """`field low TO high`, both included."""

    field: Field
    low: Value
    high: Value

    def accept_leaf(self, visitor: LeafVisitor[T]) -> T:
        """Return what `visitor` returns for a range."""
        return visitor.between(self)


@dataclass(frozen=True, slots=True)
class Exists(Leaf):
    """The asset has the field: an array always, anything else where the file contains it."""

    field: Field

    def accept_leaf(self, visitor: LeafVisitor[T]) -> T:
        """Return what `visitor` returns for a field that must exist."""
        return visitor.exists(self)


@dataclass(frozen=True, slots=True)
class IsEmpty(Leaf):
    """The asset has the field, and its value is empty."""

    field: Field

    def accept_leaf(self, visitor: LeafVisitor[T]) -> T:
        """Return what `visitor` returns for a field that must be empty."""
        return visitor.is_empty(self)


@dataclass(frozen=True, slots=True)
class Contains(Leaf):
    """The field's text contains `value`, at its beginning if `start`."""

    field: Field
    value: str
    start: bool = False

    def accept_leaf(self, visitor: LeafVisitor[T]) -> T:
        """Return what `visitor` returns for a part of a text."""
        return visitor.contains(self)


@dataclass(frozen=True, slots=True)
class HasWords(Leaf):
    """`field:value`: the words of the value are among the field's words, one after the other."""

    field: Field
    value: str

    def accept_leaf(self, visitor: LeafVisitor[T]) -> T:
        """Return what `visitor` returns for words of a text."""
        return visitor.has_words(self)


@dataclass(frozen=True, slots=True)
class Not(Condition):
    """`item` does not hold; assets without the field are included."""

    item: Condition

    @property
    def children(self) -> tuple[Condition, ...]:
        """The negated condition."""
        return (self.item,)

    def negated(self) -> Condition:
        """Return the condition that is negated here."""
        return self.item

    def accept(self, visitor: TreeVisitor[T]) -> T:
        """Return what `visitor` returns for a negation."""
        return visitor.not_(self)


@dataclass(frozen=True, slots=True)
class And(Condition):
    """Every one of `items`."""

    items: tuple[Condition, ...]

    @property
    def children(self) -> tuple[Condition, ...]:
        """The joined conditions."""
        return self.items

    def accept(self, visitor: TreeVisitor[T]) -> T:
        """Return what `visitor` returns for a conjunction."""
        return visitor.and_(self)


@dataclass(frozen=True, slots=True)
class Or(Condition):
    """At least one of `items`."""

    items: tuple[Condition, ...]

    @property
    def children(self) -> tuple[Condition, ...]:
        """The joined conditions."""
        return self.items

    def accept(self, visitor: TreeVisitor[T]) -> T:
        """Return what `visitor` returns for a disjunction."""
        return visitor.or_(self)


class LeafVisitor(Protocol[T_co]):
    """One function for each class of condition on a single field."""

    def compare(self, leaf: Compare) -> T_co:
        """`field operator value`."""

    def one_of(self, leaf: OneOf) -> T_co:
        """`field IN [values]`."""

    def between(self, leaf: Between) -> T_co:
        """`field low TO high`."""

    def exists(self, leaf: Exists) -> T_co:
        """`field EXISTS`."""

    def is_empty(self, leaf: IsEmpty) -> T_co:
        """`field IS EMPTY`."""

    def contains(self, leaf: Contains) -> T_co:
        """`field CONTAINS value` and `field STARTS WITH value`."""

    def has_words(self, leaf: HasWords) -> T_co:
        """`field:value`."""


class TreeVisitor(Protocol[T_co]):
    """One function for each class of node; all conditions on single fields are `leaf`."""

    def leaf(self, leaf: Leaf) -> T_co:
        """A condition on one field."""

    def not_(self, tree: Not) -> T_co:
        """A negation."""

    def and_(self, tree: And) -> T_co:
        """A conjunction."""

    def or_(self, tree: Or) -> T_co:
        """A disjunction."""

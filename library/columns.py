"""What can be filtered, sorted and counted, in memory: one column a field.

Texts with few different values, and numbers that repeat, are kept as codes into a list of values,
so that a condition is asked once a value and not once an asset. Columns never change; `grown`
returns a longer one. Long texts (names, prompts) are not here: SQL knows them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from library.fields import FIELDS, Field, Type
from library.strip import Strip

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from numpy.typing import NDArray

    Mask: TypeAlias = NDArray[np.bool_]
    Floats64: TypeAlias = NDArray[np.float64]


_FEW = 16  # slots, one in so many, whose entries are looked up and not filtered
_SAME = 4  # values that are compared one by one
_MANY = 4_000  # values that are not counted one by one
_GROWN = 1.25  # times the entries that are inverted, before they are inverted again


def _coded(codes: NDArray[np.int32], table: Mask) -> Mask:
    """(codes,) the entry of each in `table`, whose last is for -1 and False."""
    wanted = np.flatnonzero(table)
    if len(wanted) > _SAME:
        found: Mask = table[codes]
        return found
    among = np.zeros(len(codes), dtype=np.bool_)
    for code in wanted.astype(codes.dtype):
        among |= codes == code
    return among


@dataclass(frozen=True, slots=True)
class Inverted:
    """The first `entries` of a column of lists, by value: which slots have each."""

    entries: int
    owner: NDArray[np.int64]  # (entries,) a value's behind those of the one before
    ends: list[int]  # (values,) where those of each value end

    @classmethod
    def of(cls, codes: NDArray[np.int32], owner: NDArray[np.int32]) -> Inverted:
        """Of these entries."""
        order = np.argsort(codes, kind="stable")
        # As wide as addresses are: indexing with anything else converts it each time.
        found = owner[order].astype(np.int64)
        return cls(len(codes), found, np.cumsum(np.bincount(codes)).tolist())

    def counts(self, mask: Mask, values: int) -> NDArray[np.int64]:
        """(values,) how many of the slots in `mask` have each of the first `values`."""
        found = np.zeros(values, dtype=np.int64)
        has = mask[self.owner]
        if values > _MANY:  # each has an entry, so no sum is of none
            begins = [0, *self.ends[: values - 1]]
            found[: len(self.ends)] = np.add.reduceat(has, begins[: len(self.ends)], dtype=np.int64)
            return found
        first = 0
        for place, last in enumerate(self.ends[:values]):
            found[place] = np.count_nonzero(has[first:last])
            first = last
        return found


@dataclass(frozen=True, slots=True)
class Values:
    """Different values in the order in which they were met; shared by a column's states."""

    listed: list[Any] = field(default_factory=list)
    code: dict[Any, int] = field(default_factory=dict)
    shown: dict[Any, str] = field(default_factory=dict)  # as documents spell them, where asked for
    inverted: dict[int, Inverted] = field(default_factory=dict)  # 0 -> of a column of lists

    def codes(self, values: Sequence[Any]) -> list[int]:
        """The code of each value, -1 for None; new values are added."""
        code, listed = self.code, self.listed
        found = []
        for value in values:
            if value is None:
                found.append(-1)
                continue
            place = code.get(value)
            if place is None:
                place = len(listed)
                listed.append(value)  # first, so that a code that is read has its value
                code[value] = place
            found.append(place)
        return found

    def table(self, test: Callable[[Any], bool]) -> Mask:
        """(values + 1,) whether each value passes; the last entry, for -1, is False."""
        return np.array([*(test(value) for value in list(self.listed)), False], dtype=np.bool_)

    def among(self, wanted: Iterable[Any]) -> Mask:
        """(values + 1,) which values are among `wanted`, without asking each."""
        codes = [self.code[value] for value in wanted if value in self.code]
        # Sized afterwards: another thread may be adding values that this column does not have.
        found = np.zeros(len(self.listed) + 1, dtype=np.bool_)
        found[codes] = True
        return found


@dataclass(frozen=True, slots=True)
class Coded:
    """One value an asset, as codes (slots,) int32; -1 where the asset has none."""

    values: Values
    codes: Strip

    @classmethod
    def empty(cls) -> Coded:
        """A column of no assets."""
        return cls(Values(), Strip.empty(np.int32))

    def grown(self, values: Sequence[Any]) -> Coded:
        """This column with these assets' values behind it."""
        codes = np.array(self.values.codes(values), dtype=np.int32)
        return Coded(self.values, self.codes.grown(codes))

    def where(self, test: Callable[[Any], bool]) -> Mask:
        """(slots,) the assets whose value passes; False where there is none."""
        return self.passing(self.values.table(test))

    def passing(self, table: Mask) -> Mask:
        """(slots,) the assets whose value's entry in `table` (values + 1,) is true."""
        return _coded(self.codes.rows, table)

    def exists(self) -> Mask:
        """(slots,) the assets that have a value."""
        return np.asarray(self.codes.rows >= 0)

    def numbers(self, slots: Any = slice(None)) -> Floats64:
        """(slots,) the values of a column of numbers, NaN where there is none."""
        values = np.array([*self.values.listed, np.nan], dtype=np.float64)
        found: Floats64 = values[self.codes.rows[slots]]
        return found

    def counts(self, slots: NDArray[np.int64], values: int) -> NDArray[np.int64]:
        """(values,) how many of the assets in `slots`, rising, have each of the first `values`."""
        codes = self.codes.rows
        codes = codes if len(slots) == len(codes) else codes[slots]
        return np.bincount(codes + 1, minlength=values + 1)[1 : values + 1]


@dataclass(frozen=True, slots=True)
class Raw:
    """One number an asset, (slots,) float64; NaN where the asset has none."""

    numbers_: Strip

    @classmethod
    def empty(cls) -> Raw:
        """A column of no assets."""
        return cls(Strip.empty(np.float64))

    def grown(self, values: Sequence[Any]) -> Raw:
        """This column with these assets' values behind it."""
        return Raw(self.numbers_.grown(np.array(values, dtype=np.float64)))

    def exists(self) -> Mask:
        """(slots,) the assets that have a value."""
        return np.asarray(~np.isnan(self.numbers_.rows))

    def numbers(self, slots: Any = slice(None)) -> Floats64:
        """(slots,) the values, NaN where there is none."""
        found: Floats64 = self.numbers_.rows[slots]
        return found


@dataclass(frozen=True, slots=True)
class Lists:
    """Any number of values an asset: `codes` (entries,), and the slot `owner` (entries,) of each.

    The entries are in the order of their owners.
    """

    values: Values
    codes: Strip
    owner: Strip
    slots: int

    @classmethod
    def empty(cls) -> Lists:
        """A column of no assets."""
        return cls(Values(), Strip.empty(np.int32), Strip.empty(np.int32), 0)

    def grown(self, owners: Sequence[int], values: Sequence[Any], slots: int) -> Lists:
        """This column for `slots` assets, with these entries behind it."""
        codes = np.array(self.values.codes(values), dtype=np.int32)
        owner = np.array(owners, dtype=np.int32)
        return Lists(self.values, self.codes.grown(codes), self.owner.grown(owner), slots)

    def where(self, test: Callable[[Any], bool]) -> Mask:
        """(slots,) the assets that have a value which passes."""
        return self.passing(self.values.table(test))

    def passing(self, table: Mask) -> Mask:
        """(slots,) the assets with a value whose entry in `table` (values + 1,) is true."""
        found = np.zeros(self.slots, dtype=np.bool_)
        found[self.owner.rows[np.flatnonzero(_coded(self.codes.rows, table))]] = True
        return found

    def filled(self) -> Mask:
        """(slots,) the assets that have any value."""
        found = np.zeros(self.slots, dtype=np.bool_)
        found[self.owner.rows] = True
        return found

    def counts(self, slots: NDArray[np.int64], values: int) -> NDArray[np.int64]:
        """(values,) how many of the assets in `slots`, rising, have each of the first `values`."""
        codes, owner = self.codes.rows, self.owner.rows
        if len(slots) * _FEW < self.slots:
            first = np.searchsorted(owner, slots.astype(owner.dtype))
            sizes = np.searchsorted(owner, slots.astype(owner.dtype), side="right") - first
            # The entries of each slot, one slot's behind another's.
            skip = first - (np.cumsum(sizes) - sizes)
            codes = codes[np.repeat(skip, sizes) + np.arange(sizes.sum())]
        elif len(slots) < self.slots:
            mask = np.zeros(self.slots, dtype=np.bool_)
            mask[slots] = True
            inverted = self._inverted()
            behind = codes[inverted.entries :][mask[owner[inverted.entries :]]]
            return inverted.counts(mask, values) + np.bincount(behind, minlength=values)[:values]
        return np.bincount(codes, minlength=values)[:values]

    def _inverted(self) -> Inverted:
        """The entries by value, most of them: made once, and again when many have come."""
        known = self.values.inverted.get(0)
        entries = len(self.codes.rows)
        if known is None or known.entries > entries:
            known = Inverted.of(self.codes.rows[:0], self.owner.rows[:0])
        if known.entries * _GROWN < entries:
            known = Inverted.of(self.codes.rows, self.owner.rows)
            self.values.inverted[0] = known
        return known


Column: TypeAlias = "Coded | Raw | Lists"


def empty(of: Field) -> Column:
    """The column that keeps this field, of no assets."""
    if of.type is Type.ARRAY:
        return Lists.empty()
    return Raw.empty() if of.varied else Coded.empty()


KEPT = tuple(of for of in FIELDS.values() if not of.long)

"""The fields that can be filtered, sorted and counted in memory: one column for each.

Texts with few different values, and numbers that repeat, are stored as codes into a list of
values, so that a condition is tested once for each value and not for each asset. Columns are
immutable; `grown` returns a longer one. Long texts (names, prompts) are left to SQL.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from library.reader.growable_array import GrowableArray
from library.schema.fields import FIELDS, Field, Type

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from numpy.typing import NDArray

    Mask: TypeAlias = NDArray[np.bool_]
    Floats64: TypeAlias = NDArray[np.float64]


_FEW = 16  # for fewer slots than one in so many, their entries are looked up, not filtered
_COMPARED_MOST = 4  # values that are compared one by one
_COUNTED_MOST = 4_000  # values that are counted one by one
_GROWTH = 1.25  # factor of new entries after which the inverted list is built again


def _look_up(codes: NDArray[np.int32], table: Mask) -> Mask:
    """Return (codes,) the entry of each in `table`, whose last is for -1 and False."""
    passing = np.flatnonzero(table)
    if len(passing) > _COMPARED_MOST:
        entries: Mask = table[codes]
        return entries
    mask = np.zeros(len(codes), dtype=np.bool_)
    for code in passing.astype(codes.dtype):
        mask |= codes == code
    return mask


@dataclass(frozen=True, slots=True)
class Inverted:
    """The first `entries` of a column of lists, grouped by value: which slots have each."""

    entries: int
    owner: NDArray[np.int64]  # (entries,) slots, in the order of the values
    ends: list[int]  # (values,) where the entries of each value end

    @classmethod
    def of(cls, codes: NDArray[np.int32], owner: NDArray[np.int32]) -> Inverted:
        """Return the inverted list of these entries."""
        order = np.argsort(codes, kind="stable")
        # int64: numpy converts any other type each time it is used as an index.
        grouped = owner[order].astype(np.int64)
        return cls(len(codes), grouped, np.cumsum(np.bincount(codes)).tolist())

    def counts(self, mask: Mask, values: int) -> NDArray[np.int64]:
        """Return (values,) how many of the slots in `mask` have each of the first `values`."""
        counts = np.zeros(values, dtype=np.int64)
        has = mask[self.owner]
        if values > _COUNTED_MOST:  # each has an entry, so `reduceat` meets no empty range
            begins = [0, *self.ends[: values - 1]]
            counts[: len(self.ends)] = np.add.reduceat(
                has, begins[: len(self.ends)], dtype=np.int64
            )
            return counts
        first = 0
        for code, last in enumerate(self.ends[:values]):
            counts[code] = np.count_nonzero(has[first:last])
            first = last
        return counts


@dataclass(frozen=True, slots=True)
class Values:
    """Distinct values in the order of their first use; shared by all states of a column."""

    listed: list[Any] = field(default_factory=list)
    code: dict[Any, int] = field(default_factory=dict)
    shown: dict[Any, str] = field(default_factory=dict)  # spelled as in documents, where needed
    inverted: dict[int, Inverted] = field(default_factory=dict)  # 0 -> that of a column of lists
    # number of values -> folder -> the codes of the folders in it, for values that are folders
    levels: dict[int, dict[str, list[int]]] = field(default_factory=dict)

    def codes(self, values: Sequence[Any]) -> list[int]:
        """Return the code of each value, -1 for None; new values are added."""
        code_of, listed = self.code, self.listed
        codes = []
        for value in values:
            if value is None:
                codes.append(-1)
                continue
            code = code_of.get(value)
            if code is None:
                code = len(listed)
                listed.append(value)  # first, so that another thread finds a value for each code
                code_of[value] = code
            codes.append(code)
        return codes

    def table(self, test: Callable[[Any], bool]) -> Mask:
        """Return (values + 1,) whether each value passes; the last entry, for -1, is False."""
        return np.array([*(test(value) for value in list(self.listed)), False], dtype=np.bool_)

    def among(self, values: Iterable[Any]) -> Mask:
        """Return (values + 1,) which values are among `values`."""
        codes = [self.code[value] for value in values if value in self.code]
        # Sized afterwards: another thread may be adding values that this column does not have.
        table = np.zeros(len(self.listed) + 1, dtype=np.bool_)
        table[codes] = True
        return table


@dataclass(frozen=True, slots=True)
class Coded:
    """One value for each asset, as codes (slots,) int32; -1 where the asset has none."""

    values: Values
    codes: GrowableArray

    @classmethod
    def empty(cls) -> Coded:
        """Return the column of an empty library."""
        return cls(Values(), GrowableArray.empty(np.int32))

    def grown(self, values: Sequence[Any]) -> Coded:
        """Return this column with the values of further assets."""
        codes = np.array(self.values.codes(values), dtype=np.int32)
        return Coded(self.values, self.codes.grown(codes))

    def where(self, test: Callable[[Any], bool]) -> Mask:
        """Return (slots,) the assets whose value passes; False where there is none."""
        return _look_up(self.codes.rows, self.values.table(test))

    def among(self, values: Iterable[Any]) -> Mask:
        """Return (slots,) the assets whose value is one of `values`."""
        return _look_up(self.codes.rows, self.values.among(values))

    def exists(self) -> Mask:
        """Return (slots,) the assets that have a value."""
        return np.asarray(self.codes.rows >= 0)

    def is_empty(self) -> Mask:
        """Return (slots,) the assets whose value is the empty text."""
        return self.among([""])

    def numbers(self, slots: Any = slice(None)) -> Floats64:
        """Return (slots,) the values, or the ranks of texts; NaN where there is none."""
        listed = list(self.values.listed)
        if listed and isinstance(listed[0], str):
            rank = {value: place for place, value in enumerate(sorted(listed))}
            listed = [rank[value] for value in listed]
        values = np.array([*listed, np.nan], dtype=np.float64)
        numbers: Floats64 = values[self.codes.rows[slots]]
        return numbers

    def counts(self, slots: NDArray[np.int64], values: int) -> NDArray[np.int64]:
        """Return (values,) how many of the `slots`, ascending, have each of the first `values`."""
        codes = self.codes.rows
        codes = codes if len(slots) == len(codes) else codes[slots]
        return np.bincount(codes + 1, minlength=values + 1)[1 : values + 1]

    def entries(self, slots: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
        """Return (n,) the places in `slots` of their values, and (n,) the codes of these."""
        return np.arange(len(slots)), self.codes.rows[slots]


@dataclass(frozen=True, slots=True)
class Raw:
    """One number for each asset, (slots,) float64; NaN where the asset has none."""

    numbers_: GrowableArray

    @classmethod
    def empty(cls) -> Raw:
        """Return the column of an empty library."""
        return cls(GrowableArray.empty(np.float64))

    def grown(self, values: Sequence[Any]) -> Raw:
        """Return this column with the values of further assets."""
        return Raw(self.numbers_.grown(np.array(values, dtype=np.float64)))

    def where(self, test: Callable[[Any], Any]) -> Mask:
        """Return (slots,) the assets whose number passes; `test` takes and returns an array.

        Comparisons with NaN are false.
        """
        return np.asarray(test(self.numbers_.rows), dtype=np.bool_)

    def among(self, values: Iterable[Any]) -> Mask:
        """Return (slots,) the assets whose number is one of `values`."""
        numbers = [float(value) for value in values if value is not None]
        return np.isin(self.numbers_.rows, numbers)

    def exists(self) -> Mask:
        """Return (slots,) the assets that have a value."""
        return np.asarray(~np.isnan(self.numbers_.rows))

    def is_empty(self) -> Mask:
        """Return (slots,) no asset: a number is never empty."""
        return np.zeros(len(self.numbers_.rows), dtype=np.bool_)

    def numbers(self, slots: Any = slice(None)) -> Floats64:
        """Return (slots,) the values, NaN where there is none."""
        numbers: Floats64 = self.numbers_.rows[slots]
        return numbers


@dataclass(frozen=True, slots=True)
class Lists:
    """Any number of values for each asset: `codes` (entries,) and the slot of each, `owner`.

    The entries are in the order of their owners.
    """

    values: Values
    codes: GrowableArray
    owner: GrowableArray
    slots: int

    @classmethod
    def empty(cls) -> Lists:
        """Return the column of an empty library."""
        return cls(Values(), GrowableArray.empty(np.int32), GrowableArray.empty(np.int32), 0)

    def grown(self, owners: Sequence[int], values: Sequence[Any], slots: int) -> Lists:
        """Return this column for `slots` assets, with these entries appended."""
        codes = np.array(self.values.codes(values), dtype=np.int32)
        owner = np.array(owners, dtype=np.int32)
        return Lists(self.values, self.codes.grown(codes), self.owner.grown(owner), slots)

    def where(self, test: Callable[[Any], bool]) -> Mask:
        """Return (slots,) the assets with a value that passes."""
        return self._passing(self.values.table(test))

    def among(self, values: Iterable[Any]) -> Mask:
        """Return (slots,) the assets with one of `values`."""
        return self._passing(self.values.among(values))

    def _passing(self, table: Mask) -> Mask:
        mask = np.zeros(self.slots, dtype=np.bool_)
        mask[self.owner.rows[np.flatnonzero(_look_up(self.codes.rows, table))]] = True
        return mask

    def exists(self) -> Mask:
        """Return (slots,) all assets: every asset has the list."""
        return np.ones(self.slots, dtype=np.bool_)

    def is_empty(self) -> Mask:
        """Return (slots,) the assets without values."""
        mask = np.ones(self.slots, dtype=np.bool_)
        mask[self.owner.rows] = False
        return mask

    def counts(self, slots: NDArray[np.int64], values: int) -> NDArray[np.int64]:
        """Return (values,) how many of the `slots`, ascending, have each of the first `values`."""
        codes, owner = self.codes.rows, self.owner.rows
        if len(slots) * _FEW < self.slots:
            codes = self.entries(slots)[1]
        elif len(slots) < self.slots:
            mask = np.zeros(self.slots, dtype=np.bool_)
            mask[slots] = True
            inverted = self._inverted()
            newer = codes[inverted.entries :][mask[owner[inverted.entries :]]]
            return inverted.counts(mask, values) + np.bincount(newer, minlength=values)[:values]
        return np.bincount(codes, minlength=values)[:values]

    def entries(self, slots: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
        """Return (n,) the places in `slots` of their values, and (n,) the codes of these."""
        owner = self.owner.rows
        first = np.searchsorted(owner, slots.astype(owner.dtype))
        sizes = np.searchsorted(owner, slots.astype(owner.dtype), side="right") - first
        # The entries of all slots, slot by slot.
        skip = first - (np.cumsum(sizes) - sizes)
        places = np.repeat(np.arange(len(slots)), sizes)
        return places, self.codes.rows[skip[places] + np.arange(len(places))]

    def _inverted(self) -> Inverted:
        """Return most of the entries by value: built once, and again after many new ones."""
        known = self.values.inverted.get(0)
        entries = len(self.codes.rows)
        if known is None or known.entries > entries:
            known = Inverted.of(self.codes.rows[:0], self.owner.rows[:0])
        if known.entries * _GROWTH < entries:
            known = Inverted.of(self.codes.rows, self.owner.rows)
            self.values.inverted[0] = known
        return known


Column: TypeAlias = "Coded | Raw | Lists"


def empty_column(of: Field) -> Column:
    """Return the column of this field in an empty library."""
    if of.type is Type.ARRAY:
        return Lists.empty()
    return Raw.empty() if of.varied else Coded.empty()


COLUMN_FIELDS = tuple(of for of in FIELDS.values() if not of.long)

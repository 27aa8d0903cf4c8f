"""An array that grows at its end without moving its rows.

A `GrowableArray` is a view of the first rows of a larger buffer. `grown` writes behind them and
returns a longer array; the shorter one keeps the same rows. Only the newest array may grow. Knows
numpy and nothing of assets.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import DTypeLike, NDArray

GROWTH = 1.25  # factor of the new capacity when the buffer is full


@dataclass(frozen=True, slots=True)
class GrowableArray:
    """`rows` (n, ...) at the beginning of `buffer` (capacity, ...)."""

    buffer: NDArray[Any]
    rows: NDArray[Any]

    @classmethod
    def empty(cls, dtype: DTypeLike, width: int | None = None, room: int = 0) -> GrowableArray:
        """Return an array without rows, of single values or `width` values each.

        It has capacity for `room` rows.
        """
        buffer = np.empty(room if width is None else (room, width), dtype=dtype)
        return cls(buffer, buffer[:0])

    @classmethod
    def of(cls, rows: NDArray[Any]) -> GrowableArray:
        """Return an array of these rows."""
        return cls(rows, rows)

    def grown(self, new: NDArray[Any]) -> GrowableArray:
        """Return this array with the rows `new` appended."""
        if not len(new):
            return self
        length = len(self.rows) + len(new)
        buffer = self.buffer
        if length > len(buffer):
            buffer = np.empty((int(length * GROWTH) + 64, *new.shape[1:]), dtype=self.buffer.dtype)
            buffer[: len(self.rows)] = self.rows
        buffer[len(self.rows) : length] = new
        return GrowableArray(buffer, buffer[:length])

    def save(self, file: Path) -> None:
        """Write the rows and the shape to `file`, with capacity for more rows."""
        capacity = int(len(self.rows) * GROWTH) + 64
        mapped = np.lib.format.open_memmap(
            file, mode="w+", dtype=self.rows.dtype, shape=(capacity, *self.rows.shape[1:])
        )
        mapped[: len(self.rows)] = self.rows
        mapped.flush()

    @classmethod
    def load(cls, file: Path, length: int) -> GrowableArray:
        """Return the first `length` rows of a saved array.

        The file is mapped privately: processes share its pages until one appends rows.
        """
        # As a plain array: slicing a memmap takes longer than the work on the slice.
        buffer = np.load(file, mmap_mode="c").view(np.ndarray)
        return cls(buffer, buffer[:length])

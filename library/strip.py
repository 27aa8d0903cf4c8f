"""An array that grows at its end without moving what is there.

A `Strip` is a view of the first rows of a larger buffer. `grown` writes behind them and returns a
longer strip; whoever holds the shorter one goes on seeing the same rows. Only the newest strip
may be grown. Knows numpy and nothing of assets.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import DTypeLike, NDArray

SLACK = 1.25  # room made when the buffer is full


@dataclass(frozen=True, slots=True)
class Strip:
    """`rows` (n, ...) at the beginning of `buffer` (capacity, ...)."""

    buffer: NDArray[Any]
    rows: NDArray[Any]

    @classmethod
    def empty(cls, dtype: DTypeLike, width: int | None = None, room: int = 0) -> Strip:
        """No rows, of single values or of `width` values each, with room for some."""
        buffer = np.empty(room if width is None else (room, width), dtype=dtype)
        return cls(buffer, buffer[:0])

    @classmethod
    def of(cls, rows: NDArray[Any]) -> Strip:
        """These rows."""
        return cls(rows, rows)

    def grown(self, new: NDArray[Any]) -> Strip:
        """This strip with the rows `new` behind it."""
        if not len(new):
            return self
        length = len(self.rows) + len(new)
        buffer = self.buffer
        if length > len(buffer):
            buffer = np.empty((int(length * SLACK) + 64, *new.shape[1:]), dtype=self.buffer.dtype)
            buffer[: len(self.rows)] = self.rows
        buffer[len(self.rows) : length] = new
        return Strip(buffer, buffer[:length])

    def save(self, file: Path) -> None:
        """Write the rows and the shape to `file`, with room behind them for growing."""
        capacity = int(len(self.rows) * SLACK) + 64
        found = np.lib.format.open_memmap(
            file, mode="w+", dtype=self.rows.dtype, shape=(capacity, *self.rows.shape[1:])
        )
        found[: len(self.rows)] = self.rows
        found.flush()

    @classmethod
    def load(cls, file: Path, length: int) -> Strip:
        """The first `length` rows of a saved strip.

        The file is mapped privately: processes share its pages until one writes behind the rows.
        """
        # As a plain array: slices of a memmap each take longer than what is done with them.
        buffer = np.load(file, mmap_mode="c").view(np.ndarray)
        return cls(buffer, buffer[:length])

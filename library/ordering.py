"""A page of a long order without sorting all of it.

Pure functions over numpy arrays; each costs a few passes over the slots, however deep the page.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    Slots = NDArray[np.int64]
    Key = Callable[[Slots], NDArray[Any]]  # slots -> what they are ordered by, ascending

_SMALL = 4096  # slots that are simply sorted


def window(slots: Slots, keys: Sequence[Key], start: int, stop: int) -> Slots:
    """Places `start`..`stop` of `slots` ordered by the first key, ties by the next, and so on.

    The last key must tell all slots apart. Keys hold no NaN.
    """
    stop = min(stop, len(slots))
    if start >= stop:
        return slots[:0]
    if not keys:
        return slots[start:stop]
    if len(slots) <= _SMALL:
        return slots[np.lexsort([key(slots) for key in reversed(keys)])][start:stop]
    values = keys[0](slots)
    ends = np.partition(values, [start, stop - 1])
    low, high = ends[start], ends[stop - 1]
    before = int(np.count_nonzero(values < low))
    first = slots[values == low]
    if low == high:
        return window(first, keys[1:], start - before, stop - before)
    # Only the first and the last value of the page may have ties that reach out of it.
    head = window(first, keys[1:], start - before, len(first))
    middle = slots[(values > low) & (values < high)]
    middle = middle[np.lexsort([key(middle) for key in reversed(keys)])]
    rest = stop - start - len(head) - len(middle)
    tail = window(slots[values == high], keys[1:], 0, rest)
    return np.concatenate([head, middle, tail])

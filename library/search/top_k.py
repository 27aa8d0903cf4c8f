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
    Mask = NDArray[np.bool_]
    Floats = NDArray[np.float32]
    Key = Callable[[Slots], NDArray[Any]]  # slots -> what they are ordered by, ascending

SAMPLE = 10_000  # scores from which the threshold of the highest is estimated
LEEWAY = 3  # times as many slots as are wanted, by the sample
_SMALL = 4096  # slots that are simply sorted


def window(slots: Slots, keys: Sequence[Key], start: int, stop: int) -> Slots:
    """Return positions `start`..`stop` of `slots` ordered by the first key, ties by the next.

    The last key must be different for all slots. Keys contain no NaN.
    """
    stop = min(stop, len(slots))
    if start >= stop:
        return slots[:0]
    if not keys:
        return slots[start:stop]
    if len(slots) <= _SMALL:
        return slots[np.lexsort([key(slots) for key in reversed(keys)])][start:stop]
    values = keys[0](slots)
    before, near = _neighbourhood(values, start, stop)
    if near is not None:
        return window(slots[near], keys, start - before, stop - before)
    ends = np.partition(values, [start, stop - 1])
    low, high = ends[start], ends[stop - 1]
    before = int(np.count_nonzero(values < low))
    first = slots[values == low]
    if low == high:
        return window(first, keys[1:], start - before, stop - before)
    # Only the first and the last value of the page may have ties outside of it.
    head = window(first, keys[1:], start - before, len(first))
    middle = slots[(values > low) & (values < high)]
    middle = middle[np.lexsort([key(middle) for key in reversed(keys)])]
    rest = stop - start - len(head) - len(middle)
    tail = window(slots[values == high], keys[1:], 0, rest)
    return np.concatenate([head, middle, tail])


def partial_top(slots: Slots, keys: Sequence[Key], count: int) -> Slots:
    """Return the first `count` slots of the order of `window`, unsorted."""
    if not 0 < count < len(slots):
        return slots[: max(0, count)]
    values = keys[0](slots)
    last = np.partition(values, count - 1)[count - 1]
    before, ties = slots[values < last], slots[values == last]
    return np.concatenate([before, partial_top(ties, keys[1:], count - len(before))])


def _neighbourhood(values: NDArray[Any], start: int, stop: int) -> tuple[int, Slots | None]:
    """Return indices of values that include the positions `start`..`stop` of their order.

    And how many values come before those. They are estimated from a sample; None where that saves
    nothing.
    """
    step = len(values) // SAMPLE
    if step > 1:
        sample = np.sort(values[::step])
        spare = 3 * int(len(sample) ** 0.5)
        low = start * len(sample) // len(values) - spare
        high = stop * len(sample) // len(values) + spare
        within = np.ones(len(values), dtype=np.bool_)
        before = 0
        if low > 0:
            within = values >= sample[low]
            before = len(values) - int(np.count_nonzero(within))
        if high < len(sample):
            within &= values <= sample[high]
        near = np.flatnonzero(within)
        if before <= start and stop <= before + len(near) and 2 * len(near) < len(values):
            return before, near
    return 0, None


def top_candidates(values: Floats, mask: Mask, count: int) -> Slots:
    """Return slots of `mask`, at least its `count` highest by `values`.

    The threshold is estimated from a sample so that somewhat more slots than needed reach it; if
    too few do, all are returned. It saves sorting the rest of a large library.
    """
    step = len(values) // SAMPLE
    if step:
        sample = values[::step][mask[::step]]
        share = LEEWAY * count / max(1, int(np.count_nonzero(mask)))
        position = int(len(sample) * share) + 1
        if position < len(sample):
            threshold = -np.partition(-sample, position)[position]
            slots = np.flatnonzero(mask & (values >= threshold))
            if len(slots) >= count:
                return slots
    return np.flatnonzero(mask)

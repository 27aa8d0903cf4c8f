"""The exact vectors of a library, read from its table."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import sqlalchemy as sa

from library.store.tables import vectors

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from library.store.index import Index

_BATCH = 20_000


def batches(index: Index, name: str) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float32]]]:
    """Yield (numbers, vectors) of one kind of vector, 20,000 at a time."""
    table = vectors[name]
    last = 0
    with index.reading() as connection:
        while rows := connection.execute(
            sa.select(table.c.number, table.c.vector)
            .where(table.c.number > last)
            .order_by(table.c.number)
            .limit(_BATCH)
        ).all():
            last = rows[-1][0]
            joined = np.frombuffer(b"".join(row[1] for row in rows), dtype="<f2")
            yield np.array([row[0] for row in rows]), joined.reshape(len(rows), -1).astype("f4")

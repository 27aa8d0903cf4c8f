"""Reading the stored vectors of a library: half floats in the table of each vector space."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import sqlalchemy as sa

from library.store.backends.dialects import among, bound
from library.store.tables import vectors

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Floats: TypeAlias = NDArray[np.float32]
    Slots: TypeAlias = NDArray[np.int64]

_SELECT = {
    name: sa.select(table).where(among(table.c.number)).order_by(table.c.number)
    for name, table in vectors.items()
}


def read_vectors(
    connection: sa.Connection, space: str, numbers: Sequence[int]
) -> tuple[Slots, Floats]:
    """Return (n,) those of the numbers that have a vector, ascending, and (n, width) the vectors.

    They are as embedded, not centred.
    """
    rows = connection.execute(_SELECT[space], bound(numbers)).all()
    return np.array([row[0] for row in rows], dtype=np.int64), to_floats([row[1] for row in rows])


def to_floats(blobs: Sequence[bytes]) -> Floats:
    """Return (n, width) the vectors of rows of the tables."""
    if not blobs:
        return np.zeros((0, 0), dtype=np.float32)
    joined = np.frombuffer(b"".join(blobs), dtype="<f2")
    return joined.reshape(len(blobs), -1).astype(np.float32)

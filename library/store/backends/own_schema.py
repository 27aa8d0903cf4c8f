"""The tables beside the index of a library in PostgreSQL, in a schema that survives it."""

from __future__ import annotations

from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

from library.store.backends.connections import errors, reading, writing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    import sqlalchemy as sa


class OwnSchema:
    """The tables beside the index. Writers wait for each other, by the name of their lock."""

    def __init__(
        self,
        engine: sa.Engine,
        lock: str,
        *,
        replica: Callable[[], AbstractContextManager[sa.Connection]] | None = None,
        wait: Callable[[], None] = lambda: None,
    ) -> None:
        """Read and write by `engine`.

        `replica` returns a connection for what need not be current, and works without a primary.
        `wait` is called after each transaction.
        """
        self._engine, self._lock, self._wait = engine, lock, wait
        self._replica = replica or partial(reading, engine)

    @contextmanager
    def reading(self, *, current: bool = True) -> Iterator[sa.Connection]:
        """Return a connection that sees one state; without `current`, that of the replica."""
        opened = reading(self._engine) if current else self._replica()
        with errors(self._engine), opened as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """Return a transaction, which is rolled back on an error; others wait for its end."""
        with errors(self._engine), writing(self._engine, self._lock) as connection:
            yield connection
        with errors(self._engine):
            self._wait()

    def close(self) -> None:
        """Leave the connections to the store."""

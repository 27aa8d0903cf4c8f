"""Where a library is stored: what its parts ask of the database that holds it.

The tables (`tables`) and nearly all SQL are the same in every database; `dialects` and `phrases`
have what differs. A store opens the database, and is the one place that knows where it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    import sqlalchemy as sa

    from library.home import KeyPair
    from library.store.backends.leases import SharedWork
    from library.store.blobs import Blobs
    from library.store.decisions.stored import Decisions
    from library.store.host_roots import HostRoots
    from library.store.identities import Identities


class Store(Protocol):
    """The database of one library. Thread-safe."""

    @property
    def engine(self) -> sa.Engine:
        """The connections to the tables of the index."""

    @property
    def roots(self) -> HostRoots:
        """Where this host has the folders of the library."""

    @property
    def decisions(self) -> Decisions:
        """What people decided."""

    @property
    def blobs(self) -> Blobs:
        """The thumbnails, and what else is beside the index."""

    def identities(self) -> Identities:
        """Open the table of ids. Raises as `Identities.open`."""

    def reading(self) -> AbstractContextManager[sa.Connection]:
        """Return a connection that sees one state of the library until it is released.

        After `rollback` it sees the newest one.
        """

    def writing(self) -> AbstractContextManager[sa.Connection]:
        """Return a connection in a write transaction, which is rolled back on an error.

        One process writes at a time, so numbers appear in the order in which they are given.
        """

    def indexing(self, waiting: Callable[[], None]) -> AbstractContextManager[None]:
        """Hold the right to change what is indexed, among all hosts.

        Calls `waiting` again and again while another host holds it. A host that ends releases it.
        """

    def alone(self, task: str) -> AbstractContextManager[bool]:
        """Hold the right to do a task, among all hosts; False where another process holds it."""

    @property
    def work(self) -> SharedWork | None:
        """Units of files that several hosts read together; None where one process indexes."""

    def key_pair(self) -> KeyPair:
        """Return the credentials of clients, created on first use."""

    def signing_secret(self) -> bytes:
        """Return the 32 bytes that sign URLs, created on first use."""

    def check(self) -> None:
        """Raise StoreAway where the library cannot be written now, because of its database."""

    def close(self) -> None:
        """Release the database."""

"""Blobs in PostgreSQL: every host of a library reads them, also from a replica."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa

from library.store.backends import dialects
from library.store.types import TEXT

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

metadata = sa.MetaData()
_blobs = sa.Table(
    "blobs",
    metadata,
    sa.Column("name", TEXT, primary_key=True),
    sa.Column("content", sa.LargeBinary, nullable=False),
)


@sa.event.listens_for(_blobs, "after_create")
def _store_as_it_is(_: sa.Table, connection: sa.Connection, **_options: Any) -> None:
    """Do without compression: pictures are compressed, and trying takes longer than storing."""
    connection.exec_driver_sql("ALTER TABLE blobs ALTER COLUMN content SET STORAGE EXTERNAL")


_READ: Final = sa.select(_blobs.c.content).where(_blobs.c.name == sa.bindparam("name"))
_NEXT: Final = (
    sa.select(_blobs.c.name)
    .where(_blobs.c.name > sa.bindparam("after"), _blobs.c.name < sa.bindparam("end"))
    .order_by(_blobs.c.name)
    .limit(1_000)
)
_REMOVE: Final = sa.delete(_blobs).where(dialects.among(_blobs.c.name))


class PostgresBlobs:
    """Rows of the table `blobs`."""

    is_shared: Final = True

    def __init__(self, reader: sa.Engine, writer: sa.Engine) -> None:
        self._reader, self._writer = reader, writer

    def read(self, name: str) -> bytes:
        """See `Blobs`."""
        try:
            with self._reader.connect() as connection:
                content = connection.execute(_READ, {"name": name}).scalar()
        except sa.exc.DBAPIError as error:
            raise OSError(f"the database cannot be read: {error.orig}") from error
        if content is None:
            raise FileNotFoundError(name)
        return bytes(content)

    def write(self, contents: Mapping[str, bytes]) -> None:
        """See `Blobs`."""
        written = [{"name": name, "content": content} for name, content in contents.items()]
        with self._writer.begin() as connection:
            dialects.put(connection, _blobs, written, replace=True)

    def remove(self, names: Collection[str]) -> None:
        """See `Blobs`."""
        if names:
            with self._writer.begin() as connection:
                connection.execute(_REMOVE, dialects.bound(names))

    def names(self, prefix: str) -> Iterator[str]:
        """See `Blobs`."""
        after, end = prefix, prefix[:-1] + chr(ord(prefix[-1]) + 1)
        while True:
            with self._reader.connect() as connection:
                found = connection.execute(_NEXT, {"after": after, "end": end}).scalars().all()
            if not found:
                return
            yield from found
            after = found[-1]

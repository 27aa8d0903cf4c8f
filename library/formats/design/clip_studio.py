"""Files of Clip Studio Paint: the preview of the canvas.

A .clip is a list of chunks (an eight-byte name and a length), one of which is an SQLite database.
It is opened in memory, read-only; nothing but one column of one table may be read, and the work of
a query is limited.
"""

from __future__ import annotations

import io
import sqlite3
import struct
from contextlib import closing
from typing import TYPE_CHECKING, Final

from library.formats.design.previews import NoPreview
from library.formats.images import BadImage, Picture, read

if TYPE_CHECKING:
    from typing import BinaryIO

_MAX_DATABASE: Final = 512 * 1024**2
_MAX_PREVIEW: Final = 64 * 1024**2
_MAX_CHUNKS: Final = 100_000
_MAX_STEPS: Final = 2_000  # of a thousand instructions of SQLite each
_TABLE: Final = "CanvasPreview"
_IS_TABLE: Final = "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = ?"
_QUERY: Final = f"SELECT ImageData FROM {_TABLE} LIMIT 1"  # noqa: S608 - a constant


def preview(file: BinaryIO, _mime: str) -> Picture:
    """Return the preview of the canvas. Raises BadImage."""
    database = bytearray(_database(file))
    if len(database) < 100:
        raise BadImage("is broken: its database is cut off")
    database[18:20] = b"\x01\x01"  # a database with a write-ahead log cannot be opened in memory
    try:
        with closing(sqlite3.connect(":memory:")) as connection:
            connection.deserialize(bytes(database))
            content = _image_data(connection)
    except (sqlite3.Error, OverflowError, ValueError, MemoryError) as error:
        raise BadImage(f"is broken: {' '.join(str(error).split())[:100]}") from error
    if not isinstance(content, bytes) or not content:
        raise NoPreview("contains no picture of its content")
    return read(content, "image/png" if content.startswith(b"\x89PNG") else "image/jpeg")


def _database(file: BinaryIO) -> bytes:
    """Return the chunk with the database. Raises BadImage."""
    size = file.seek(0, io.SEEK_END)
    position = 24  # behind the header: its name, the length of the file, the first offset
    for _ in range(_MAX_CHUNKS):
        file.seek(position)
        head = file.read(16)
        if len(head) < 16:
            break
        name, length = struct.unpack(">8sQ", head)
        if name == b"CHNKSQLi":
            if length > _MAX_DATABASE or position + 16 + length > size:
                break
            return file.read(length)
        position += 16 + length
        if position > size:
            break
    raise BadImage("is broken: it has no whole database")


def _image_data(connection: sqlite3.Connection) -> object:
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _MAX_PREVIEW)
    connection.execute("PRAGMA trusted_schema = OFF")
    steps = iter(range(_MAX_STEPS))
    connection.set_progress_handler(lambda: int(next(steps, None) is None), 1000)
    if connection.execute(_IS_TABLE, (_TABLE,)).fetchone() != (1,):
        return None
    connection.set_authorizer(_allowed)
    row = connection.execute(_QUERY).fetchone()
    return None if row is None else row[0]


def _allowed(action: int, first: str | None, second: str | None, *_: object) -> int:
    """Allow reading one column, and nothing else."""
    if action == sqlite3.SQLITE_SELECT:
        return sqlite3.SQLITE_OK
    if action == sqlite3.SQLITE_READ and (first, second) == (_TABLE, "ImageData"):
        return sqlite3.SQLITE_OK
    return sqlite3.SQLITE_DENY

"""A search as CSV: one line per asset, safe to open in a spreadsheet.

RFC 4180 with a byte order mark, which spreadsheets need to read UTF-8. The columns are those of the
field table (`app.query.fields`).
"""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any, Final

from app.errors import AkinError
from app.query import describe
from app.query.fields import FIELDS, reader

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from app.scenario.assets import Asset

Cell = str | int | float | None

BYTE_ORDER_MARK: Final = "\ufeff"
_BATCH: Final = 100  # rows sent at once

PATH: Final = "path"  # the column of a library whose files are in a folder

# What makes a spreadsheet run a cell (OWASP, "CSV Injection"), the full-width forms included.
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")

_READERS: Final = {
    spec.name: reader(spec) for spec in sorted(FIELDS, key=lambda spec: spec.csv) if spec.csv
}
# The addresses of an asset, below the origin of this server.
_LINKS: Final = {"page": "/assets/{}", "image": "/assets/{}/image"}
COLUMNS: Final = (*_READERS, *_LINKS)


def lines(hits: Iterable[Asset], *, origin: str, has_paths: bool = False) -> Iterator[bytes]:
    """Yield hits as CSV, many lines at a time; `origin` is what links begin with.

    With `has_paths` the last column is the path of each file in its folder. If `hits` raises an
    AkinError, the last line states after how many assets and why.
    """
    out = io.StringIO()
    writer = csv.writer(out)
    out.write(BYTE_ORDER_MARK)
    writer.writerow((*COLUMNS, PATH) if has_paths else COLUMNS)
    count = 0
    try:
        for hit in hits:
            values = [_value(read(hit)) for read in _READERS.values()]
            values += [origin + link.format(hit.id) for link in _LINKS.values()]
            if has_paths:
                values.append(hit.metadata.path)
            writer.writerow(map(cell, values))
            count += 1
            if count % _BATCH == 0:
                yield _taken(out)
    except AkinError as error:
        writer.writerow([stopped(count, error)])
    yield _taken(out)


def stopped(count: int, error: AkinError) -> str:
    """The last line of an incomplete table."""
    return (
        f"Stopped after {describe.counted(count, 'asset')}: {error.title}. {error.message}".rstrip()
    )


def cell(value: Cell) -> Cell:
    """A value that no spreadsheet takes for a formula: an apostrophe is put before such a text."""
    if isinstance(value, str) and value.lstrip(" ").startswith(_FORMULA):
        return f"'{value}"
    return value


def _value(value: Any) -> Cell:
    return ", ".join(value) if isinstance(value, tuple) else value


def _taken(out: io.StringIO) -> bytes:
    text = out.getvalue()
    out.seek(0)
    out.truncate()
    return text.encode("utf-8", "replace")

"""A provenance sheet as CSV: one line per asset, those with the most gaps first."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Final

from app.exports.csv_table import BYTE_ORDER_MARK, cell
from app.insight.provenance import ORIGINS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from app.insight.provenance import Provenance

COLUMNS: Final = (
    "missing",
    "name",
    "madeBy",
    "model",
    "prompt",
    "parents",
    "author",
    "license",
    "file",
    "id",
    "page",
)


def table(rows: Iterable[Provenance], *, origin: str, note: str = "") -> bytes:
    """Return the sheet as CSV; `origin` is what links begin with, `note` is its last line."""
    out = io.StringIO()
    out.write(BYTE_ORDER_MARK)
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    for row in rows:
        values = (
            ", ".join(row.gaps),
            row.asset.name,
            ORIGINS[row.origin],
            row.model,
            row.prompt,
            ", ".join((*(parent.asset_id for parent in row.parents), *row.inputs)),
            row.author,
            row.licence,
            row.file,
            row.asset.id,
            f"{origin}/assets/{row.asset.id}",
        )
        writer.writerow(map(cell, values))
    if note:
        writer.writerow([note])
    return out.getvalue().encode("utf-8", "replace")

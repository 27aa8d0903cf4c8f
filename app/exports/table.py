"""A search as CSV: a line an asset, safe to open in a spreadsheet.

RFC 4180 with a byte order mark, which spreadsheets need to read UTF-8. Knows assets and how a
spreadsheet reads a cell; asks nobody.
"""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Final

from app import words
from app.errors import AkinError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from app.assets import Asset

Cell = str | int | float | None

BYTE_ORDER_MARK: Final = "\ufeff"
_BATCH: Final = 100  # rows sent at once

# What makes a spreadsheet run a cell (OWASP, "CSV Injection"), the full-width forms included.
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")

COLUMNS: Final[dict[str, Callable[[Asset, str], Cell]]] = {
    "id": lambda asset, _: asset.id,
    "name": lambda asset, _: asset.name,
    "kind": lambda asset, _: asset.medium,
    "type": lambda asset, _: asset.metadata.type,
    "mimeType": lambda asset, _: asset.mimeType,
    "width": lambda asset, _: asset.width,
    "height": lambda asset, _: asset.height,
    "size": lambda asset, _: asset.bytes,
    "aspectRatio": lambda asset, _: asset.metadata.aspectRatio,
    "createdAt": lambda asset, _: asset.createdAt,
    "updatedAt": lambda asset, _: asset.updatedAt,
    "tags": lambda asset, _: ", ".join(asset.tags),
    "collectionIds": lambda asset, _: ", ".join(asset.collectionIds),
    "prompt": lambda asset, _: asset.metadata.prompt,
    "negativePrompt": lambda asset, _: asset.metadata.negativePrompt,
    "description": lambda asset, _: asset.description,
    "modelId": lambda asset, _: asset.metadata.modelId,
    "baseModelId": lambda asset, _: asset.metadata.baseModelId,
    "seed": lambda asset, _: asset.metadata.seed,
    "guidance": lambda asset, _: asset.metadata.guidance,
    "numInferenceSteps": lambda asset, _: asset.metadata.numInferenceSteps,
    "scheduler": lambda asset, _: asset.metadata.scheduler,
    "nsfw": lambda asset, _: ", ".join(asset.nsfw),
    "privacy": lambda asset, _: asset.privacy,
    "authorId": lambda asset, _: asset.authorId,
    "page": lambda asset, origin: f"{origin}/assets/{asset.id}",
    "image": lambda asset, origin: f"{origin}/assets/{asset.id}/image",
}

PATH: Final[dict[str, Callable[[Asset, str], Cell]]] = {
    "path": lambda asset, _: asset.metadata.path
}


def lines(hits: Iterable[Asset], *, origin: str, has_paths: bool = False) -> Iterator[bytes]:
    """Spell hits as CSV, in parts of many lines; `origin` is what links begin with.

    With `has_paths` the last column says where in its folder each file is.
    When `hits` raises an AkinError, the last line says after how many assets and why.
    """
    out = io.StringIO()
    writer = csv.writer(out)
    out.write(BYTE_ORDER_MARK)
    columns = {**COLUMNS, **PATH} if has_paths else COLUMNS
    writer.writerow(columns)
    count = 0
    try:
        for hit in hits:
            writer.writerow([cell(read(hit, origin)) for read in columns.values()])
            count += 1
            if count % _BATCH == 0:
                yield _taken(out)
    except AkinError as error:
        writer.writerow([stopped(count, error)])
    yield _taken(out)


def stopped(count: int, error: AkinError) -> str:
    """The last line of a table that is not whole."""
    return f"Stopped after {words.counted(count, 'asset')}: {error.title}. {error.message}".rstrip()


def cell(value: Cell) -> Cell:
    """A value that no spreadsheet takes for a formula: an apostrophe stands before such a text."""
    if isinstance(value, str) and value.lstrip(" ").startswith(_FORMULA):
        return f"'{value}"
    return value


def _taken(out: io.StringIO) -> bytes:
    text = out.getvalue()
    out.seek(0)
    out.truncate()
    return text.encode("utf-8", "replace")

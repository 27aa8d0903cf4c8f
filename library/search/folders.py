"""The hits of a search in the folders of a level of the folder tree."""

from __future__ import annotations

from typing import TYPE_CHECKING

from library.reader.columns import Lists
from library.schema.fields import PATH, folded
from library.search.facets import Counter, FolderCount, Level, read_spellings

if TYPE_CHECKING:
    from collections.abc import Sequence

    import sqlalchemy as sa

    from library.reader.columns import Values
    from library.reader.snapshot import Mask, Snapshot

FOLDERS_MOST = 200  # of one level: those with the most hits


def count_levels(
    connection: sa.Connection,
    snapshot: Snapshot,
    mask: Mask,
    folders: Sequence[str],
    *,
    by_group: bool = False,
) -> dict[str, Level]:
    """Return the folders in each of `folders` that have hits in `mask`; "" is the top."""
    column = snapshot.columns[PATH]
    if not folders or not isinstance(column, Lists):
        return {}
    counts = Counter.of(snapshot, mask, by_group=by_group).counts(snapshot, PATH, column)
    below, listed = _levels(column.values), column.values.listed
    levels = {}
    for folder in folders:
        codes = [c for c in below.get(folded(folder), ()) if c < len(counts) and counts[c]]
        codes.sort(key=lambda code: -counts[code])
        shown = codes[:FOLDERS_MOST]
        read_spellings(connection, PATH, column, [listed[code] for code in shown])
        found = [
            FolderCount(
                column.values.shown.get(listed[code], listed[code]),
                int(counts[code]),
                any(c < len(counts) and counts[c] for c in below.get(folded(listed[code]), ())),
            )
            for code in shown
        ]
        found.sort(key=lambda each: folded(each.path))
        levels[folder] = Level(found, len(codes) - len(shown))
    return levels


def _levels(values: Values) -> dict[str, list[int]]:
    """Return folder -> the codes of the folders in it; built again when there are new folders."""
    listed = list(values.listed)
    if (known := values.levels.get(len(listed))) is not None:
        return known
    below: dict[str, list[int]] = {}
    for code, folder in enumerate(listed):
        below.setdefault(folded(folder.rpartition("/")[0]), []).append(code)
    values.levels.clear()
    values.levels[len(listed)] = below
    return below

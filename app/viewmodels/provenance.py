"""The page of a provenance sheet."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from app.insight.provenance import ORIGINS
from app.query import describe
from app.scenario import image_urls
from app.viewmodels.parts.search_bar import BarView, bar_parts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from app.exports.formats import ExportFormat, ProvenanceExport
    from app.insight.provenance import Origin, Provenance
    from app.query.display import Display
    from app.query.search import Pairs, Search
    from app.scenario.assets import Asset
    from app.scenario.image_urls import Picture
    from app.services.provenance import Sheet


_COUNTED: Final[Mapping[Origin, str]] = {
    "ai": "made by AI",
    "hand": "by hand",
    "unknown": "unknown",
}


@dataclass(frozen=True, slots=True)
class SheetRow:
    """One asset of the sheet."""

    name: str
    url: str
    picture: Picture
    is_sensitive: bool
    made_by: str
    provenance: Provenance


@dataclass(frozen=True, slots=True)
class SheetSource:
    """What a sheet is about: the address of its page, the pairs of its form, the way back.

    An export has its suffix behind `path`. `back_url` is empty where there is no such address.
    """

    path: str
    pairs: Pairs = ()
    method: str = "get"
    back_url: str = ""
    back_words: str = "the results"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvenanceView(BarView):
    """The page of a sheet, with a form of the same pairs for each export."""

    rows: tuple[SheetRow, ...]
    summary: str
    note: str
    source: SheetSource
    formats: tuple[ExportFormat[ProvenanceExport], ...]


def provenance_view(
    sheet: Sheet,
    source: SheetSource,
    search: Search,
    display: Display,
    *,
    formats: tuple[ExportFormat[ProvenanceExport], ...],
    known: Mapping[str, Asset],
) -> ProvenanceView:
    """Build the page of a sheet, whose assets were found by a search."""
    origins = Counter(row.origin for row in sheet.rows)
    gaps = sum(bool(row.gaps) for row in sheet.rows)
    parts = [describe.counted(len(sheet.rows), "asset")]
    parts += [f"{origins[key]} {label}" for key, label in _COUNTED.items() if origins[key]]
    parts.append(f"{gaps} with gaps" if gaps else "no gaps")
    return ProvenanceView(
        **bar_parts(search, display, known),
        title=f"Provenance: {sheet.title}",
        rows=tuple(
            SheetRow(
                row.asset.name,
                f"/assets/{row.asset.id}",
                image_urls.grid_picture(row.asset),
                bool(row.asset.nsfw) and search.nsfw != "show",
                ORIGINS[row.origin],
                row,
            )
            for row in sheet.rows
        ),
        summary=" · ".join(parts),
        note=sheet.note,
        source=source,
        formats=formats,
    )

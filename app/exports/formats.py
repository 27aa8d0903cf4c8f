"""The formats that a search or a selection can be exported in.

One entry gives a format its address (`/search.<suffix>` or `/selection.<suffix>`), its place in the
menus and, for a search, its signed address for feed readers and scripts.
"""

from __future__ import annotations

import itertools
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

from app.errors import NotFound
from app.exports import csv_table, provenance_pdf, provenance_table
from app.exports.atom import feed
from app.exports.pagination import every_hit
from app.exports.zip_archive import archive
from app.query.selection import MOST_SELECTED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from app.exports.contact_sheet_service import ContactSheets
    from app.exports.zip_archive import Fetch
    from app.query.search import Search
    from app.scenario.assets import Asset, ResultPage
    from app.services.provenance import Sheet

Source = TypeVar("Source")


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchExport:
    """A search to export, with the functions that its writers call."""

    search: Search
    origin: str  # scheme and host that links begin with
    page_of: Callable[[Search], ResultPage]
    response_of: Callable[[Search], dict[str, Any]]  # the API's own JSON
    notice_of: Callable[[], str]  # why older results are returned; empty for current ones
    render: Callable[..., str]  # a template by its name, with values
    most_rows: int
    address: Callable[[str], str] = str  # the address by which a reader requests a path


@dataclass(frozen=True, slots=True, kw_only=True)
class SelectionExport:
    """Selected assets to export, with what its writers call."""

    assets: list[Asset]
    missing: tuple[str, ...]  # ids that do not exist
    title: str
    origin: str
    blur_sensitive: bool
    fetch: Fetch
    sheets: ContactSheets


@dataclass(frozen=True, slots=True)
class ProvenanceExport:
    """A provenance sheet to export; links begin with `origin`."""

    sheet: Sheet
    origin: str


@dataclass(frozen=True, slots=True)
class ExportFormat(Generic[Source]):
    """One format. `write` returns the whole file, or yields it in parts while it is sent."""

    suffix: str
    mime_type: str
    label: str
    write: Callable[[Source], bytes | Iterator[bytes]]
    purpose: str = ""  # of a signed link for programs; "": there is none
    is_feed: bool = False  # for feed readers, which cannot sign in
    icon: str = "download"
    on_results: bool = False  # of a selection: also offered on the results page
    is_download: bool = True  # saved under a name of its own, never cached
    seconds: int = 0  # that a browser may cache it; 0: revalidated each time
    most: int | None = None  # assets of a stored selection; None: all of them


def _csv(export: SearchExport) -> Iterator[bytes]:
    hits = every_hit(export.page_of, export.search, most=export.most_rows)
    first = list(itertools.islice(hits, 1))  # before anything is sent: a failure has its own page
    return csv_table.lines(
        itertools.chain(first, hits),
        origin=export.origin,
        has_paths=any(hit.metadata.path for hit in first),
    )


def _json(export: SearchExport) -> bytes:
    response = export.response_of(export.search)
    understood = {"url": export.search.url(), "body": export.search.body()}
    notice = export.notice_of()
    stale = {"notice": notice} if notice else {}
    body = {"search": understood, **stale, **response}
    return json.dumps(body, separators=(",", ":"), sort_keys=True).encode() + b"\n"


def _atom(export: SearchExport) -> bytes:
    result = export.page_of(export.search)
    shown = feed(export.search, result, origin=export.origin, address=export.address)
    return export.render("exports/atom.xml", feed=shown).encode()


def _zip(export: SelectionExport) -> Iterator[bytes]:
    return archive(export.assets, export.missing, export.fetch, origin=export.origin)


def _png(export: SelectionExport) -> bytes:
    return export.sheets.png(
        export.assets, title=export.title, blur_sensitive=export.blur_sensitive
    )


def _pdf(export: SelectionExport) -> bytes:
    return export.sheets.pdf(
        export.assets, title=export.title, blur_sensitive=export.blur_sensitive
    )


def _selection_csv(export: SelectionExport) -> Iterator[bytes]:
    return csv_table.lines(
        export.assets,
        origin=export.origin,
        has_paths=any(asset.metadata.path for asset in export.assets),
    )


def _provenance_csv(export: ProvenanceExport) -> bytes:
    return provenance_table.table(export.sheet.rows, origin=export.origin, note=export.sheet.note)


def _provenance_pdf(export: ProvenanceExport) -> bytes:
    return provenance_pdf.document(export.sheet, origin=export.origin)


@dataclass(frozen=True, slots=True)
class ExportFormats:
    """The formats of searches, selections and provenance sheets, in the order of the menus."""

    of_search: tuple[ExportFormat[SearchExport], ...]
    of_selection: tuple[ExportFormat[SelectionExport], ...]
    of_provenance: tuple[ExportFormat[ProvenanceExport], ...] = ()

    @property
    def suffixes(self) -> tuple[str, ...]:
        """The suffixes of all formats."""
        of_search = tuple(each.suffix for each in self.of_search)
        others = tuple(each.suffix for each in self.of_selection)
        return of_search + others + tuple(each.suffix for each in self.of_provenance)


def format_of(
    formats: Iterable[ExportFormat[Source]], suffix: str, what: str = "export"
) -> ExportFormat[Source]:
    """Return the format with a suffix. Raises NotFound, which says what there is not."""
    for each in formats:
        if each.suffix == suffix:
            return each
    raise NotFound(f"There is no {what} as “{suffix[:20]}”.")


FORMATS: Final = ExportFormats(
    of_search=(
        ExportFormat(
            "csv",
            "text/csv",
            "CSV",
            _csv,
            purpose="A spreadsheet reloads the table; a hundred rows cost one search.",
        ),
        ExportFormat(
            "json",
            "application/json",
            "JSON",
            _json,
            purpose="A script reads a page of results, with signed URLs of the files.",
            is_download=False,
        ),
        ExportFormat(
            "atom",
            "application/atom+xml",
            "Atom feed",
            _atom,
            purpose="A feed reader shows what is new in this search, with its images.",
            is_feed=True,
            is_download=False,
            seconds=300,
        ),
    ),
    of_selection=(
        ExportFormat("zip", "application/zip", "ZIP", _zip, on_results=True, most=MOST_SELECTED),
        ExportFormat("png", "image/png", "Contact sheet", _png, icon="image", most=MOST_SELECTED),
        ExportFormat("pdf", "application/pdf", "PDF", _pdf, icon="file-text", most=MOST_SELECTED),
        ExportFormat("csv", "text/csv", "CSV", _selection_csv),
    ),
    of_provenance=(
        ExportFormat("csv", "text/csv", "CSV", _provenance_csv),
        ExportFormat("pdf", "application/pdf", "PDF", _provenance_pdf, icon="file-text", most=500),
    ),
)

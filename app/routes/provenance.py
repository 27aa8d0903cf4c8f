"""`/provenance`: the provenance sheet of a search; that of a selection is made here as well."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, Response, render_template

from app.exports.formats import ProvenanceExport, format_of
from app.exports.pagination import every_hit
from app.query import describe
from app.routes.exports import strict_search
from app.services.provenance import sheet
from app.viewmodels.provenance import SheetSource, provenance_view
from app.web.context import origin, requested, services

if TYPE_CHECKING:
    from collections.abc import Iterable

    from app.query.display import Display
    from app.query.search import Search
    from app.scenario.assets import Asset

blueprint = Blueprint("provenance", __name__)

MOST_ROWS = 500  # of a page: a hundred assets cost one search


@blueprint.get("/provenance")
def page() -> str:
    """Show the sheet of a search, such as that of a collection."""
    search, display, _ = requested()
    first = search.on_page(1)
    source = SheetSource("/provenance", first.pairs(), back_url=display.url(search))
    return sheet_page(source, _title(search), _hits(search, MOST_ROWS), search, display)


@blueprint.get("/provenance.<suffix>")
def export(suffix: str) -> Response:
    """Return the sheet of a search in one of the formats."""
    search = strict_search()
    return exported(suffix, _title(search), _hits(search, services().settings.export_rows))


def exported(suffix: str, title: str, assets: Iterable[Asset]) -> Response:
    """Return the sheet of some assets in a format. Raises NotFound for an unknown one."""
    export_format = format_of(services().formats.of_provenance, suffix, "provenance sheet")
    most = min(filter(None, (export_format.most, services().settings.export_rows)))
    made = sheet(title, assets, services().catalog, services().labels, most=most)
    content = export_format.write(ProvenanceExport(made, origin()))
    return services().downloads.export(export_format, content, name=f"provenance {title}")


def sheet_page(
    source: SheetSource, title: str, assets: Iterable[Asset], search: Search, display: Display
) -> str:
    """Return the page of the sheet of some assets, which were found by a search."""
    catalog = services().catalog
    view = provenance_view(
        sheet(title, assets, catalog, services().labels, most=MOST_ROWS),
        source,
        search,
        display,
        formats=services().formats.of_provenance,
        known=catalog.examples(search.examples),
    )
    return render_template("provenance.html", page=view)


def _hits(search: Search, most: int) -> Iterable[Asset]:
    return every_hit(services().catalog.page, search, most=most + 1)


def _title(search: Search) -> str:
    return describe.title(search.on_page(1), services().labels.collection_names())

"""`/search.<suffix>`: a search in an export format, its preview image, and OpenSearch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, Response, render_template, request

from app.auth import public
from app.exports.formats import SearchExport, format_of
from app.query import describe
from app.query.display import Display
from app.query.params import pairs_of
from app.query.search import Search
from app.services.catalog import stale_notice
from app.web.caching.conditional import conditional_response
from app.web.context import origin, services

if TYPE_CHECKING:
    from collections.abc import Callable

    from werkzeug.wrappers import Response as AnyResponse

blueprint = Blueprint("exports", __name__)

MAX_AGE = 300  # seconds


def strict_search() -> Search:
    """Return the search of this request, parsed strictly; display settings are ignored."""
    _, pairs, _ = Display.take(pairs_of(request.query_string))
    return Search.parse(pairs)


@blueprint.get("/search.<suffix>")
def search(suffix: str) -> AnyResponse:
    """Return a search in one of the export formats."""
    return exported_search(suffix)


def exported_search(suffix: str, address: Callable[[str], str] = str) -> AnyResponse:
    """Return the search of this request in a format, strictly parsed.

    `address` returns the URL by which its reader requests a path of this server. Raises NotFound
    if there is no such format.
    """
    export_format = format_of(services().formats.of_search, suffix)
    catalog, downloads = services().catalog, services().downloads
    export = SearchExport(
        search=strict_search(),
        origin=origin(),
        page_of=catalog.page,
        response_of=catalog.response,
        notice_of=stale_notice,
        render=render_template,
        most_rows=services().settings.export_rows,
        address=address,
    )
    content = export_format.write(export)
    name = describe.title(export.search.on_page(1))
    if export_format.is_download:
        return downloads.export(export_format, content, name=name)
    if export_format.seconds:
        return downloads.export(export_format, content, name=name).make_conditional(request)
    return conditional_response(
        lambda: downloads.export(export_format, content, name=name), stale_notice(), suffix
    )


@blueprint.get("/search.png")
@public(only_previews=True)
def png() -> AnyResponse:
    """Return a page of a search as one image, for the previews of links."""
    search = strict_search()
    hits = services().catalog.page(search).hits
    content = services().contact_sheets.preview(hits, blur_sensitive=search.nsfw != "show")
    response = Response(content, mimetype="image/png")
    scope = "public" if services().settings.has_previews else "private"
    response.headers["Cache-Control"] = f"{scope}, max-age={MAX_AGE}"
    response.add_etag()
    return response.make_conditional(request)


@blueprint.get("/opensearch.xml")
def opensearch() -> Response:
    """Return the description by which a browser searches here from its address bar."""
    response = Response(
        render_template("exports/opensearch.xml", origin=origin()),
        mimetype="application/opensearchdescription+xml",
    )
    response.headers["Cache-Control"] = f"private, max-age={MAX_AGE}"
    return response

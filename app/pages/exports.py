"""The same search as a table, a feed and a picture, and what lets a browser's bar search here."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from flask import Blueprint, Response, render_template, request

from app import words
from app.display import Display
from app.exports import table
from app.exports.feed import feed
from app.exports.walk import every_hit
from app.pages import site
from app.pages.handing import origin, sheets, streamed
from app.reading import pairs_of
from app.search import Search

if TYPE_CHECKING:
    from collections.abc import Callable

    from werkzeug.wrappers import Response as AnyResponse

blueprint = Blueprint("exports", __name__)

KEPT_SECONDS = 300


def strict_search() -> Search:
    """The search of this request, read strictly; how a page shows it makes no difference."""
    _, pairs, _ = Display.take(pairs_of(request.query_string))
    return Search.parse(pairs)


@blueprint.get("/search.csv")
def csv() -> Response:
    """All pages of a search as one table, sent while it is asked for."""
    search = strict_search()
    hits = every_hit(site().page_of, search, most=site().settings.export_rows)
    first = list(itertools.islice(hits, 1))  # asked now: a search that fails has its error page
    return streamed(
        table.lines(
            itertools.chain(first, hits),
            origin=origin(),
            has_paths=any(hit.metadata.path for hit in first),
        ),
        mimetype="text/csv",
        name=words.title(search.on_page(1)),
        suffix=".csv",
    )


@blueprint.get("/search.atom")
def atom() -> AnyResponse:
    """A page of a search as a feed."""
    return feed_of(strict_search())


def feed_of(search: Search, address: Callable[[str], str] = str) -> AnyResponse:
    """A page of a search as a feed whose reader asks by what `address` makes of our paths."""
    result = site().page_of(search)
    shown = feed(search, result, origin=origin(), address=address)
    response = Response(
        render_template("exports/feed.xml", feed=shown), mimetype="application/atom+xml"
    )
    response.headers["Cache-Control"] = f"private, max-age={KEPT_SECONDS}"
    response.add_etag()
    return response.make_conditional(request)


@blueprint.get("/search.png")
def png() -> AnyResponse:
    """A page of a search as one picture, for previews."""
    search = strict_search()
    result = site().page_of(search)
    drawn = sheets().preview(result.hits, blur_sensitive=search.nsfw != "show")
    response = Response(drawn, mimetype="image/png")
    who = "public" if site().settings.has_previews else "private"
    response.headers["Cache-Control"] = f"{who}, max-age={KEPT_SECONDS}"
    response.add_etag()
    return response.make_conditional(request)


@blueprint.get("/opensearch.xml")
def opensearch() -> Response:
    """How a browser searches here from its address bar."""
    response = Response(
        render_template("exports/opensearch.xml", origin=origin()),
        mimetype="application/opensearchdescription+xml",
    )
    response.headers["Cache-Control"] = f"private, max-age={KEPT_SECONDS}"
    return response

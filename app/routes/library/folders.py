"""`/folders`: the folders of the library that have results, as a page and as a part of one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, Response, render_template, request

from app.query.links import SearchLinks
from app.query.params import MOST_PATH, clean, pairs_of
from app.query.parsing import read
from app.viewmodels.library.folders import IN, folder_view, tree
from app.web.caching.conditional import conditional_response
from app.web.context import services

if TYPE_CHECKING:
    from app.query.display import Display
    from app.query.search import Search

blueprint = Blueprint("folders", __name__, url_prefix="/folders")


def _requested() -> tuple[Search, Display, str]:
    """Return the search and the folder of this request."""
    pairs = pairs_of(request.query_string)
    folder = next((value for name, value in reversed(pairs) if name == IN), "")
    search, display, _ = read(pair for pair in pairs if pair[0] != IN)
    return search, display, clean(folder)[:MOST_PATH].strip("/")


@blueprint.get("")
def folders() -> Response:
    """List the folders in one folder."""
    search, display, folder = _requested()
    catalog = services().catalog
    level = catalog.folders(search, folder)
    page = folder_view(search, display, folder, level, catalog.examples(search.examples))
    return conditional_response(lambda: render_template("folders.html", page=page), page)


@blueprint.get("/level")
def level() -> str:
    """Return the folders in one folder as a part of the filter panel."""
    search, display, folder = _requested()
    found = services().catalog.folders(search, folder)
    start = SearchLinks.of(search, display.lasting).start
    return render_template(
        "partials/folders_below.html", level=tree(search, start, {folder: found}, folder)
    )

"""`/tags`: every tag, for the filter of the search in the address."""

from __future__ import annotations

from flask import Blueprint, Response, render_template, request

from app.asking import read
from app.pages import site
from app.pages.visiting import unless_unchanged
from app.reading import pairs_of
from app.views.tags import tags_view

blueprint = Blueprint("tags", __name__)

FIND = "find"  # the parameter: a part of a tag's name
MOST_FIND = 200  # characters of it


@blueprint.get("/tags")
def tags() -> Response:
    """List the tags that match; the listing is asked for here, since the page is nothing else."""
    pairs = pairs_of(request.query_string)
    find = next((value for name, value in reversed(pairs) if name == FIND), "")
    search, display, _ = read(pair for pair in pairs if pair[0] != FIND)
    page = tags_view(
        search,
        display,
        find=find[:MOST_FIND],
        tags=site().client.tags(),
        known=site().known(search.examples),
    )
    return unless_unchanged(lambda: render_template("tags.html", page=page), page)

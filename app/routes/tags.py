"""`/tags`: every tag, as a filter for the search in the URL."""

from __future__ import annotations

from flask import Blueprint, Response, render_template, request

from app.query.parsing import parse_list
from app.viewmodels.tags import tags_view
from app.web.caching.conditional import conditional_response
from app.web.context import services

blueprint = Blueprint("tags", __name__)


@blueprint.get("/tags")
def tags() -> Response:
    """List the tags that match. The page waits for them, since it contains nothing else."""
    find, search, display = parse_list(request.query_string)
    page = tags_view(
        search,
        display,
        find=find,
        tags=services().client.tags(),
        known=services().catalog.examples(search.examples),
    )
    return conditional_response(lambda: render_template("tags.html", page=page), page)

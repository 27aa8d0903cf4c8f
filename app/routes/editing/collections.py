"""`/collections`: every collection, as a page and as a panel beside the results."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, Response, render_template, request

from app.query.parsing import parse_list
from app.viewmodels.editing.collections import collections_view
from app.web.caching.conditional import conditional_response
from app.web.context import services

if TYPE_CHECKING:
    from app.viewmodels.editing.collections import CollectionsView

blueprint = Blueprint("collections", __name__, url_prefix="/collections")


def _requested() -> CollectionsView:
    find, search, display = parse_list(request.query_string)
    return collections_view(
        search,
        display,
        find=find,
        collections=services().client.collections(),
        known=services().catalog.examples(search.examples),
    )


@blueprint.get("")
def collections() -> Response:
    """List the collections. The page waits for them, since it contains nothing else."""
    page = _requested()
    return conditional_response(lambda: render_template("collections.html", page=page), page)


@blueprint.get("/panel")
def panel() -> Response:
    """Return the list as a part of the results page."""
    page = _requested()
    return conditional_response(
        lambda: render_template("partials/collections_panel.html", page=page), page
    )

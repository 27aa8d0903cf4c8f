"""`/frozen`: the hits of a search as they were, and what has changed since."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

from flask import Blueprint, Response, redirect, render_template, request

from app.query.params import pairs_of
from app.query.parsing import read
from app.query.search_links import stored
from app.viewmodels.team.frozen_search import frozen_changes, frozen_view, page_of
from app.web.context import services
from app.web.visitor import visitor

if TYPE_CHECKING:
    from werkzeug.wrappers import Response as BaseResponse

    from app.records.frozen_searches import FrozenSearch
    from app.services.team.frozen_searches import Changes

blueprint = Blueprint("frozen_searches", __name__, url_prefix="/frozen")


@blueprint.route("", methods=["GET", "POST"])
def freeze() -> BaseResponse:
    """Store the hits of a search: the fields `name` and `search`, a query string.

    With these fields in the address, as after a sign-in, redirect to the form.
    """
    name, querystring = request.values.get("name", ""), request.values.get("search", "")
    if request.method != "POST":
        return redirect(f"/searches?{urlencode({'name': name, 'search': querystring})}", 302)
    search, display, _ = read(pairs_of(querystring))
    frozen = services().frozen_searches.freeze(name, search, display, visitor())
    return redirect(f"/frozen/{frozen.id}", 303)


@blueprint.get("/<frozen_id>")
def page(frozen_id: str) -> Response:
    """Show a page of the hits, in their order."""
    return _page(services().frozen_searches.get(frozen_id))


@blueprint.get("/<frozen_id>/changes")
def changes(frozen_id: str) -> Response | str:
    """Return what has changed since: a part of the page for scripts, otherwise the whole page."""
    frozen = services().frozen_searches.get(frozen_id)
    found = services().frozen_searches.changes(frozen)
    if "part" in request.args:
        part = frozen_changes(frozen, found)
        return render_template("partials/frozen_changes.html", changes=part)
    return _page(frozen, found)


@blueprint.post("/<frozen_id>/delete")
def delete(frozen_id: str) -> BaseResponse:
    """Delete the frozen search."""
    name = services().frozen_searches.delete(frozen_id, visitor())
    return redirect(f"/searches?{urlencode({'done': 'deleted', 'name': name[:120]})}", 303)


def _page(frozen: FrozenSearch, found: Changes | None = None) -> Response:
    number, hits = page_of(frozen, request.args.get("page", default=1, type=int))
    catalog = services().catalog
    search, _ = stored(frozen.suffix)
    view = frozen_view(
        frozen,
        visitor(),
        page=number,
        existing=catalog.assets(hit.id for hit in hits),
        known=catalog.examples(search.examples),
        changes=found,
    )
    response = Response(render_template("frozen_search.html", page=view))
    response.headers["Cache-Control"] = "private, no-cache"
    return response

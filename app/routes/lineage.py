"""`/assets/<id>/lineage`: what an asset was made from, and what was made from it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, render_template, request

from app.query.params import pairs_of
from app.query.parsing import read
from app.routes.asset import valid_id
from app.services.lineage import lineage
from app.viewmodels.lineage import LEVELS, NEXT, lineage_strip, lineage_view
from app.web.caching.conditional import conditional_response
from app.web.context import requested, services

if TYPE_CHECKING:
    from flask import Response

blueprint = Blueprint("lineage", __name__, url_prefix="/assets")


@blueprint.get("/<asset_id>/lineage")
def page(asset_id: str) -> Response:
    """Show parents and a page of children; the rest of the query string is the search."""
    pairs = pairs_of(request.query_string)
    search, display, _ = read(pair for pair in pairs if pair[0] not in {LEVELS, NEXT})
    catalog = services().catalog
    found = lineage(
        catalog,
        valid_id(asset_id),
        all_levels=request.args.get(LEVELS) == "all",
        token=request.args.get(NEXT, ""),
    )
    view = lineage_view(
        found,
        search,
        display,
        known=catalog.examples(search.examples),
        is_library=services().client.is_library,
    )
    return conditional_response(lambda: render_template("lineage.html", page=view), view)


@blueprint.get("/<asset_id>/strip/lineage")
def strip(asset_id: str) -> str:
    """Return the parents and the first children as a part of the asset's page."""
    _, display, _ = requested()
    found = lineage(services().catalog, valid_id(asset_id))
    return render_template("partials/lineage_strip.html", strip=lineage_strip(found, display))

"""`/wander/<id>`: from one asset to a similar one, and on; the trail is in the URL."""

from __future__ import annotations

from flask import Blueprint, Response, render_template, request

from app.insight.exploration import MOST_TRAIL
from app.query.params import is_id, pairs_of
from app.query.parsing import read
from app.query.search import HITS_PER_PAGE
from app.routes.asset import valid_id
from app.viewmodels.exploration import exploration_view
from app.web.caching.conditional import conditional_response
from app.web.context import services

blueprint = Blueprint("exploration", __name__)

TRAIL = "trail"  # the parameter, once for each asset that was visited before


@blueprint.get("/wander/<asset_id>")
def exploration(asset_id: str) -> Response:
    """Show an asset and similar ones; the filters of the search in the URL apply to them."""
    pairs = pairs_of(request.query_string)
    trail = [value for name, value in pairs if name == TRAIL and is_id(value)][-MOST_TRAIL:]
    search, display, _ = read(pair for pair in pairs if pair[0] != TRAIL)
    catalog = services().catalog
    asset = catalog.asset(valid_id(asset_id))
    similar = search.similar(asset_id).with_(
        offset=None, limit=None, page=1, hitsPerPage=HITS_PER_PAGE
    )
    page = exploration_view(
        asset,
        trail,
        search,
        display,
        neighbours=catalog.page(similar).hits,
        known=catalog.examples([*search.examples, *trail, asset_id]),
    )
    return conditional_response(lambda: render_template("exploration.html", page=page), page)

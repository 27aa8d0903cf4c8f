"""`/wander/<id>`: from a picture to a near one, and on; the trail is in the address."""

from __future__ import annotations

from flask import Blueprint, Response, render_template, request

from app.asking import read
from app.errors import NotFound
from app.insight.wander import MOST_TRAIL
from app.pages import site
from app.pages.visiting import unless_unchanged
from app.reading import is_id, pairs_of
from app.search import HITS_PER_PAGE
from app.views.wander import wander_view

blueprint = Blueprint("wander", __name__)

TRAIL = "trail"  # the parameter, once for each picture that one came by


@blueprint.get("/wander/<asset_id>")
def wander(asset_id: str) -> Response:
    """Stand at a picture; the filters of the search in the address hold for its neighbours."""
    if not is_id(asset_id):
        raise NotFound(f"“{asset_id[:80]}” cannot be the id of an asset.")
    pairs = pairs_of(request.query_string)
    trail = [value for name, value in pairs if name == TRAIL and is_id(value)][-MOST_TRAIL:]
    search, display, _ = read(pair for pair in pairs if pair[0] != TRAIL)
    asset = site().asset(asset_id)
    near = search.similar(asset_id).with_(
        offset=None, limit=None, page=1, hitsPerPage=HITS_PER_PAGE
    )
    page = wander_view(
        asset,
        trail,
        search,
        display,
        neighbours=site().page_of(near).hits,
        known=site().known([*search.examples, *trail, asset_id]),
    )
    return unless_unchanged(lambda: render_template("wander.html", page=page), page)

"""`/assets/<id>/group`: the frames, versions or textures that an asset belongs to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, jsonify, render_template

from app.routes.asset import valid_id
from app.services.groups import members_of
from app.viewmodels.group import group_list, group_page
from app.web.caching.conditional import conditional_response
from app.web.context import requested, services

if TYPE_CHECKING:
    from flask import Response

blueprint = Blueprint("groups", __name__, url_prefix="/assets")

MAX_AGE = 60  # seconds


@blueprint.get("/<asset_id>/group")
def page(asset_id: str) -> Response:
    """Show all members; the query string is the search that the reader came from."""
    search, display, _ = requested()
    catalog = services().catalog
    found = members_of(catalog, valid_id(asset_id))
    view = group_page(found, search, display, known=catalog.examples(search.examples))
    return conditional_response(lambda: render_template("group.html", page=view), view)


@blueprint.get("/<asset_id>/strip/group")
def strip(asset_id: str) -> str:
    """Return the members as a part of the asset's page."""
    search, display, _ = requested()
    found = members_of(services().catalog, valid_id(asset_id))
    return render_template("partials/group_strip.html", group=group_list(found, search, display))


@blueprint.get("/<asset_id>/group.json")
def members(asset_id: str) -> Response:
    """Return kind and thumbnails of the members, for the card that plays them."""
    search, display, _ = requested()
    group = group_list(members_of(services().catalog, valid_id(asset_id)), search, display)
    response = jsonify(
        kind=group.kind,
        members=[
            {"id": each.asset_id, "name": each.name, "label": each.label, "src": each.picture}
            for each in group.members
        ],
    )
    response.headers["Cache-Control"] = f"private, max-age={MAX_AGE}"
    return response

"""`/ends/<scale>`: both ends of a search side by side, by words or by likeness."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, Response, redirect, render_template

from app.insight.extremes import ends, scales
from app.viewmodels.extremes import extremes_view
from app.web.caching.conditional import conditional_response
from app.web.context import requested, services

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

    from app.insight.extremes import Scale

blueprint = Blueprint("extremes", __name__, url_prefix="/ends")


@blueprint.get("")
def first_scale() -> ResponseReturnValue:
    """Redirect to the first scale that the search has."""
    search, display, _ = requested()
    scale = (*scales(search), "words")[0]
    return redirect(display.url(search, f"/ends/{scale}"), 302)


@blueprint.get("/<any(words, likeness):scale>")
def extremes(scale: Scale) -> Response:
    """Show both ends; for a search without that scale, show what the search needs for it."""
    search, display, _ = requested()
    catalog = services().catalog
    possible = scales(search)
    both = ends(search, scale) if scale in possible else ()
    page = extremes_view(
        search,
        display,
        sorted(possible, key=lambda each: each != scale),
        [(end, catalog.page(end.search)) for end in both],
        catalog.examples(search.examples),
    )
    return conditional_response(lambda: render_template("extremes.html", page=page), page)

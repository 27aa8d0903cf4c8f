"""`/ends/<scale>`: both ends of a search side by side, by words or by likeness."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, Response, redirect, render_template

from app.insight.ends import ends, scales
from app.pages import requested, site
from app.pages.visiting import unless_unchanged
from app.views.ends import ends_view

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

    from app.insight.ends import Scale

blueprint = Blueprint("ends", __name__, url_prefix="/ends")


@blueprint.get("")
def any_scale() -> ResponseReturnValue:
    """Lead to the first scale that the search has."""
    search, display, _ = requested()
    first = (*scales(search), "words")[0]
    return redirect(display.url(search, f"/ends/{first}"), 302)


@blueprint.get("/<any(words, likeness):scale>")
def one_scale(scale: Scale) -> Response:
    """Show both ends; a search without that scale is told what it takes."""
    search, display, _ = requested()
    found = scales(search)
    both = ends(search, scale) if scale in found else ()
    page = ends_view(
        search,
        display,
        sorted(found, key=lambda each: each != scale),
        [(end, site().page_of(end.search)) for end in both],
        site().known(search.examples),
    )
    return unless_unchanged(lambda: render_template("ends.html", page=page), page)

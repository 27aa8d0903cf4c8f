"""`/assets/<id>/part`: a box over a picture; what is in it becomes an example."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, redirect, render_template, request

from app.asking import read
from app.errors import InvalidPart
from app.pages import requested, site
from app.pages.asset import known_id
from app.pages.visiting import unless_unchanged
from app.pictures import Part
from app.reading import pairs_of
from app.views.part import part_view

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

blueprint = Blueprint("part", __name__)


@blueprint.get("/assets/<asset_id>/part")
def choose(asset_id: str) -> ResponseReturnValue:
    """Show the picture large, with a box in it; the query says which search it will steer."""
    search, display, _ = requested()
    asset = site().asset(known_id(asset_id))
    page = part_view(asset, search, display, known=site().known(search.examples))
    return unless_unchanged(lambda: render_template("part.html", page=page), page)


@blueprint.post("/assets/<asset_id>/part")
def take(asset_id: str) -> ResponseReturnValue:
    """Keep the part as an example and lead to the search that it steers.

    Form fields: `left`, `top`, `width`, `height` in percent; `side`: similar, like or unlike;
    `search`, the query string of the search that it steers.
    """
    search, display, _ = read(pairs_of(request.form.get("search", "")))
    asset = site().asset(known_id(asset_id))
    try:
        part = Part.read(request.form)
    except InvalidPart as error:
        known = site().known(search.examples)
        page = part_view(asset, search, display, known=known, typed=request.form, problem=error)
        return render_template("part.html", page=page), error.status
    reference = site().references.put(site().picture_of(asset), part)
    steered = search.steered(request.form.get("side", ""), reference)
    return redirect(display.lasting.url(steered), 303)

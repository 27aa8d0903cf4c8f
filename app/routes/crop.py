"""`/assets/<id>/part`: a box over an image; its content becomes an example."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, redirect, render_template, request

from app.errors import InvalidPart
from app.query.crop import Crop
from app.query.params import pairs_of
from app.query.parsing import read
from app.routes.asset import valid_id
from app.viewmodels.crop import crop_view
from app.web.caching.conditional import conditional_response
from app.web.context import requested, services

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

blueprint = Blueprint("crop", __name__)


@blueprint.get("/assets/<asset_id>/part")
def choose(asset_id: str) -> ResponseReturnValue:
    """Show the image large, with a box in it; the query string is the search to change."""
    search, display, _ = requested()
    catalog = services().catalog
    asset = catalog.asset(valid_id(asset_id))
    page = crop_view(asset, search, display, known=catalog.examples(search.examples))
    return conditional_response(lambda: render_template("crop.html", page=page), page)


@blueprint.post("/assets/<asset_id>/part")
def use(asset_id: str) -> ResponseReturnValue:
    """Store the part as an example and redirect to the search with it.

    Form fields: `left`, `top`, `width`, `height` in percent; `side`: similar, like or unlike;
    `search`, the query string of the search.
    """
    search, display, _ = read(pairs_of(request.form.get("search", "")))
    catalog = services().catalog
    asset = catalog.asset(valid_id(asset_id))
    try:
        part = Crop.read(request.form)
    except InvalidPart as error:
        known = catalog.examples(search.examples)
        page = crop_view(asset, search, display, known=known, typed=request.form, problem=error)
        return render_template("crop.html", page=page), error.status
    reference = services().references.put(services().remote_pictures.of(asset), part)
    steered = search.steered(request.form.get("side", ""), reference)
    return redirect(display.lasting.url(steered), 303)

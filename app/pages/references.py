"""`/references`: example pictures that are uploaded, and shown again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, Response, redirect, request

from app.pages import site
from app.reading import pairs_of
from app.search import Search
from app.static_files import FOREVER

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

blueprint = Blueprint("references", __name__)


@blueprint.post("/references")
def put() -> ResponseReturnValue:
    """Keep a picture and lead to the search that it steers.

    Form fields: `image`, the file, or `address`, where it is; `search`, the query string of the
    search to add it to; `side`, like (default), unlike or similar.
    """
    upload = request.files.get("image")
    content = upload.read() if upload else b""
    address = request.form.get("address", "").strip()
    if address and not content:
        content = site().picture_at(address)
    reference = site().references.put(content)
    search, _ = Search.read(pairs_of(request.form.get("search", "")))
    return redirect(search.steered(request.form.get("side", ""), reference).url(), 303)


@blueprint.get("/references/<reference>")
def get(reference: str) -> Response:
    """Show a kept picture; its name is its content, so it never changes."""
    content, mime = site().references.get(reference)
    response = Response(content, mimetype=mime)
    response.headers["Cache-Control"] = FOREVER.replace("public", "private")
    return response

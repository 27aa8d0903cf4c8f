"""`/references`: example images that people upload, and their files."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from flask import Blueprint, Response, redirect, request

from app.query.params import pairs_of
from app.query.parsing import read
from app.web.context import services
from app.web.files.static_files import FOREVER

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

blueprint = Blueprint("reference_images", __name__)

FORM_BYTES = 64 * 1024  # of the upload form around its file
FORM_FIELDS = 8


@blueprint.post("/references")
def upload() -> ResponseReturnValue:
    """Store an image and redirect to the search with it as an example.

    Form fields: `image`, a file, or `address`, its URL; `search`, the query string of the search;
    `side`, like (default), unlike or similar.
    """
    references = services().references
    if request.mimetype == "multipart/form-data":  # the only form that contains a file
        request.max_content_length = references.max_bytes + FORM_BYTES
        request.max_form_parts = FORM_FIELDS
    file = request.files.get("image")
    content = file.read() if file else b""
    address = request.form.get("address", "").strip()
    if address and not content:
        content = services().remote_pictures.at(address)
    reference = references.put(content)
    search, display, _ = read(pairs_of(request.form.get("search", "")))
    steered = search.steered(request.form.get("side", ""), reference)
    return redirect(display.lasting.url(steered), 303)


@blueprint.get("/references/<reference>")
def file(reference: str) -> Response:
    """Return a stored image; its name is a digest of its content, so it never changes.

    With the parameter `download`, a file name, browsers save it under that name.
    """
    content, mime_type = services().references.get(reference)
    response = Response(content, mimetype=mime_type)
    response.headers["Cache-Control"] = FOREVER.replace("public", "private")
    name = request.args.get("download", "")
    if re.fullmatch(r"ref_[0-9a-f]+\.[a-z]+", name):
        response.headers.set("Content-Disposition", "attachment", filename=name)
    return response

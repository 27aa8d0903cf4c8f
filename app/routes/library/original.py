"""`/assets/<id>/file/<name>`: the original of an asset under its own name; its folder.

The address of what is dragged out of a page, and of the picture that is zoomed into. The name in it
is for programs that take names from addresses; the asset's own name is used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from flask import Blueprint, redirect

from app.auth import current_guard, for_local_programs
from app.errors import Busy
from app.routes.asset import valid_id
from app.services.file_manager import show_in_folder
from app.viewmodels.parts.card import UNKNOWN_TYPE
from app.web.context import services
from app.web.files.sent_originals import sent_original

if TYPE_CHECKING:
    from werkzeug.wrappers import Response as BaseResponse

blueprint = Blueprint("original", __name__, url_prefix="/assets")

MAX_AGE: Final = 600  # seconds that a browser caches a file, as its redirects


@blueprint.get("/<asset_id>/file/<name>")
@for_local_programs
def original(asset_id: str, name: str) -> BaseResponse:  # noqa: ARG001 - for readers of the address
    """Return the original file.

    Where the browser gets it from another server, that has no name for it: it is sent through this
    one. A library in this process has, so the request is redirected to it, except for the page of
    another program, which may read this response only.
    """
    asset = services().catalog.asset(valid_id(asset_id))
    page = current_guard().local_page()
    url = services().client.download(asset.id)
    if services().catalog.by_library and not page:
        return _cached(redirect(url, 302))
    try:
        response = sent_original(asset, url, mimetype=asset.mimeType or UNKNOWN_TYPE)
    except Busy:
        if page:
            raise
        return _cached(redirect(url, 302))  # without its name
    if page:
        response.headers["Access-Control-Allow-Origin"] = page
    return _cached(response)


@blueprint.post("/<asset_id>/show-in-folder")
def show(asset_id: str) -> tuple[str, int]:
    """Open the file's folder in the file manager of this machine; the page stays."""
    show_in_folder(services().asset_pages.file_path(valid_id(asset_id)))
    return "", 204


def _cached(response: BaseResponse) -> BaseResponse:
    response.headers["Cache-Control"] = f"private, max-age={MAX_AGE}"
    response.vary.add("Origin")
    return response

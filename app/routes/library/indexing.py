"""`/indexing`: what the indexer does, and how many results a search has by now, for scripts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from flask import Blueprint, Response

from app.errors import NotFound
from app.viewmodels.library.indexing import indexing_view
from app.web.context import requested, services

if TYPE_CHECKING:
    from app.viewmodels.library.indexing import IndexingView

blueprint = Blueprint("indexing", __name__, url_prefix="/indexing")


def _progress() -> IndexingView:
    """Return the progress of the indexer. Raises NotFound where the API has none."""
    progress = services().indexer.progress() if services().client.is_library else None
    if progress is None:
        raise NotFound("Only a library of folders is indexed.")
    return indexing_view(progress)


def _response(content: object) -> Response:
    response = Response(msgspec.json.encode(content), mimetype="application/json")
    response.headers["Cache-Control"] = "no-store"
    return response


@blueprint.get("")
def progress() -> Response:
    """Return the progress."""
    return _response(_progress())


@blueprint.get("/total")
def total() -> Response:
    """Return the number of results that a search has now, and whether the indexer runs."""
    running = _progress().running  # before the search, which is of this state or of a later one
    search, _, _ = requested()
    content = {"total": services().catalog.count(search), "running": running}
    # The search may be of a later state than the progress: the next page must not be of an older.
    services().indexer.follow()
    return _response(content)

"""`/rejects`: rejected assets of a local folder, and their way to the trash of this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, Response, redirect, render_template, request

from app.auth import permissions
from app.errors import EditNotAllowed, NotFound
from app.query.params import pairs_of
from app.query.parsing import read
from app.scenario import request_budget
from app.services.editing.rejects import MOST, REJECTED, move_to_trash
from app.viewmodels.editing.rejects import rejects_view
from app.web.caching import last_write
from app.web.context import services

if TYPE_CHECKING:
    from collections.abc import Sequence

    from werkzeug.wrappers import Response as BaseResponse

    from app.scenario.library import NotTrashed

blueprint = Blueprint("rejects", __name__, url_prefix="/rejects")

_MOVED = "moved"


@blueprint.app_template_global("has_trash")
def _has_trash() -> bool:
    """Return whether this page exists for the reader."""
    return services().asset_pages.is_local and permissions.current().all


def _require() -> None:
    """Raise NotFound where the files are elsewhere, EditNotAllowed where they may not be moved."""
    if not services().asset_pages.is_local:
        raise NotFound("Files can be moved to the trash only on the machine that they are on.")
    permission = permissions.current()
    if not permission.all:
        raise EditNotAllowed(permission.reason)


@blueprint.get("")
def rejects() -> Response:
    """Show the rejected assets, with the form that confirms what is done with them."""
    _require()
    moved = request.args.get(_MOVED, "")
    return _page(int(moved[:6]) if moved.isascii() and moved.isdecimal() else 0)


@blueprint.post("")
def trash() -> BaseResponse:
    """Move the files of the assets in the form to the trash."""
    _require()
    ids = list(dict.fromkeys(request.form.getlist("id")))[:MOST]
    done = move_to_trash(services().client, ids, permissions.user_name())
    if done.failed:
        response: BaseResponse = _page(len(done.moved), done.failed)
    else:
        response = redirect(f"/rejects?{_MOVED}={len(done.moved)}", 303)
    last_write.remember(response, services().clock())
    return response


def _page(moved: int, failed: Sequence[NotTrashed] = ()) -> Response:
    pairs = pairs_of(request.query_string)
    search, display, _ = read(pair for pair in pairs if pair[0] != _MOVED)
    with request_budget.during(request_budget.current().limited(fresh=True)):
        found = services().catalog.page(REJECTED)
    view = rejects_view(search, display, found, moved=moved, failed=failed)
    response = Response(render_template("rejects.html", page=view))
    response.headers["Cache-Control"] = "no-store"
    return response

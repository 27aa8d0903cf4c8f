"""`/changes`: the changes of this installation, and one of them: progress, undo, stop, continue."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, Response, redirect, render_template, request

from app.auth import permissions
from app.auth.origins import safe_redirect_path
from app.viewmodels.editing.change import change_view
from app.viewmodels.editing.changes import changes_view
from app.web.caching import last_write
from app.web.context import requested, services
from app.web.edit_response import answer

if TYPE_CHECKING:
    from werkzeug.wrappers import Response as AnyResponse

    from app.records.change_tables import Change

blueprint = Blueprint("changes", __name__, url_prefix="/changes")

MOST_LISTED = 100
REFRESH_SECONDS = 3


@blueprint.get("")
def changes() -> Response:
    """List the changes in progress, then the newest."""
    search, display, _ = requested()
    found = services().editor.recent(most=MOST_LISTED)
    page = changes_view(search, display, found, names=services().labels.collection_names())
    return _unstored(render_template("changes.html", page=page))


@blueprint.get("/<change_id>")
def change(change_id: str) -> Response:
    """Show a change; its page refreshes itself until it is finished."""
    editor = services().editor
    found = editor.change(change_id)
    search, display, _ = requested()
    page = change_view(
        search,
        display,
        found,
        failures=editor.failures(change_id) if found.failed else (),
        names=services().labels.collection_names(),
        may_edit=_may_edit(found),
        next_path=_next(request.args.get("next", "")),
    )
    response = _unstored(render_template("change.html", page=page, refresh_seconds=REFRESH_SECONDS))
    # What the change has written until now is on the reader's next page.
    now = services().clock()
    last_write.remember(response, max(min(found.advanced_at, now), last_write.of_request(now=now)))
    return response


@blueprint.post("/<change_id>/undo")
def undo(change_id: str) -> AnyResponse:
    """Undo a change; lead back to `next`, or to the page of the undo."""
    editor = services().editor
    _require(editor.change(change_id))
    undone = editor.undo(permissions.user_name(), change_id)
    path = _next(request.form.get("next", ""))
    ids = editor.asset_ids(change_id)
    return answer(undone, ids, path or f"/changes/{undone.id}")


@blueprint.post("/<change_id>/stop")
def stop(change_id: str) -> AnyResponse:
    """Stop a change."""
    _require(services().editor.change(change_id))
    services().editor.stop(permissions.user_name(), change_id)
    return redirect(f"/changes/{change_id}", 303)


@blueprint.post("/<change_id>/continue")
def resume(change_id: str) -> AnyResponse:
    """Continue a stopped change, or try what failed again."""
    _require(services().editor.change(change_id))
    services().editor.resume(change_id)
    return redirect(f"/changes/{change_id}", 303)


def _may_edit(found: Change) -> bool:
    permission = permissions.current()
    return all(permission.allows(edit.action) for edit in found.edits)


def _require(found: Change) -> None:
    """Raise EditNotAllowed where the user may not make the edits of a change."""
    for edit in found.edits:
        permissions.require(edit.action)


def _next(text: str) -> str:
    """Return a path of this server, or ""."""
    return safe_redirect_path(text) if text else ""


def _unstored(body: str) -> Response:
    response = Response(body)
    response.headers["Cache-Control"] = "no-store"
    return response

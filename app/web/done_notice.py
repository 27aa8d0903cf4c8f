"""The notice of what a form has changed, on the page that follows: "Done", with its undo.

The id of the change is in a cookie, so that the address of the page stays one that can be shared.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from flask import request

from app.auth.cookies import cookie_name, cookie_path, cookie_value, set_cookie
from app.auth.request_state import request_state
from app.errors import AkinError
from app.viewmodels.editing.done import done_view
from app.web.context import services

if TYPE_CHECKING:
    from flask import Flask, Response
    from werkzeug.wrappers import Response as BaseResponse

    from app.records.change_tables import Change
    from app.viewmodels.editing.done import DoneView

COOKIE: Final = "akin-done"
_ID: Final = re.compile(r"[\w-]{1,40}", re.ASCII)
SECONDS: Final = 60  # until a page is to have shown it


def announce(response: BaseResponse, change_id: str) -> None:
    """Let the next page show a change."""
    set_cookie(response, cookie_name(COOKIE), change_id, seconds=SECONDS, path=cookie_path())


def is_pending() -> bool:
    """Return whether the page of this request shows a notice, and is therefore not cached."""
    return bool(_ID.fullmatch(cookie_value(COOKIE)))


def view_of(change: Change, return_path: str = "") -> DoneView:
    """Return the notice of a change."""
    failures = services().editor.failures(change.id) if change.failed else ()
    return done_view(change, failures, services().labels.collection_names(), return_path)


def pending() -> DoneView | None:
    """Return the notice for the page of this request, which is shown once."""
    if not is_pending():
        return None
    request_state().has_shown_notice = True
    try:
        change = services().editor.change(cookie_value(COOKIE))
        query = request.query_string.decode("utf-8", "replace")
        return view_of(change, request.path + (f"?{query}" if query else ""))
    except AkinError:  # it is not stored any more, or the store cannot be read
        return None


def init_app(app: Flask) -> None:
    """Add `done_notice()` to templates."""
    app.jinja_env.globals["done_notice"] = pending
    app.after_request(_forget)


def _forget(response: Response) -> Response:
    if request_state().has_shown_notice:
        name = cookie_name(COOKIE)
        response.delete_cookie(
            name, path=cookie_path(), secure=request.is_secure, httponly=True, samesite="Lax"
        )
    return response

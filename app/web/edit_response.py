"""The response to a change: the page that the form is on, or JSON for scripts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import jsonify, redirect
from werkzeug.urls import iri_to_uri

from app.errors import UpstreamError
from app.services.editing.steps import AT_ONCE
from app.viewmodels.editing.edit import asset_state
from app.web import done_notice
from app.web.caching import last_write
from app.web.context import services
from app.web.error_pages import wants_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from werkzeug.wrappers import Response as BaseResponse

    from app.records.change_tables import Change


def answer(change: Change, ids: Sequence[str], return_url: str) -> BaseResponse:
    """Return the redirect to the page of a form, which shows the change; or JSON."""
    response: BaseResponse
    if wants_json():
        response = jsonify(_as_json(change, ids))
    else:
        response = redirect(iri_to_uri(return_url), 303)
        done_notice.announce(response, change.id)
    last_write.remember(response, services().clock())
    response.headers["Cache-Control"] = "no-store"
    return response


def _as_json(change: Change, ids: Sequence[str]) -> dict[str, object]:
    """Return what scripts show: the change, its notice, and the assets that it has changed.

    Before it is finished, scripts show what it will make of the assets.
    """
    notice = done_notice.view_of(change)
    names = services().labels.collection_names()
    failures = services().editor.failures(change.id) if change.failed else ()
    is_shown = change.is_finished and len(ids) <= AT_ONCE
    try:
        latest = services().client.latest_assets(ids) if is_shown else {}
    except UpstreamError:  # what was changed is stored all the same
        latest = {}
    return {
        "change": change.id,
        "isFinished": change.is_finished,
        "message": notice.text,
        "problem": notice.problem,
        "undo": notice.undo,
        "url": notice.url,
        "failures": [{"id": each.asset_id, "message": each.message} for each in failures],
        "assets": {each: asset_state(asset, names) for each, asset in latest.items()},
    }

"""`/edit`: every change of assets by a user, from forms and from scripts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from flask import Blueprint, render_template, request

from app.auth import permissions
from app.auth.base_path import internal_path
from app.auth.origins import HOME, safe_redirect_path
from app.errors import InvalidEdit, StoreFailed, TooMany, UpstreamError
from app.query.edit_forms import PREFIX, EditForm
from app.query.edits import Action, Edit
from app.query.params import bounded
from app.query.parsing import read
from app.query.selection import Selection
from app.scenario import request_budget
from app.viewmodels.editing.edit import correction_view
from app.web.caching.conditional import failure_headers
from app.web.context import services
from app.web.edit_response import answer
from app.web.error_pages import wants_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flask.typing import ResponseReturnValue

    from app.records.change_tables import Change
    from app.scenario.assets import Named

blueprint = Blueprint("edit", __name__, url_prefix="/edit")

SELECTION: Final = "/selection"


class _ChoiceNeeded(InvalidEdit):
    """A name of a collection that no collection has, or several."""

    def __init__(self, message: str, matches: Sequence[Named]) -> None:
        super().__init__(message, field="collection")
        self.matches = matches


@blueprint.post("")
def edit() -> ResponseReturnValue:
    """Change assets; the response leads back to the page that the form is on."""
    pairs = _pairs()
    try:
        form = EditForm.parse(pairs)
        for each in form.edits:
            permissions.require(each.action)
        ids = (*form.ids, *_stored(form.selection))
        change = _applied(form, ids)
        if not wants_json():
            _require_some(change)
    except (InvalidEdit, TooMany, UpstreamError, StoreFailed) as error:
        if wants_json():
            raise
        page = correction_view(error, pairs, _return_url(pairs), getattr(error, "matches", ()))
        content = render_template("edit_correction.html", page=page)
        return content, error.status, failure_headers(error)
    return answer(change, ids, _return_url(pairs))


def _require_some(change: Change) -> None:
    """Raise InvalidEdit where no asset could be changed: what was typed is shown again."""
    if change.is_finished and change.failed == change.size and not change.changed:
        failures = services().editor.failures(change.id)
        raise InvalidEdit(failures[0].message if failures else change.reason)


def _pairs() -> list[tuple[str, str]]:
    return bounded(request.form.items(multi=True))


def _stored(selection_id: str) -> tuple[str, ...]:
    """Return the assets of a stored selection; none for "". Raises InvalidEdit."""
    if not selection_id:
        return ()
    found = services().selections.get(selection_id)
    if found is None:
        raise InvalidEdit("This selection has expired, or was deleted.", field="selection")
    return found.asset_ids


def _applied(form: EditForm, ids: Sequence[str]) -> Change:
    """Make the change of a form, and the collection that it asks for. Raises as `Editor`."""
    user, editor = permissions.user_name(), services().editor
    if not form.collection:
        return editor.apply(user, form.edits, ids)
    permissions.require(Action.COLLECT)
    if form.is_new:
        change, created = editor.collect(user, form.collection, ids, form.edits)
        services().labels.add_collection(created, form.collection)
        return change
    return editor.apply(user, (*form.edits, _of_collection(form)), ids)


def _of_collection(form: EditForm) -> Edit:
    """Return the edit that adds the assets to the collection of a name.

    Raises InvalidEdit where no collection has this name, or several.
    """
    with request_budget.during(request_budget.current().limited(fresh=True)):
        listed = services().client.collections()
    wanted = form.collection.casefold()
    matches = [each for each in listed if each.name.strip().casefold() == wanted]
    if len(matches) == 1:
        return Edit(Action.COLLECT, matches[0].id)
    if matches:
        raise _ChoiceNeeded(
            f"{len(matches)} collections are called “{form.collection}”. Choose one.", matches
        )
    raise _ChoiceNeeded(
        f"There is no collection “{form.collection}”. Correct the name, or create it.", ()
    )


def _return_url(pairs: Sequence[tuple[str, str]]) -> str:
    """Return the path of the page that a form is on: its field `next`, or as browsers say."""
    target = dict(reversed(pairs)).get("next", "")
    if target:
        return safe_redirect_path(target)
    referrer = urlsplit(request.referrer or "")
    path = internal_path(referrer.path) if referrer.netloc == request.host else ""
    if path and path != SELECTION:
        return safe_redirect_path(path + (f"?{referrer.query}" if referrer.query else ""))
    # The form of a selection contains its search; its address may have been too long for a link.
    selection, rest, _ = Selection.take(
        [pair for pair in pairs if pair[0] != "search" and not pair[0].startswith(PREFIX)]
    )
    if not selection.ids:
        return HOME
    if not path and len(selection.ids) == 1:
        carried = dict(pairs).get("search", "")
        return f"/assets/{selection.ids[0]}" + (f"?{carried}" if carried else "")
    search, display, _ = read(rest)
    return selection.within(search, display).url()

"""`/searches`: the searches that people have saved for the team."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

from flask import Blueprint, Response, redirect, render_template, request

from app.errors import AkinError
from app.query.params import pairs_of
from app.query.parsing import read
from app.query.search_links import stored
from app.scenario import request_budget
from app.services.team.team_searches import news_of
from app.viewmodels.team.team_searches import new_results, team_searches_view
from app.web.context import origin, services
from app.web.visitor import visitor

if TYPE_CHECKING:
    from werkzeug.wrappers import Response as BaseResponse

    from app.services.team.team_searches import Imported

blueprint = Blueprint("team_searches", __name__, url_prefix="/searches")

NOTICES = {
    "saved": "is saved for the team",
    "known": "is what this search is called already",
    "renamed": "is the new name",
    "deleted": "was deleted",
}


@blueprint.route("", methods=["GET", "POST"])
def searches() -> BaseResponse:
    """List the searches of the team, and the frozen ones; store one that is sent.

    With the fields of the form in the address, as after a sign-in, the page has that form.
    """
    if request.method == "POST":
        return _save()
    name = request.args.get("name", "")[:200]
    done = NOTICES.get(request.args.get("done", ""), "")
    search = request.args.get("search")
    return _page(
        f"“{name}” {done}." if name and done else "",
        pending=None if search is None else (name, search),
    )


def _page(
    notice: str = "", imported: Imported | None = None, pending: tuple[str, str] | None = None
) -> Response:
    person = visitor()
    page = team_searches_view(
        services().team_searches.listed(person),
        services().frozen_searches.listed(),
        person,
        services().labels.collection_names(),
        has_feeds=services().settings.has_feeds,
        notice=notice,
        imported=imported,
        pending=pending,
    )
    response = Response(render_template("team_searches.html", page=page))
    response.headers["Cache-Control"] = "no-store"
    return response


def _save() -> BaseResponse:
    """Store a search: the fields `name` and `search`, a query string."""
    search, display, _ = read(pairs_of(request.form.get("search", "")))
    saved, is_new = services().team_searches.save(
        request.form.get("name", ""), search, display, visitor(), site=origin()
    )
    return _done("saved" if is_new else "known", saved.name)


@blueprint.post("/import")
def import_searches() -> Response:
    """Store the searches of a text with a name and an address on lines of their own."""
    text = request.form.get("searches", "")
    return _page(imported=services().team_searches.import_text(text, visitor(), site=origin()))


@blueprint.get("/<search_id>")
def open_search(search_id: str) -> BaseResponse:
    """Redirect to the results, with `new` to the new ones; the viewer has seen the search then."""
    person = visitor()
    found = services().team_searches.get(search_id, person)
    search, display = stored(found.suffix)
    if "new" in request.args:
        search = news_of(found) or search
    if not request_budget.current().is_optional:  # a browser that fetches ahead shows nothing
        services().team_searches.note_seen(search_id, person)
    response = redirect(display.url(search), 302)
    response.headers["Cache-Control"] = "no-store"
    return response


@blueprint.get("/<search_id>/new")
def count_new(search_id: str) -> Response:
    """Return the number of results since the viewer has last looked, as a part of the page."""
    found = services().team_searches.get(search_id, visitor())
    newer = news_of(found)
    count = None
    if newer is not None:
        budget = request_budget.current().limited(optional=True)
        try:
            count = services().catalog.count(newer, budget)
        except AkinError:
            count = None
    html = render_template("partials/new_results.html", new=new_results(found, count))
    response = Response(html)
    response.headers["Cache-Control"] = "no-store"
    return response


@blueprint.post("/<search_id>/rename")
def rename(search_id: str) -> BaseResponse:
    """Give a search another name."""
    name = request.form.get("name", "")
    services().team_searches.rename(search_id, name, visitor())
    return _done("renamed", name)


@blueprint.post("/<search_id>/delete")
def delete(search_id: str) -> BaseResponse:
    """Delete a search."""
    return _done("deleted", services().team_searches.delete(search_id, visitor()))


def _done(what: str, name: str) -> BaseResponse:
    return redirect(f"/searches?{urlencode({'done': what, 'name': name[:120]})}", 303)

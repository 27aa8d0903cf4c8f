"""`/selections`: selections that are stored on the server, under an address for others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, Response, redirect, render_template, request

from app.auth.guard import current_guard
from app.errors import InvalidSelection, NotFound, TooMany
from app.exports.formats import format_of
from app.exports.pagination import every_hit
from app.query import describe
from app.query.params import bounded, is_id
from app.query.parsing import parse, read
from app.query.selection import MOST_SELECTED, PARAMETER, Selection
from app.records.selections import MOST_ASSETS
from app.routes import provenance
from app.routes.selection import selection_export
from app.scenario import request_budget
from app.scenario.request_budget import RequestBudget
from app.services.asset_pages import MOST_NAMES
from app.viewmodels.editing.edit import edit_view
from app.viewmodels.provenance import SheetSource
from app.viewmodels.stored_selection import PAGE_SIZE, pages_of, stored_selection_view
from app.web.context import origin, services

if TYPE_CHECKING:
    from werkzeug.wrappers import Response as AnyResponse

    from app.query.display import Display
    from app.query.search import Search
    from app.records.selections import StoredSelection
    from app.scenario.assets import Asset

blueprint = Blueprint("stored_selections", __name__, url_prefix="/selections")

FORM_BYTES = 2 * 1024 * 1024  # of a form with MOST_ASSETS ids
ALL_SECONDS = 60.0  # to request all pages of a search, or all assets of an export


@blueprint.before_request
def _accept_many() -> None:
    request.max_content_length = request.max_form_memory_size = FORM_BYTES


@blueprint.post("")
def store() -> AnyResponse:
    """Store the assets whose ids the form contains; lead to their page."""
    ids = [value.strip() for value in request.form.getlist(PARAMETER)]
    ids = [each for each in dict.fromkeys(ids) if is_id(each)]
    if not ids:
        raise InvalidSelection("Nothing is selected.")
    search, display, _ = _search_of_form()
    return stored(ids, search, display)


@blueprint.post("/all")
def store_all() -> AnyResponse:
    """Store all hits of the search in the form; lead to their page. Raises TooMany."""
    search, display, _ = _search_of_form()
    most = min(MOST_ASSETS, services().settings.export_rows)
    try:
        with request_budget.during(RequestBudget.lasting(ALL_SECONDS)):
            ids = [hit.id for hit in every_hit(services().catalog.page, search, most=most)]
    except TooMany as error:
        raise TooMany(
            f"A selection has at most {describe.number(most)} assets, and the search has more. "
            "Narrow the search."
        ) from error
    if not ids:
        raise InvalidSelection("The search has no results.")
    return stored(ids, search, display)


def stored(ids: list[str], search: Search, display: Display) -> AnyResponse:
    """Store a selection, and return the redirect to its page. Raises TooMany."""
    made_from = search.on_page(1)
    names = services().labels.collection_names()
    selection_id = services().selections.add(
        _owner(),
        describe.title(made_from, names),
        display.lasting.suffix(made_from).removeprefix("?"),
        ids,
    )
    return redirect(f"/selections/{selection_id}", 303)


@blueprint.get("/<selection_id>")
def selection(selection_id: str) -> Response:
    """Show a page of a stored selection."""
    found = _found(selection_id)
    number = request.args.get("page", "")
    page = int(number) if number.isdecimal() and len(number) < 6 else 1
    page = min(max(page, 1), pages_of(found))
    shown = found.asset_ids[(page - 1) * PAGE_SIZE : page * PAGE_SIZE]
    view = stored_selection_view(
        found,
        shown,
        services().catalog.assets(shown),
        page=page,
        formats=services().formats.of_selection,
        origin=origin(),
        is_own=found.owner == _owner(),
    )
    response = Response(render_template("stored_selection.html", page=view))
    response.headers["Cache-Control"] = "no-store"
    return response


@blueprint.get("/<selection_id>.<suffix>")
def export(selection_id: str, suffix: str) -> Response:
    """Return a stored selection in one of the formats, some of which take its first assets."""
    found = _found(selection_id)
    export_format = format_of(services().formats.of_selection, suffix)
    search, _, _ = parse(found.origin.encode())
    with request_budget.during(RequestBudget.lasting(ALL_SECONDS)):
        content = selection_export(found.asset_ids[: export_format.most], search)
    written = export_format.write(content)
    return services().downloads.export(export_format, written, name=content.title)


@blueprint.get("/<selection_id>/provenance")
def provenance_page(selection_id: str) -> str:
    """Show the provenance sheet of the first assets."""
    found = _found(selection_id)
    search, display, _ = parse(found.origin.encode())
    path = f"/selections/{selection_id}"
    source = SheetSource(f"{path}/provenance", back_url=path, back_words="the selection")
    assets = _assets(found, provenance.MOST_ROWS + 1)
    return provenance.sheet_page(source, found.title, assets, search, display)


@blueprint.get("/<selection_id>/provenance.<suffix>")
def provenance_export(selection_id: str, suffix: str) -> Response:
    """Return the provenance sheet in one of the formats."""
    found = _found(selection_id)
    with request_budget.during(RequestBudget.lasting(ALL_SECONDS)):
        return provenance.exported(suffix, found.title, _assets(found, MOST_ASSETS))


@blueprint.get("/<selection_id>/edit")
def edit(selection_id: str) -> str:
    """Show what can be changed about all assets of a stored selection."""
    found = _found(selection_id)
    search, display, _ = parse(found.origin.encode())
    first = Selection(found.asset_ids[:MOST_SELECTED], search, display)
    page = edit_view(
        first,
        services().catalog.assets(first.ids),
        services().labels.collections(),
        most=MOST_NAMES,
        stored=found,
    )
    return render_template("edit.html", page=page)


@blueprint.post("/<selection_id>/delete")
def delete(selection_id: str) -> AnyResponse:
    """Delete an own selection; lead back to its search."""
    found = _found(selection_id)
    services().selections.delete(selection_id, _owner())
    return redirect(f"/?{found.origin}" if found.origin else "/", 303)


def _assets(found: StoredSelection, most: int) -> list[Asset]:
    """Return those of the first assets that exist, in their order. Raises UpstreamError."""
    by_id = services().catalog.assets(found.asset_ids[:most])
    return [by_id[each] for each in found.asset_ids if each in by_id]


def _found(selection_id: str) -> StoredSelection:
    """Return a stored selection. Raises NotFound."""
    found = services().selections.get(selection_id)
    if found is None:
        raise NotFound("This selection does not exist, has expired, or was deleted.")
    return found


def _owner() -> str:
    """Return the id of the user of this request; "" without sign-in."""
    user = current_guard().viewer()
    return user.id if user else ""


def _search_of_form() -> tuple[Search, Display, object]:
    pairs = (pair for pair in request.form.items(multi=True) if pair[0] != PARAMETER)
    return read(bounded(pairs))

"""`/selection`: selected assets as a page, an export, or likes; `/compare`: up to eight of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, Response, redirect, render_template, request

from app.errors import InvalidSelection, Problem
from app.exports.formats import SelectionExport, format_of
from app.query import describe
from app.query.params import bounded, is_id, limited, pairs_of
from app.query.parsing import read
from app.query.selection import MOST_SELECTED, PARAMETER, Selection
from app.routes import provenance
from app.services.asset_pages import MOST_NAMES
from app.viewmodels.asset import asset_view
from app.viewmodels.compare import MOST_COMPARED, WAYS, compare_url, compare_view
from app.viewmodels.editing.edit import edit_view
from app.viewmodels.provenance import SheetSource
from app.viewmodels.selection import method_of, selection_view
from app.web.context import origin, services

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

    from app.query.search import Search
    from app.scenario.assets import Asset
    from app.scenario.background_download import Target
    from app.viewmodels.asset import AssetView

blueprint = Blueprint("selection", __name__)

_NEEDS_TWO = Problem(
    "Compare", "", "It takes two assets. Go back, tick one more, and press Compare again."
)


def _requested() -> tuple[Selection, tuple[Problem, ...]]:
    """Return the selection in this request's URL and form, parsed leniently."""
    pairs = pairs_of(request.query_string)
    if request.method == "POST":
        pairs += bounded(request.form.items(multi=True))
    selection, rest, problems = Selection.take(pairs)
    search, display, other_problems = read(rest)
    return selection.within(search, display), limited((*problems, *other_problems))


def _content() -> SelectionExport:
    """Return the assets of this request's selection, and what exports need.

    Raises InvalidSelection where there are none or not all can be used, UpstreamError.
    """
    selection, problems = _requested()
    for problem in problems:
        if problem.parameter == PARAMETER:
            raise InvalidSelection(f"{problem.value} {problem.message}".strip())
    return selection_export(selection.ids, selection.search)


def selection_export(ids: tuple[str, ...], search: Search) -> SelectionExport:
    """Return assets that were selected from a search, with what exports need.

    Raises InvalidSelection where none exists, UpstreamError.
    """
    by_id = services().catalog.assets(ids)
    assets = [by_id[each] for each in ids if each in by_id]
    if not assets:
        raise InvalidSelection("Nothing is selected that exists.")
    client, files = services().client, services().files

    def fetch(asset: Asset, target: Target) -> str:
        url = client.download(asset.id)
        return files.fetch_original(url, target)

    return SelectionExport(
        assets=assets,
        missing=tuple(each for each in ids if each not in by_id),
        title=describe.counted(len(assets), "asset"),
        origin=origin(),
        blur_sensitive=search.nsfw != "show",
        fetch=fetch,
        sheets=services().contact_sheets,
    )


@blueprint.route("/selection", methods=["GET", "POST"])
def selection() -> ResponseReturnValue:
    """Show the selected assets and what can be done with them; store more than MOST_SELECTED."""
    if len(set(request.form.getlist(PARAMETER))) > MOST_SELECTED:
        return redirect("/selections", 307)  # with the same form
    return _selection_page(*_requested())


def _selection_page(selection: Selection, problems: tuple[Problem, ...]) -> str:
    catalog = services().catalog
    page = selection_view(
        selection,
        catalog.assets(selection.ids),
        formats=services().formats.of_selection,
        origin=origin(),
        known=catalog.examples(selection.search.examples),
        problems=problems,
    )
    return render_template("selection.html", page=page)


@blueprint.route("/selection/edit", methods=["GET", "POST"])
def edit() -> str:
    """Show what can be changed about all selected assets."""
    selection, _ = _requested()
    page = edit_view(
        selection,
        services().catalog.assets(selection.ids),
        services().labels.collections(),
        most=MOST_NAMES,
    )
    return render_template("edit.html", page=page)


@blueprint.route("/selection/like", methods=["GET", "POST"])
def like() -> ResponseReturnValue:
    """Redirect to the search with the selected assets as likes."""
    selection, _ = _requested()
    return redirect(selection.display.lasting.url(selection.as_likes()), 303)


@blueprint.route("/selection.<suffix>", methods=["GET", "POST"])
def export(suffix: str) -> Response:
    """Return the selection in one of the export formats."""
    export_format = format_of(services().formats.of_selection, suffix)
    content = _content()
    return services().downloads.export(
        export_format, export_format.write(content), name=content.title
    )


@blueprint.route("/selection/provenance", methods=["GET", "POST"])
def provenance_page() -> str:
    """Show the provenance sheet of the selection."""
    selection, _ = _requested()
    content = _content()
    method = method_of(selection)
    source = SheetSource(
        "/selection/provenance",
        selection.pairs(),
        method,
        selection.url() if method == "get" else "",
        "the selection",
    )
    return provenance.sheet_page(
        source, content.title, content.assets, selection.search, selection.display
    )


@blueprint.route("/selection/provenance.<suffix>", methods=["GET", "POST"])
def provenance_export(suffix: str) -> Response:
    """Return the provenance sheet of the selection in one of the formats."""
    content = _content()
    return provenance.exported(suffix, content.title, content.assets)


@blueprint.route("/compare", methods=["GET", "POST"])
def compare() -> ResponseReturnValue:
    """Show two assets, `a` and `b`, or the first MOST_COMPARED `id`s; `view` is side or slider.

    A single asset is shown as a selection, with a problem that says what is missing.
    """
    selection, _ = _requested()
    named = [value for name in ("a", "b") if (value := request.args.get(name, ""))]
    ids = [each for each in dict.fromkeys((*named, *selection.ids)) if is_id(each)]
    if len(ids) < 2:
        return _selection_page(selection.of(ids), (_NEEDS_TWO,)), InvalidSelection.status
    view = request.args.get("view", "")
    view = view if view in WAYS else "side"
    if len(named) < 2 and (len(ids) == 2 or view == "slider"):
        return redirect(compare_url(ids[0], ids[1], selection, way=view), 303)
    if request.method == "POST":
        return redirect(selection.of(ids[:MOST_COMPARED]).url("/compare"), 303)
    shown = ids[:2] if len(named) == 2 else ids[:MOST_COMPARED]
    page = compare_view(
        tuple(_asset_view(each, selection) for each in shown),
        chosen=selection,
        known=services().catalog.examples(selection.search.examples),
        way=view,
    )
    return render_template("compare.html", page=page)


def _asset_view(asset_id: str, selection: Selection) -> AssetView:
    details = services().asset_pages.details(asset_id, selection.search)
    return asset_view(details, selection.search, selection.display)

"""`/selection`: what somebody has picked, as a page, a ZIP, contact sheets, likes; `/compare`."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

from flask import Blueprint, Response, redirect, render_template, request

from app import words
from app.asking import read
from app.errors import InvalidSelection, Problem
from app.exports.archive import archive
from app.pages import site
from app.pages.handing import as_download, origin, sheets, streamed
from app.reading import is_id, pairs_of
from app.selection import PARAMETER, Selection
from app.views.compare import WAYS, compare_url, compare_view
from app.views.selection import selection_view

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

    from app.assets import Asset

blueprint = Blueprint("selection", __name__)

_TAKES_TWO = Problem(
    "Compare", "", "It takes two assets. Go back, tick one more, and press Compare again."
)
MOST_FILE = 1_000_000_000  # bytes of one original
FILE_SECONDS = 300.0


def _requested() -> tuple[Selection, tuple[Problem, ...]]:
    """The selection in this request's address or form, read leniently."""
    pairs = pairs_of(request.query_string)
    if request.method == "POST":
        pairs += request.form.items(multi=True)
    selection, rest, problems = Selection.take(pairs)
    search, display, others = read(rest)
    return selection.within(search, display), (*problems, *others)


def _chosen() -> tuple[Selection, list[Asset], tuple[str, ...], str]:
    """What was picked: the assets, the ids that do not exist, and how many in words.

    Raises InvalidSelection where nothing was picked or not all can be used, UpstreamError.
    """
    selection, problems = _requested()
    for problem in problems:
        if problem.parameter == PARAMETER:
            raise InvalidSelection(f"{problem.value} {problem.message}".strip())
    found = site().chosen(selection.ids)
    assets = [found[each] for each in selection.ids if each in found]
    if not assets:
        raise InvalidSelection("Nothing is selected that exists.")
    missing = tuple(each for each in selection.ids if each not in found)
    return selection, assets, missing, words.counted(len(assets), "asset")


@blueprint.route("/selection", methods=["GET", "POST"])
def selection() -> str:
    """Show what was picked and what can be done with it."""
    return _selection_page(*_requested())


def _selection_page(chosen: Selection, problems: tuple[Problem, ...]) -> str:
    services = site()
    page = selection_view(
        chosen,
        services.chosen(chosen.ids),
        origin=origin(),
        known=services.known(chosen.search.examples),
        problems=problems,
    )
    return render_template("selection.html", page=page)


@blueprint.route("/selection/like", methods=["GET", "POST"])
def like() -> ResponseReturnValue:
    """Lead to the search with what was picked as likes."""
    chosen, _ = _requested()
    return redirect(chosen.display.lasting.url(chosen.as_likes()), 303)


@blueprint.route("/selection.zip", methods=["GET", "POST"])
def as_zip() -> Response:
    """The originals in one archive, sent while they come."""
    _, assets, missing, title = _chosen()
    services = site()

    def fetch(asset: Asset, into: BinaryIO) -> str:
        url = services.client.download(asset.id)
        return services.media.fetch(url, into, most_bytes=MOST_FILE, seconds=FILE_SECONDS)

    parts = archive(assets, missing, fetch, origin=origin())
    return streamed(parts, mimetype="application/zip", name=title, suffix=".zip")


@blueprint.route("/selection.png", methods=["GET", "POST"])
def as_png() -> Response:
    """A contact sheet as one picture."""
    chosen, assets, _, title = _chosen()
    blur = chosen.search.nsfw != "show"
    drawn = sheets().png(assets, title=title, blur_sensitive=blur)
    return as_download(Response(drawn, mimetype="image/png"), name=title, suffix=".png")


@blueprint.route("/selection.pdf", methods=["GET", "POST"])
def as_pdf() -> Response:
    """A contact sheet to print."""
    chosen, assets, _, title = _chosen()
    blur = chosen.search.nsfw != "show"
    drawn = sheets().pdf(assets, title=title, blur_sensitive=blur)
    return as_download(Response(drawn, mimetype="application/pdf"), name=title, suffix=".pdf")


@blueprint.route("/compare", methods=["GET", "POST"])
def compare() -> ResponseReturnValue:
    """Two assets, `a` and `b`, or the first two `id`s; `view` is side or slider.

    Where there is only one, it is shown as a selection, with what to do.
    """
    chosen, _ = _requested()
    named = [value for name in ("a", "b") if (value := request.args.get(name, ""))]
    pair = [each for each in dict.fromkeys((*named, *chosen.ids)) if is_id(each)][:2]
    if len(pair) < 2:
        return _selection_page(chosen.of(pair), (_TAKES_TWO,)), InvalidSelection.status
    way = request.args.get("view", "")
    way = way if way in WAYS else "side"
    first, second = pair
    url = compare_url(first, second, chosen, way=way)
    if len(named) < 2:
        return redirect(url, 303)
    services = site()
    views = [services.asset_page(each, chosen.search, chosen.display) for each in (first, second)]
    page = compare_view(
        views[0],
        views[1],
        chosen=chosen,
        known=services.known(chosen.search.examples),
        way=way,
    )
    return render_template("compare.html", page=page)

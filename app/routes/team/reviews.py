"""`/reviews`: reviews of assets by a team: the list, the form of a new one, answers, result."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final, cast

from flask import Blueprint, Response, redirect, render_template, request

from app.auth import current_guard, permissions
from app.auth.links.guests import forget
from app.errors import InvalidReview, NotFound, NotYourReview
from app.query.edits import MOST_NAME, Action
from app.query.filters import Facet
from app.query.params import bounded, clean, is_id, pairs_of
from app.query.parsing import read
from app.query.reviews import MOST_ASSETS, Draft, check_size
from app.query.search import Search
from app.query.selection import PARAMETER, Selection
from app.routes.team import review_pages
from app.viewmodels.team.review import Visit, manage_view
from app.viewmodels.team.reviews import (
    DEFAULT_FIRST,
    FIRST,
    ReviewForm,
    new_review_view,
    reviews_view,
)
from app.web import edit_response
from app.web.context import origin, services
from app.web.reviewers import introduced, remembered, reviewer

if TYPE_CHECKING:
    from collections.abc import Iterable

    from flask.typing import ResponseReturnValue

    from app.query.display import Display
    from app.viewmodels.parts.search_bar import BarView

blueprint = Blueprint("reviews", __name__, url_prefix="/reviews")

_STORED: Final = "selection"  # the parameter: the id of a stored selection
_FIRST: Final = "first"  # the parameter: so many hits of the search


@blueprint.get("")
def reviews() -> ResponseReturnValue:
    """List the reviews: `state` is open or ended, `by` is me or everyone."""
    is_open = request.args.get("state") != "ended"
    own = request.args.get("by") == "me"
    page = max(1, min(10_000, request.args.get("page", default=1, type=int)))
    service = services().reviews
    summaries, has_more = service.listed(reviewer(), is_open=is_open, own=own, page=page)
    view = reviews_view(
        summaries,
        is_open=is_open,
        own=own,
        page=page,
        has_more=has_more,
        now=service.now(),
        is_local=_is_local(),
    )
    return _shown("reviews.html", view)


# --- a new one ---------------------------------------------------------------------------------


@blueprint.route("/new", methods=["GET", "POST"])
def new() -> ResponseReturnValue:
    """Show the form for `id`s, a stored `selection`, or the first hits of a search."""
    pairs = pairs_of(request.query_string)
    if request.method == "POST":
        pairs += bounded(request.form.items(multi=True))
    first = next((value for name, value in reversed(pairs) if name == _FIRST), "")
    if stored := request.args.get(_STORED):
        return _form_of_stored(stored)
    selection, rest, problems = Selection.take(pair for pair in pairs if pair[0] != _FIRST)
    search, display, _ = read(rest)
    notices = [each.message for each in problems]
    if selection.ids:
        return _form(selection.ids, search, display, notices=notices)
    number = int(first) if first.isdecimal() and int(first) in FIRST else DEFAULT_FIRST
    top = replace(search, page=1, hitsPerPage=number, offset=None, limit=None)
    hits = services().catalog.page(top).hits
    return _form([each.id for each in hits], search, display, first=number, notices=notices)


def _form_of_stored(selection_id: str) -> ResponseReturnValue:
    """Show the form for the first assets of a stored selection. Raises NotFound."""
    found = services().selections.get(selection_id)
    if found is None:
        raise NotFound("This selection has expired, or was deleted.")
    ids, size = found.asset_ids[:MOST_ASSETS], len(found.asset_ids)
    notice = f"A review has at most {MOST_ASSETS} assets: the first of these {size} are used."
    search, display, _ = read(pairs_of(found.origin))
    return _form(ids, search, display, notices=[notice] if size > len(ids) else ())


@blueprint.post("")
def create() -> ResponseReturnValue:
    """Store a new review, and show it."""
    form = request.form
    ids = list(dict.fromkeys(each for each in form.getlist(PARAMETER) if is_id(each)))
    search, display, _ = read(pairs_of(form.get("search", "")))
    fields = ReviewForm(
        question=form.get("question", ""),
        ends=form.get("ends", ""),
        shows_answers=form.get("shows") == "at-once",
        allows_originals="originals" in form,
        invited=form.get("invited", ""),
        name=form.get("name", ""),
    )
    service = services().reviews
    try:
        check_size(len(ids))
        draft = Draft.parse(
            question=fields.question,
            ends=fields.ends,
            shows_answers=fields.shows_answers,
            allows_originals=fields.allows_originals,
            invited=fields.invited,
            now=service.now(),
        )
        person, guest = introduced(fields.name)
        existing = services().catalog.assets(ids)
        review = service.create(
            draft,
            person,
            [existing[each] for each in ids if each in existing],
            origin=origin(),
            suffix=display.lasting.suffix(search),
        )
    except InvalidReview as error:
        fields = replace(fields, problem=error.message, field=error.field or "")
        return _form(ids[:MOST_ASSETS], search, display, fields=fields)
    return remembered(cast("Response", redirect(review.path, 303)), guest)


def _form(
    ids: Iterable[str],
    search: Search,
    display: Display,
    *,
    first: int | None = None,
    fields: ReviewForm | None = None,
    notices: Iterable[str] = (),
) -> ResponseReturnValue:
    ids = list(ids)
    view = new_review_view(
        ids,
        services().catalog.assets(ids) if ids else {},
        search,
        display,
        first=first,
        fields=fields or ReviewForm(),
        person=reviewer(),
        is_local=_is_local(),
        has_links=current_guard().review_links is not None,
        notices=tuple(notices),
    )
    status = InvalidReview.status if fields and fields.problem else 200
    return _shown("review_new.html", view, status)


# --- one review --------------------------------------------------------------------------------


@blueprint.get("/<review_id>")
def review(review_id: str) -> ResponseReturnValue:
    """Show all assets of the review with the visitor's answers."""
    return review_pages.list_page(_visit(review_id))


@blueprint.post("/<review_id>")
def answer_all(review_id: str) -> ResponseReturnValue:
    """Store the answers of the whole list."""
    return review_pages.save_list(_visit(review_id))


@blueprint.get("/<review_id>/<int:place>")
def review_asset(review_id: str, place: int) -> ResponseReturnValue:
    """Show one asset of the review."""
    return review_pages.asset_page(_visit(review_id), place)


@blueprint.post("/<review_id>/<int:place>")
def answer(review_id: str, place: int) -> ResponseReturnValue:
    """Store the answer about one asset."""
    return review_pages.save_asset(_visit(review_id), place)


@blueprint.get("/<review_id>/result")
def result(review_id: str) -> ResponseReturnValue:
    """Show the result."""
    return review_pages.result_page(_visit(review_id))


@blueprint.get("/<review_id>/result.csv")
def result_csv(review_id: str) -> Response:
    """Return the result as CSV."""
    return review_pages.result_csv(_visit(review_id))


@blueprint.post("/<review_id>/collection")
def collection(review_id: str) -> ResponseReturnValue:
    """Create a collection of the wanted assets, and show it. Raises EditNotAllowed."""
    permissions.require(Action.COLLECT)
    ids = review_pages.wanted_ids(_visit(review_id))
    name = " ".join(clean(request.form.get("name", "")).split())
    if not name or len(name) > MOST_NAME:
        message = f"Give the collection a name of at most {MOST_NAME} characters."
        raise InvalidReview(message, field="name")
    change, collection_id = services().editor.collect(permissions.user_name(), name, ids)
    services().labels.add_collection(collection_id, name)
    search = Search(facets=(Facet("collectionIds", any=(collection_id,)),))
    return edit_response.answer(change, ids, search.url())


@blueprint.post("/<review_id>/someone-else")
def someone_else(review_id: str) -> ResponseReturnValue:
    """Forget the name that was typed in this browser."""
    response = cast("Response", redirect(_visit(review_id).base, 303))
    forget(response)
    return response


# --- what its maker can do ---------------------------------------------------------------------


@blueprint.route("/<review_id>/<any(end,reopen,delete):action>", methods=["GET", "POST"])
def change(review_id: str, action: str) -> ResponseReturnValue:
    """Ask whether a review is to be ended, opened again or deleted (GET), or do it (POST)."""
    visit = _managed(review_id)
    service = services().reviews
    if request.method == "GET":
        return _shown("review_confirm.html", manage_view(visit, action=action))
    if action == "delete":
        service.delete(visit.review)
        return redirect("/reviews", 303)
    if action == "end" and visit.is_open:
        service.end(visit.review)
    elif action == "reopen" and not visit.is_open:
        service.reopen(visit.review)
    return redirect(f"{visit.base}/result", 303)


@blueprint.route("/<review_id>/link", methods=["GET", "POST"])
def link(review_id: str) -> ResponseReturnValue:
    """Show the link for people without an account (GET); make, replace or remove it (POST)."""
    visit = _managed(review_id)
    links = current_guard().review_links
    if links is None:
        raise NotFound("This server makes no links for people without an account.")
    if request.method == "POST":
        if request.form.get("action") == "remove":
            services().reviews.remove_link(visit.review)
        else:
            services().reviews.renew_link(visit.review)
        return redirect(f"{visit.base}/link", 303)
    path = links.path(visit.review)
    view = manage_view(visit, url=origin() + path if path else "", expires=links.expiry_date())
    return _shown("review_link.html", view)


def _visit(review_id: str) -> Visit:
    review = services().reviews.get(review_id)
    viewer = reviewer()
    is_local = _is_local()
    return Visit(
        review=review,
        base=review.path,
        person=viewer,
        may_manage=is_local or (viewer is not None and viewer.id == review.maker.id),
        is_local=is_local,
        has_links=current_guard().review_links is not None,
        now=services().reviews.now(),
    )


def _managed(review_id: str) -> Visit:
    """Return the visit of someone who may change the review. Raises NotYourReview."""
    visit = _visit(review_id)
    if not visit.may_manage:
        raise NotYourReview(f"{visit.review.maker.name} made it.")
    return visit


def _shown(template: str, page: BarView, status: int = 200) -> ResponseReturnValue:
    return render_template(template, page=page), status, {"Cache-Control": "no-store"}


def _is_local() -> bool:
    return not current_guard().backend.requires_user
